"""The engine's whole state as plain values (dict, list, int, str, bool, None) and back, whole or part by part.

What can be told from the rest is left out: levels and their totals, timers, holdings, the order of stops. Rows are
lists in the order of the names above them. A part is a kind and some rows, ROWS_MAX at most; an engine may be written
and restored without ever holding all of them. Always true: `restore` of `state_of` gives an engine with an equal digest
and equal answers.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from exchange.allowance import Allowance
from exchange.book import Book, Holding
from exchange.commands import PlaceOrder
from exchange.events import Traded
from exchange.instrument import Instrument
from exchange.order import PARTIALLY_FILLED, PENDING_TRIGGER, Order
from exchange.position import Position
from exchange.trades import Trade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from exchange.accounts import Accounts
    from exchange.engine import Engine
    from exchange.kill_switch import KillSwitch
    from exchange.luld import Luld
    from exchange.position import Standing

State = dict[str, Any]
"""All rows, by their kind."""

ROWS_MAX: Final = 500
"""Rows in one part: of orders about a hundred kilobytes."""


def parts_of(engine: Engine) -> Iterator[tuple[str, list[Any]]]:
    """Take the state of an engine between two commands, in the order in which `restore_part` wants it."""
    register = engine.register
    books = list(engine.books.values())
    yield "bounds", bounds_row(engine)
    yield from cut("books", books, book_row)
    yield from cut("orders", register.orders.values(), order_row)
    for book in books:
        resting = [order.order_id for queue in book.markets for order in queue.orders()]
        resting += [order.order_id for side in book.sides for order in side.orders()]
        yield from cut("resting", resting, int)
        yield from cut("waiting", book.waiting, int)
        if book.luld is not None:
            yield "luld", [luld_row(book, book.luld)]
            window = [(book.symbol, at, total, count) for at, total, count in book.luld.trades]
            yield from cut("window", window, list)
    yield from cut("ended", register.ended, list)
    yield from cut("deadlines", sorted(engine.deadlines.accounts.items()), list)
    yield from cut("deferred", [book.symbol for book in engine.deferred], str)
    yield from cut("retired", sorted(engine.retired.items()), list)
    yield from cut("positions", kept_positions(engine.accounts), position_row)
    yield from cut("limits", kept_limits(engine.accounts), list)
    yield from cut("stopped", stopped(engine.kill_switch), list)
    remembered = engine.accounts.trades.remembered
    yield from cut("past_orders", past_orders(remembered, register.orders), past_order_row)
    yield from cut("past_trades", remembered, trade_row)


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
        engine.register.ended.extend((row[0], row[1]) for row in rows)
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
            order = order_from(row, engine, remembered=False)
            engine.accounts.trades.orders[order.order_id] = order
    else:
        assert kind == "past_trades", "a part that the engine does not know"
        engine.accounts.trades.restore([trade_from(row, engine) for row in rows])


def state_of(engine: Engine) -> State:
    """Take the state of an engine between two commands."""
    state: State = {}
    for kind, rows in parts_of(engine):
        state.setdefault(kind, []).extend(rows)
    return state


def restore(engine: Engine, state: State) -> None:
    """Bring a new engine into a state."""
    for kind, rows in state.items():
        restore_part(engine, kind, rows)


def cut(kind: str, values: Iterable[Any], row_of: Callable[[Any], Any]) -> Iterator[tuple[str, list[Any]]]:
    """Parts of one kind, made one after the other; none if there are no values."""
    rows: list[Any] = []
    for value in values:
        rows.append(row_of(value))
        if len(rows) == ROWS_MAX:
            yield kind, rows
            rows = []
    if rows:
        yield kind, rows


def bounds_row(engine: Engine) -> list[int]:
    """Semantics, bounds, and how far the journal and the order ids have come."""
    register = engine.register
    return [
        engine.semantics,
        engine.trades_max,
        engine.command_age_max,
        register.ended_max,
        engine.now,
        engine.sequence,
        register.next_order_id,
        engine.accounts.trades.remembered_max,
    ]


def restore_bounds(engine: Engine, row: list[int]) -> None:
    """The other way round."""
    register = engine.register
    engine.semantics = row[0]
    engine.trades_max = row[1]
    engine.command_age_max = row[2]
    register.ended_max = row[3]
    engine.now = row[4]
    engine.sequence = row[5]
    register.next_order_id = row[6]
    engine.accounts.trades.remembered_max = row[7]


def digest_of(state: State) -> str:
    """A fingerprint of plain values; `repr` of them is the same everywhere."""
    return blake2b(repr(state).encode(), digest_size=16).hexdigest()


def book_row(book: Book) -> list[Any]:
    """Instrument, last trade id, prices, and how it stands."""
    return [
        instrument_row(book.instrument),
        book.last_trade_id,
        book.last_price,
        book.previous_price,
        book.auction_price,
        book.stamps,
        book.phase,
        book.kind,
        book.until,
        book.drawn,
        book.length,
        book.extended,
        book.call,
        book.halted,
        book.reason,
        book.last_due,
        book.due,
    ]


def restore_book(engine: Engine, row: list[Any]) -> None:
    """List the book of a row, its queues still empty."""
    book = Book(instrument_from(row[0]), engine.changes, engine.accounts)
    engine.take_in(book)
    book.last_trade_id = row[1]
    book.last_price = row[2]
    book.previous_price = row[3]
    book.auction_price = row[4]
    book.stamps = row[5]
    book.phase = row[6]
    book.kind = row[7]
    book.until = row[8]
    book.drawn = row[9]
    book.length = row[10]
    book.extended = row[11]
    book.call = row[12]
    book.halted = row[13]
    book.reason = row[14]
    book.last_due = row[15]
    engine.schedule(book, row[16])


def luld_row(book: Book, luld: Luld) -> list[Any]:
    """Symbol, reference, bands' width and limit state; the bands themselves follow."""
    return [book.symbol, luld.reference, luld.since, luld.initial, luld.doubled, luld.limit_since, luld.wake]


