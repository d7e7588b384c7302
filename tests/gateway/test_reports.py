"""The private channel `orders`: nothing is missed, nothing comes twice, nobody else hears it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from exchange.commands import PlaceOrder
from exchange.terms import BUY, LIMIT
from exchange.units import UNIT
from gateway.feeds.fanout import FanoutBounds
from tests.support.gateway import Trader, eventually

if TYPE_CHECKING:
    from gateway.services import Services
    from tests.support.local_venue import Answer, LocalVenue


def reports(trader: Trader) -> list[tuple[int, str]]:
    """Number and kind of every report heard so far from the first partition."""
    trader.listen()
    frames = [frame for frame in trader.heard if frame.get("channel") == "orders" and frame["partition"] == 0]
    return [(frame["seq"], frame["exec"] if "exec" in frame else frame["type"]) for frame in frames]


async def subscribed(trader: Trader) -> None:
    """Subscribe and wait for both partitions' snapshots."""
    await trader.do("subscribe", channel="orders")
    await trader.hear(lambda frame: frame.get("partition") == 1)


async def miss_too_many(trader: Trader) -> None:
    """Cause more reports than are held for those who come back: 1,200."""
    for _ in range(12):
        requests = [{"method": "order.place", "params": {"symbol": "ACME", "side": "buy", "type": "limit",
                     "quantity": 1, "price": 1}}] * 50  # fmt: skip
        await trader.do("order.batch", requests=requests)
        await trader.do("order.cancel_all")


async def test_every_session_of_an_account_hears_its_reports(services: Services, anna: Trader, boris: Trader) -> None:
    """Reports go to all sessions of the account, numbered without holes, and to no other account."""
    second = Trader(services, "second")
    await second.login("anna")
    for trader in (anna, second, boris):
        await subscribed(trader)
    await anna.place("sell", 3, "1")
    await boris.place("buy", 2, "1")
    expected = [(0, "snapshot"), (1, "accepted"), (2, "trade")]
    await eventually(lambda: reports(anna) == reports(second) == expected)
    await eventually(lambda: reports(boris) == expected)


async def test_a_late_session_starts_from_the_open_orders(services: Services, anna: Trader) -> None:
    """Its snapshot names the report up to which it tells; what follows connects; others get no second snapshot."""
    await subscribed(anna)
    await anna.place("buy", 1, "1")
    late = Trader(services, "late")
    await late.login("anna")
    await subscribed(late)
    await anna.place("buy", 1, "2")
    await eventually(lambda: reports(late) == [(1, "snapshot"), (2, "accepted")])
    await eventually(lambda: reports(anna) == [(0, "snapshot"), (1, "accepted"), (2, "accepted")])


async def test_sessions_that_come_while_trading_goes_on_miss_nothing(services: Services, anna: Trader) -> None:
    """Whenever a session joins, its reports follow its snapshot without a hole or a repeat."""
    late = [Trader(services, f"late-{number}") for number in range(8)]
    for trader in late:
        await trader.login("anna")
    for number, trader in enumerate(late):
        trader.say({"id": "s", "method": "subscribe", "params": {"channel": "orders"}})
        await anna.place("buy", 1, f"0.{number + 10}")
        await anna.place("buy", 1, f"0.{number + 20}")

    def whole(trader: Trader) -> bool:
        heard = [seq for seq, _ in reports(trader)]
        return bool(heard) and heard == list(range(heard[0], 17))

    await eventually(lambda: all(map(whole, late)))
    assert all(kind == ("snapshot" if place == 0 else "accepted") for place, (_, kind) in enumerate(reports(late[3])))


async def test_a_gap_is_closed_by_asking(venue: LocalVenue, anna: Trader) -> None:
    """Lost reports are fetched, in order, before later ones are passed on."""
    await subscribed(anna)
    venue.deaf = True
    await anna.place("buy", 1, "1")
    await anna.place("buy", 1, "2")
    venue.deaf = False
    await anna.place("buy", 1, "3")
    await eventually(lambda: [seq for seq, _ in reports(anna)] == [0, 1, 2, 3])


async def test_a_gap_too_long_to_close_gives_a_snapshot(venue: LocalVenue, anna: Trader) -> None:
    """When the reports are gone, the open orders are told anew."""
    await subscribed(anna)
    venue.deaf = True
    await miss_too_many(anna)
    venue.deaf = False
    await anna.place("buy", 1, "3")
    await eventually(lambda: reports(anna)[-1] == (1_201, "snapshot"))
    await anna.place("buy", 1, "4")
    await eventually(lambda: reports(anna)[-1] == (1_202, "accepted"))


