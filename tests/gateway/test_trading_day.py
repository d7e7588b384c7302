"""The trading day as clients live it: what operators do over HTTP, and what sessions are told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from exchange.units import SECOND, UNIT
from gateway.requests.timestamps import time_text
from tests.support.gateway import Frame, Trader, list_instrument

if TYPE_CHECKING:
    from gateway.services import Services
    from tests.support.http import Client
    from tests.support.local_venue import LocalVenue

AUCTION_MEMBERS = ("kind", "indicative_price", "paired_quantity", "imbalance", "imbalance_side")


async def set_phase(admin: Client, phase: str, symbol: str = "ACME", **more: object) -> Frame:
    """Bring an instrument into a phase."""
    answer: Frame = await admin.ask("POST", f"/v1/admin/instruments/{symbol}/phase", json={"phase": phase, **more})
    assert admin.last.status == 200, answer
    return answer


async def watched(viewer: Trader, *channels: str) -> None:
    """Subscribe to channels of ACME; their snapshots are heard."""
    for channel in channels:
        await viewer.do("subscribe", channel=channel, symbols=["ACME"])
        await viewer.channel(channel, "snapshot")


async def status(viewer: Trader, **wanted: object) -> Frame:
    """The next status that has these members; those before it are gone."""
    return await viewer.hear(
        lambda frame: (
            frame.get("channel") == "status"
            and frame["type"] == "update"
            and {name: frame[name] for name in wanted} == wanted
        )
    )


async def test_a_call_shows_what_it_would_trade_and_then_trades_it(
    admin: Client, anna: Trader, boris: Trader, viewer: Trader
) -> None:
    """Orders rest crossed; each changes the indication; at the end all trade at one price, told as a cross."""
    await watched(viewer, "status", "trades", "book")
    await anna.do("subscribe", channel="orders")
    answer = await set_phase(admin, "auction", reason="fixing")
    assert (answer["symbol"], answer["phase"], answer["kind"], answer["indicative_price"]) == (
        "ACME",
        "auction",
        "closing",
        None,
    )
    await status(viewer, phase="auction", kind="closing", reason="fixing", until=None, paired_quantity="0")

    await anna.place("buy", 300, "2.02")
    await anna.place("buy", 200, "2.01")
    await boris.place("sell", 400, "1.99")
    await boris.place("sell", 200, "1.98")

    told = await status(viewer, paired_quantity="500", imbalance="100")
    assert {name: told[name] for name in AUCTION_MEMBERS} == {
        "kind": "closing",
        "indicative_price": "1.99",
        "paired_quantity": "500",
        "imbalance": "100",
        "imbalance_side": "sell",
    }
    crossed = await viewer.hear(lambda frame: frame.get("channel") == "book" and ["1.98", "200"] in frame["asks"])
    assert crossed["type"] == "update"
    await set_phase(admin, "continuous")
    done = await status(viewer, phase="continuous")
    assert {done[name] for name in AUCTION_MEMBERS} == {None}
    tape = await viewer.channel("trades")
    assert (tape["journal"], {row["side"] for row in tape["trades"]}) == (done["journal"], {"cross"})
    assert [(row["price"], row["quantity"]) for row in tape["trades"]] == [
        ("1.99", "200"),
        ("1.99", "100"),
        ("1.99", "200"),
    ]
    report = await anna.hear(lambda frame: frame.get("exec") == "trade")
    assert (report["liquidity"], "self_match" in report, report["last_price"]) == ("cross", False, "1.99")


async def test_a_call_ends_by_itself(
    venue: LocalVenue, admin: Client, anna: Trader, boris: Trader, viewer: Trader
) -> None:
    """At the time that its status told from its beginning on."""
    await watched(viewer, "status", "trades")
    until = time_text(venue.now() + 100 * SECOND)
    assert (await set_phase(admin, "auction", kind="operator", until=until))["until"] == until
    await status(viewer, until=until)
    await anna.place("buy", 3, "10")
    await boris.place("sell", 3, "10")

    await venue.pass_time(100)

    assert [row["quantity"] for row in (await viewer.channel("trades"))["trades"]] == ["3"]
    await status(viewer, phase="continuous", until=None)


async def test_two_orders_of_one_account_may_meet_in_an_uncross(admin: Client, anna: Trader) -> None:
    """Both reports say so; the position stays flat."""
    await anna.do("subscribe", channel="orders")
    await set_phase(admin, "auction")
    await anna.place("buy", 3, "10")
    await anna.place("sell", 3, "10")

    await set_phase(admin, "continuous")

    for _ in range(2):
        assert (await anna.hear(lambda frame: frame.get("exec") == "trade"))["self_match"] is True
    assert (await admin.ask("GET", "/v1/admin/accounts/anna"))["positions"] == []


async def test_a_cascade_of_stops_is_told_order_by_order(anna: Trader, boris: Trader, viewer: Trader) -> None:
    """A trade triggers a stop, whose trade triggers the next: reports in that order, and one tape."""
    carla = Trader(anna.services, "s-carla")
    await carla.login("carla")
    await carla.do("subscribe", channel="orders")
    await watched(viewer, "trades")
    for quantity, price in ((1, "10"), (1, "11"), (1, "12"), (5, "13")):
        await anna.place("sell", quantity, price)
    await boris.place("buy", 1, "10")
    for stop, name in (("11", "first"), ("12", "second")):
        waiting = await carla.do(
            "order.place",
            symbol="ACME",
            side="buy",
            type="stop",
            quantity="1",
            stop_price=stop,
            client_order_id=name,
        )
        assert (waiting["status"], waiting["price"]) == ("pending_trigger", None)
    assert (await carla.refused("order.place", symbol="ACME", side="buy", type="stop", quantity="1", stop_price="10"))[
        "code"
    ] == "would_trigger"

    await boris.place("buy", 1, "11")

    heard: list[tuple[str, str, str, str | None]] = []
    while len(heard) < 6:
        report = await carla.hear(lambda frame: frame.get("channel") == "orders" and frame["type"] == "update")
        order = report["order"]
        heard.append((report["exec"], order["client_order_id"], order["status"], order["average_price"]))
    assert heard == [
        ("accepted", "first", "pending_trigger", None),
        ("accepted", "second", "pending_trigger", None),
        ("triggered", "first", "open", None),
        ("trade", "first", "filled", "12.00"),
        ("triggered", "second", "open", None),
        ("trade", "second", "filled", "13.00"),
    ]
    await viewer.channel("trades")
    tape = await viewer.channel("trades")
    assert [row["price"] for row in tape["trades"]] == ["11.00", "12.00", "13.00"]


async def test_a_stop_that_may_not_enter_any_more_is_rejected_by_report(
    venue: LocalVenue, anna: Trader, boris: Trader
) -> None:
    """Its owner was allowed less in the meantime."""
    await anna.do("subscribe", channel="orders")
    await boris.place("sell", 1, "10")
    carla = Trader(anna.services, "s-carla")
    await carla.login("carla")
    await carla.place("buy", 1, "10")
    order = await anna.do(
        "order.place", symbol="ACME", side="buy", type="stop_limit", quantity="5", stop_price="11", price="11"
    )
    await list_instrument(venue, max_quantity=2 * UNIT)

    await boris.place("sell", 1, "11")
    await carla.place("buy", 1, "11")

    report = await anna.hear(lambda frame: frame.get("exec") == "rejected")
    assert (report["order"]["status"], report["order"]["reason"]) == ("rejected", "quantity_too_large")
    assert (await anna.do("order.get", order_id=order["order_id"]))["status"] == "rejected"


async def test_a_trade_beyond_the_band_gives_a_volatility_call(
    venue: LocalVenue, admin: Client, anna: Trader, boris: Trader, viewer: Trader
) -> None:
    """What lies within the band trades, the rest takes part in the call, which ends by itself."""
    await list_instrument(venue, "ACME", reference_price=10 * UNIT, dynamic_band_bps=50_000, call=60 * SECOND)
    await watched(viewer, "status")
    first = await admin.ask("GET", "/v1/instruments/ACME/status")
    assert (first["band_low"], first["band_high"]) == ("9.50", "10.50")
    await anna.place("sell", 1, "10.40")
    await anna.place("sell", 1, "11")

    bought = await boris.place("buy", 3, "12")

    assert (bought["status"], bought["filled_quantity"]) == ("partially_filled", "1")
    call = await status(viewer, phase="auction", kind="volatility")
    assert (call["reason"], call["indicative_price"], call["paired_quantity"]) == ("volatility", "12.00", "1")
    await venue.pass_time(60)
    over = await status(viewer, phase="continuous")
    assert (over["band_low"], over["band_high"]) == ("11.40", "12.60")


async def test_a_halt_stops_everything_but_cancels(admin: Client, anna: Trader, boris: Trader, viewer: Trader) -> None:
    """What crosses when it is lifted is uncrossed first."""
    await watched(viewer, "status")
    order = await anna.place("buy", 3, "10")

    await set_phase(admin, "halted", reason="news pending")

    await status(viewer, phase="halted", reason="news pending", kind=None)
    for trader in (anna, boris):
        refused = await trader.refused("order.place", symbol="ACME", side="buy", type="limit", quantity="1", price="10")
        assert refused["code"] == "wrong_phase"
    assert (await anna.do("order.cancel", order_id=order["order_id"]))["status"] == "canceled"
    assert (await set_phase(admin, "auction"))["phase"] == "halted"
    assert (await set_phase(admin, "auction", lift=True, kind="reopening"))["kind"] == "reopening"
    await anna.place("buy", 3, "10")
    await boris.place("sell", 3, "9")
    await set_phase(admin, "continuous")
    assert (await anna.do("order.list"))["orders"] == []


async def test_orders_for_an_auction_wait_for_it(venue: LocalVenue, admin: Client, anna: Trader) -> None:
    """At the open only before it, at the close at any time; what is left of them expires."""
    await list_instrument(venue, "ACME")
    kinds = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "1", "price": "10"}
    refused = await anna.refused("order.place", **kinds, time_in_force="at_open")
    assert refused["code"] == "not_allowed_in_phase"
    waiting = await anna.do("order.place", **kinds, time_in_force="at_close")
    assert (await admin.ask("GET", "/v1/instruments/ACME/book"))["bids"] == []
    await set_phase(admin, "auction", kind="closing")
    assert (await admin.ask("GET", "/v1/instruments/ACME/book"))["bids"] == [["10.00", "1"]]
    await set_phase(admin, "closed")
    ended = await anna.do("order.get", order_id=waiting["order_id"])
    assert (ended["status"], ended["reason"]) == ("expired", "auction_ended")
    await set_phase(admin, "pre_open")
    assert (await anna.do("order.place", **kinds, time_in_force="at_open"))["status"] == "open"


async def test_an_instrument_that_is_closed_and_empty_may_go(
    services: Services, admin: Client, anna: Trader, viewer: Trader
) -> None:
    """It is told to whoever follows the listings; it may come back, and its tape goes on."""
    await viewer.do("subscribe", channel="instruments")
    await viewer.channel("instruments", "snapshot")
    await anna.place("buy", 1, "10")
    path = "/v1/admin/instruments/ACME"
    assert (await admin.problem("DELETE", path))[:2] == (409, "wrong_phase")
    await set_phase(admin, "closed")
    assert (await admin.problem("DELETE", path))[:2] == (409, "wrong_phase")
    await anna.do("order.cancel_all")

    assert await admin.ask("DELETE", f"{path}?reason=merged") == {"symbol": "ACME"}

    gone = await viewer.channel("instruments")
    assert (gone["symbol"], gone["instrument"]["delisted"]) == ("ACME", True)
    assert (await anna.refused("order.place", symbol="ACME", side="buy", type="limit", quantity="1", price="1"))[
        "code"
    ] == "unknown_instrument"
    assert services.directory.find("ACME") is None
    await admin.ask("PUT", path, json={"tick_size": "0.01", "lot_size": "1"})
    assert (await viewer.channel("instruments", "snapshot"))["seq"] == gone["seq"] + 1
    await anna.place("buy", 1, "10")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"phase": "open"}, "bad_request", "phase"),
        ({"phase": "closed", "kind": "closing"}, "bad_request", "kind"),
        ({"phase": "auction", "kind": "fixing"}, "bad_request", "kind"),
        ({"phase": "auction", "until": "soon"}, "bad_request", "until"),
        ({"phase": "auction", "until": "2020-01-01T00:00:00Z"}, "bad_request", "until"),
        ({"phase": "closed", "until": "2126-01-01T00:00:00Z"}, "bad_request", "until"),
        ({"phase": "halted", "lift": True}, "bad_request", "lift"),
        ({"phase": "closed", "why": "x"}, "unknown_field", "why"),
        ({}, "bad_request", "phase"),
    ],
)
async def test_a_phase_that_makes_no_sense_is_refused(
    admin: Client, body: dict[str, Any], code: str, field: str
) -> None:
    """With the member at fault."""
    assert await admin.problem("POST", "/v1/admin/instruments/ACME/phase", json=body) == (400, code, field)


async def test_a_phase_is_for_an_instrument_that_there_is(admin: Client) -> None:
    """Over one that is not listed nothing can be said."""
    answer = await admin.problem("POST", "/v1/admin/instruments/NONE/phase", json={"phase": "closed"})
    assert answer[:2] == (404, "unknown_instrument")