def restore_luld(engine: Engine, row: list[Any]) -> None:
    """The other way round."""
    book = engine.books[row[0]]
    luld = book.luld
    assert luld is not None, "bands of a book that has none"
    luld.reference = row[1]
    luld.since = row[2]
    luld.initial = row[3]
    luld.doubled = row[4]
    luld.limit_since = row[5]
    luld.wake = row[6]
    luld.find_bands(book.instrument)


def restore_window(engine: Engine, rows: list[Any]) -> None:
    """Let books under LULD know their latest trades again."""
    for symbol, at, total, count in rows:
        luld = engine.books[symbol].luld
        assert luld is not None, "a window of a book that needs none"
        luld.trades.append((at, total, count))
        luld.total += total
        luld.count += count


def requeue(engine: Engine, resting: list[int]) -> None:
    """Put resting orders, given in book order, into their queues again, each showing what it showed."""
    for order_id in resting:
        order = engine.register.orders[order_id]
        book = order.book
        order.reserve = order.open_quantity - order.shown
        level = book.sides[order.side].level_at(order.price) if order.price else book.markets[order.side]
        level.append(order)


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
        instrument.static_band_bps,
        instrument.dynamic_band_bps,
        instrument.luld_tier,
        instrument.luld_window,
        instrument.luld_hold,
        instrument.luld_limit_state,
        instrument.luld_call,
        instrument.luld_extension,
        instrument.call,
        instrument.call_random,
        instrument.call_extensions,
        instrument.maker_bps,
        instrument.taker_bps,
        instrument.cross_bps,
        instrument.calendar,
    ]


def instrument_from(row: list[Any]) -> Instrument:
    """The listing of a row."""
    symbol, ticks, *rest = row
    return Instrument(symbol, [(start, tick) for start, tick in ticks], *rest)


def placed_row(command: PlaceOrder) -> list[Any]:
    """An order as it was placed."""
    return [
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


def placed_from(row: list[Any]) -> PlaceOrder:
    """The placement of a row."""
    p = row
    return PlaceOrder(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11], p[12], p[13], p[14])


def order_row(order: Order) -> list[Any]:
    """The order as it is now, and as it was placed."""
    return [
        order.order_id,
        placed_row(order.command),
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
        order.stamp,
    ]


def order_from(row: list[Any], engine: Engine, *, remembered: bool = True) -> Order:
    """The order of a row, in no queue yet. Its cost may be above 64 bits, so it travels as text.

    One that the register remembers no more belongs to no holding but one of its own.
    """
    placed = placed_from(row[1])
    book = engine.books[placed.symbol]
    holding = book.holding(placed.account) if remembered else Holding(Position(), Allowance(book.instrument, {}))
    order = Order(row[0], placed, book, holding, row[13])
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
    order.stamp = row[16]
    return order


