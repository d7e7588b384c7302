"""Partition state as parts of plain values, and back: the content of a checkpoint.

A part is a kind and its rows, so few of them (`exchange.checkpoint.state.ROWS_MAX`) that neither making nor restoring
one takes long. Parts are restored in the order in which they were made, into a new partition. Always true: a restored
partition gives the same parts, and answers every message and every query as the first one would.

Values that follow from the rest are left out: printers follow from the listings, reports' orders from open orders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from exchange.book.order_rows import placed_from, placed_row
from exchange.checkpoint.state import cut, market_parts, owners_of
from exchange.checkpoint.state import restore_part as restore_engine
from exchange.terms import is_open
from streams.partition.operator_actions import OperatorAction
from streams.partition.partition import Partition
from streams.publication.instrument_feed import InstrumentFeed
from streams.publication.rendering import OrderState
from streams.publication.report import ExecutionReport
from streams.publication.reports import AccountReports
from streams.publication.status import status_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from exchange.book.order import Order
    from exchange.commands import PlaceOrder
    from streams.publication.instrument_feed import Quote

FORM: Final = 4
"""The version of all these forms, which new states have."""

FORMS_READ: Final = (2, 3, FORM)
"""The versions that can be restored. Before 4 each ended order has a row instead of a place in the archive; 2 lacks the
accounts' shares of ended orders and trades."""

Part = tuple[str, list[Any]]


def partition_parts(partition: Partition, *, packed: bool = True) -> Iterator[Part]:
    """The parts of a partition's state, taken between two messages.

    packed: with ended orders in blocks. Where blocks begin and end depends on history, so two equal partitions have
    equal parts only without blocks.
    """
    accounts = partition.reports.accounts
    orders = partition.engine.orders
    yield "partition", partition_row(partition)
    yield from market_parts(partition.engine, packed=packed)
    for feed in partition.market_data.feeds.values():
        yield "feed", feed_row(feed)
        yield from cut(f"trades.{feed.book.symbol}", feed.recent, list)
    yield from cut("gone", partition.market_data.gone.items(), list)
    yield from cut("actions", partition.actions.rows, list)
    yield from cut("accounts", accounts.items(), account_row)
    for name, account in accounts.items():
        yield from cut(f"reports.{name}", account.held.items, lambda report: report_row(report, orders))
    yield from cut("reports_ranks", owners_of(partition.reports.held), str)


def restore(partition: Partition, part: Part) -> None:
    """Restore one part into a new partition, into which all parts before it have been restored."""
    kind, rows = part
    kind, _, of = kind.partition(".")
    reports = partition.reports
    if kind == "partition":
        restore_partition(partition, rows)
    elif kind == "feed":
        restore_feed(partition, rows)
    elif kind == "trades":
        partition.market_data.feeds[of].recent.extend((row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows)
    elif kind == "gone":
        partition.market_data.gone.update((symbol, numbers) for symbol, numbers in rows)
    elif kind == "actions":
        partition.actions.rows.extend(OperatorAction(*row) for row in rows)
    elif kind == "accounts":
        for row in rows:
            restore_account(partition, row)
    elif kind == "reports":
        share = reports.accounts[of].held
        for row in rows:
            reports.held.take(share, report_from(row, partition.engine.orders))
    elif kind == "reports_ranks":
        reports.held.restore_ranks(rows)
    elif kind != "latest":  # Before version 3 of the semantics the latest of all accounts were kept.
        restore_engine(partition.engine, kind, rows)


def restored(number: int, parts: Iterable[Part]) -> Partition:
    """A partition restored from all its parts."""
    partition = Partition(number)
    for part in parts:
        restore(partition, part)
    return partition


def partition_row(partition: Partition) -> list[Any]:
    """A partition's sequence, journal time, chain and counts."""
    return [partition.sequence, partition.at, partition.chain, partition.commands, partition.queries.journal]


def restore_partition(partition: Partition, row: list[Any]) -> None:
    """Restore the row of `partition_row`."""
    partition.sequence, partition.at, partition.chain, partition.commands, partition.queries.journal = row


def feed_row(feed: InstrumentFeed) -> list[Any]:
    """An instrument's symbol, the numbers of its channels, its ticker."""
    return [feed.book.symbol, feed.numbers(), list(feed.quote), feed.quoted_at]


def restore_feed(partition: Partition, row: list[Any]) -> None:
    """Restore the feed of a row, of the instrument as it is listed now."""
    symbol, numbers, quote, quoted_at = row
    book, renderer = partition.engine.books[symbol], partition.renderer
    renderer.define(book.instrument)
    feed = partition.market_data.feeds[symbol] = InstrumentFeed(book, renderer.printers[symbol], partition.number)
    feed.go_on_from(numbers)
    feed.quote = cast("Quote", tuple(quote))
    feed.quoted_at = quoted_at
    feed.published = status_of(book)
    partition.market_data.follow(feed)


def account_row(item: tuple[str, AccountReports]) -> list[Any]:
    """An account's name, how many reports it has had and how many of them are evicted."""
    name, account = item
    return [name, account.seq, account.seq - len(account.held.items)]


def restore_account(partition: Partition, row: list[Any]) -> None:
    """Restore the row of `account_row`."""
    partition.reports.of(row[0]).seq = row[1]


def report_row(report: ExecutionReport, orders: dict[int, Order]) -> list[Any]:
    """A report; its order's placement unless that order is open."""
    order = orders.get(report.state.order_id)
    remembered = order is not None and is_open(order.status) and order.command is report.state.command
    state = state_row(report.state, None if remembered else placed_row(report.state.command))
    return [report.seq, report.journal, report.execution, state, report.reason, report.side]


def report_from(row: list[Any], orders: dict[int, Order]) -> ExecutionReport:
    """The report of a row."""
    seq, journal, execution, state, reason, side = row
    command = placed_from(state[1]) if state[1] else orders[state[0]].command
    return ExecutionReport(seq, journal, execution, state_from(state, command), reason, tuple(side) if side else None)


def state_row(state: OrderState, placed: list[Any] | None) -> list[Any]:
    """An order as it was. Its cost may exceed 64 bits, so it is text."""
    return [
        state.order_id,
        placed,
        state.price,
        state.stop_price,
        state.quantity,
        state.display_quantity,
        state.expires,
        state.filled,
        state.open_quantity,
        str(state.cost),
        state.status,
        state.reason,
        state.created,
        state.updated,
    ]


def state_from(row: list[Any], command: PlaceOrder) -> OrderState:
    """The order state of a row of `state_row`."""
    s = row
    cost = int(s[9])
    return OrderState(s[0], command, s[2], s[3], s[4], s[5], s[6], s[7], s[8], cost, s[10], s[11], s[12], s[13])
