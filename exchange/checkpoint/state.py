"""State of an engine as plain values (dict, list, int, str, bool, None) and back, whole or part by part.

What follows from the rest is left out: levels and their totals, timers, holdings, the order of stops. Rows are plain
lists, made and read in `book_rows`, `book/order_rows.py` and `account_rows`. A part is a kind and some rows, ROWS_MAX
at most; an engine may be written and restored without ever holding all parts. Always true: `restore` of `state_of`
gives an engine with an equal digest and equal answers.

Remembered orders have two forms: `state_of` has a row for each order, the same whether the order is in the archive or
not; a checkpoint has blocks of the archive (`packed`), which are restored without being read.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, TypeVar

from exchange.book.order_rows import order_from, order_row
from exchange.checkpoint.account_rows import (
    forgotten_orders,
    kept_limits,
    kept_positions,
    kept_trades,
    past_bodies,
    position_row,
    restore_limits,
    restore_position,
    restore_trade,
    stopped,
    trade_row,
)
from exchange.checkpoint.book_rows import book_row, luld_row, restore_book, restore_luld, restore_window
from exchange.checkpoint.packing import blocks_in, past_rows
from exchange.memory.archive import Block, block_from, ended_at, past_from, past_in
from exchange.semantics import OWN_MEMORY
from exchange.terms import PENDING_TRIGGER, is_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from exchange.book.order import Order
    from exchange.market import Market
    from exchange.memory.memory import Memory

State = dict[str, Any]
"""All rows, by their kind."""

Item = TypeVar("Item")

ROWS_MAX: Final = 500
"""Rows in one part, at most: of orders about a hundred kilobytes."""

BLOCKS_MAX: Final = 20
"""Blocks of the archive in one part, at most."""


def market_parts(market: Market, *, packed: bool = True) -> Iterator[tuple[str, list[Any]]]:
    """The parts of an engine's state between two commands, in the order that `restore_part` requires.

    Under version 2 of the semantics nothing is ever packed.
    """
    register = market.register
    packed = packed and register.ended.divided
    books = list(market.books.values())
    yield "bounds", bounds_row(market)
    yield from cut("books", books, book_row)
    if packed:
        open_orders = [order for order in register.orders.values() if is_open(order.status)]
        yield from cut("orders", open_orders, order_row)
    else:
        yield from cut("orders", order_rows(market), list)
    for book in books:
        resting = [order.order_id for queue in book.markets for order in queue.orders()]
        resting += [order.order_id for side in book.sides for order in side.orders()]
        yield from cut("resting", resting, int)
        yield from cut("waiting", book.waiting, int)
        if book.luld is not None:
            yield "luld", [luld_row(book, book.luld)]
            window = [(book.symbol, at, total, count) for at, total, count in book.luld.trades]
            yield from cut("window", window, list)
    if packed:
        blocks = (block for share in register.ended.all() for block in blocks_in(share))
        yield from cut("archive", blocks, Block.row, BLOCKS_MAX)
    else:
        yield from cut("ended", ended_rows(register.ended), list)
    yield from cut("ended_ranks", owners_of(register.ended), str)
    yield from cut("deadlines", sorted(market.deadlines.accounts.items()), list)
    yield from cut("deferred", [book.symbol for book in market.deferred], str)
    yield from cut("retired", sorted(market.retired.items()), list)
    yield from cut("positions", kept_positions(market.accounts), position_row)
    yield from cut("limits", kept_limits(market.accounts), list)
    yield from cut("stopped", stopped(market.kill_switch), list)
    sides = market.trades.sides
    remembered = kept_trades(sides)
    if packed:
        yield from cut("past_texts", past_bodies(remembered), bytes, 1)
    else:
        yield from cut("past_orders", forgotten_orders(remembered, register), lambda order: order.row(fills=False))
    yield from cut("past_trades", remembered, lambda trade: trade_row(trade, sides))
    yield from cut("past_ranks", owners_of(sides), str)


def restore_part(market: Market, kind: str, rows: list[Any]) -> None:
    """Apply one part of a state to an engine that was new and has had all parts before this one."""
    if kind == "bounds":
        restore_bounds(market, rows)
    elif kind == "books":
        for row in rows:
            restore_book(market, row)
        market.find_banded()
    elif kind == "orders":
        for row in rows:
            restore_order(market, row)
    elif kind == "resting":
        requeue(market, rows)
    elif kind == "waiting":
        for order_id in rows:
            order = market.register.orders[order_id]
            order.book.waiting[order_id] = order
    elif kind == "luld":
        for row in rows:
            restore_luld(market, row)
    elif kind == "window":
        restore_window(market, rows)
    elif kind == "deferred":
        market.deferred.extend([market.books[symbol] for symbol in rows])
    elif kind == "ended":
        for row in rows:
            order = market.register.orders[row[1]]
            market.register.ended.take(order.holding.ended, order)
    elif kind == "archive":
        for row in rows:
            restore_block(market, row)
    elif kind == "ended_ranks":
        market.register.ended.restore_ranks(rows)
    elif kind == "deadlines":
        for row in rows:
            market.set_deadline(row[0], row[1])
    elif kind == "retired":
        for row in rows:
            market.retired[row[0]] = row[1]
    elif kind == "positions":
        for row in rows:
            restore_position(market.accounts, row)
    elif kind == "limits":
        for row in rows:
            restore_limits(market, row)
    elif kind == "stopped":
        for row in rows:
            market.kill_switch.set(row[0], row[1], True)
    elif kind == "past_orders":
        for row in rows:
            market.trades.orders[row[0]] = past_from(row)
    elif kind == "past_texts":
        for body in rows:
            for past in past_in(body):
                market.trades.orders[past.order_id] = past
    elif kind == "past_trades":
        for row in rows:
            restore_trade(market, row)
    else:
        assert kind == "past_ranks", "a part that the engine does not know"
        market.trades.sides.restore_ranks(rows)


def state_of(market: Market) -> State:
    """The state of an engine between two commands, as rows by kind."""
    state: State = {}
    for kind, rows in market_parts(market, packed=False):
        state.setdefault(kind, []).extend(rows)
    return state


def restore(market: Market, state: State) -> None:
    """Restore a state in a new engine."""
    for kind, rows in state.items():
        restore_part(market, kind, rows)


def cut(
    kind: str, values: Iterable[Any], row_of: Callable[[Any], Any], rows_max: int = ROWS_MAX
) -> Iterator[tuple[str, list[Any]]]:
    """The parts of one kind, `rows_max` rows at most in each; none if there are no values."""
    rows: list[Any] = []
    for value in values:
        rows.append(row_of(value))
        if len(rows) == rows_max:
            yield kind, rows
            rows = []
    if rows:
        yield kind, rows


def order_rows(market: Market) -> Iterator[list[Any]]:
    """The rows of all orders, open and remembered, by id."""
    register = market.register
    if not register.past:
        yield from map(order_row, register.orders.values())
        return
    past = {row[0]: row for row in past_rows(market)}
    for order_id in sorted([*register.orders, *past]):
        yield past[order_id] if order_id in past else order_row(register.orders[order_id])


def ended_rows(ended: Memory[Order]) -> Iterator[list[int]]:
    """The end time and id of each remembered order, share by share."""
    for share in ended.all():
        for block in share.blocks:
            for past in block.orders():
                yield [ended_at(past.text), past.order_id]
        for order in share.items:
            yield [order.updated, order.order_id]


def restore_order(market: Market, row: list[Any]) -> None:
    """Restore the order of a row, with its timer or stop; an ended order only by id and name."""
    order = order_from(row, market.books)
    if not is_open(order.status):
        market.register.orders[order.order_id] = order
        order.holding.client_orders[order.command.client_order_id] = order
        return
    market.register.enter(order)
    if order.expires:
        market.schedule_expiry(order)
    if order.status == PENDING_TRIGGER:
        order.book.stops.add(order)


def requeue(market: Market, resting: list[int]) -> None:
    """Add resting orders, given in book order, to their queues again, each showing what it showed."""
    for order_id in resting:
        order = market.register.orders[order_id]
        book = order.book
        order.reserve = order.open_quantity - order.shown
        level = book.sides[order.side].level_at(order.price) if order.price else book.markets[order.side]
        level.append(order)


def restore_block(market: Market, row: list[Any]) -> None:
    """Restore a block of the archive."""
    block, register = block_from(row), market.register
    register.enter_block(block)
    register.ended.take_block(register.ended.find(block.account), block)


def owners_of(memory: Memory[Item]) -> list[str]:
    """The owners of the shares, in the order in which these evict for others; none if all have one share."""
    return [share.owner for share in memory.all()] if memory.divided else []


def bounds_row(market: Market) -> list[int]:
    """Semantics, bounds, time and sequence in the journal, and the next order id."""
    register, sides = market.register, market.trades.sides
    row = [
        market.semantics,
        market.trades_max,
        market.command_age_max,
        register.ended.own_max,
        market.now,
        market.sequence,
        register.next_order_id,
        sides.own_max,
    ]
    return [*row, register.ended.total_max, sides.total_max] if sides.divided else row


def restore_bounds(market: Market, row: list[int]) -> None:
    """Restore the values of `bounds_row`."""
    register, sides = market.register, market.trades.sides
    market.semantics = row[0]
    market.trades_max = row[1]
    market.command_age_max = row[2]
    register.ended.divided = sides.divided = market.semantics >= OWN_MEMORY
    totals = row[8:] or [register.ended.total_max, sides.total_max]
    register.ended.bound(row[3], totals[0])
    sides.bound(row[7], totals[1])
    market.now = row[4]
    market.sequence = row[5]
    register.next_order_id = row[6]


def digest_of(state: State) -> str:
    """A fingerprint of plain values, whose `repr` is the same on every machine."""
    return blake2b(repr(state).encode(), digest_size=16).hexdigest()