def restore_order(engine: Engine, row: list[Any]) -> None:
    """Enter the order of a row into the register, a stop to wait; an ended one keeps its client order id only."""
    order = order_from(row, engine)
    engine.register.enter(order)
    if order.status > PARTIALLY_FILLED:
        del order.holding.open[order.order_id]
    elif order.status == PENDING_TRIGGER:
        order.book.stops.add(order)


def kept_positions(accounts: Accounts) -> list[tuple[str, str, Position]]:
    """The positions that are not blank, by account and symbol."""
    return [
        (account, symbol, position)
        for account, positions in sorted(accounts.positions.items())
        for symbol, position in sorted(positions.items())
        if not position.is_blank()
    ]


def position_row(kept: tuple[str, str, Position]) -> list[str]:
    """Whose and of what, and the numbers: sums may be above 64 bits, so all travel as text."""
    account, symbol, position = kept
    return [
        account,
        symbol,
        str(position.quantity),
        str(position.cost),
        str(position.shares),
        str(position.cash),
        str(position.fees),
    ]


def restore_position(accounts: Accounts, row: list[str]) -> None:
    """The other way round."""
    position = accounts.open_position(row[0], row[1])
    position.quantity = int(row[2])
    position.cost = int(row[3])
    position.shares = int(row[4])
    position.cash = int(row[5])
    position.fees = int(row[6])


def kept_limits(accounts: Accounts) -> list[tuple[str, str, list[list[int]]]]:
    """Account, symbol and the limits there."""
    return [
        (account, symbol, [list(value) for value in values])
        for account in sorted(accounts.limits)
        for symbol, values in accounts.limits_of(account).items()
    ]


def restore_limits(engine: Engine, row: list[Any]) -> None:
    """The other way round."""
    account, symbol, values = row
    engine.accounts.set_limits(account, symbol, [(field, value) for field, value in values], 0)
    for book in engine.books.values():
        book.renew_allowance(account)


def stopped(kill_switch: KillSwitch) -> list[tuple[str, str]]:
    """Account and symbol of each switch that is on."""
    everything = [("", "")] if kill_switch.everything else []
    accounts = [(account, "") for account in sorted(kill_switch.accounts)]
    return everything + accounts + [("", symbol) for symbol in sorted(kill_switch.symbols)]


def past_orders(trades: Iterable[Trade], orders: dict[int, Order]) -> list[Order]:
    """The orders that are remembered for their trades only."""
    past: dict[int, Order] = {}
    for trade in trades:
        for order in (trade.maker, trade.taker):
            if order.order_id not in orders:
                past[order.order_id] = order
    return list(past.values())


def past_order_row(order: Order) -> list[Any]:
    """The order as it ended; nobody asks for its fills any more."""
    row = order_row(order)
    row[15] = None
    return row


def trade_row(trade: Trade) -> list[Any]:
    """What was told of it, when, whether it is undone, and how both accounts stood before it, as text."""
    told = trade.told
    return [
        told.trade_id,
        told.symbol,
        told.price,
        told.quantity,
        told.side,
        told.maker_order_id,
        told.maker_account,
        told.maker_filled,
        told.maker_open,
        told.maker_fee,
        told.taker_order_id,
        told.taker_account,
        told.taker_filled,
        told.taker_open,
        told.taker_fee,
        trade.at,
        trade.busted,
        [str(number) for number in trade.maker_before],
        [str(number) for number in trade.taker_before],
    ]


def trade_from(row: list[Any], engine: Engine) -> Trade:
    """The trade of a row, with its orders as they are remembered."""
    r = row
    told = Traded(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14])
    past = engine.accounts.trades.orders
    maker = engine.register.orders.get(r[5]) or past[r[5]]
    taker = engine.register.orders.get(r[10]) or past[r[10]]
    trade = Trade(told, maker, taker, standing_from(r[17]), standing_from(r[18]), r[15])
    trade.busted = r[16]
    return trade


def standing_from(row: list[str]) -> Standing:
    """The standing of a row."""
    return (int(row[0]), int(row[1]), int(row[2]))
