"""Order entry: from decoded params to the exchange, and the exchange's answer back, the same for WebSocket and HTTP.

Rules: no outcome is sent before the exchange has answered. A command that cannot be stored now is `busy` (and surely
was not stored); a command sent and not answered in time is `outcome_unknown`. Submitting never waits, so commands reach
each partition in the order in which a session submits them.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any, Final

import msgspec
import orjson

from exchange.commands import CancelAll
from gateway.errors import ApiError
from gateway.requests import names, order_requests
from gateway.requests.names import Name
from gateway.requests.order_requests import (
    AmendParams,
    CancelAfterParams,
    CancelAllParams,
    ListParams,
    NameParams,
    PlaceParams,
)
from streams.errors import Busy, NearlyFull, OutcomeUnknown, StreamError
from streams.venue import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exchange.commands import Command
    from gateway.directory import Directory
    from gateway.settings import GatewaySettings
    from streams.venue import Answer, OutcomeReceiver, Venue

ROWS_ASKED_MAX: Final = 500
"""Orders per query, so that a partition's answer stays well below the bound on one message."""


NEARLY_FULL: Final = "the journal is nearly full, and took nothing: what is left is kept for cancels and operators"


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """A command and its partition."""

    partition: int
    command: Command


class Orders:
    """Order entry of one gateway."""

    def __init__(self, venue: Venue, directory: Directory, settings: GatewaySettings) -> None:
        self._venue = venue
        self._directory = directory
        self._rows = settings.page_rows
        self._rows_max = settings.page_rows_max
        self._origin = secrets.token_hex(6)
        self._made = 0

    # Commands. Each may raise ApiError, and `errors.NotKnown` for a symbol that has to be located first.

    def place(self, params: PlaceParams, account: str, session: str) -> Prepared:
        """A placement; an order without client_order_id gets a generated one."""
        made_id = "" if isinstance(params.client_order_id, str) else self._make_id()
        command = order_requests.place_command(params, account, session, self._venue.now(), made_id)
        return Prepared(self._partition_of(params.symbol), command)

    def amend(self, params: AmendParams, account: str) -> Prepared:
        """The amendment of an order."""
        name = order_requests.name_of(params)
        command = order_requests.amend_command(params, name, account, self._venue.now())
        return Prepared(self._home(name), command)

    def cancel(self, params: NameParams, account: str) -> Prepared:
        """The cancel of one order."""
        name = order_requests.name_of(params)
        return Prepared(self._home(name), order_requests.cancel_command(name, account, self._venue.now()))

    def cancel_all(self, params: CancelAllParams, account: str) -> list[Prepared]:
        """The cancel of all orders, or those of a symbol or side, in every partition that may have some."""
        command = order_requests.cancel_all_command(params, account, self._venue.now())
        if command.symbol:
            return [Prepared(self._partition_of(command.symbol), command)]
        return [Prepared(partition, command) for partition in range(self._venue.partitions)]

    def cancel_after(self, params: CancelAfterParams, account: str) -> list[Prepared]:
        """The deadline at which all orders are to be canceled, as a command for every partition."""
        command = order_requests.cancel_after_command(params, account, self._venue.now())
        return [Prepared(partition, command) for partition in range(self._venue.partitions)]

    def cancel_disconnected(self, account: str, session: str) -> list[Prepared]:
        """The cancel of the orders that a session placed for an account; session "" for all orders of the account."""
        # sent_at 0: this cancel is never refused as too late.
        command = CancelAll(account, session=session, reason="disconnected")
        return [Prepared(partition, command) for partition in range(self._venue.partitions)]

    def submit(self, prepared: Prepared) -> asyncio.Future[Outcome]:
        """Submit a command and return a future of its outcome; ApiError `busy` if it cannot be stored now."""
        try:
            return self._venue.submit(prepared.partition, prepared.command)
        except Busy as error:
            raise failure_of(error) from error

    def send(self, prepared: Prepared, receiver: OutcomeReceiver) -> None:
        """Submit a command; `receiver` is called with its outcome. ApiError `busy` if it cannot be stored now."""
        try:
            self._venue.send(prepared.partition, prepared.command, receiver)
        except Busy as error:
            raise failure_of(error) from error

    # Queries.

    async def get(self, params: NameParams, account: str) -> bytes:
        """The present state of an order, as JSON."""
        name = order_requests.name_of(params)
        if name.partition >= 0:
            self._home(name)
            answer = await self._query(name.partition, "order", account=account, order_id=name.number)
        else:
            listed = await self._directory.listed(name.symbol)
            terms = {"account": account, "symbol": name.symbol, "client_order_id": name.client_order_id}
            answer = await self._query(listed.partition, "by_client_id", **terms)
        return body_of(answer)

    async def open_orders(self, params: ListParams, account: str) -> bytes:
        """A page of the account's open orders, by partition and age, as JSON with a cursor if there are more."""
        limit = params.limit if isinstance(params.limit, int) else self._rows
        if not 1 <= limit <= self._rows_max:
            raise ApiError("bad_request", f"limit must be from 1 to {self._rows_max}", "limit")
        symbol = names.checked_symbol(params.symbol) if isinstance(params.symbol, str) else ""
        partitions: Iterable[int] = range(self._venue.partitions)
        if symbol:
            listed = await self._directory.listed(symbol)
            partitions = (listed.partition,)
        start = self._start_of(params.cursor)
        rows: list[msgspec.Raw] = []
        for partition in partitions:
            if partition < start.partition:
                continue
            after = start.number if partition == start.partition else 0
            # One row more than wanted shows whether there is a next page.
            rows += await self._rows_of(partition, account, symbol, after, limit - len(rows) + 1)
            if len(rows) > limit:
                return msgspec.json.encode(_Page(rows[:limit], order_id_of(rows[limit - 1])))
        return msgspec.json.encode(_Page(rows))

    async def reports_since(self, cursor: str, account: str) -> bytes:
        """The reports after a cursor, as JSON; ApiError `snapshot_required` if they are no longer kept."""
        start = self._start_of(cursor)
        answer = await self._query(start.partition, "reports", account=account, after=start.number)
        return body_of(answer)

    async def _rows_of(self, partition: int, account: str, symbol: str, after: int, wanted: int) -> list[msgspec.Raw]:
        rows: list[msgspec.Raw] = []
        while True:
            asked = min(wanted - len(rows), ROWS_ASKED_MAX)
            answer = await self._query(
                partition, "open_orders", account=account, symbol=symbol, limit=asked, after=after
            )
            page = msgspec.json.decode(body_of(answer), type=_Page).orders
            rows += page
            if len(page) < asked or len(rows) >= wanted:
                return rows
            after = names.name_of_id(order_id_of(page[-1])).number

    async def _query(self, partition: int, kind: str, **arguments: str | int) -> Answer:
        try:
            return await self._venue.query(partition, kind, **arguments)
        except StreamError as error:
            raise ApiError("unavailable") from error

    def _make_id(self) -> str:
        self._made += 1
        return f"{self._origin}-{self._made}"

    def _partition_of(self, symbol: str) -> int:
        listed = self._directory.find(symbol)
        if listed is not None:
            return listed.partition
        # Only an unknown symbol has to be checked: known symbols were checked when they were listed.
        return self._directory.partition_of(names.checked_symbol(symbol))

    def _home(self, name: Name) -> int:
        if name.partition < 0:
            return self._partition_of(name.symbol)
        if name.partition >= self._venue.partitions:
            raise ApiError("unknown_order", field="order_id")
        return name.partition

    def _start_of(self, cursor: object) -> Name:
        if not isinstance(cursor, str):
            return Name(0, 0)
        start = names.name_of_cursor(cursor)
        if start.partition >= self._venue.partitions:
            raise ApiError("bad_request", "give a cursor as it was given to you", "cursor")
        return start


