"""A program as a user of the SDK writes one, with every type it relies on: `users_program.py URL SELLER BUYER SYMBOL`.

The tests check it with `mypy --strict` against the installed wheel, and run it against an exchange. It sells, buys,
hears of it on each feed and prints one line.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from decimal import Decimal
from typing import assert_type

from openbell import Client
from openbell.client import ClientSettings, requests
from openbell.client.book import Book
from openbell.client.errors import OpenbellError, RequestError, TradesMissed
from openbell.client.models import Account, Order, Position, Report, Trade
from openbell.client.stream import Stream


async def main(url: str, seller: str, buyer: str, symbol: str) -> None:
    """One trade, seen from all sides."""
    settings = ClientSettings(request_timeout=20)
    async with Client(url, seller, settings) as anna, Client(url, lambda: buyer, settings) as boris:
        async with aclosing(assert_type(boris.orders(), Stream[Report])) as reports:
            assert_type(await reports.snapshot(), list[Report])
            resting = await anna.sell(symbol, 5, at=Decimal("10.50"), post_only=False)
            price = await best_price(boris, symbol)
            order = await boris.buy(symbol, "3", at=price, client_order_id="users-program")
            assert_type(resting, Order)
            assert_type(order.average_price, Decimal | None)
            fill = await anext(fills(reports))
        async with aclosing(assert_type(boris.trades(symbol), AsyncGenerator[Trade])) as tape:
            trade = await anext(tape)
        async with aclosing(boris.positions()) as positions:
            assert_type(await positions.snapshot(), list[Position])
        assert_type(await boris.account(), Account)
        batch = await anna.batch([requests.cancel(resting.order_id)])
        assert_type(batch, list[Order | RequestError])
    print(f"{order.client_order_id} {fill.exec} {trade.symbol}")  # noqa: T201 - a program's own line


async def fills(reports: Stream[Report]) -> AsyncGenerator[Report]:
    """The trades of our own order."""
    async for report in reports:
        if report.exec == "trade" and report.order.client_order_id == "users-program":
            yield report


async def best_price(client: Client, symbol: str) -> Decimal:
    """The best selling price."""
    async with aclosing(client.book(symbol, depth=1)) as books:
        async for book in books:
            assert_type(book, Book)
            if book.best_ask is not None:
                return book.best_ask.price
    raise AssertionError("a feed ends with an exception")


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:5]))
    except TradesMissed as missed:
        sys.exit(f"{missed.trades} prints were missed")
    except OpenbellError as error:
        sys.exit(f"{error.code}: {error.message}")
