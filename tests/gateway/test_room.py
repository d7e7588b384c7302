"""What reduces risk gets through where placements are refused: in a nearly full journal, and at bounds before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from streams.journal.capacity import Fills, StreamFill
from tests.support.gateway import Trader, gateway_parts, served, token
from tests.support.http import ORDER, client_of

if TYPE_CHECKING:
    from tests.support.http import Client
    from tests.support.local_venue import LocalVenue

LIMIT = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "1", "price": "1"}


def fill(venue: LocalVenue, share: float, partition: int = 0) -> None:
    """Fill a partition's journal up to this share of its room."""
    journal = StreamFill(round(share * 100_000), 100_000, 10, 1, 10, 1, 2)
    venue.rooms[partition].learn(Fills(journal, StreamFill(100, 300_000, 10, 1, 10, 1, 2)))


@pytest.mark.parametrize("share", [0.9, 0.97])
async def test_a_nearly_full_journal_takes_cancels_and_operators(
    venue: LocalVenue, anna: Trader, admin: Client, share: float
) -> None:
    """Placements and amends are busy, with a sentence that says why; whatever gets an account out is carried out."""
    resting = [(await anna.do("order.place", **LIMIT))["order_id"] for _ in range(3)]
    fill(venue, share)
    refused = [
        await anna.refused("order.place", **LIMIT),
        await anna.refused("order.amend", order_id=resting[0], price="2"),
    ]
    assert [error["code"] for error in refused] == ["busy", "busy"]
    assert {error["message"] for error in refused} == {
        "the journal is nearly full, and took nothing: what is left is kept for cancels and operators"
    }
    assert (await anna.do("order.cancel", order_id=resting[0]))["status"] == "canceled"
    rows = await anna.do("order.batch", requests=[{"method": "order.place", "params": LIMIT}, cancel(resting[1])])
    assert ["error" in row for row in rows] == [True, False]
    assert await anna.do("order.cancel_all") == {"canceled": 1}
    assert (await anna.do("order.cancel_after", seconds=60))["deadline"]
    assert (await admin.ask("POST", "/v1/admin/kill-switch", json={"account": "anna", "active": True}))["active"]
    halted = await admin.ask("POST", "/v1/admin/instruments/ACME/phase", json={"phase": "halted"})
    assert halted["phase"] == "halted"


def cancel(order_id: str) -> dict[str, Any]:
    """A cancel in a batch."""
    return {"method": "order.cancel", "params": {"order_id": order_id}}


async def test_the_very_last_of_a_journal_is_for_operators(venue: LocalVenue, anna: Trader, admin: Client) -> None:
    """A flood of cancels cannot keep a halt away."""
    order = (await anna.do("order.place", **LIMIT))["order_id"]
    fill(venue, 0.98)
    assert (await anna.refused("order.cancel", order_id=order))["code"] == "busy"
    halted = await admin.ask("POST", "/v1/admin/instruments/ACME/phase", json={"phase": "halted"})
    assert halted["phase"] == "halted"


async def test_a_journal_that_fills_up_is_named_to_who_asks_for_readiness(venue: LocalVenue, public: Client) -> None:
    """While orders are still taken."""
    assert await public.ask("GET", "/health/ready") == {"status": "ready"}
    fill(venue, 0.8, partition=1)
    told = {"partition": 1, "share": 0.8, "takes": "everything"}
    assert await public.ask("GET", "/health/ready") == {"status": "ready", "filling": [told]}


@pytest.mark.parametrize(("share", "takes"), [(0.9, "cancels"), (0.985, "operators"), (0.995, "nothing")])
async def test_a_journal_that_refuses_orders_is_not_ready(
    venue: LocalVenue, public: Client, share: float, takes: str
) -> None:
    """It is named, with what it still takes; the gateway stays in its balancer, as cancels have to come through."""
    fill(venue, share)
    answer = await public.ask("GET", "/health/ready")
    assert (public.last.status, answer["code"]) == (503, "unavailable")
    (degraded,) = answer["degraded"]
    assert degraded["why"] == f"the journal of partition 0 is nearly full and takes {takes}"
    assert degraded["symbols"] == ["ACME"]
    assert await public.ask("GET", "/health/gateway") == {"status": "ok"}


async def test_operators_see_how_full_each_partition_is(venue: LocalVenue, admin: Client) -> None:
    """Once it was measured."""
    fill(venue, 0.5)
    first, second = (await admin.ask("GET", "/v1/admin/partitions"))["partitions"]
    assert first["room"] == {
        "share": 0.5,
        "takes": "everything",
        "journal_bytes": 50_000,
        "journal_max_bytes": 100_000,
        "events_bytes": 100,
        "events_max_bytes": 300_000,
    }
    assert second["room"] is None


async def test_beyond_the_requests_in_flight_there_is_room_for_cancels(venue: LocalVenue) -> None:
    """A client whose placements are not answered can still get out."""
    async with gateway_parts(venue, requests_in_flight=2) as services:
        trader = Trader(services)
        await trader.login()
        order = (await trader.do("order.place", **LIMIT))["order_id"]
        venue.held.add(0)
        for name in ("first", "second", "third"):
            trader.say({"id": name, "method": "order.place", "params": LIMIT})
        assert (await trader.hear(lambda frame: frame.get("id") == "third"))["error"]["code"] == "too_many"
        trader.say({"id": "out", "method": "order.cancel", "params": {"order_id": order}})
        venue.release()
        assert (await trader.hear(lambda frame: frame.get("id") == "out"))["result"]["status"] == "canceled"


async def test_an_operator_is_not_kept_away_by_the_placements_of_his_account(venue: LocalVenue) -> None:
    """Operators' commands are counted with the cancels, of which there may be ten times as many."""
    async with (
        gateway_parts(venue, rate_limits=True, orders_per_second=1, orders_burst=1) as services,
        served(services) as where,
        client_of(where, token("desk", "trade admin")) as desk,
    ):
        await desk.ask("POST", "/v1/orders", json=ORDER)
        assert (await desk.problem("POST", "/v1/orders", json=ORDER))[:2] == (429, "rate_limited")
        switched = await desk.ask("POST", "/v1/admin/kill-switch", json={"account": "desk", "active": True})
        assert switched["canceled"] == 1
