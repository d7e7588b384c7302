"""Client: the exchange as a Python object, `async with Client(url, token) as client: …`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack
from urllib.parse import quote

from openbell.api import Api
from openbell.client import requests
from openbell.client.book import Book
from openbell.client.connection import Connection, Token, http_url
from openbell.client.errors import NONSENSE, ConnectionLost, RequestError, Unreadable, request_error
from openbell.client.feeds import BookFeed, Feed, Frame, QueueFeed
from openbell.client.models import (
    Account,
    FullUpdate,
    Instrument,
    Order,
    Position,
    Report,
    Status,
    Ticker,
    Trade,
)
from openbell.client.positions import PositionFeed
from openbell.client.reports import ReportFeed
from openbell.client.requests import Changes, Request, Side, Terms
from openbell.client.settings import ClientSettings
from openbell.client.socket import Answer
from openbell.client.stream import BeginningFeed, Stream
from openbell.client.subscriptions import Subscriptions
from openbell.client.tape import TapeFeed
from openbell.client.values import Number, time_from_wire
from openbell.errors import Fault, RequestRefused

Item = TypeVar("Item")

REPEATABLE = frozenset(
    {"order.get", "order.list", "order.cancel", "order.cancel_all", "order.cancel_after", "resume", "ping", "time"}
)
"""Methods that may be sent again without an answer; a placement is another (`repeat_placements`)."""

_PAGE = 500
"""Open orders in one page."""

_TAPE_MAX = 1_000
"""The prints that the exchange keeps, and gives in one answer."""


class Client:
    """A trader's connection to an exchange, or without a token a spectator's.

    A client reconnects, logs in and subscribes again by itself for as long as it is open; other failures are raised as
    `openbell.client.errors`. Numbers may be given as Decimal, str or int, and come back as Decimal.

        async with Client("http://127.0.0.1:8080", token) as client:
            order = await client.buy("ACME", "10", at="101.25")
            await client.amend(order.order_id, price="101.30")
            async for book in client.book("ACME"):
                print(book.best_bid, book.best_ask)

    Each iterator keeps its subscription until the iterator is closed: leave the loop, or use `contextlib.aclosing`.
    """

    def __init__(self, url: str, token: Token = None, settings: ClientSettings | None = None) -> None:
        """Prepare; `async with` connects.

        Args:
            url: where the gateway is, "http://…" or "https://…".
            token: a token, or a function that returns a fresh one at each login, or None for market data only.
            settings: bounds and defaults.

        Raises:
            ValueError: `url` is no URL of an exchange.
        """
        self._settings = settings or ClientSettings()
        self._url = http_url(url)
        self._token = token
        self._subscriptions = Subscriptions(self._settings.request_timeout)
        self._connection = Connection(url, token, self._settings, self._subscriptions)

    async def __aenter__(self) -> Self:
        self._subscriptions.opened()
        await self._connection.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.close()

    # Orders

    async def buy(self, symbol: str, quantity: Number, at: Number | None = None, **terms: Unpack[Terms]) -> Order:
        """Buy at a limit, or at any price when none is given: see `place`."""
        return await self.place(symbol, "buy", quantity, at, **terms)

    async def sell(self, symbol: str, quantity: Number, at: Number | None = None, **terms: Unpack[Terms]) -> Order:
        """Sell at a limit, or at any price when none is given: see `place`."""
        return await self.place(symbol, "sell", quantity, at, **terms)

    async def place(
        self, symbol: str, side: Side, quantity: Number, price: Number | None = None, **terms: Unpack[Terms]
    ) -> Order:
        """Enter an order; the answer is the order with its fills so far.

        If the connection is lost before the answer comes, the order is sent again with the same client order id,
        which never places it twice (`ClientSettings.repeat_placements`).

        Raises:
            RequestError: the exchange refused the order.
            OutcomeUnknown: no answer came in time.
        """
        return await self._order(requests.place(symbol, side, quantity, price, **terms))

    async def amend(self, order_id: str, *, symbol: str = "", **changes: Unpack[Changes]) -> Order:
        """Change an order; `quantity` is the new total. With `symbol`, `order_id` is a client order id."""
        return await self._order(requests.amend(order_id, symbol=symbol, **changes))

    async def cancel(self, order_id: str, *, symbol: str = "") -> Order:
        """Cancel an order. With `symbol`, `order_id` is a client order id.

        The cancel is sent again if the connection is lost before the answer: `order_done` may then be its own effect.
        """
        return await self._order(requests.cancel(order_id, symbol=symbol))

    async def cancel_all(self, symbol: str = "", side: Side | None = None) -> int:
        """Cancel all orders, of one symbol and one side if given; the number canceled."""
        params: dict[str, Any] = {"symbol": symbol} if symbol else {}
        result = await self.request("order.cancel_all", self._with_account(params | ({"side": side} if side else {})))
        return _read(lambda: int(result["canceled"]))

    async def cancel_after(self, seconds: int) -> int:
        """Set a deadline, in seconds from now, to cancel all the account's orders, whoever placed them; 0 removes it.

        Each call moves the deadline: a program that has died does not leave its orders behind. Returns the deadline in
        nanoseconds since 1970 UTC of the exchange's clock; 0 without one.
        """
        result = await self.request("order.cancel_after", self._with_account({"seconds": seconds}))
        return _read(lambda: time_from_wire(result["deadline"]))

    async def batch(self, batch: Sequence[Request]) -> list[Order | RequestError]:
        """Send up to 50 requests as one, carried out in order: the result of each.

        >>> from openbell.client import requests
        >>> both = [requests.place("ACME", "buy", 5, "99.50"), requests.place("ACME", "sell", 5, "100.50")]

        and then `await client.batch(both)`. A batch without an answer is not repeated.
        """
        rows = [{"method": request.method, "params": self._with_account(request.params)} for request in batch]
        answer = await self._call("order.batch", {"requests": rows})
        return _read(lambda: [_row(row) for row in answer.result])

    async def order(self, order_id: str, *, symbol: str = "") -> Order:
        """The present state of an order. With `symbol`, `order_id` is a client order id."""
        return await self._order(Request("order.get", requests.named(order_id, symbol, "")))

    async def open_orders(self, symbol: str = "") -> list[Order]:
        """Every open order of the account, of one symbol if given."""
        orders: list[Order] = []
        params = self._with_account({"limit": _PAGE} | ({"symbol": symbol} if symbol else {}))
        while True:
            page = await self.request("order.list", params)
            told, cursor = _read(partial(_page, page))
            orders += told
            if not cursor:
                return orders
            params = params | {"cursor": cursor}

    async def account(self) -> Account:
        """Cash, fees, positions and limits of the account."""
        query = f"?account={quote(self._settings.account)}" if self._settings.account else ""
        body = await self._get(f"/v1/account{query}")
        return _read(lambda: Account.read(body))

    async def request(self, method: str, params: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Send any request of docs/protocol.md; the `result` as JSON."""
        return (await self._call(method, params or {})).result

    # Feeds

    def book(self, symbol: str, *, depth: int = 10, interval_ms: int = 20) -> AsyncGenerator[Book]:
        """The local book whenever it has changed: the same object each time, always the newest state.

        Args:
            symbol: the instrument.
            depth: 1, 10, 50 levels a side, or 0 for all.
            interval_ms: the least time between two changes: 0, 20, 100 or 1000.
        """
        return self._read("book", symbol, BookFeed(symbol), depth=depth, interval_ms=interval_ms)

    def trades(self, symbol: str) -> AsyncGenerator[Trade]:
        """Every print, the recent ones first, and every bust after its print.

        None is lost over a reconnect: missed ones are fetched from the exchange's last 1,000 prints. If these do not
        reach back far enough, the iterator raises `TradesMissed`; a new iterator continues from the present.
        """
        path = f"/v1/instruments/{quote(symbol, safe='')}/trades?limit={_TAPE_MAX}"
        return self._read("trades", symbol, TapeFeed(symbol, lambda: self._get(path), self._settings.feed_messages_max))

    def full(self, symbol: str) -> AsyncGenerator[FullUpdate]:
        """The book order by order."""
        return self._read("full", symbol, self._queue(lambda frame: [FullUpdate.read(frame)]))

    def ticker(self, symbol: str) -> AsyncGenerator[Ticker]:
        """Best prices and the last trade, the newest state only."""
        return self._read("ticker", symbol, QueueFeed(lambda frame: [Ticker.read(frame)], 1, newest=True))

    def status(self, symbol: str) -> AsyncGenerator[Status]:
        """Every change of the instrument's phase, first the present one; after a reconnect the present one again."""
        return self._read("status", symbol, self._queue(lambda frame: [Status.read(frame)]))

    def instruments(self) -> AsyncGenerator[Instrument]:
        """Every listed instrument, then changes and new listings; after a reconnect all of them again."""
        return self._read("instruments", "", self._queue(_instruments))

    def orders(self, *, snapshot: bool = True) -> Stream[Report]:
        """Every execution report, first the open orders as reports whose `exec` is "snapshot".

        `await client.orders().snapshot()` gives the open orders as one complete list, which may be empty. No report is
        lost over a reconnect or while the reader is busy; if the exchange no longer has some reports, the iterator
        raises `ReportsMissed`.

        Args:
            snapshot: False begins without the open orders, as an account with too many for one snapshot needs:
                `open_orders` has them.
        """
        feed = ReportFeed(self._resume, self._settings.feed_messages_max)
        return self._stream("orders", feed, {} if snapshot else {"snapshot": False})

    def positions(self) -> Stream[Position]:
        """Every position of the account that is not flat, then each one again when it has changed, flat or not.

        `snapshot` gives the first positions as one list. A position that became flat without a connection has a
        quantity of zero, and the `realised` and `fees` of the last message about it: `account` has the cash.
        """
        return self._stream("positions", PositionFeed(self._settings.feed_messages_max))

    def frames(self, channel: str, symbol: str = "", **options: Any) -> AsyncGenerator[Frame]:  # noqa: ANN401
        """A channel's messages as they come, in order and without a gap: after a reconnect there is a snapshot."""
        return self._read(channel, symbol, self._queue(lambda frame: [frame]), **options)

    def _read(self, channel: str, symbol: str, feed: Feed[Item], **options: Any) -> AsyncGenerator[Item]:  # noqa: ANN401
        return self._subscriptions.read(channel, symbol, options, feed)

    def _stream(self, channel: str, feed: BeginningFeed[Item], options: dict[str, Any] | None = None) -> Stream[Item]:
        return Stream(feed, self._subscriptions.hold(channel, "", self._with_account(options or {}), feed))

    # Inside

    def _queue(self, read: Callable[[Frame], list[Item]]) -> QueueFeed[Item]:
        return QueueFeed(read, self._settings.feed_messages_max)

    async def _resume(self, cursor: str) -> list[Frame]:
        result = await self.request("resume", self._with_account({"channel": "orders", "cursor": cursor}))
        return _read(lambda: list(result["reports"]))

    async def _get(self, path: str) -> Frame:
        """Ask over HTTP.

        Raises:
            RequestError: the exchange refused.
            ConnectionLost: the exchange could not be reached, or the program's own token function failed.
        """
        try:
            token = self._token() if callable(self._token) else self._token
        except Exception as fault:
            raise ConnectionLost(f"the token function raised {fault!r}") from fault
        return await asyncio.to_thread(_fetch, Api(self._url, token or ""), path)

    async def _order(self, request: Request) -> Order:
        answer = await self._call(request.method, self._with_account(request.params))
        return _read(lambda: Order.read(answer.result, answer.journal))

    async def _call(self, method: str, params: dict[str, Any]) -> Answer:
        repeatable = method in REPEATABLE or (method == "order.place" and self._settings.repeat_placements)
        return await self._connection.call(method, params, repeatable=repeatable)

    def _with_account(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"account": self._settings.account} | params if self._settings.account else params


def _read(read: Callable[[], Item]) -> Item:
    """An answer as a value; `Unreadable` if the answer has another shape."""
    try:
        return read()
    except NONSENSE as fault:
        raise Unreadable(f"an answer is unreadable: {fault!r}") from fault


def _page(page: dict[str, Any]) -> tuple[list[Order], str]:
    """A page of open orders, and the cursor to the next one, "" at the end."""
    return [Order.read(body) for body in page["orders"]], page.get("cursor") or ""


def _row(row: dict[str, Any]) -> Order | RequestError:
    """One answer of a batch."""
    return request_error(row["error"]) if "error" in row else Order.read(row["result"], row.get("journal") or "")


def _fetch(api: Api, path: str) -> dict[str, Any]:
    """Fetch over HTTP; failures are raised as the connection raises its own."""
    try:
        body: dict[str, Any] = api.get(path)
    except RequestRefused as refused:
        raise request_error({"code": refused.error_code, "message": refused.what}) from refused
    except Fault as fault:
        raise ConnectionLost(fault.what) from fault
    return body


def _instruments(frame: Frame) -> list[Instrument]:
    bodies = frame["instruments"] if "instruments" in frame else [frame["instrument"]]
    return [Instrument.read(body) for body in bodies]
