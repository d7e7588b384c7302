"""Amendment of an open order, and whether the order keeps its place in the queue.

A resting order keeps its place when its quantity or displayed part shrinks or its expiry moves, and loses that place
when its price changes or its quantity or displayed part grows. A waiting stop keeps its place among those of its stop
price only when its quantity shrinks or its expiry moves. Source: docs/rules.md, "Amend".
"""

from __future__ import annotations

from exchange import rejections
from exchange.book.book import Book
from exchange.book.order import Order
from exchange.commands import AmendOrder
from exchange.events import Rejected
from exchange.market import Market
from exchange.matching.checks import (
    check_collar,
    check_position,
    check_post_only,
    check_share,
    check_terms,
    check_trigger,
    check_value,
)
from exchange.matching.sweep import amended
from exchange.semantics import NOTHING_LEFT
from exchange.terms import FILLED, FOK, GTD, IOC, MARKET, PENDING_TRIGGER, STOP, effective_display


def amend(market: Market, command: AmendOrder, order: Order) -> bool:
    """Apply an amendment to an open order; True when the order left the book and has to enter it anew."""
    book, at = order.book, market.now
    price = order.price if command.price is None else command.price
    stop_price = order.stop_price if command.stop_price is None else command.stop_price
    quantity = order.quantity if command.quantity is None else command.quantity
    expires = order.expires if command.expires is None else command.expires
    display = display_after(command, order, quantity)
    refused = refusal(command, order, book, at)
    if refused is None and unchanged(order, price, stop_price, quantity, display, expires):
        refused = Rejected(rejections.NO_CHANGE)
    if refused is None:
        refused = check_values(command, order, book, price, quantity)
    if refused is None:
        refused = check_effect(command, order, book)
    if refused is not None:
        market.events.append(refused)
        return False
    loses_place = price != order.price or stop_price != order.stop_price or quantity > order.quantity
    if order.status == PENDING_TRIGGER:
        loses_place = loses_place or (command.display_quantity is not None and display != order.display_quantity)
    else:
        loses_place = loses_place or shows_more(order, quantity, display)
    if loses_place:
        book.remove(order)
    order.price = price
    order.stop_price = stop_price
    order.holding.count(order.side, quantity - order.quantity)
    order.quantity = quantity
    order.display_quantity = display
    order.updated = at
    if expires != order.expires:
        order.expires = expires
        market.schedule_expiry(order)
    if order.open_quantity == 0:
        finish(market, order)
        return False
    market.events.append(amended(order, "requested"))
    if order.level is not None:
        book.show(order, min(order.shown, order.tranche()))
    return loses_place


def refusal(command: AmendOrder, order: Order, book: Book, at: int) -> Rejected | None:
    """The refusal of an amendment for reasons other than the instrument's limits, or None."""
    if command.stop_price is not None and order.status != PENDING_TRIGGER:
        return Rejected(rejections.BAD_REQUEST, "stop_price")
    if command.price is not None and order.type in (MARKET, STOP):
        return Rejected(rejections.BAD_REQUEST, "price")
    if command.display_quantity is not None and (order.type in (MARKET, STOP) or order.time_in_force in (IOC, FOK)):
        return Rejected(rejections.BAD_REQUEST, "display_quantity")
    if command.expires is not None:
        if order.time_in_force != GTD:
            return Rejected(rejections.BAD_REQUEST, "expires")
        if command.expires <= at:
            return Rejected(rejections.BAD_EXPIRES, "expires")
    done = order.filled + order.canceled
    if command.quantity is not None and 0 < command.quantity < done:
        return Rejected(rejections.QUANTITY_BELOW_FILLED, "quantity", done)
    return None


def check_values(command: AmendOrder, order: Order, book: Book, price: int, quantity: int) -> Rejected | None:
    """The checks of a new order, on the values that would change.

    A total equal to what is filled and canceled ends the order, so it may be below the minimum.
    """
    ends = is_end(quantity, order)
    judged = None if ends else command.quantity
    allowance = order.holding.allowance
    refused = check_terms(
        book, allowance, command.price, command.stop_price, judged, command.display_quantity, quantity
    )
    if refused is None and command.display_quantity is None and quantity > order.quantity:
        refused = check_share(quantity, order.display_quantity or quantity, book.instrument.lot_size)
    named = command.price is not None or command.stop_price is not None or command.quantity is not None
    if refused is None and named and not ends:
        refused = check_value(book, allowance, price or price_of_value(command, order, book), quantity)
    if refused is None and command.price is not None:
        refused = check_collar(book, price)
    if refused is None and quantity > order.quantity:
        refused = check_position(order.holding, order.side, quantity - order.quantity)
    return refused


def is_end(quantity: int | None, order: Order) -> bool:
    """Whether a new total equals what is filled and canceled, so nothing stays open."""
    return quantity is not None and 0 < quantity == order.filled + order.canceled


def price_of_value(command: AmendOrder, order: Order, book: Book) -> int:
    """The price that values an order without a limit: its stop price while it waits, else the reference price."""
    if order.status == PENDING_TRIGGER:
        return order.stop_price if command.stop_price is None else command.stop_price
    return book.reference_price()


def check_effect(command: AmendOrder, order: Order, book: Book) -> Rejected | None:
    """The refusal of an amendment by which a stop would trigger, or a post-only order take, at once; or None.

    An order that waits, for its trigger or for the closing call, takes nothing now, nor does an order that ends here.
    """
    if is_end(command.quantity, order) and book.semantics >= NOTHING_LEFT:
        return None
    if order.status == PENDING_TRIGGER:
        return None if command.stop_price is None else check_trigger(book, order.side, command.stop_price)
    if order.post_only and command.price is not None and order.level is not None:
        return check_post_only(book, order.side, command.price)
    return None


def display_after(command: AmendOrder, order: Order, quantity: int) -> int:
    """The displayed part after an amendment, 0 for a plain order: a part not below the quantity hides nothing."""
    if command.display_quantity is not None:
        return effective_display(command.display_quantity, quantity)
    return order.display_quantity if order.display_quantity < quantity else 0


def unchanged(order: Order, price: int, stop_price: int, quantity: int, display: int, expires: int) -> bool:
    """Whether an amendment asks for the terms that the order already has."""
    return (
        price == order.price
        and stop_price == order.stop_price
        and quantity == order.quantity
        and display == order.display_quantity
        and expires == order.expires
    )


def shows_more(order: Order, quantity: int, display: int) -> bool:
    """Whether the displayed part grows; that of a plain order is its whole quantity."""
    return (display or quantity) > (order.display_quantity or order.quantity)


def finish(market: Market, order: Order) -> None:
    """End an order amended down to what is filled and canceled: it is filled."""
    if order.level is not None:
        order.book.remove(order)
    market.register.end(order, FILLED, "", market.now)
    market.events.append(amended(order, "requested"))