class _Page(msgspec.Struct, omit_defaults=True):
    orders: list[msgspec.Raw]
    cursor: str = ""


class _Identified(msgspec.Struct):
    order_id: str


def order_id_of(row: msgspec.Raw) -> str:
    """The id of an order that is already JSON."""
    return msgspec.json.decode(row, type=_Identified).order_id


def result_of(future: asyncio.Future[Outcome]) -> Outcome:
    """The outcome of a submitted command; ApiError if it is unknown, or if the command surely was not stored."""
    try:
        return future.result()
    except (Busy, OutcomeUnknown, asyncio.CancelledError) as error:
        raise failure_of(error) from error


def failure_of(error: BaseException) -> ApiError:
    """The error that a client receives for a command without an outcome."""
    if isinstance(error, NearlyFull):
        return ApiError("busy", NEARLY_FULL, retry_after=error.retry_after)
    if isinstance(error, Busy):
        return ApiError("busy", retry_after=error.retry_after)
    return ApiError("outcome_unknown")


def refusal_of(body: bytes) -> ApiError:
    """The exchange's error object as an ApiError."""
    members = orjson.loads(body)
    return ApiError(members["code"], members["message"], members.get("field", ""))


def canceled_in_all(results: list[Outcome | ApiError]) -> bytes:
    """The answer to a cancel over several partitions: the sum, or ApiError if one of them has not answered."""
    return orjson.dumps({"canceled": sum(body["canceled"] for body in bodies_of(results))})


def deadline_in_all(results: list[Outcome | ApiError]) -> bytes:
    """The answer to `order.cancel_after`: the earliest of the deadlines, as each partition counts from its own time."""
    deadlines = [body["deadline"] for body in bodies_of(results)]
    return orjson.dumps({"deadline": None if None in deadlines else min(deadlines)})


def bodies_of(results: list[Outcome | ApiError]) -> list[dict[str, Any]]:
    """The answers of several partitions; ApiError if one of them has not answered, or refuses."""
    for code in ("outcome_unknown", "busy"):
        for result in results:
            if isinstance(result, ApiError) and result.code == code:
                raise result
    return [body_of_one(result) for result in results]


def body_of_one(result: Outcome | ApiError) -> dict[str, Any]:
    """The answer of a partition; ApiError if the partition has not answered, or refuses."""
    if isinstance(result, ApiError):
        raise result
    if result.code:
        raise refusal_of(result.body)
    body: dict[str, Any] = orjson.loads(result.body)
    return body


def body_of(answer: Answer) -> bytes:
    """The body of a query's answer; ApiError if the exchange refused."""
    if answer.code:
        raise refusal_of(answer.body) if answer.body else ApiError(answer.code)
    return answer.body
