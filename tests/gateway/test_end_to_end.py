"""Gateways on a real nats-server with a real worker: an order's whole way, and what a restart does to it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from gateway import server
from streams import worker
from streams.settings import StreamSettings
from tests.support.gateway import SETTINGS, token
from tests.support.nats import nats_server
from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

SECONDS = 20.0
LISTING = {"tick_size": "0.01", "lot_size": "1"}


@asynccontextmanager
async def running(role: Callable[[asyncio.Event], Coroutine[None, None, object]]) -> AsyncIterator[None]:
    """A role at work; it is asked to stop and must end by itself."""
    stop = asyncio.Event()
    task = asyncio.create_task(role(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, SECONDS)


@pytest.fixture
async def streams(tmp_path: Path) -> AsyncIterator[StreamSettings]:
    """How to reach a fresh nats-server."""
    async with nats_server(tmp_path) as nats_url:
        yield StreamSettings(nats_url=nats_url, partitions=2, lease_ttl_seconds=1)


class Gateway:
    """A gateway on a port of its own."""

    def __init__(self, streams: StreamSettings) -> None:
        self._streams = streams
        self._settings = replace(SETTINGS, port=free_port())
        self.url = f"http://127.0.0.1:{self._settings.port}"

    async def run(self, stop: asyncio.Event) -> None:
        await server.run(self._settings, stop, self._streams)

    async def ready(self, http: aiohttp.ClientSession) -> None:
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    async with http.get(f"{self.url}/health/ready") as response:
                        if response.status == 200:
                            return
                except aiohttp.ClientConnectionError:
                    pass
                await asyncio.sleep(0.05)


class Socket:
    """A client of one gateway."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = 0
        self.heard: list[dict[str, Any]] = []

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """A request and its result."""
        answer = await self.answer(method, **params)
        assert "result" in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    async def answer(self, method: str, **params: Any) -> dict[str, Any]:
        """A request and its answer, whatever it is."""
        self._ids += 1
        identity = self._ids
        await self._socket.send_json({"id": identity, "method": method, "params": params})
        return await self.hear(lambda frame: frame.get("id") == identity)

    async def hear(self, wanted: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The first message that is wanted."""
        async with asyncio.timeout(SECONDS):
            while True:
                for place, frame in enumerate(self.heard):
                    if wanted(frame):
                        return self.heard.pop(place)
                self.heard.append(json.loads(await self._socket.receive_str()))


@asynccontextmanager
async def speaking(http: aiohttp.ClientSession, gateway: Gateway, account: str) -> AsyncIterator[Socket]:
    """A logged-in client."""
    async with http.ws_connect(f"{gateway.url}/v1/ws") as socket:
        client = Socket(socket)
        await client.ask("login", token=token(account))
        yield client


async def place(client: Socket, side: str, quantity: int, price: str) -> dict[str, Any]:
    return await client.ask("order.place", symbol="ACME", side=side, type="limit", quantity=quantity, price=price)


async def list_acme(http: aiohttp.ClientSession, gateway: Gateway) -> None:
    headers = {"Authorization": f"Bearer {token('operator', 'admin')}"}
    async with http.put(f"{gateway.url}/v1/admin/instruments/ACME", json=LISTING, headers=headers) as response:
        assert response.status == 200, await response.text()


async def test_an_order_goes_from_one_gateway_to_a_fill_at_another(streams: StreamSettings) -> None:
    """Listed and offered through one gateway, bought through another: both clients hear of it, and so does the tape."""
    first, second = Gateway(streams), Gateway(streams)
    async with (
        aiohttp.ClientSession() as http,
        running(lambda stop: worker.run(streams, stop)),
        running(first.run),
        running(second.run),
    ):
        await first.ready(http)
        await second.ready(http)
        await list_acme(http, first)
        async with speaking(http, first, "anna") as anna, speaking(http, second, "boris") as boris:
            await anna.ask("subscribe", channel="orders")
            await boris.ask("subscribe", channel="trades", symbols=["ACME"])
            await boris.ask("subscribe", channel="book", symbols=["ACME"], depth=10, interval_ms=0)
            await anna.hear(lambda frame: frame.get("partition") == 1)
            await boris.hear(lambda frame: frame.get("type") == "snapshot" and frame["channel"] == "book")
            offer = await place(anna, "sell", 5, "10.05")
            bought = await place(boris, "buy", 3, "10.10")
            assert (offer["status"], bought["status"], bought["average_price"]) == ("open", "filled", "10.05")
            report = await anna.hear(lambda frame: frame.get("exec") == "trade")
            assert (report["liquidity"], report["order"]["open_quantity"]) == ("maker", "2")
            print_ = await boris.hear(lambda frame: frame.get("channel") == "trades" and frame["type"] == "update")
            assert [(row["price"], row["quantity"], row["side"]) for row in print_["trades"]] == [("10.05", "3", "buy")]
            book = await boris.hear(lambda frame: frame.get("asks") == [["10.05", "2"]])
            assert book["bids"] == []


async def test_nothing_is_lost_when_the_worker_is_replaced(streams: StreamSettings) -> None:
    """Sockets stay open, subscriptions go on, and the orders are as before."""
    gateway = Gateway(streams)
    async with aiohttp.ClientSession() as http:
        async with running(lambda stop: worker.run(streams, stop)):
            gateway_stop = asyncio.Event()
            serving = asyncio.create_task(gateway.run(gateway_stop))
            await gateway.ready(http)
            await list_acme(http, gateway)
            socket = await http.ws_connect(f"{gateway.url}/v1/ws")
            anna = Socket(socket)
            await anna.ask("login", token=token("anna"))
            await anna.ask("subscribe", channel="orders")
            order = await place(anna, "buy", 1, "9.99")
            await anna.hear(lambda frame: frame.get("exec") == "accepted")
        async with running(lambda stop: worker.run(streams, stop)):
            await gateway.ready(http)
            assert [row["order_id"] for row in (await anna.ask("order.list"))["orders"]] == [order["order_id"]]
            assert (await anna.ask("order.cancel_all"))["canceled"] == 1
            report = await anna.hear(lambda frame: frame.get("exec") == "canceled")
            assert report["prev"] == 1
            await socket.close()
            gateway_stop.set()
            await asyncio.wait_for(serving, SECONDS)
