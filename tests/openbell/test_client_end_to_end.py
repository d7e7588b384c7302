"""The SDK and the replay against a whole exchange, started as a user starts it."""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from openbell import Client
from openbell.client import ClientSettings, requests
from openbell.client.errors import RequestError
from openbell.client.models import Order
from tests.support.local_exchange import LocalExchange, kill

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

DATA = Path(os.environ.get("OPENBELL_DATA", Path(__file__).parents[3] / "shared" / "data")) / "lobster"
DAY = "AAPL_2012-06-21"

pytestmark = pytest.mark.timeout(180)


Item = TypeVar("Item")


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalExchange]:
    exchange = LocalExchange(tmp_path_factory.mktemp("exchange") / "data", "--partitions", "2")
    exchange.wait_until_ready()
    yield exchange
    exchange.interrupt()


@pytest.fixture
def symbol(exchange: LocalExchange, request: pytest.FixtureRequest) -> str:
    """An instrument of the test's own."""
    symbol = f"T-{abs(hash(request.node.name)) % 10**8}"
    listing = {"tick_size": "0.01", "lot_size": "1", "reference_price": "100"}
    exchange.call("PUT", f"/v1/admin/instruments/{symbol}", "ops", listing, scope="admin")
    return symbol


def client_of(exchange: LocalExchange, account: str, **settings: Any) -> Client:
    return Client(exchange.facts["url"], exchange.token(account), ClientSettings(**settings))


async def until(feed: AsyncIterator[Item], condition: Callable[[Item], object]) -> Item:
    """The first item of a feed that is as wanted."""
    async with asyncio.timeout(10):
        async for item in feed:
            if condition(item):
                return item
    raise AssertionError("the feed ended")


async def test_two_traders_trade(exchange: LocalExchange, symbol: str) -> None:
    """An order rests, another takes part of it, and each side hears of it; the rest is amended and canceled."""
    async with client_of(exchange, "anna") as anna, client_of(exchange, "boris") as boris:
        resting = await anna.sell(symbol, 10, at="101.25")
        taking = await boris.buy(symbol, "4", at=Decimal("101.30"))
        assert (taking.status, taking.average_price) == ("filled", Decimal("101.25"))
        assert [(fill.price, fill.quantity, fill.liquidity) for fill in taking.fills] == [
            (Decimal("101.25"), Decimal(4), "taker")
        ]
        amended = await anna.amend(resting.order_id, price="101.20", quantity=8)
        assert (amended.price, amended.open_quantity) == (Decimal("101.20"), Decimal(4))
        assert [order.order_id for order in await anna.open_orders(symbol)] == [resting.order_id]
        assert (await anna.cancel(resting.order_id)).status == "canceled"
        assert (await anna.order(resting.client_order_id, symbol=symbol)).status == "canceled"
        with pytest.raises(RequestError) as refused:
            await anna.cancel(resting.order_id)
        assert refused.value.code == "order_done"


@pytest.mark.parametrize(("depth", "interval_ms"), [(0, 0), (1, 0), (10, 20), (50, 100)])
async def test_book_includes_my_order(exchange: LocalExchange, symbol: str, depth: int, interval_ms: int) -> None:
    """The local book reaches the journal place of an answer, and shows the order; checksums hold on the way."""
    async with (
        client_of(exchange, "anna") as client,
        aclosing(client.book(symbol, depth=depth, interval_ms=interval_ms)) as feed,
    ):
        assert (await anext(feed)).bids == []
        for level in range(30):
            order = await client.buy(symbol, 5, at=Decimal("99.00") + Decimal(level) / 100)
        book = await until(feed, lambda book: book.journal == order.journal)
        assert book.best_bid == (Decimal("99.29"), Decimal(5))
        assert len(book.bids) == (min(30, depth) or 30)
        assert await client.cancel_all(symbol) == 30
        await until(feed, lambda book: not book.bids)


