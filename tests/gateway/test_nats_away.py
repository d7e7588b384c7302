"""A gateway that loses NATS: it says so at once, nothing piles up, and everything resumes by itself."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from streams import worker
from tests.gateway.test_end_to_end import Gateway, Socket, list_acme, place, running, speaking, streams
from tests.support.gateway import token
from tests.support.nats import until, wire_to

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from streams.settings import StreamSettings
    from tests.support.nats import Wire

__all__ = ["streams"]

ORDER = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "1", "price": "9"}


class Scene:
    """Two gateways, the first behind a wire; anna speaks to it and listens to everything."""

    def __init__(self, http: aiohttp.ClientSession, wire: Wire, near: Gateway, far: Gateway, anna: Socket) -> None:
        self.http, self.wire, self.near, self.far, self.anna = http, wire, near, far, anna

    async def refusal(self, method: str, **params: Any) -> dict[str, Any]:
        """The error that a request of anna's is answered with."""
        error: dict[str, Any] = (await self.anna.answer(method, **params))["error"]
        return error

    async def is_ready(self) -> bool:
        async with self.http.get(f"{self.near.url}/health/ready") as response:
            return response.status == 200

    async def heartbeat(self, wanted: Callable[[bool], bool]) -> dict[str, Any]:
        """The next heartbeat whose `stale` is wanted."""
        self.anna.heard = [frame for frame in self.anna.heard if frame.get("channel") != "heartbeat"]
        return await self.anna.hear(lambda frame: frame.get("channel") == "heartbeat" and wanted(frame["stale"]))


@pytest.fixture
async def scene(streams: StreamSettings) -> AsyncIterator[Scene]:
    """Trading goes on, and anna has an offer in the book."""
    async with (
        aiohttp.ClientSession() as http,
        wire_to(streams.nats_url) as wire,
        running(lambda stop: worker.run(streams, stop)),
        gateways(streams, wire) as (near, far),
    ):
        await near.ready(http)
        await far.ready(http)
        await list_acme(http, far)
        async with speaking(http, near, "anna") as anna:
            for channel, options in (("heartbeat", {}), ("orders", {}), ("book", {"symbols": ["ACME"], "depth": 0})):
                await anna.ask("subscribe", channel=channel, **options)
            await place(anna, "sell", 5, "10")
            await anna.hear(lambda frame: frame.get("exec") == "accepted")
            yield Scene(http, wire, near, far, anna)


@asynccontextmanager
async def gateways(streams: StreamSettings, wire: Wire) -> AsyncIterator[tuple[Gateway, Gateway]]:
    near, far = Gateway(replace(streams, nats_url=wire.url)), Gateway(streams)
    async with running(near.run), running(far.run):
        yield near, far


async def trade_elsewhere(scene: Scene) -> None:
    """What anna's gateway cannot hear of."""
    async with speaking(scene.http, scene.far, "boris") as boris:
        assert (await place(boris, "buy", 2, "10"))["status"] == "filled"


async def assert_all_is_well(scene: Scene, seq: int) -> None:
    """Everything that was missed has come, and trading goes on."""
    report = await scene.anna.hear(lambda frame: frame.get("exec") == "trade")
    assert (report["seq"], report["prev"], report["last_quantity"]) == (seq, seq - 1, "2")
    await scene.anna.hear(lambda frame: frame.get("channel") == "book" and frame["asks"] == [["10.00", "3"]])
    assert (await scene.heartbeat(lambda stale: not stale))["symbols"]["ACME"]["seq"] >= 2
    await until(scene.is_ready)
    assert (await place(scene.anna, "sell", 1, "11"))["status"] == "open"


async def test_a_cut_gateway_says_so_and_resumes(scene: Scene) -> None:
    """`busy` at once for every order, not ready, every feed stale; afterwards nothing is missing or doubled."""
    scene.wire.cut()
    await until(lambda: is_busy(scene))
    # Would each of them wait for anything, the test would not come to its end in time.
    refusals = [await scene.refusal("order.place", **ORDER) for _ in range(200)]
    assert {refusal["code"] for refusal in refusals} == {"busy"}
    assert not await scene.is_ready()
    stale = (await scene.heartbeat(bool))["stale"]
    assert stale == [{"channel": "orders", "account": "anna"}, {"channel": "book", "symbol": "ACME"}]
    refusal = await scene.refusal("login", token=token("anna"), cancel_on_disconnect="account")
    assert refusal["code"] == "unavailable"
    await trade_elsewhere(scene)

    await scene.wire.connect()

    await assert_all_is_well(scene, 2)
    orders = (await scene.anna.ask("order.list"))["orders"]
    assert sorted(order["price"] for order in orders) == ["10.00", "11.00"]


async def is_busy(scene: Scene) -> bool:
    """Whether the gateway has noticed."""
    return (await scene.refusal("order.cancel_all") or {}).get("code") == "busy"


async def test_a_gateway_that_hears_nothing_says_so_too(scene: Scene) -> None:
    """The connection looks alive: one order is unknown, then orders are busy; health and feeds tell it.

    How soon they do is measured under load (tests/chaos, cut-off).
    """
    scene.wire.deaf = True
    unknown = await scene.refusal("order.place", **ORDER, client_order_id="repeated")
    assert unknown["code"] in ("outcome_unknown", "busy")
    assert (await scene.refusal("order.place", **ORDER))["code"] == "busy"

    async def unready() -> bool:
        return not await scene.is_ready()

    await until(unready)
    await scene.heartbeat(bool)
    await trade_elsewhere(scene)

    scene.wire.deaf = False

    await assert_all_is_well(scene, 3)  # the unknown order was stored, and is the second report
    again = await scene.anna.answer("order.place", **ORDER, client_order_id="repeated")
    assert again["result"]["client_order_id"] == "repeated"
    orders = (await scene.anna.ask("order.list"))["orders"]
    assert sorted(order["price"] for order in orders) == ["10.00", "11.00", "9.00"]