async def test_two_leaders_are_heard_as_one(venue: LocalVenue, anna: Trader) -> None:
    """Reports that come twice are passed on once."""
    venue.leaders = 2
    await subscribed(anna)
    await anna.place("buy", 1, "1")
    await anna.do("order.cancel_all")
    await anna.place("buy", 1, "2")
    await eventually(lambda: reports(anna) == [(0, "snapshot"), (1, "accepted"), (2, "canceled"), (3, "accepted")])


async def test_a_late_session_is_not_told_by_a_leader_that_is_behind(
    venue: LocalVenue, services: Services, anna: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two leaders the one that has read less may answer; who starts from there would miss what is passed on."""
    await subscribed(anna)
    behind = await venue.query(0, "orders_snapshot", account="anna", after=0)
    await anna.place("buy", 1, "1")
    await eventually(lambda: reports(anna) == [(0, "snapshot"), (1, "accepted")])
    query, asked = venue.query, []

    async def ask(partition: int, kind: str, **arguments: Any) -> Answer:
        answer = await query(partition, kind, **arguments)
        if (partition, kind) != (0, "orders_snapshot"):
            return answer
        asked.append(kind)
        return behind if len(asked) == 1 else answer

    monkeypatch.setattr(venue, "query", ask)
    late = Trader(services, "late")
    await late.login("anna")
    await subscribed(late)
    await eventually(lambda: reports(late) == [(1, "snapshot")])
    await anna.place("buy", 1, "2")
    await eventually(lambda: reports(late) == [(1, "snapshot"), (2, "accepted")])
    assert len(asked) == 2


async def test_resume_gives_the_reports_since_a_cursor(services: Services, anna: Trader) -> None:
    """A client that comes back gets what it missed, complete frames, or is told to take a snapshot."""
    await subscribed(anna)
    for price in ("1", "2", "3"):
        await anna.place("buy", 1, price)
    first = await anna.channel("orders")
    back = Trader(services, "back")
    await back.login("anna")
    missed = (await back.do("resume", channel="orders", cursor=first["cursor"]))["reports"]
    assert [(frame["channel"], frame["seq"], frame["prev"]) for frame in missed] == [("orders", 2, 1), ("orders", 3, 2)]
    assert (await back.refused("resume", channel="orders", cursor="0-99"))["code"] == "snapshot_required"
    for params, field in (
        ({"channel": "book", "cursor": "0-1"}, "channel"),
        ({"channel": "orders", "cursor": "x"}, "cursor"),
    ):
        error = await back.refused("resume", **params)
        assert (error["code"], error["field"]) == ("bad_request", field)


async def test_an_account_with_ten_thousand_orders_can_subscribe(
    venue: LocalVenue, services: Services, anna: Trader
) -> None:
    """Its snapshot is whole, bigger than what may otherwise be unread, and what comes after it follows."""
    for number in range(10_000):
        command = PlaceOrder("anna", "ACME", f"n{number}", BUY, LIMIT, UNIT, UNIT)
        outcome = venue.submit(0, command)
    await outcome
    late = Trader(services, "late")
    await late.login("anna")
    await late.do("subscribe", channel="orders")
    snapshot = await late.hear(lambda frame: frame.get("channel") == "orders" and frame["partition"] == 0, 30)
    ids = [order["client_order_id"] for order in snapshot["orders"]]
    assert (snapshot["seq"], ids, "more" in snapshot) == (10_000, [f"n{number}" for number in range(10_000)], False)
    await anna.place("buy", 1, "1")
    assert (await late.channel("orders"))["prev"] == 10_000
    assert late.closed is None


async def test_orders_that_change_between_two_pages_are_told_by_the_reports(
    venue: LocalVenue, services: Services, anna: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The snapshot bears the first page's number, so nothing that happened later is left out."""
    venue.page_snapshots(2)
    for price in ("1", "2", "3", "4"):
        await anna.place("buy", 1, price)
    ask = venue.query

    async def ask_and_cancel(partition: int, kind: str, **arguments: Any) -> Answer:
        answer = await ask(partition, kind, **arguments)
        if kind == "orders_snapshot" and partition == 0 and arguments["after"] == 0:
            await anna.do("order.cancel", order_id="0-1")
            await anna.do("order.cancel", order_id="0-3")
        return answer

    monkeypatch.setattr(venue, "query", ask_and_cancel)
    late = Trader(services, "late")
    await late.login("anna")
    await late.do("subscribe", channel="orders")
    snapshot = await late.hear(lambda frame: frame.get("channel") == "orders" and frame["partition"] == 0)
    assert (snapshot["seq"], [row["order_id"] for row in snapshot["orders"]]) == (4, ["0-1", "0-2", "0-4"])
    gone = [await late.channel("orders") for _ in range(2)]
    assert [(frame["seq"], frame["exec"], frame["order"]["order_id"]) for frame in gone] == [
        (5, "canceled", "0-1"),
        (6, "canceled", "0-3"),
    ]


async def test_more_orders_than_can_be_told_end_the_channel(
    venue: LocalVenue, services: Services, anna: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leader is asked once, whatever happens to the orders then, and once more when somebody subscribes again."""
    venue.page_snapshots(2)
    services.fanout.bounds = FanoutBounds(orders_max=3)
    ask, asked = venue.query, []

    async def noted(partition: int, kind: str, **arguments: Any) -> Answer:
        if partition == 0 and kind in ("orders_snapshot", "reports"):
            asked.append((kind, arguments["after"]))
        return await ask(partition, kind, **arguments)

    monkeypatch.setattr(venue, "query", noted)
    for price in ("1", "2", "3", "4"):
        await anna.place("buy", 1, price)
    await anna.do("subscribe", channel="orders")
    assert await anna.channel("orders", "end") == {"channel": "orders", "type": "end", "reason": "too_many"}
    services.fanout.heal()
    await anna.do("order.cancel_all")
    assert (await anna.do("subscribe", channel="status", symbols=["ACME"]))["subscriptions"] == [
        {"channel": "status", "symbol": "ACME"}
    ]
    late = Trader(services, "late")
    await late.login("anna")
    await subscribed(late)
    await anna.place("buy", 1, "1")
    await eventually(lambda: reports(late) == [(8, "snapshot"), (9, "accepted")])
    assert reports(anna) == []
    assert asked == [("orders_snapshot", 0), ("orders_snapshot", 0), ("reports", 8)]


async def test_a_leader_that_never_agrees_is_asked_at_a_pace(
    venue: LocalVenue, services: Services, anna: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wants another snapshot to be taken after each one: that is asked for after a pause, however long that is."""
    services.fanout.bounds = FanoutBounds(pause_seconds=3_600)
    ask, asked = venue.query, []

    async def disagree(partition: int, kind: str, **arguments: Any) -> Answer:
        if partition == 0 and kind in ("orders_snapshot", "reports"):
            asked.append(kind)
        answer = await ask(partition, kind, **arguments)
        return answer._replace(code="snapshot_required") if (partition, kind) == (0, "reports") else answer

    monkeypatch.setattr(venue, "query", disagree)
    await subscribed(anna)
    await eventually(lambda: len(asked) == 2)
    for _ in range(10):
        await anna.place("buy", 1, "1")
    assert asked == ["orders_snapshot", "reports"]


async def test_who_has_too_many_orders_for_a_snapshot_hears_its_reports_without_one(
    venue: LocalVenue, services: Services, anna: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a number on, after one question and no page; another session that wants a snapshot changes nothing."""
    venue.page_snapshots(2)
    services.fanout.bounds = FanoutBounds(orders_max=3)
    ask, told = venue.query, []

    async def noted(partition: int, kind: str, **arguments: Any) -> Answer:
        answer = await ask(partition, kind, **arguments)
        if (partition, kind) == (0, "orders_snapshot"):
            told.append(answer.body.count(b'"order_id"'))
        return answer

    monkeypatch.setattr(venue, "query", noted)
    for price in ("1", "2", "3", "4"):
        await anna.place("buy", 1, price)
    held = await anna.do("subscribe", channel="orders", snapshot=False)
    assert held["subscriptions"] == [{"channel": "orders", "account": "anna", "snapshot": False}]
    start = await anna.hear(lambda frame: frame.get("type") == "start" and frame["partition"] == 0)
    assert start == {
        "channel": "orders", "type": "start", "partition": 0, "seq": 4, "cursor": "0-4", "partitions": 2,
    }  # fmt: skip
    assert told == [0]
    late = Trader(services, "late")
    await late.login("anna")
    await late.do("subscribe", channel="orders")
    assert (await late.channel("orders", "end"))["reason"] == "too_many"
    await anna.place("sell", 1, "4")
    await eventually(lambda: reports(anna)[-2:] == [(5, "accepted"), (6, "canceled")])


async def test_reports_lost_for_good_give_another_start(venue: LocalVenue, services: Services, anna: Trader) -> None:
    """Whoever wants no snapshot is told the number to go on from, and learns so that it has missed some."""
    await anna.do("subscribe", channel="orders", snapshot=False)
    await anna.hear(lambda frame: frame.get("partition") == 1)
    venue.deaf = True
    await miss_too_many(anna)
    venue.deaf = False
    await anna.place("buy", 1, "3")
    await eventually(lambda: reports(anna) == [(0, "start"), (1_201, "start")])
    await anna.place("buy", 1, "4")
    await eventually(lambda: reports(anna)[-1] == (1_202, "accepted"))