async def test_every_feed_tells(exchange: LocalExchange, symbol: str) -> None:
    """Trades, ticker, phase, displayed orders, instruments and reports arrive as typed values."""
    async with client_of(exchange, "anna") as anna, client_of(exchange, "boris") as boris:
        trades = asyncio.create_task(until(anna.trades(symbol), lambda trade: trade.quantity == 3))
        tickers = asyncio.create_task(until(anna.ticker(symbol), lambda ticker: ticker.last == Decimal("101.25")))
        changes = asyncio.create_task(
            until(anna.full(symbol), lambda update: any(row.kind == "change" for row in update.changes))
        )
        reports = asyncio.create_task(until(anna.orders(), lambda report: report.exec == "trade"))
        await until(anna.status(symbol), lambda status: status.phase == "continuous")
        order = await anna.sell(symbol, 10, at="101.25")
        await boris.buy(symbol, 3)
        trade, report, _, _ = await asyncio.gather(trades, reports, tickers, changes)
        assert (trade.trade_id, trade.side, trade.price) == (1, "buy", Decimal("101.25"))
        assert (report.order.order_id, report.last_quantity, report.liquidity) == (order.order_id, Decimal(3), "maker")
        assert report.journal == trade.journal
        instrument = await until(anna.instruments(), lambda instrument: instrument.symbol == symbol)
        assert (instrument.tick_size, instrument.reference_price) == (Decimal("0.01"), Decimal(100))


async def test_batch_is_carried_out_in_order(exchange: LocalExchange, symbol: str) -> None:
    """One batch may place and cancel the same order; its rows come from the journal one after the other."""
    async with client_of(exchange, "anna") as client:
        batch = [
            requests.place(symbol, "buy", 1, "99", client_order_id="b-1"),
            requests.cancel("b-1", symbol=symbol),
            requests.place(symbol, "buy", 1, "99.001"),
        ]
        placed, canceled, refused = await client.batch(batch)
    assert isinstance(placed, Order)
    assert isinstance(canceled, Order)
    assert isinstance(refused, RequestError)
    assert (placed.status, canceled.status, refused.code) == ("open", "canceled", "price_off_tick")
    assert placed.journal != canceled.journal


async def test_killed_gateway_costs_no_order_and_no_report(exchange: LocalExchange, symbol: str) -> None:
    """While the gateway is killed with -9, orders are placed exactly once and every report is read, in order."""
    async with client_of(exchange, "carla", reconnect_delay_max=0.2) as client, aclosing(client.orders()) as feed:
        reading = asyncio.create_task(until(feed, lambda report: report.order.client_order_id == "k-0"))
        await asyncio.sleep(0)
        await client.buy(symbol, 1, at="99", client_order_id="k-0")
        seqs = [(await reading).seq]
        placing = asyncio.gather(*(client.buy(symbol, 1, at="99", client_order_id=f"k-{n}") for n in range(1, 200)))
        await asyncio.sleep(0)
        for pid in exchange.children("gateway"):
            kill(pid)
        orders = await placing
        assert len({order.order_id for order in orders}) == 199
        while len(seqs) < 200:
            seqs.append((await until(feed, lambda _: True)).seq)
        assert seqs == list(range(seqs[0], seqs[0] + 200))
        assert len(await client.open_orders(symbol)) == 200
        assert await client.cancel_all(symbol) == 200


@pytest.mark.skipif(not DATA.exists(), reason="the LOBSTER sample is not here (OPENBELL_DATA)")
def test_recorded_flow_makes_the_recorded_book(exchange: LocalExchange) -> None:
    """The first messages of a NASDAQ day go through the whole exchange and show the recorded best prices."""
    report = exchange.command(
        "replay",
        "lobster",
        str(DATA / f"{DAY}_message_50.first672.csv.gz"),
        *("--book", str(DATA / f"{DAY}_orderbook_L1.0930-1030.csv.gz")),
        *("--opening", str(DATA / f"{DAY}_orderbook_L50.first672.csv.gz")),
        *("--symbol", "AAPL", "--json"),
    )
    assert (report["rows"], report["equal"], report["differences"], report["refused"]) == (672, 672, [], {})
