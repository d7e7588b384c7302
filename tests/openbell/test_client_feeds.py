"""openbell/client/: channels of a client whose exchange drops, skips and repeats."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from openbell.client.book import Book
from openbell.client.errors import FeedError, NotAllowed, ReportsMissed, RequestError
from tests.support.exchange_double import ExchangeDouble, Refusal, Silence
from tests.support.sdk import (
    book_snapshot,
    book_update,
    client_of,
    order_body,
    report,
    reports_snapshot,
    reports_start,
    take,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def exchange() -> AsyncIterator[ExchangeDouble]:
    async with ExchangeDouble() as double:
        yield double


def best_bid(book: Book) -> Decimal | None:
    """The best price that somebody bids."""
    return book.best_bid and book.best_bid.price


async def test_book_heals_a_gap(exchange: ExchangeDouble) -> None:
    """A skipped message leads to a new subscription, and its snapshot replaces the book."""
    snapshots = iter([book_snapshot(1), book_snapshot(9, bids=[["98.00", "1"]])])
    exchange.snapshots["book"] = lambda: [next(snapshots)]
    async with client_of(exchange) as client, aclosing(client.book("ACME", depth=0, interval_ms=0)) as feed:
        assert best_bid((await take(feed, 1))[0]) == Decimal("99.50")
        await exchange.send(book_update(5, 4, [["99.60", "1"]]))
        book = (await take(feed, 1))[0]
        assert (book.seq, best_bid(book)) == (9, Decimal("98.00"))
    subscribed = {"channel": "book", "symbols": ["ACME"], "depth": 0, "interval_ms": 0}
    assert exchange.all("subscribe").count(subscribed) == 2


async def test_book_heals_a_wrong_checksum(exchange: ExchangeDouble) -> None:
    """A checksum that differs leads to a new subscription too."""
    exchange.snapshots["book"] = lambda: [book_snapshot(exchange.subscriptions("book") + 1)]
    async with client_of(exchange) as client, aclosing(client.book("ACME")) as feed:
        first = (await take(feed, 1))[0].seq
        await exchange.send(book_update(first + 1, first, [["99.60", "1"]], checksum=1))
        await exchange.subscribed("book", 2)
        assert best_bid((await take(feed, 1))[0]) == Decimal("99.50")


async def test_repeated_message_is_ignored(exchange: ExchangeDouble) -> None:
    """A message that comes twice changes nothing the second time."""
    exchange.snapshots["book"] = lambda: [book_snapshot(1)]
    async with client_of(exchange) as client, aclosing(client.frames("book", "ACME")) as feed:
        await take(feed, 1)
        again = book_update(2, 1, [["99.60", "1"]])
        await exchange.send(again, again, book_update(3, 2, [["99.60", "2"]]))
        assert [frame["seq"] for frame in await take(feed, 2)] == [2, 3]
    assert exchange.subscriptions("book") == 1


async def test_subscribes_again_after_a_lost_connection(exchange: ExchangeDouble) -> None:
    """A dropped connection is made anew, logged in and subscribed, without a word to the reader."""
    exchange.snapshots["book"] = lambda: [book_snapshot(exchange.subscriptions("book") + 1)]
    async with client_of(exchange) as client, aclosing(client.book("ACME")) as feed:
        await take(feed, 1)
        exchange.drop()
        assert (await take(feed, 1))[0].seq == 2
    assert len(exchange.all("login")) == 2


async def test_silent_connection_is_given_up(exchange: ExchangeDouble) -> None:
    """A connection that brings not even heartbeats is replaced."""
    async with client_of(exchange, stale_after=0.1):
        await exchange.asked("login", times=2)


async def test_refused_subscription_ends_the_feed(exchange: ExchangeDouble) -> None:
    """What may not be subscribed to is raised where the feed is read."""

    def refuse(params: dict[str, Any]) -> None:
        if params["channel"] == "book":
            raise Refusal("unknown_instrument")

    exchange.answers["subscribe"] = refuse
    async with client_of(exchange) as client, aclosing(client.book("NONE")) as feed:
        with pytest.raises(RequestError, match="unknown_instrument"):
            await take(feed, 1)


async def test_a_subscription_that_is_not_answered_is_asked_for_again(exchange: ExchangeDouble) -> None:
    """Heartbeats alone are no sign that it has come."""

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        if params["channel"] == "book" and exchange.subscriptions("book") == 0:
            raise Silence
        return {}

    exchange.answers["subscribe"] = answer
    async with client_of(exchange, request_timeout=0.1) as client, aclosing(client.book("ACME")) as feed:
        reading = asyncio.create_task(take(feed, 1))
        await exchange.subscribed("book", times=2)
        await exchange.send(book_snapshot(1))
        assert [book.seq for book in await reading] == [1]


async def test_leaving_a_feed_unsubscribes(exchange: ExchangeDouble) -> None:
    """The last reader of a channel ends its subscription."""
    exchange.snapshots["book"] = lambda: [book_snapshot(1)]
    async with client_of(exchange) as client:
        async with aclosing(client.book("ACME")) as feed:
            await take(feed, 1)
        assert (await exchange.asked("unsubscribe"))["channel"] == "book"


async def test_two_readers_share_a_subscription_but_not_their_place(exchange: ExchangeDouble) -> None:
    """A second reader of a channel gets its own snapshot; other options are refused."""
    exchange.snapshots["book"] = lambda: [book_snapshot(1)]
    async with client_of(exchange) as client, AsyncExitStack() as stack:
        feeds = [await stack.enter_async_context(aclosing(client.book("ACME"))) for _ in range(2)]
        assert [(await take(feed, 1))[0].seq for feed in feeds] == [1, 1]
        with pytest.raises(ValueError, match="other options"):
            await anext(client.book("ACME", depth=0))


async def test_reports_are_resumed_after_a_lost_connection(exchange: ExchangeDouble) -> None:
    """What happened while the client was away is fetched from the cursor of the last report read."""
    snapshots = iter([reports_snapshot(4, [order_body()]), reports_snapshot(7)])
    exchange.snapshots["orders"] = lambda: [next(snapshots)]
    exchange.answers["resume"] = lambda _: {"reports": [report(6), report(7)]}
    async with client_of(exchange) as client, aclosing(client.orders()) as feed:
        assert [item.exec for item in await take(feed, 1)] == ["snapshot"]
        await exchange.send(report(5))
        assert [item.seq for item in await take(feed, 1)] == [5]
        exchange.drop()
        assert [item.seq for item in await take(feed, 2)] == [6, 7]
    assert exchange.all("resume") == [{"channel": "orders", "cursor": "0-5"}]


async def test_busy_reader_loses_no_report(exchange: ExchangeDouble) -> None:
    """Reports beyond the bound are not kept but fetched when there is room."""
    exchange.snapshots["orders"] = lambda: [reports_snapshot(0)]
    exchange.answers["resume"] = lambda asked: {"reports": [report(n) for n in range(int(asked["cursor"][2:]) + 1, 9)]}
    exchange.answers["ping"] = lambda _: {}
    async with client_of(exchange, feed_messages_max=3) as client, aclosing(client.orders()) as feed:
        first = asyncio.create_task(take(feed, 1))
        await exchange.subscribed("orders")
        await exchange.send(*[report(seq) for seq in range(1, 9)])
        await client.request("ping")
        assert [item.seq for item in await first + await take(feed, 7)] == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_reports_gone_for_good_are_told(exchange: ExchangeDouble) -> None:
    """When the exchange cannot resume, the feed says so instead of leaving a hole."""

    def refuse(_: object) -> None:
        raise Refusal("snapshot_required")

    exchange.snapshots["orders"] = lambda: [reports_snapshot(0)]
    exchange.answers["resume"] = refuse
    async with client_of(exchange) as client, aclosing(client.orders()) as feed:
        first = asyncio.create_task(take(feed, 1))
        await exchange.subscribed("orders")
        await exchange.send(report(3))
        with pytest.raises(ReportsMissed):
            await first


async def test_fresh_token_takes_up_an_ended_channel(exchange: ExchangeDouble) -> None:
    """When a token expires, a client that can get another logs in with it and subscribes again."""
    tokens = iter(["old", "new"])
    exchange.snapshots["orders"] = lambda: [reports_snapshot(0)]
    async with client_of(exchange, token=lambda: next(tokens)) as client, aclosing(client.orders()) as feed:
        reading = asyncio.create_task(take(feed, 1))
        await exchange.subscribed("orders")
        await exchange.send({"channel": "orders", "type": "end", "reason": "token_expired"})
        await exchange.subscribed("orders", times=2)
        await exchange.send(report(1))
        assert [item.seq for item in await reading] == [1]
    assert [params["token"] for params in exchange.all("login")] == ["old", "new"]


async def test_expired_token_ends_the_feed(exchange: ExchangeDouble) -> None:
    """Without a fresh token the private feed ends with the reason."""
    exchange.snapshots["orders"] = lambda: [reports_snapshot(0)]
    async with client_of(exchange) as client, aclosing(client.orders()) as feed:
        reading = asyncio.create_task(take(feed, 1))
        await exchange.subscribed("orders")
        await exchange.send({"channel": "orders", "type": "end", "reason": "token_expired"})
        with pytest.raises(NotAllowed, match="token_expired"):
            await reading


async def test_too_many_orders_end_the_feed(exchange: ExchangeDouble) -> None:
    """A fresh token would not help: the feed ends with the reason, and nobody subscribes again and again."""
    tokens = iter(["only"])
    async with client_of(exchange, token=lambda: next(tokens)) as client, aclosing(client.orders()) as feed:
        reading = asyncio.create_task(take(feed, 1))
        await exchange.subscribed("orders")
        await exchange.send({"channel": "orders", "type": "end", "reason": "too_many"})
        with pytest.raises(FeedError, match="too_many"):
            await reading
    assert len(exchange.all("login")) == 1


async def test_reports_without_the_open_orders(exchange: ExchangeDouble) -> None:
    """Each partition tells where it starts; when it starts anew, what lies between is fetched, or missed."""
    exchange.snapshots["orders"] = lambda: [reports_start(0)]
    exchange.answers["resume"] = lambda _: {"reports": [report(2), report(3)]}
    async with client_of(exchange) as client, aclosing(client.orders(snapshot=False)) as feed:
        reading = asyncio.create_task(take(feed, 3))
        await exchange.subscribed("orders")
        await exchange.send(report(1), reports_start(3))
        assert [item.seq for item in await reading] == [1, 2, 3]
    assert [params["snapshot"] for params in exchange.all("subscribe") if params["channel"] == "orders"] == [False]


async def test_other_channels_are_read_into_values(exchange: ExchangeDouble) -> None:
    """Trades, tickers, phases, instruments and displayed orders come out typed."""
    time = "2026-01-01T00:00:00.000000001Z"
    row = {"trade_id": 3, "price": "99.50", "quantity": "2", "side": "sell", "time": time}
    common = {"type": "snapshot", "symbol": "ACME", "seq": 3}
    exchange.snapshots = {
        "trades": lambda: [{"channel": "trades", **common, "trades": [row]}],
        "ticker": lambda: [{"channel": "ticker", **common, "bid": "99.50", "bid_quantity": "3", "time": time}],
        "status": lambda: [{"channel": "status", **common, "phase": "continuous"}],
        "full": lambda: [{"channel": "full", **common, "orders": [["open", "0-1", "buy", "99.50", "3"]]}],
        "instruments": lambda: [
            {"channel": "instruments", **common, "instrument": {"symbol": "ACME", "tick_size": "0.01", "lot_size": "1"}}
        ],
    }
    async with client_of(exchange) as client:
        trade = await anext(client.trades("ACME"))
        ticker = await anext(client.ticker("ACME"))
        status = await anext(client.status("ACME"))
        full = await anext(client.full("ACME"))
        instrument = await anext(client.instruments())
    assert (trade.trade_id, trade.price, trade.side) == (3, Decimal("99.50"), "sell")
    assert (ticker.bid, ticker.ask) == (Decimal("99.50"), None)
    assert status.phase == "continuous"
    assert (full.is_snapshot, full.changes[0].order_id) == (True, "0-1")
    assert (instrument.symbol, instrument.tick_size) == ("ACME", Decimal("0.01"))


async def test_expired_token_is_renewed_and_the_request_sent_again(exchange: ExchangeDouble) -> None:
    """A request refused for an expired token is repeated under a fresh one."""
    tokens = iter(["old", "new"])

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        if len(exchange.all("login")) == 1:
            raise Refusal("token_expired")
        return order_body(params)

    exchange.answers["order.place"] = answer
    async with client_of(exchange, token=lambda: next(tokens)) as client:
        assert (await client.buy("ACME", 1, at="1.00")).is_open
    assert [params["token"] for params in exchange.all("login")] == ["old", "new"]


async def test_heartbeat_shows_what_is_missing_at_the_end(exchange: ExchangeDouble) -> None:
    """When the exchange has sent more than has come, the channel is subscribed to again."""
    exchange.snapshots["book"] = lambda: [book_snapshot(exchange.subscriptions("book") + 1)]
    beat = {"channel": "heartbeat", "type": "update", "seq": 2, "prev": 1, "time": "2026-01-01T00:00:00Z"}
    async with client_of(exchange) as client, aclosing(client.book("ACME")) as feed:
        await take(feed, 1)
        await exchange.send({**beat, "symbols": {"ACME": {"seq": 1}}}, {**beat, "symbols": {"ACME": {"seq": 2}}})
        assert (await take(feed, 1))[0].seq == 2
    assert exchange.subscriptions("book") == 2
