"""Market data: snapshots at once, connected updates, and healing of whatever goes wrong."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from gateway.feeds.depth import Depth
from gateway.feeds.fanout import FanoutBounds
from tests.support.gateway import Trader, eventually, list_instrument

if TYPE_CHECKING:
    from gateway.services import Services
    from tests.support.local_venue import LocalVenue


class LocalBook:
    """What a careful client keeps of channel `book`; it checks `prev` and `checksum` of everything it takes."""

    def __init__(self, depth: int) -> None:
        self.limit = depth
        self.seq = -1
        self.depth = Depth()
        self.snapshots = 0

    def take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "snapshot":
            self.depth = Depth()
            self.snapshots += 1
        else:
            assert frame["prev"] == self.seq, frame
        self.seq = frame["seq"]
        self.depth.apply(frame["bids"], frame["asks"])
        assert frame["checksum"] == self.depth.checksum(), frame
        if self.limit:
            assert len(self.depth.bids.levels) <= self.limit
            assert len(self.depth.asks.levels) <= self.limit

    def take_all(self, trader: Trader) -> None:
        trader.listen()
        for frame in trader.heard:
            if frame.get("channel") == "book":
                self.take(frame)
        trader.heard.clear()


async def trade_at_random(trader: Trader, choices: random.Random, orders: int) -> None:
    """Fill, cross and empty the book."""
    for _ in range(orders):
        if choices.random() < 0.1:
            await trader.do("order.cancel_all")
        price = choices.randint(90, 110)
        await trader.place(
            choices.choice(("buy", "sell")), choices.randint(1, 9), price / 100, self_trade="cancel_oldest"
        )


@pytest.mark.parametrize("interval_ms", [0, 20])
@pytest.mark.parametrize("depth", [1, 10, 50, 0])
async def test_every_window_follows_the_book(
    services: Services, anna: Trader, viewer: Trader, depth: int, interval_ms: int
) -> None:
    """At any depth and interval a client's book ends as the exchange's, each message connected and checked."""
    await viewer.do("subscribe", channel="book", symbols=["ACME"], depth=depth, interval_ms=interval_ms)
    book = LocalBook(depth)
    book.take(await viewer.channel("book", "snapshot"))
    await trade_at_random(anna, random.Random(f"{depth} {interval_ms}"), 150)  # noqa: S311
    last = await anna.place("buy", 5, "0.50")
    late = Trader(services, "late")
    await late.do("subscribe", channel="book", symbols=["ACME"], depth=depth, interval_ms=interval_ms)
    expected = await late.channel("book", "snapshot")

    def caught_up() -> bool:
        book.take_all(viewer)
        return book.depth.bids.levels == [tuple(row) for row in expected["bids"]]

    await eventually(caught_up)
    assert book.depth.asks.levels == [tuple(row) for row in expected["asks"]]
    assert book.snapshots == 1
    assert last["status"] == "open"


async def test_a_whole_book_without_interval_shows_every_command(anna: Trader, viewer: Trader) -> None:
    """With depth 0 and interval 0 nothing is conflated: one update for each command that changed the book."""
    await viewer.do("subscribe", channel="book", symbols=["ACME"], depth=0, interval_ms=0)
    await viewer.channel("book", "snapshot")
    for price in ("1", "2", "3"):
        await anna.place("buy", 1, price)
    updates = [await viewer.channel("book") for _ in range(3)]
    assert [(update["seq"], update["prev"], update["bids"]) for update in updates] == [
        (1, 0, [["1.00", "1"]]),
        (2, 1, [["2.00", "1"]]),
        (3, 2, [["3.00", "1"]]),
    ]


async def test_a_level_that_leaves_the_window_is_removed(anna: Trader, viewer: Trader) -> None:
    """Depth 1: the old best goes with a zero when a better one comes, and comes back when that goes."""
    await viewer.do("subscribe", channel="book", symbols=["ACME"], depth=1, interval_ms=0)
    await viewer.channel("book", "snapshot")
    await anna.place("buy", 1, "1")
    better = await anna.place("buy", 2, "2")
    await anna.place("buy", 9, "0.5")
    await anna.do("order.cancel", order_id=better["order_id"])
    assert [(await viewer.channel("book"))["bids"] for _ in range(3)] == [
        [["1.00", "1"]],
        [["1.00", "0"], ["2.00", "2"]],
        [["2.00", "0"], ["1.00", "1"]],
    ]


async def test_one_follow_serves_all_subscribers(services: Services, venue: LocalVenue, anna: Trader) -> None:
    """However many subscribe, a channel is followed once, and no more some time after the last has left."""
    services.fanout.bounds = FanoutBounds(linger_seconds=0.01)
    viewers = [Trader(services, f"v{number}") for number in range(5)]
    for number, viewer in enumerate(viewers):
        await viewer.do("subscribe", channel="book", symbols=["ACME"], depth=(1, 10, 50, 0, 0)[number])
        await viewer.channel("book", "snapshot")
    assert (venue.followed("md.ACME.book"), venue.queries.count("book")) == (1, 1)
    for viewer in viewers:
        assert await viewer.do("unsubscribe", channel="book") == {"subscriptions": []}
    await eventually(lambda: venue.followed("md.ACME.book") == 0)


async def test_two_leaders_are_heard_as_one(venue: LocalVenue, anna: Trader, viewer: Trader) -> None:
    """Messages that come twice are passed on once."""
    venue.leaders = 2
    await viewer.do("subscribe", channel="trades", symbols=["ACME"])
    await viewer.do("subscribe", channel="book", symbols=["ACME"], depth=0, interval_ms=0)
    await viewer.channel("book", "snapshot")
    for _ in range(3):
        await anna.place("sell", 1, "1")
        await anna.place("buy", 1, "1", self_trade="cancel_oldest")
    for seq in range(1, 4):
        assert (await viewer.channel("book"))["seq"] == seq


async def test_a_gap_is_healed_by_a_snapshot(venue: LocalVenue, anna: Trader, viewer: Trader) -> None:
    """When messages were lost, subscribers get a new snapshot and go on from it."""
    await viewer.do("subscribe", channel="book", symbols=["ACME"], depth=0, interval_ms=0)
    await viewer.channel("book", "snapshot")
    venue.deaf = True
    await anna.place("buy", 1, "1")
    venue.deaf = False
    await anna.place("buy", 1, "2")
    snapshot = await viewer.channel("book", "snapshot")
    assert (snapshot["seq"], snapshot["bids"]) == (2, [["2.00", "1"], ["1.00", "1"]])
    await anna.place("buy", 1, "3")
    assert (await viewer.channel("book"))["prev"] == 2


async def test_after_a_reconnect_everything_is_looked_after(venue: LocalVenue, anna: Trader, viewer: Trader) -> None:
    """What was lost while NATS was away is seen even if nothing is published afterwards."""
    for channel in ("book", "trades", "ticker", "status", "full"):
        await viewer.do("subscribe", channel=channel, symbols=["ACME"])
        await viewer.channel(channel, "snapshot")
    await anna.do("subscribe", channel="orders")
    await anna.hear(lambda frame: frame.get("partition") == 1)
    venue.deaf = True
    await anna.place("buy", 1, "1")
    await anna.place("sell", 1, "1", self_trade="cancel_oldest")
    await anna.place("sell", 1, "3")
    venue.deaf = False
    venue.reconnect()
    assert (await viewer.channel("book", "snapshot"))["asks"] == [["1.00", "1"], ["3.00", "1"]]
    reports = [(await anna.channel("orders"))["exec"] for _ in range(4)]
    assert reports == ["accepted", "accepted", "canceled", "accepted"]


async def test_the_last_words_of_a_leader_that_died_are_asked_of_its_successor(
    venue: LocalVenue, anna: Trader, viewer: Trader
) -> None:
    """What was answered and never published is seen as soon as somebody else leads, though nothing follows it."""
    for channel in ("book", "trades"):
        await viewer.do("subscribe", channel=channel, symbols=["ACME"])
        await viewer.channel(channel, "snapshot")
    await anna.do("subscribe", channel="orders")
    await anna.hear(lambda frame: frame.get("partition") == 1)
    await anna.place("sell", 2, "1")
    venue.deaf = True
    await anna.place("buy", 1, "1", self_trade="cancel_oldest")
    venue.deaf = False
    venue.replace_leader(0)
    assert (await viewer.channel("book", "snapshot"))["bids"] == [["1.00", "1"]]
    assert [(await anna.channel("orders"))["exec"] for _ in range(3)] == ["accepted", "accepted", "canceled"]


async def test_a_new_leader_changes_nothing_for_those_who_have_heard_everything(
    venue: LocalVenue, anna: Trader, viewer: Trader
) -> None:
    """They get no second snapshot, and what follows connects."""
    await viewer.do("subscribe", channel="book", symbols=["ACME"], depth=0, interval_ms=0)
    await viewer.channel("book", "snapshot")
    asked = venue.queries.count("book")
    venue.replace_leader(1)
    venue.replace_leader(0)
    await eventually(lambda: venue.queries.count("book") > asked)
    await anna.place("buy", 1, "1")
    update = await viewer.channel("book")
    assert (update["type"], update["prev"], venue.queries.count("book")) == ("update", 0, asked + 1)


async def test_a_leader_that_is_away_delays_the_snapshot(venue: LocalVenue, viewer: Trader) -> None:
    """A subscription is taken while the leader is away; its snapshot comes when there is one again."""
    venue.silent.add(0)
    await viewer.do("subscribe", channel="book", symbols=["ACME"])
    await eventually(lambda: venue.queries.count("book") > 1)
    venue.silent.clear()
    assert (await viewer.channel("book", "snapshot"))["seq"] == 0


async def test_a_leader_that_was_long_away_is_asked_at_once_when_nats_is_back(
    venue: LocalVenue, services: Services, viewer: Trader
) -> None:
    """Whoever has failed for long waits long, and not for what is known to be over."""
    services.fanout.bounds = FanoutBounds(retry_seconds=(3600.0, 3600.0))
    venue.silent.add(0)
    await viewer.do("subscribe", channel="book", symbols=["ACME"])
    await eventually(lambda: venue.queries.count("book") == 1)
    venue.silent.clear()
    venue.reconnect()
    assert (await viewer.channel("book", "snapshot"))["seq"] == 0


async def test_a_client_that_is_behind_gets_a_snapshot_when_it_has_caught_up(anna: Trader, viewer: Trader) -> None:
    """Depth for a client that does not read is left out, not piled up; afterwards it is made whole."""
    await viewer.do("subscribe", channel="book", symbols=["ACME"], depth=0, interval_ms=0)
    await viewer.channel("book", "snapshot")
    viewer.wire.stalled, viewer.wire.unsent = True, 100_000
    for cents in range(1, 200):
        await anna.place("buy", 1, cents / 100)
    assert viewer.wire.unsent < 101_000
    viewer.wire.stalled, viewer.wire.unsent = False, 0
    snapshot = await viewer.channel("book", "snapshot")
    assert len(snapshot["bids"]) == 199
    viewer.heard.clear()
    await anna.place("buy", 1, "5")
    assert (await viewer.channel("book"))["prev"] == snapshot["seq"]


async def test_trades_ticker_status_and_full_have_their_snapshots(
    services: Services, anna: Trader, boris: Trader, viewer: Trader
) -> None:
    """A late subscriber learns at once what the others have been told."""
    early = Trader(services, "early")
    for channel in ("trades", "ticker", "status", "full"):
        await early.do("subscribe", channel=channel, symbols=["ACME"])
        await early.channel(channel, "snapshot")
    await anna.place("sell", 3, "1")
    await boris.place("buy", 2, "1")
    await boris.place("buy", 4, "0.5")
    await early.hear(lambda frame: frame.get("channel") == "full" and frame["seq"] == 3)
    for channel in ("trades", "ticker", "status", "full"):
        await viewer.do("subscribe", channel=channel, symbols=["ACME"])
    trades = await viewer.channel("trades", "snapshot")
    ticker = await viewer.channel("ticker", "snapshot")
    status = await viewer.channel("status", "snapshot")
    full = await viewer.channel("full", "snapshot")
    assert [(row["trade_id"], row["price"], row["quantity"], row["side"]) for row in trades["trades"]] == [
        (1, "1.00", "2", "buy")
    ]
    assert [ticker[name] for name in ("bid", "bid_quantity", "ask", "ask_quantity", "last")] == [
        *("0.50", "4", "1.00", "1"),
        "1.00",
    ]
    assert status["phase"] == "continuous"
    assert full["orders"] == [["open", "0-3", "buy", "0.50", "4"], ["open", "0-1", "sell", "1.00", "1"]]
    assert "prev" not in trades | ticker | status | full


async def test_a_conflated_ticker_skips_numbers_not_the_last_word(anna: Trader, viewer: Trader) -> None:
    """With an interval several changes are one message, connected to the one before."""
    await viewer.do("subscribe", channel="ticker", symbols=["ACME"], interval_ms=100)
    before = await viewer.channel("ticker", "snapshot")
    for price in ("1", "2", "3", "4"):
        await anna.place("buy", 1, price)
    seq, ticker = before["seq"], before
    while ticker["bid"] != "4.00":
        ticker = await viewer.channel("ticker")
        assert ticker["prev"] == seq
        seq = ticker["seq"]
    assert seq == 4


async def test_listings_are_told(venue: LocalVenue, services: Services, viewer: Trader) -> None:
    """`instruments` gives each instrument, then new ones, then changes."""
    await viewer.do("subscribe", channel="instruments")
    assert (await viewer.channel("instruments", "snapshot"))["instrument"]["symbol"] == "ACME"
    await list_instrument(venue, "NEW", 1)
    new = await viewer.channel("instruments", "snapshot")
    assert (new["symbol"], new["instrument"]["partition"]) == ("NEW", 1)
    await list_instrument(venue, "NEW", 1, max_open_orders=7)
    changed = await viewer.channel("instruments")
    assert (changed["prev"], changed["instrument"]["max_open_orders"]) == (new["seq"], 7)


async def test_the_heartbeat_names_the_last_numbers(anna: Trader, boris: Trader, viewer: Trader) -> None:
    """Once a second a session hears how far each book and tape it holds has come."""
    await viewer.do("subscribe", channel="heartbeat")
    await viewer.do("subscribe", channel="book", symbols=["ACME"], depth=0, interval_ms=0)
    await viewer.do("subscribe", channel="trades", symbols=["ACME"])
    await viewer.channel("trades", "snapshot")
    await anna.place("sell", 1, "1")
    await boris.place("buy", 1, "1")
    await viewer.hear(lambda frame: frame.get("channel") == "book" and frame["seq"] == 2)
    viewer.session.tick()
    first = await viewer.channel("heartbeat", "snapshot")
    assert first["symbols"] == {"ACME": {"seq": 2, "trade_id": 1, "trade_seq": 1}}
    viewer.session.tick()
    assert (await viewer.channel("heartbeat"))["prev"] == first["seq"]


async def test_the_heartbeat_says_what_may_be_stale(venue: LocalVenue, anna: Trader, viewer: Trader) -> None:
    """While NATS is away every feed is, and no number of it is told; when it is back none is."""
    for channel in ("book", "trades"):
        await viewer.do("subscribe", channel=channel, symbols=["ACME"])
        await viewer.channel(channel, "snapshot")
    await anna.do("subscribe", channel="orders")
    await anna.hear(lambda frame: frame.get("partition") == 1)
    for trader in (viewer, anna):
        await trader.do("subscribe", channel="heartbeat")
        trader.session.tick()
        assert (await trader.channel("heartbeat", "snapshot"))["stale"] == []
    venue.away = True
    viewer.session.tick()
    anna.session.tick()
    told = await viewer.channel("heartbeat")
    assert told["stale"] == [{"channel": "book", "symbol": "ACME"}, {"channel": "trades", "symbol": "ACME"}]
    assert told["symbols"] == {}
    assert (await anna.channel("heartbeat"))["stale"] == [{"channel": "orders", "account": "anna"}]
    venue.away = False
    viewer.session.tick()
    told = await viewer.channel("heartbeat")
    assert (told["stale"], told["symbols"]) == ([], {"ACME": {"seq": 0, "trade_id": 0, "trade_seq": 0}})


async def test_what_a_partition_without_a_leader_tells_is_stale(
    venue: LocalVenue, anna: Trader, viewer: Trader
) -> None:
    """Nothing is missing, and nothing would come: its public channels, and what private ones hear of everywhere."""
    await list_instrument(venue, "OTHER", 1)
    await viewer.do("subscribe", channel="book", symbols=["ACME", "OTHER"])
    await viewer.channel("book", "snapshot")
    await anna.do("subscribe", channel="orders")
    await anna.hear(lambda frame: frame.get("partition") == 1)
    for trader in (viewer, anna):
        await trader.do("subscribe", channel="heartbeat")
        trader.session.tick()
        assert (await trader.channel("heartbeat", "snapshot"))["stale"] == []
    venue.absent.add(1)
    viewer.session.tick()
    anna.session.tick()
    told = await viewer.channel("heartbeat")
    assert (told["stale"], told["symbols"]) == ([{"channel": "book", "symbol": "OTHER"}], {"ACME": {"seq": 0}})
    assert (await anna.channel("heartbeat"))["stale"] == [{"channel": "orders", "account": "anna"}]
    venue.absent.clear()
    viewer.session.tick()
    assert (await viewer.channel("heartbeat"))["stale"] == []


async def test_a_feed_whose_leader_is_away_is_stale(venue: LocalVenue, viewer: Trader) -> None:
    """A hole that cannot be closed is told."""
    await viewer.do("subscribe", channel="heartbeat")
    await viewer.do("subscribe", channel="book", symbols=["ACME"])
    await viewer.channel("book", "snapshot")
    venue.silent.add(0)
    venue.reconnect()
    viewer.session.tick()
    assert (await viewer.channel("heartbeat", "snapshot"))["stale"] == [{"channel": "book", "symbol": "ACME"}]
    venue.silent.clear()
    await viewer.channel("book", "snapshot")
    viewer.session.tick()
    assert (await viewer.channel("heartbeat"))["stale"] == []
