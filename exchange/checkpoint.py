"""The engine's whole state as plain values (dict, list, int, str, bool, None) and back, whole or part by part.

What can be told from the rest is left out: levels and their totals, timers, holdings, the order of stops. Rows are
plain lists, made and read in `book_rows`, `order_rows` and `account_rows`. A part is a kind and some rows, ROWS_MAX at
most; an engine may be written and restored without ever holding all of them. Always true: `restore` of `state_of`
gives an engine with an equal digest and equal answers.

There are two forms of what is remembered: `state_of` has a row for each order, the same whether it is in the archive or
not; a checkpoint has blocks of the archive (`packed`), which restore without looking into them.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, TypeVar

from exchange.account_rows import (
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
from exchange.archive import Block, block_from, ended_at, past_from, past_in
from exchange.archiving import blocks_in, past_rows
from exchange.book_rows import book_row, luld_row, restore_book, restore_luld, restore_window
from exchange.order_rows import order_row, requeue, restore_order
from exchange.semantics import OWN_MEMORY
from exchange.terms import is_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from exchange.engine import Engine
    from exchange.memory import Memory
    from exchange.order import Order

State = dict[str, Any]
"""All rows, by their kind."""

Item = TypeVar("Item")

ROWS_MAX: Final = 500
"""Rows in one part: of orders about a hundred kilobytes."""

BLOCKS_MAX: Final = 20
"""Blocks of the archive in one part."""


def parts_of(engine: Engine, *, packed: bool = True) -> Iterator[tuple[str, list[Any]]]:
    """Take the state of an engine between two commands, in the order in which `restore_part` wants it.

    Under version 2 of the semantics nothing is ever packed.
    """
    register = engine.register
    packed = packed and register.ended.divided
    books = list(engine.books.values())
    yield "bounds", bounds_row(engine)
    yield from cut("books", books, book_row)
    if packed:
        open_orders = [order for order in register.orders.values() if is_open(order.status)]
        yield from cut("orders", open_orders, order_row)
    else:
        yield from cut("orders", order_rows(engine), list)
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
    yield from cut("deadlines", sorted(engine.deadlines.accounts.items()), list)
    yield from cut("deferred", [book.symbol for book in engine.deferred], str)
    yield from cut("retired", sorted(engine.retired.items()), list)
    yield from cut("positions", kept_positions(engine.accounts), position_row)
    yield from cut("limits", kept_limits(engine.accounts), list)
    yield from cut("stopped", stopped(engine.kill_switch), list)
    sides = engine.accounts.trades.sides
    remembered = kept_trades(sides)
    if packed:
        yield from cut("past_texts", past_bodies(remembered), bytes, 1)
    else:
        yield from cut("past_orders", forgotten_orders(remembered, register), lambda order: order.row(fills=False))
    yield from cut("past_trades", remembered, lambda trade: trade_row(trade, sides))
    yield from cut("past_ranks", owners_of(sides), str)


def restore_part(engine: Engine, kind: str, rows: list[Any]) -> None:
    """Bring an engine that was new, and has been given all parts before this one, nearer to a state."""
    if kind == "bounds":
        restore_bounds(engine, rows)
    elif kind == "books":
        for row in rows:
            restore_book(engine, row)
        engine.find_banded()
    elif kind == "orders":
        for row in rows:
            restore_order(engine, row)
    elif kind == "resting":
        requeue(engine, rows)
    elif kind == "waiting":
        for order_id in rows:
            order = engine.register.orders[order_id]
            order.book.waiting[order_id] = order
    elif kind == "luld":
        for row in rows:
            restore_luld(engine, row)
    elif kind == "window":
        restore_window(engine, rows)
    elif kind == "deferred":
        engine.deferred.extend([engine.books[symbol] for symbol in rows])
    elif kind == "ended":
        for row in rows:
            order = engine.register.orders[row[1]]
            engine.register.ended.take(order.holding.ended, order)
    elif kind == "archive":
        for row in rows:
            restore_block(engine, row)
    elif kind == "ended_ranks":
        engine.register.ended.restore_ranks(rows)
    elif kind == "deadlines":
        for row in rows:
            engine.deadlines.set(row[0], row[1])
    elif kind == "retired":
        for row in rows:
            engine.retired[row[0]] = row[1]
    elif kind == "positions":
        for row in rows:
            restore_position(engine.accounts, row)
    elif kind == "limits":
        for row in rows:
            restore_limits(engine, row)
    elif kind == "stopped":
        for row in rows:
            engine.kill_switch.set(row[0], row[1], True)
    elif kind == "past_orders":
        for row in rows:
            engine.accounts.trades.orders[row[0]] = past_from(row)
    elif kind == "past_texts":
        for body in rows:
            for past in past_in(body):
                engine.accounts.trades.orders[past.order_id] = past
    elif kind == "past_trades":
        for row in rows:
            restore_trade(engine, row)
    else:
        assert kind == "past_ranks", "a part that the engine does not know"
        engine.accounts.trades.sides.restore_ranks(rows)


def state_of(engine: Engine) -> State:
    """Take the state of an engine between two commands."""
    state: State = {}
    for kind, rows in parts_of(engine, packed=False):
        state.setdefault(kind, []).extend(rows)
    return state


def restore(engine: Engine, state: State) -> None:
    """Bring a new engine into a state."""
    for kind, rows in state.items():
        restore_part(engine, kind, rows)


def cut(
    kind: str, values: Iterable[Any], row_of: Callable[[Any], Any], rows_max: int = ROWS_MAX
) -> Iterator[tuple[str, list[Any]]]:
    """Parts of one kind, made one after the other; none if there are no values."""
    rows: list[Any] = []
    for value in values:
        rows.append(row_of(value))
        if len(rows) == rows_max:
            yield kind, rows
            rows = []
    if rows:
        yield kind, rows


def order_rows(engine: Engine) -> Iterator[list[Any]]:
    """The rows of all orders, open and remembered, as they came."""
    register = engine.register
    if not register.past:
        yield from map(order_row, register.orders.values())
        return
    past = {row[0]: row for row in past_rows(engine)}
    for order_id in sorted([*register.orders, *past]):
        yield past[order_id] if order_id in past else order_row(register.orders[order_id])


def ended_rows(ended: Memory[Order]) -> Iterator[list[int]]:
    """When each remembered order ended, and its id, share by share."""
    for share in ended.all():
        for block in share.blocks:
            for past in block.orders():
                yield [ended_at(past.text), past.order_id]
        for order in share.items:
            yield [order.updated, order.order_id]


def restore_block(engine: Engine, row: list[Any]) -> None:
    """Let a block of the archive be remembered."""
    block, register = block_from(row), engine.register
    register.enter_block(block)
    register.ended.take_block(register.ended.find(block.account), block)


def owners_of(memory: Memory[Item]) -> list[str]:
    """The order of the shares, in which they evict for others; none if there is one for everybody."""
    return [share.owner for share in memory.all()] if memory.divided else []


def bounds_row(engine: Engine) -> list[int]:
    """Semantics, bounds, and how far the journal and the order ids have come."""
    register, sides = engine.register, engine.accounts.trades.sides
    row = [
        engine.semantics,
        engine.trades_max,
        engine.command_age_max,
        register.ended.own_max,
        engine.now,
        engine.sequence,
        register.next_order_id,
        sides.own_max,
    ]
    return [*row, register.ended.total_max, sides.total_max] if sides.divided else row


def restore_bounds(engine: Engine, row: list[int]) -> None:
    """The other way round."""
    register, sides = engine.register, engine.accounts.trades.sides
    engine.semantics = row[0]
    engine.trades_max = row[1]
    engine.command_age_max = row[2]
    register.ended.divided = sides.divided = engine.semantics >= OWN_MEMORY
    totals = row[8:] or [register.ended.total_max, sides.total_max]
    register.ended.bound(row[3], totals[0])
    sides.bound(row[7], totals[1])
    engine.now = row[4]
    engine.sequence = row[5]
    register.next_order_id = row[6]


def digest_of(state: State) -> str:
    """A fingerprint of plain values; `repr` of them is the same everywhere."""
    return blake2b(repr(state).encode(), digest_size=16).hexdigest()
