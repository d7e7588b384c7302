"""Checks of an order against its instrument and its account's limits, before the order meets the book.

They run in the order of docs/rules.md, "Before matching"; the first failure is the answer. The same function serves
a new order and an amended one: it gets the values that would hold, and `price` only where the price is to be judged.
"""

from __future__ import annotations

from exchange import rejections
from exchange.accounts.allowance import NO_LIMIT, Allowance
from exchange.book.book import Book
from exchange.book.holding import Holding
from exchange.book.stop_orders import is_met
from exchange.commands import PlaceOrder
from exchange.events import Rejected
from exchange.instrument import Instrument
from exchange.semantics import ROUNDED_REFERENCE
from exchange.terms import (
    AT_CLOSE,
    AT_OPEN,
    BUY,
    CONTINUOUS,
    FOK,
    GTC,
    GTD,
    IOC,
    LIMIT,
    MARKET,
    OPENING,
    PRE_OPEN,
    STOP,
    STOP_LIMIT,
)
from exchange.units import RATE, UNIT


def is_plain_and_good(command: PlaceOrder, book: Book, holding: Holding) -> bool:
    """Fast path. True: a plain limit order in continuous trading that passes every check of its book and account.

    Plain: to rest or to take, without a collar or a position limit. False: run the full checks; it says nothing about
    refusal.
    """
    price, quantity = command.price, command.quantity
    instrument, allowance = book.instrument, holding.allowance
    return (
        price is not None
        and book.phase == CONTINUOUS
        and not book.halted
        and allowance.is_plain
        and len(holding.open) < allowance.open_orders_max
        and instrument.collar_bps == 0
        and price % instrument.common_tick == 0
        and quantity % instrument.lot_size == 0
        and instrument.lowest_quantity <= quantity <= allowance.highest_quantity
        and instrument.lowest_price <= price <= instrument.highest_price
        and instrument.lowest_value <= price * quantity <= allowance.highest_value
        and command.type == LIMIT
        and command.time_in_force in (GTC, IOC)
        and not (command.post_only and (command.time_in_force == IOC or book.crosses(command.side, price)))
        and command.stop_price is None
        and command.display_quantity is None
        and command.expires is None
    )


def check_order(command: PlaceOrder, book: Book, allowance: Allowance, now: int) -> Rejected | None:
    """The checks of a new order that depend on its instrument, its account's limits and the time alone."""
    price, quantity, display = command.price, command.quantity, command.display_quantity
    refused = check_kind(command, book, now)
    if refused is None:
        refused = check_terms(book, allowance, price, command.stop_price, quantity, display, quantity)
    if refused is None:
        refused = check_value(book, allowance, price or command.stop_price or book.reference_price(), quantity)
    return refused


def check_kind(command: PlaceOrder, book: Book, now: int) -> Rejected | None:
    """Type, time in force and members go together, and the phase accepts such an order (docs/rules.md 3, 4, 12)."""
    field = conflicting_field(command)
    if field:
        return Rejected(rejections.BAD_REQUEST, field)
    if not is_allowed_now(command.time_in_force, book):
        return Rejected(rejections.NOT_ALLOWED_IN_PHASE, "time_in_force")
    if command.expires is not None and command.expires <= now:
        return Rejected(rejections.BAD_EXPIRES, "expires")
    return None


def is_allowed_now(time_in_force: int, book: Book) -> bool:
    """Whether the book's phase accepts orders with this time in force."""
    if book.phase == CONTINUOUS:
        return time_in_force != AT_OPEN
    if time_in_force == AT_OPEN:
        return book.phase == PRE_OPEN or book.kind == OPENING
    return time_in_force not in (IOC, FOK)


def conflicting_field(command: PlaceOrder) -> str:
    """The member that an order of this type lacks, or must not have; "" if none."""
    if (command.price is None) == (command.type in (LIMIT, STOP_LIMIT)):
        return "price"
    if (command.stop_price is None) == (command.type in (STOP, STOP_LIMIT)):
        return "stop_price"
    if (command.expires is None) == (command.time_in_force == GTD):
        return "expires"
    if command.type in (STOP, STOP_LIMIT) and command.time_in_force in (AT_OPEN, AT_CLOSE):
        return "time_in_force"
    if command.type in (MARKET, STOP) or command.time_in_force in (IOC, FOK):
        if command.post_only:
            return "post_only"
        if command.display_quantity is not None:
            return "display_quantity"
    return ""


def check_terms(
    book: Book,
    allowance: Allowance,
    price: int | None,
    stop_price: int | None,
    quantity: int | None,
    display_quantity: int | None,
    total: int,
) -> Rejected | None:
    """The checks of tick, lot and quantity, displayed part (of `total`) and price range, for the values given."""
    instrument = book.instrument
    if price is not None and (price <= 0 or price % instrument.tick_at(price) != 0):
        return bad_price(instrument, price, "price")
    if stop_price is not None and (stop_price <= 0 or stop_price % instrument.tick_at(stop_price) != 0):
        return bad_price(instrument, stop_price, "stop_price")
    if quantity is not None and not (
        instrument.lowest_quantity <= quantity <= allowance.highest_quantity and quantity % instrument.lot_size == 0
    ):
        return bad_quantity(instrument, allowance, quantity)
    if display_quantity is not None and (refused := check_display(instrument, total, display_quantity)):
        return refused
    if price is not None and not instrument.min_price <= price <= instrument.highest_price:
        return outside(instrument, price, "price")
    if stop_price is not None and not instrument.min_price <= stop_price <= instrument.highest_price:
        return outside(instrument, stop_price, "stop_price")
    return None


