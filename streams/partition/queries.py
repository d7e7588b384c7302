"""Queries to a partition's leader on `query.<p>`, answered from the state after the last journal message.

A request is a kind and its arguments, all of them checked; the reply is a code, "" for success, and JSON. An answer
that does not fit into one message (ANSWER_BYTES_MAX) is the error `too_large`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from exchange import rejections
from exchange.book.order import Order
from exchange.events import Rejected
from streams.errors import QueryRefused, Undecodable
from streams.partition.account_view import print_account, print_kill_switch
from streams.partition.operator_actions import print_action
from streams.publication.rendering import Renderer, print_error, print_object, print_time, state_of
from streams.publication.report import print_report
from streams.wire import codec

if TYPE_CHECKING:
    from exchange.engine import Engine
    from streams.partition.operator_actions import Actions
    from streams.publication.instrument_feed import InstrumentFeed
    from streams.publication.market_data import MarketData
    from streams.publication.reports import ExecutionReports

ANSWER_BYTES_MAX: Final = 8_000_000
"""A little less than `max_payload` in nats/server.conf."""

SNAPSHOT_ORDERS_MAX: Final = 1_000
"""Open orders in one page of `orders_snapshot`: more would delay the partition for one account."""

ORDERS_MAX: Final = 1_000
"""Orders in one page of `open_orders`."""

BEGINNINGS: Final = frozenset({"book", "full", "trades", "ticker", "status", "orders_snapshot", "reports"})
"""The kinds whose answers a client may continue with the updates that are published after them."""

SNAPSHOT_REQUIRED: Final = "snapshot_required"
TOO_LARGE: Final = "too_large"

Number = Annotated[int, Meta(ge=0)]


class OfSymbol(Struct, forbid_unknown_fields=True):
    """`book`, `full`, `ticker`, `status`."""

    symbol: str


class LatestTradesQuery(Struct, forbid_unknown_fields=True):
    """The last `limit` trades with an id below `before`, 0 for the latest."""

    symbol: str
    limit: Annotated[int, Meta(ge=1)] = 100
    before: Number = 0


class Nothing(Struct, forbid_unknown_fields=True):
    """`instruments`, `partition`."""


class OfOrder(Struct, forbid_unknown_fields=True):
    """One order of an account, by the engine's order id."""

    account: str
    order_id: int


class OfClientOrder(Struct, forbid_unknown_fields=True):
    """One order of an account, by its client order id."""

    account: str
    symbol: str
    client_order_id: str


class OpenOrders(Struct, forbid_unknown_fields=True):
    """A page of an account's open orders, of one symbol or all (""), from the one after order `after`."""

    account: str
    symbol: str = ""
    limit: Annotated[int, Meta(ge=1)] = 100
    after: int = 0


class OrdersSnapshot(Struct, forbid_unknown_fields=True):
    """All open orders of an account, page by page: from the one after order `after`."""

    account: str
    after: int = 0


class ReportsAfter(Struct, forbid_unknown_fields=True):
    """The reports of an account with a number above `after`."""

    account: str
    after: Number


class OfAccount(Struct, forbid_unknown_fields=True):
    """`account`: the account view in this partition."""

    account: str


class OfKillSwitch(Struct, forbid_unknown_fields=True):
    """The open orders that a kill switch for an account, an instrument or ("", "") all would find."""

    account: str = ""
    symbol: str = ""


class ActionsQuery(Struct, forbid_unknown_fields=True):
    """The last `limit` actions of operators before a cursor, "" for the latest."""

    limit: Annotated[int, Meta(ge=1)]
    before: str = ""


class PartitionStanding(NamedTuple):
    """Leader and standby of the partition, and by how many journal messages the standby was last behind."""

    leader: str = ""
    standby: str = ""
    lag: int | None = None


class Checkpointed(NamedTuple):
    """The newest checkpoint's journal sequence, and its journal time in nanoseconds."""

    sequence: int
    at: int


def too_large() -> QueryRefused:
    """The error for an answer that does not fit into a message."""
    return QueryRefused(TOO_LARGE, print_error(TOO_LARGE, "the answer is too long for one message; ask for less"))


