"""A session: who may do what, in which order requests are taken, and which bounds hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gateway.frames import POLICY
from tests.support.gateway import Frame, Trader, eventually, gateway_parts, list_instrument, token
from tests.support.local_venue import LocalVenue

if TYPE_CHECKING:
    from gateway.services import Services

LIMIT = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "1", "price": "1"}


async def answer_to(trader: Trader, identity: int | str) -> Frame:
    """The answer to a request."""
    return await trader.hear(lambda frame: frame.get("id") == identity)


async def test_login_tells_account_scope_and_expiry(services: Services) -> None:
    """A login answers with what the token allows."""
    trader = Trader(services)
    told = await trader.login("anna", scope="read")
    assert (told["account"], told["scope"], told["expires"][-1]) == ("anna", "read", "Z")


@pytest.mark.parametrize("method", ["order.place", "order.amend", "order.cancel", "order.cancel_all", "order.get"])
async def test_private_requests_need_a_login(viewer: Trader, method: str) -> None:
    """Without a login nothing private is answered, market data is."""
    params = {"order.place": LIMIT, "order.cancel_all": {}}.get(method, {"order_id": "0-1"})
    assert (await viewer.refused(method, **params))["code"] == "unauthenticated"
    assert "time" in await viewer.do("ping")


async def test_scopes_are_kept_apart(services: Services) -> None:
    """`read` may not trade and `trade` may not read."""
    reader, trader = Trader(services), Trader(services)
    await reader.login("anna", scope="read")
    await trader.login("anna", scope="trade")
    assert (await reader.refused("order.place", **LIMIT))["code"] == "forbidden"
    assert (await trader.refused("order.list"))["code"] == "forbidden"
    assert (await trader.refused("subscribe", channel="orders"))["code"] == "forbidden"


async def test_a_failed_login_changes_nothing(anna: Trader) -> None:
    """After a bad token the session speaks for whom it spoke before."""
    assert (await anna.refused("login", token="no token"))["code"] == "unauthenticated"
    bad = await anna.refused("login", token=token("boris"), cancel_on_disconnect="sometimes")
    assert (bad["code"], bad["field"]) == ("bad_request", "cancel_on_disconnect")
    assert (await anna.place("buy", 1, "1"))["account"] == "anna"


async def test_a_token_may_act_for_other_accounts(services: Services) -> None:
    """`accounts` lets a principal name others, and nobody else."""
    broker, master = Trader(services), Trader(services)
    await broker.login("broker", accounts=["carla"])
    await master.login("master", accounts="*")
    assert (await broker.place("buy", 1, "1", account="carla"))["account"] == "carla"
    assert (await master.place("buy", 1, "1", account="dora"))["account"] == "dora"
    error = await broker.refused("order.place", **LIMIT, account="dora")
    assert (error["code"], error["field"]) == ("forbidden", "account")
    assert (await master.refused("order.list", account="a.b"))["code"] == "bad_request"


async def test_an_expired_token_ends_what_is_private_and_a_login_restores_it(services: Services) -> None:
    """Expiry closes nothing: private requests are refused, cancels too, and the private channel ends until login."""
    now = services.identity.now()
    trader = Trader(services)
    await trader.login("anna", ttl=60)
    await trader.do("subscribe", channel="orders")
    order = await trader.place("buy", 1, "1")
    services.identity.clock = lambda: now + 61
    trader.session.tick()
    assert await trader.channel("orders", "end") == {"channel": "orders", "type": "end", "reason": "token_expired"}
    for method, params in (("order.place", LIMIT), ("order.cancel", {"order_id": order["order_id"]})):
        assert (await trader.refused(method, **params))["code"] == "token_expired"
    services.identity.clock = lambda: now
    trader.heard.clear()
    await trader.login("anna")
    snapshot = await trader.channel("orders", "snapshot")
    assert [row["order_id"] for row in snapshot["orders"]] == [order["order_id"]]
    assert trader.closed is None


async def test_a_login_restores_a_channel_as_it_was_wanted(services: Services) -> None:
    """With its options: who wants no snapshot gets none."""
    now = services.identity.now()
    trader = Trader(services)
    await trader.login("anna", ttl=60)
    held = await trader.do("subscribe", channel="orders", snapshot=False)
    services.identity.clock = lambda: now + 61
    trader.session.tick()
    await trader.channel("orders", "end")
    services.identity.clock = lambda: now
    await trader.login("anna")
    assert (await trader.do("unsubscribe", channel="trades"))["subscriptions"] == held["subscriptions"]
    await trader.channel("orders", "start")


async def test_a_login_as_another_ends_the_first_ones_channels(anna: Trader) -> None:
    """The second account hears nothing of the first."""
    await anna.do("subscribe", channel="orders")
    await anna.login("boris")
    assert (await anna.channel("orders", "end"))["reason"] == "login"
    assert await anna.do("unsubscribe", channel="orders") == {"subscriptions": []}


async def test_requests_are_taken_in_order_around_a_login(services: Services) -> None:
    """What is sent right behind a login is carried out after it, in order."""
    trader = Trader(services)
    trader.say({"id": 1, "method": "login", "params": {"token": token("anna")}})
    for number in range(2, 6):
        trader.say({"id": number, "method": "order.place", "params": LIMIT | {"client_order_id": f"c{number}"}})
    assert trader.paused
    orders = [(await answer_to(trader, number))["result"] for number in range(2, 6)]
    assert [order["client_order_id"] for order in orders] == ["c2", "c3", "c4", "c5"]
    assert [order["order_id"] for order in orders] == ["0-1", "0-2", "0-3", "0-4"]
    assert not trader.paused


async def test_an_instrument_listed_a_moment_ago_works_at_once(venue: LocalVenue, anna: Trader) -> None:
    """A symbol that this gateway has not heard of is looked for before it is refused."""
    venue.deaf = True
    await list_instrument(venue, "FRESH", 1)
    order = await anna.place("buy", 1, "1", symbol="FRESH")
    assert order["order_id"] == "1-1"
    error = await anna.refused("order.place", **LIMIT | {"symbol": "NOPE"})
    assert (error["code"], error["field"]) == ("unknown_instrument", "symbol")
    assert (await anna.refused("order.place", **LIMIT | {"symbol": "no.pe"}))["code"] == "bad_request"


async def test_a_look_does_not_guess_while_a_partition_is_silent(venue: LocalVenue, anna: Trader) -> None:
    """If the partition that may know it does not answer, an unknown symbol is `unavailable`, not unknown."""
    venue.silent.add(1)
    assert (await anna.refused("order.place", **LIMIT | {"symbol": "NOPE"}))["code"] == "unavailable"


async def test_bad_frames_are_answered_without_an_id_and_ten_in_a_row_close(viewer: Trader) -> None:
    """Nine are forgiven by a good frame, ten are not."""
    for _ in range(9):
        viewer.say("nonsense")
    assert "time" in await viewer.do("time")
    for _ in range(10):
        assert viewer.closed is None
        viewer.say("[]")
    assert viewer.closed == POLICY
    viewer.listen()
    assert {tuple(frame) for frame in viewer.heard} == {("error",)}


async def test_a_request_that_is_not_understood_keeps_the_connection(viewer: Trader) -> None:
    """Wrong requests with an id are answered under it for ever."""
    for number in range(30):
        viewer.say({"id": number, "method": "ping", "unknown": 1})
        answer = await viewer.hear(lambda frame: "id" in frame)
        assert (answer["id"], answer["error"]["code"], answer["error"]["field"]) == (number, "unknown_field", "unknown")
    assert viewer.closed is None
    assert (await viewer.refused("order.nothing", seconds=1))["code"] == "unknown_method"


async def test_a_refused_frame_does_not_wash_away_bad_ones(anna: Trader) -> None:
    """Only a request that is understood begins the count anew, not one that is refused for what it says."""
    for _ in range(9):
        anna.say("nonsense")
    for refused in ({"id": 1}, {"id": 1, "method": "no.such"}, {"id": 1, "method": "ping", "params": {"x": 1}}):
        anna.say(refused)
    anna.say({"id": 1, "method": "order.place", "params": LIMIT | {"price": "x"}})
    assert anna.closed is None
    anna.say("nonsense")
    assert anna.closed == POLICY


@pytest.mark.parametrize(
    "frame",
    [
        *("nonsense", '{"id":1}', '{"id":1,"method":"no.such"}', '{"id":1,"method":"ping","params":{"x":1}}'),
        '{"id":1,"method":"order.place","params":{"symbol":"ACME"}}',
        json.dumps({"id": 1, "method": "order.place", "params": LIMIT | {"price": "x"}}),
        json.dumps({"id": 1, "method": "order.batch", "params": {"requests": [{"method": "x"}]}}),
    ],
)
async def test_who_sends_garbage_pays_for_it(venue: LocalVenue, frame: str) -> None:
    """What is refused counts against the address like any request, and beyond its burst is refused as too much."""
    limits = {"rate_limits": True, "address_requests_burst": 3, "address_requests_per_second": 1}
    async with gateway_parts(venue, **limits, bad_frames=100) as services:
        viewer = Trader(services)
        for _ in range(5):
            viewer.say(frame)
        await eventually(lambda: len(viewer.listen()) == 5)
        codes = [heard["error"]["code"] for heard in viewer.heard]
    assert "rate_limited" not in codes[:3]
    assert codes[3:] == ["rate_limited", "rate_limited"]


async def test_idle_connections_are_closed(services: Services) -> None:
    """Who neither logs in nor subscribes for a minute goes."""
    idle, busy = Trader(services), Trader(services)
    await busy.do("subscribe", channel="heartbeat")
    for trader in (idle, busy):
        trader.session.now = lambda: 10**9
        trader.session.tick()
    assert (idle.closed, busy.closed) == (POLICY, None)


async def test_requests_in_flight_are_bounded(venue: LocalVenue) -> None:
    """Beyond the bound requests are refused, not queued."""
    async with gateway_parts(venue, requests_in_flight=3) as services:
        trader = Trader(services)
        await trader.login()
        venue.held.add(0)
        for number in range(4):
            trader.say({"id": f"n{number}", "method": "order.place", "params": LIMIT})
        answer = await trader.hear(lambda frame: frame.get("id") == "n3")
        assert answer["error"]["code"] == "too_many"
        venue.release()
        for number in range(3):
            assert "result" in await answer_to(trader, f"n{number}")
        await trader.place("buy", 1, "1")


async def test_subscriptions_are_bounded_and_replaced(venue: LocalVenue) -> None:
    """One more than the bound is refused whole; the same again only changes its options."""
    async with gateway_parts(venue, subscriptions_per_connection=2) as services:
        trader = Trader(services)
        await trader.do("subscribe", channel="book", symbols=["ACME"])
        await trader.do("subscribe", channel="trades", symbols=["ACME"])
        assert (await trader.refused("subscribe", channel="full", symbols=["ACME"]))["code"] == "too_many"
        held = await trader.do("subscribe", channel="book", symbols=["ACME"], depth=1, interval_ms=0)
    assert held["subscriptions"] == [
        {"channel": "trades", "symbol": "ACME"},
        {"channel": "book", "symbol": "ACME", "depth": 1, "interval_ms": 0},
    ]


@pytest.mark.parametrize(
    ("params", "code", "field"),
    [
        ({"channel": "candles", "symbols": ["ACME"]}, "bad_request", "channel"),
        ({"channel": "book"}, "bad_request", "symbols"),
        ({"channel": "book", "symbols": []}, "bad_request", "symbols"),
        ({"channel": "book", "symbols": ["a.b"]}, "bad_request", "symbols"),
        ({"channel": "book", "symbols": ["NOPE"]}, "unknown_instrument", "symbol"),
        ({"channel": "book", "symbols": ["ACME"], "depth": 5}, "bad_request", "depth"),
        ({"channel": "book", "symbols": ["ACME"], "interval_ms": 1}, "bad_request", "interval_ms"),
        ({"channel": "book", "symbols": ["ACME"], "depth": "1"}, "bad_request", "depth"),
        ({"channel": "trades", "symbols": ["ACME"], "depth": 1}, "bad_request", "depth"),
        ({"channel": "instruments", "symbols": ["ACME"]}, "bad_request", "symbols"),
        ({"channel": "orders"}, "unauthenticated", None),
        ({"channel": "book", "symbols": ["ACME"], "speed": 9}, "unknown_field", "speed"),
        ({}, "bad_request", "channel"),
    ],
)
async def test_a_subscription_that_cannot_be_is_refused(
    viewer: Trader, params: dict[str, Any], code: str, field: str | None
) -> None:
    """Channels, symbols and options are checked by name."""
    error = await viewer.refused("subscribe", **params)
    assert (error["code"], error.get("field")) == (code, field)


async def test_the_operator_may_want_a_login_for_market_data(venue: LocalVenue) -> None:
    """Then subscribing without one is refused."""
    async with gateway_parts(venue, market_data_login=True) as services:
        trader = Trader(services)
        assert (await trader.refused("subscribe", channel="book", symbols=["ACME"]))["code"] == "unauthenticated"
        await trader.login()
        await trader.do("subscribe", channel="book", symbols=["ACME"])


async def test_accounts_have_a_bounded_number_of_connections(venue: LocalVenue) -> None:
    """One login too many is refused; when one ends there is room again."""
    async with gateway_parts(venue, connections_per_account=2) as services:
        first, second, third = (Trader(services, str(number)) for number in range(3))
        await first.login("anna")
        await second.login("anna")
        assert (await third.refused("login", token=token("anna")))["code"] == "too_many"
        first.session.end()
        await third.login("anna")


async def test_rate_limits_say_when_to_come_back() -> None:
    """A placement beyond the burst is `rate_limited` with `retry_after`; cancels have a bucket of their own."""
    venue = LocalVenue()
    await list_instrument(venue)
    async with gateway_parts(venue, rate_limits=True, orders_per_second=1, orders_burst=2) as services:
        trader = Trader(services)
        await trader.login()
        await trader.place("buy", 1, "1")
        await trader.place("buy", 1, "1")
        error = await trader.refused("order.place", **LIMIT)
        assert error["code"] == "rate_limited"
        assert 0 < error["retry_after"] <= 1
        assert await trader.do("order.cancel_all") == {"canceled": 2}
        requests = [{"method": "order.place", "params": LIMIT}] * 3
        assert (await trader.refused("order.batch", requests=requests))["code"] == "rate_limited"


async def test_an_overflowing_outbox_closes_the_session(venue: LocalVenue, anna: Trader, boris: Trader) -> None:
    """Who is owed private messages and does not read is closed with 4408."""
    await anna.do("subscribe", channel="orders")
    anna.wire.stalled, anna.wire.unsent = True, 1_048_000
    anna.say({"id": 1, "method": "ping"})
    await eventually(lambda: anna.wire.data)
    for _ in range(20):
        anna.say({"id": 1, "method": "order.place", "params": LIMIT})
    await eventually(lambda: anna.closed)
    assert anna.closed == 4408
    assert (await boris.place("buy", 1, "1"))["status"] == "open"


async def test_frames_of_one_turn_leave_in_one_write(viewer: Trader) -> None:
    """Answers that are ready together cost one write."""
    before = viewer.wire.writes
    for number in range(5):
        viewer.say({"id": number, "method": "ping"})
    await eventually(lambda: len(viewer.listen()) == 5)
    assert all("time" in answer["result"] for answer in viewer.heard)
    assert viewer.wire.writes == before + 1


async def test_errors_are_one_shape(viewer: Trader) -> None:
    """An error has code, message, field if there is one, and the request's own id."""
    first = await viewer.refused("nothing")
    second = await viewer.refused("ping", more=1)
    assert set(first) == {"code", "message", "field", "request_id"}
    assert first["request_id"] != second["request_id"]
    viewer.say(json.dumps({"id": 1}))
    assert set((await viewer.hear(lambda frame: frame.get("id") == 1))["error"]) == set(first)
