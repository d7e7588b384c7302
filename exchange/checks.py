"""The checks of an order against its instrument, before it may meet the book.

They answer in the order of RULES.md, "Before matching"; the first failure is the answer. The same function serves
a new order and an amended one: it gets the values that would hold, and `price` only where it is to be judged.
"""

from __future__ import annotations

from exchange import rejections
from exchange.book import Book
from exchange.events import Rejected
from exchange.units import LARGEST, RATE, value_of


def check_terms(
    book: Book,
    price: int | None,
    stop_price: int | None,
    quantity: int,
    display_quantity: int | None,
) -> Rejected | None:
    """Tick, lot and quantity, displayed part, price range, of the values given."""
    instrument = book.instrument
    if price is not None and (found := check_tick(book, price, "price")):
        return found
    if stop_price is not None and (found := check_tick(book, stop_price, "stop_price")):
        return found
    if found := check_quantity(book, quantity):
        return found
    if display_quantity is not None and (found := check_display(book, quantity, display_quantity)):
        return found
    lowest = instrument.min_price
    highest = instrument.max_price or LARGEST - 1
    if price is not None and not lowest <= price <= highest:
        return outside(price, lowest, highest, "price")
    if stop_price is not None and not lowest <= stop_price <= highest:
        return outside(stop_price, lowest, highest, "stop_price")
    return None


def check_tick(book: Book, price: int, field: str) -> Rejected | None:
    """A price is a whole number of the tick that holds there, and above nothing."""
    tick = book.instrument.tick_at(price)
    if price % tick != 0:
        return Rejected(rejections.PRICE_OFF_TICK, field, tick)
    if price <= 0:
        return Rejected(rejections.BAD_PRICE, field)
    return None


def check_quantity(book: Book, quantity: int) -> Rejected | None:
    """A quantity is whole lots, within the listing's minimum and maximum."""
    instrument = book.instrument
    if quantity % instrument.lot_size != 0:
        return Rejected(rejections.QUANTITY_OFF_LOT, "quantity", instrument.lot_size)
    smallest = instrument.min_quantity or instrument.lot_size
    if quantity < smallest:
        return Rejected(rejections.QUANTITY_TOO_SMALL, "quantity", smallest)
    largest = instrument.max_quantity or LARGEST - 1
    if quantity > largest:
        return Rejected(rejections.QUANTITY_TOO_LARGE, "quantity", largest)
    return None


def check_display(book: Book, quantity: int, display_quantity: int) -> Rejected | None:
    """The displayed part is whole lots, at most the quantity and at least 1 % of it (RULES.md 11, 12)."""
    lot_size = book.instrument.lot_size
    if display_quantity % lot_size != 0:
        return Rejected(rejections.QUANTITY_OFF_LOT, "display_quantity", lot_size)
    if display_quantity > quantity:
        return Rejected(rejections.DISPLAY_TOO_LARGE, "display_quantity", quantity)
    if display_quantity <= 0 or display_quantity * 100 < quantity:
        return Rejected(rejections.DISPLAY_TOO_SMALL, "display_quantity", max(-(-quantity // 100), lot_size))
    return None


def outside(price: int, lowest: int, highest: int, field: str) -> Rejected:
    """The refusal of a price outside the listing's range."""
    if price < lowest:
        return Rejected(rejections.PRICE_TOO_LOW, field, lowest)
    return Rejected(rejections.PRICE_TOO_HIGH, field, highest)


def check_value(book: Book, price: int, quantity: int) -> Rejected | None:
    """Price × quantity is within the listing's minimum and maximum; without a price there is nothing to judge."""
    if price == 0:
        return None
    instrument = book.instrument
    value = value_of(price, quantity)
    if value < instrument.min_value:
        return Rejected(rejections.VALUE_TOO_SMALL, "quantity", instrument.min_value)
    largest = instrument.max_value or LARGEST
    if value > largest:
        return Rejected(rejections.VALUE_TOO_LARGE, "quantity", largest)
    return None


def check_collar(book: Book, price: int) -> Rejected | None:
    """A limit price lies within the collar round the reference price, both edges included."""
    width = book.instrument.collar_bps
    reference = book.reference_price()
    if width == 0 or reference == 0 or abs(price - reference) * RATE <= width * reference:
        return None
    edge = reference + reference * width // RATE if price > reference else reference - reference * width // RATE
    return Rejected(rejections.PRICE_OUTSIDE_COLLAR, "price", edge)
