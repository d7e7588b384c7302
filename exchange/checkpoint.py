"""The engine's whole state as plain values (dict, list, int, str, bool, None) and back.

What can be told from the rest is left out: levels and their totals, timers, holdings. Rows are lists in the order of
the names above them. Always true: `restore` of `state_of` gives an engine with an equal digest and equal answers.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from exchange.book import Book
from exchange.commands import PlaceOrder
from exchange.instrument import Instrument
from exchange.order import PARTIALLY_FILLED, Order

if TYPE_CHECKING:
    from exchange.engine import Engine

State = dict[str, Any]


def state_of(engine: Engine) -> State:
    """Take the state of an engine between two commands."""
    register = engine.register
    return {
        "semantics": engine.semantics,
        "trades_max": engine.trades_max,
        "command_age_max": engine.command_age_max,
        "ended_max": register.ended_max,
        "now": engine.now,
        "sequence": engine.sequence,
        "next_order_id": register.next_order_id,
        "books": [book_row(book) for book in engine.books.values()],
        "orders": [order_row(order) for order in register.orders.values()],
        "ended": [[at, order_id] for at, order_id in register.ended],
    }


def restore(engine: Engine, state: State) -> None:
    """Bring a new engine into a state."""
    register = engine.register
    engine.semantics = state["semantics"]
    engine.trades_max = state["trades_max"]
    engine.command_age_max = state["command_age_max"]
    engine.now = state["now"]
    engine.sequence = state["sequence"]
    for row in state["books"]:
        book = book_from(row, engine)
        engine.books[book.symbol] = book
    for row in state["orders"]:
        restore_order(engine, row)
    for row in state["books"]:
        requeue(engine, row[4])
    register.ended.extend((row[0], row[1]) for row in state["ended"])
    register.ended_max = state["ended_max"]
    register.next_order_id = state["next_order_id"]
    engine.changes.clear()


def digest_of(state: State) -> str:
    """A fingerprint of plain values; `repr` of them is the same everywhere."""
    return blake2b(repr(state).encode(), digest_size=16).hexdigest()


def book_row(book: Book) -> list[Any]:
    """Instrument, phase, last trade id, last price, ids of the resting orders in book order."""
    resting = [order.order_id for side in book.sides for order in side.orders()]
    return [instrument_row(book.instrument), book.phase, book.last_trade_id, book.last_price, resting]


def book_from(row: list[Any], engine: Engine) -> Book:
    """The book of a row, its queues still empty."""
    book = Book(instrument_from(row[0]), engine.changes)
    book.phase = row[1]
    book.last_trade_id = row[2]
    book.last_price = row[3]
    return book


def requeue(engine: Engine, resting: list[int]) -> None:
    """Put resting orders into their queues again, each showing what it showed."""
    for order_id in resting:
        order = engine.register.orders[order_id]
        order.book.sides[order.side].level_at(order.price).append(order)


def instrument_row(instrument: Instrument) -> list[Any]:
    """The fields of a listing."""
    return [
        instrument.symbol,
        [[start, tick] for start, tick in instrument.ticks],
        instrument.lot_size,
        instrument.min_quantity,
        instrument.max_quantity,
        instrument.min_price,
        instrument.max_price,
        instrument.min_value,
        instrument.max_value,
        instrument.collar_bps,
        instrument.max_open_orders,
        instrument.reference_price,
    ]


def instrument_from(row: list[Any]) -> Instrument:
    """The listing of a row."""
    ticks = [(start, tick) for start, tick in row[1]]
    return Instrument(row[0], ticks, row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11])


def order_row(order: Order) -> list[Any]:
    """The order as it is now, and as it was placed."""
    command = order.command
    placed = [
        command.account,
        command.symbol,
        command.client_order_id,
        command.side,
        command.type,
        command.quantity,
        command.price,
        command.stop_price,
        command.time_in_force,
        command.expires,
        command.post_only,
        command.display_quantity,
        command.self_trade,
        command.session,
        command.sent_at,
    ]
    return [
        order.order_id,
        placed,
        order.price,
        order.stop_price,
        order.quantity,
        order.display_quantity,
        order.expires,
        order.filled,
        order.canceled,
        order.shown,
        str(order.cost),
        order.status,
        order.reason,
        order.created,
        order.updated,
        None if order.fills is None else [list(fill) for fill in order.fills],
    ]


def order_from(row: list[Any], engine: Engine) -> Order:
    """The order of a row, in no queue yet. Its cost may be above 64 bits, so it travels as text."""
    p = row[1]
    placed = PlaceOrder(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11], p[12], p[13], p[14])
    book = engine.books[placed.symbol]
    order = Order(row[0], placed, book, book.holding(placed.account), row[13])
    order.price = row[2]
    order.stop_price = row[3]
    order.quantity = row[4]
    order.display_quantity = row[5]
    order.expires = row[6]
    order.filled = row[7]
    order.canceled = row[8]
    order.shown = row[9]
    order.cost = int(row[10])
    order.status = row[11]
    order.reason = row[12]
    order.updated = row[14]
    if row[15] is not None:
        order.fills = [(f[0], f[1], f[2], f[3], f[4], f[5]) for f in row[15]]
    return order


def restore_order(engine: Engine, row: list[Any]) -> None:
    """Enter the order of a row into the register; an ended one keeps its client order id only."""
    order = order_from(row, engine)
    engine.register.enter(order)
    if order.status > PARTIALLY_FILLED:
        del order.holding.open[order.order_id]