def bad_price(instrument: Instrument, price: int, field: str) -> Rejected:
    """The refusal of a price that is not a whole number of ticks at that price, or not above 0."""
    tick = instrument.tick_at(price)
    if price % tick != 0:
        return Rejected(rejections.PRICE_OFF_TICK, field, tick)
    return Rejected(rejections.BAD_PRICE, field)


def bad_quantity(instrument: Instrument, allowance: Allowance, quantity: int) -> Rejected:
    """The refusal of a quantity that is no whole lots, or not between minimum and maximum."""
    if quantity % instrument.lot_size != 0:
        return Rejected(rejections.QUANTITY_OFF_LOT, "quantity", instrument.lot_size)
    if quantity < instrument.lowest_quantity:
        return Rejected(rejections.QUANTITY_TOO_SMALL, "quantity", instrument.lowest_quantity)
    return Rejected(rejections.QUANTITY_TOO_LARGE, "quantity", allowance.highest_quantity)


def check_display(instrument: Instrument, quantity: int, display_quantity: int) -> Rejected | None:
    """The displayed part is whole lots, at most the quantity and at least 1 % of it (docs/rules.md 11, 12)."""
    lot_size = instrument.lot_size
    if display_quantity % lot_size != 0:
        return Rejected(rejections.QUANTITY_OFF_LOT, "display_quantity", lot_size)
    if display_quantity > quantity:
        return Rejected(rejections.DISPLAY_TOO_LARGE, "display_quantity", quantity)
    return check_share(quantity, display_quantity, lot_size)


def check_share(quantity: int, display_quantity: int, lot_size: int) -> Rejected | None:
    """The displayed part is at least 1 % of the quantity, so an iceberg has at most 100 parts (docs/rules.md 11)."""
    if display_quantity <= 0 or display_quantity * 100 < quantity:
        return Rejected(rejections.DISPLAY_TOO_SMALL, "display_quantity", max(-(-quantity // 100), lot_size))
    return None


def outside(instrument: Instrument, price: int, field: str) -> Rejected:
    """The refusal of a price outside the listing's range."""
    if price < instrument.min_price:
        return Rejected(rejections.PRICE_TOO_LOW, field, instrument.min_price)
    return Rejected(rejections.PRICE_TOO_HIGH, field, instrument.highest_price)


def check_value(book: Book, allowance: Allowance, price: int, quantity: int) -> Rejected | None:
    """Price × quantity is within minimum and maximum; without a price there is nothing to check."""
    if price == 0:
        return None
    value = price * quantity
    if value < book.instrument.lowest_value:
        return Rejected(rejections.VALUE_TOO_SMALL, "quantity", book.instrument.min_value)
    if value > allowance.highest_value:
        return Rejected(rejections.VALUE_TOO_LARGE, "quantity", allowance.highest_value // UNIT)
    return None


def check_post_only(book: Book, side: int, price: int) -> Rejected | None:
    """A post-only order would take nothing. In a call no order takes, whatever its price crosses."""
    if not book.is_trading() or not book.crosses(side, price):
        return None
    return Rejected(rejections.WOULD_TAKE, "price", book.sides[1 - side].best)


def check_trigger(book: Book, side: int, stop_price: int) -> Rejected | None:
    """A stop order would not be triggered at once. In a call stops are accepted, and checked when trading begins."""
    if not book.is_trading() or book.last_price == 0 or not is_met(side, stop_price, book.last_price):
        return None
    return Rejected(rejections.WOULD_TRIGGER, "stop_price", book.last_price)


def check_collar(book: Book, price: int) -> Rejected | None:
    """A limit price lies within the collar round the reference price, both edges included."""
    width = book.instrument.collar_bps
    reference = book.reference_price()
    if width == 0 or reference == 0 or abs(price - reference) * RATE <= width * reference:
        return None
    edge = reference + reference * width // RATE if price > reference else reference - reference * width // RATE
    if book.semantics >= ROUNDED_REFERENCE:
        edge = book.instrument.floor_price(edge) if price > reference else book.instrument.ceil_price(edge)
    return Rejected(rejections.PRICE_OUTSIDE_COLLAR, "price", edge)


def check_room(holding: Holding) -> Rejected | None:
    """The account has room for another open order in the instrument."""
    open_orders_max = holding.allowance.open_orders_max
    if len(holding.open) < open_orders_max:
        return None
    return Rejected(rejections.TOO_MANY_OPEN_ORDERS, "", open_orders_max)


def check_position(holding: Holding, side: int, more: int) -> Rejected | None:
    """The position stays within its limit even if all that is open on one side trades, and `more` besides."""
    limit = holding.allowance.longest if side == BUY else holding.allowance.shortest
    if limit == NO_LIMIT:
        return None
    held = holding.position.quantity if side == BUY else -holding.position.quantity
    if held + holding.open_quantity(side) + more <= limit:
        return None
    return Rejected(rejections.POSITION_LIMIT, "quantity", limit)