class Queries:
    """Queries, answered from a partition's live state. `journal` names the last command that the answers include."""

    def __init__(
        self,
        engine: Engine,
        renderer: Renderer,
        reports: ExecutionReports,
        market_data: MarketData,
        actions: Actions,
    ) -> None:
        self.engine = engine
        self.renderer = renderer
        self.reports = reports
        self.market_data = market_data
        self.actions = actions
        self.orders_max = ORDERS_MAX
        self.snapshot_orders_max = SNAPSHOT_ORDERS_MAX
        self.answer_bytes_max = ANSWER_BYTES_MAX
        self.calendars: list[str] = []
        self.journal = "0.0"
        self.standing = PartitionStanding()
        self.checkpoint: Checkpointed | None = None

    def answer(self, request: bytes) -> bytes:
        """The reply to a request."""
        try:
            ask, arguments = read(request)
            body = ask(self, arguments).encode()
        except Undecodable as error:
            body = print_error(rejections.BAD_REQUEST, str(error)).encode()
            return codec.encode_answer(rejections.BAD_REQUEST, body)
        except QueryRefused as refused:
            return codec.encode_answer(refused.code, refused.body.encode())
        if len(body) > self.answer_bytes_max:
            return codec.encode_answer(TOO_LARGE, too_large().body.encode())
        return codec.encode_answer("", body)

    def is_behind(self, request: bytes) -> bool:
        """Whether the caller has received reports that this partition has not made yet."""
        try:
            _, arguments = read(request)
        except (Undecodable, QueryRefused):
            return False
        return isinstance(arguments, ReportsAfter) and arguments.after > self.reports.seq(arguments.account)

    # Market data

    def book(self, of: OfSymbol) -> str:
        """All levels."""
        return self.feed(of.symbol).book_snapshot(self.journal)

    def full(self, of: OfSymbol) -> str:
        """Every displayed order."""
        return self.feed(of.symbol).full_snapshot(self.journal)

    def trades(self, of: LatestTradesQuery) -> str:
        """Some of the latest trades, oldest first."""
        return self.feed(of.symbol).trades_snapshot(self.journal, of.limit, of.before)

    def ticker(self, of: OfSymbol) -> str:
        """Best prices and last trade."""
        return self.feed(of.symbol).ticker_snapshot(self.journal)

    def status(self, of: OfSymbol) -> str:
        """The phase."""
        return self.feed(of.symbol).status_snapshot(self.journal)

    def instruments(self, _: Nothing) -> str:
        """All instruments of the partition, in the order of their listing."""
        return f"[{','.join(self.renderer.instrument(book.instrument) for book in self.engine.books.values())}]"

    def partition(self, _: Nothing) -> str:
        """The partition's leader, last sequence, standby and newest checkpoint."""
        newest = self.checkpoint
        told = {
            "partition": self.renderer.partition,
            "leader": self.standing.leader,
            "standby": self.standing.standby or None,
            "sequence": int(self.journal.partition(".")[0]),
            "lag": self.standing.lag,
            "checkpoint": newest and {"sequence": newest.sequence, "time": msgspec.Raw(print_time(newest.at).encode())},
            "instruments": len(self.engine.books),
        }
        return msgspec.json.encode(told).decode()

    # Operators

    def calendars_known(self, _: Nothing) -> str:
        """The names of the leader's calendars."""
        return print_object({"calendars": self.calendars})

    def kill_switch(self, of: OfKillSwitch) -> str:
        """The kill switches that are on, and how many orders another would find."""
        return print_kill_switch(self.engine, of.account, of.symbol)

    def audit(self, of: ActionsQuery) -> str:
        """A page of the operators' actions here, newest first."""
        partition = self.renderer.partition
        page = islice(self.actions.before(of.before, partition), of.limit)
        return f'{{"actions":[{",".join([print_action(action, partition) for action in page])}]}}'

    def account(self, of: OfAccount) -> str:
        """The account view."""
        return print_account(self.engine, self.renderer, of.account, self.journal)

    def feed(self, symbol: str) -> InstrumentFeed:
        """The market data of an instrument that is listed here."""
        feed = self.market_data.feeds.get(symbol)
        if feed is None:
            raise self.refusal(rejections.UNKNOWN_INSTRUMENT, "symbol")
        return feed

    # Orders

    def order(self, of: OfOrder) -> str:
        """An order, open or kept after its end."""
        order = self.engine.order(of.order_id)
        if order is None or order.account != of.account:
            raise self.refusal(rejections.UNKNOWN_ORDER, "order_id")
        return self.print(order)

    def by_client_id(self, of: OfClientOrder) -> str:
        """The order with this client order id, open or kept after its end."""
        order = self.engine.find(of.account, of.symbol, of.client_order_id)
        if order is None:
            raise self.refusal(rejections.UNKNOWN_ORDER, "client_order_id")
        return self.print(order)

    def open_orders(self, of: OpenOrders) -> str:
        """A page of open orders, oldest first."""
        orders = [order for order in self.engine.open_orders(of.account, of.symbol) if order.order_id > of.after]
        return f'{{"orders":[{self.print_all(orders[: min(of.limit, self.orders_max)])}]}}'

    def orders_snapshot(self, of: OrdersSnapshot) -> str:
        """A page of all open orders, the number of the last report that it includes, and how many orders are left."""
        partition, seq = self.renderer.partition, self.reports.seq(of.account)
        orders = [order for order in self.engine.open_orders(of.account) if order.order_id > of.after]
        page = self.print_all(orders[: self.snapshot_orders_max])
        left = max(len(orders) - self.snapshot_orders_max, 0)
        more = f',"more":true,"left":{left}' if left else ""
        return f'{{"partition":{partition},"seq":{seq},"cursor":"{partition}-{seq}","orders":[{page}]{more}}}'

    def reports_after(self, of: ReportsAfter) -> str:
        """The reports after the one that the client has, if all of them are still kept."""
        reports = self.reports.since(of.account, of.after)
        if reports is None:
            message = "reports since then are not kept any more; take a snapshot of the open orders"
            raise QueryRefused(SNAPSHOT_REQUIRED, print_error(SNAPSHOT_REQUIRED, message))
        printed = [print_report(report, self.renderer.order(report.state), self.renderer) for report in reports]
        return f'{{"reports":[{",".join(printed)}]}}'

    def print(self, order: Order) -> str:
        """An order as it is now."""
        return self.renderer.order(state_of(order))

    def print_all(self, orders: Iterable[Order]) -> str:
        """Orders, without the brackets."""
        return ",".join([self.print(order) for order in orders])

    def refusal(self, code: str, field: str) -> QueryRefused:
        """The error that the engine would answer, too."""
        return QueryRefused(code, self.renderer.refusal(Rejected(code, field)))


Answerer = Callable[[Queries, Any], str]

KINDS: Final[dict[str, tuple[msgspec.msgpack.Decoder[Any], Answerer]]] = {
    "book": (msgspec.msgpack.Decoder(OfSymbol), Queries.book),
    "full": (msgspec.msgpack.Decoder(OfSymbol), Queries.full),
    "trades": (msgspec.msgpack.Decoder(LatestTradesQuery), Queries.trades),
    "ticker": (msgspec.msgpack.Decoder(OfSymbol), Queries.ticker),
    "status": (msgspec.msgpack.Decoder(OfSymbol), Queries.status),
    "instruments": (msgspec.msgpack.Decoder(Nothing), Queries.instruments),
    "calendars": (msgspec.msgpack.Decoder(Nothing), Queries.calendars_known),
    "kill_switch": (msgspec.msgpack.Decoder(OfKillSwitch), Queries.kill_switch),
    "audit": (msgspec.msgpack.Decoder(ActionsQuery), Queries.audit),
    "account": (msgspec.msgpack.Decoder(OfAccount), Queries.account),
    "partition": (msgspec.msgpack.Decoder(Nothing), Queries.partition),
    "order": (msgspec.msgpack.Decoder(OfOrder), Queries.order),
    "by_client_id": (msgspec.msgpack.Decoder(OfClientOrder), Queries.by_client_id),
    "open_orders": (msgspec.msgpack.Decoder(OpenOrders), Queries.open_orders),
    "orders_snapshot": (msgspec.msgpack.Decoder(OrdersSnapshot), Queries.orders_snapshot),
    "reports": (msgspec.msgpack.Decoder(ReportsAfter), Queries.reports_after),
}


def begins_a_feed(request: bytes) -> bool:
    """Whether the caller may continue the answer with the updates that are published after it."""
    try:
        return codec.decode_query(request).kind in BEGINNINGS
    except Undecodable:
        return False


def read(request: bytes) -> tuple[Answerer, Any]:
    """Decode a request: the method that answers it, and its arguments; Undecodable if it is none."""
    query = codec.decode_query(request)
    if query.kind not in KINDS:
        raise Undecodable(f"no query is called {query.kind}")
    decoder, ask = KINDS[query.kind]
    return ask, codec.decode(decoder, query.arguments)
