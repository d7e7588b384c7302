"""How a resting order is changed, and when it keeps its place in the queue.

It keeps it when its quantity or displayed part shrinks or its expiry moves; it loses it when its price changes or
its quantity or displayed part grows. Source: RULES.md, "Amend".
"""

from __future__ import annotations

from exchange import rejections
from exchange.book import Book
from exchange.checks import check_collar, check_position, check_post_only, check_share, check_terms, check_value
from exchange.commands import AmendOrder
from exchange.events import Event, Rejected
from exchange.matching import amended
from exchange.order import FILLED, GTD, Order, effective_display
from exchange.register import Register


def amend(command: AmendOrder, order: Order, book: Book, register: Register, at: int, events: list[Event]) -> bool:
    """Carry out an amendment of an open order; True when it left the book and has to enter it anew."""
    price = order.price if command.price is None else command.price
    quantity = order.quantity if command.quantity is None else command.quantity
    expires = order.expires if command.expires is None else command.expires
    display = display_after(command, order, quantity)
    refused = refusal(command, order, book, at)
    if refused is None and unchanged(order, price, quantity, display, expires):
        refused = Rejected(rejections.NO_CHANGE)
    if refused is None:
        refused = check_values(command, order, book, price, quantity)
    if refused is not None:
        events.append(refused)
        return False
    loses_place = price != order.price or quantity > order.quantity or shows_more(order, quantity, display)
    if loses_place:
        book.remove(order)
    order.price = price
    order.holding.count(order.side, quantity - order.quantity)
    order.quantity = quantity
    order.display_quantity = display
    order.updated = at
    if expires != order.expires:
        order.expires = expires
        register.schedule(order)
    if order.open_quantity == 0:
        finish(order, book, register, at, events)
        return False
    events.append(amended(order, "requested"))
    if not loses_place:
        book.show(order, min(order.shown, order.tranche()))
    return loses_place


def refusal(command: AmendOrder, order: Order, book: Book, at: int) -> Rejected | None:
    """What is wrong with an amendment whatever the instrument's limits are."""
    if command.stop_price is not None:
        return Rejected(rejections.BAD_REQUEST, "stop_price")
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

    A total that is just what is done of the order ends it: it may be below the minimum.
    """
    ends = 0 < quantity == order.filled + order.canceled
    judged = None if ends else command.quantity
    allowance = order.holding.allowance
    refused = check_terms(book, allowance, command.price, None, judged, command.display_quantity, quantity)
    if refused is None and command.display_quantity is None and quantity > order.quantity:
        refused = check_share(quantity, order.display_quantity or quantity, book.instrument.lot_size)
    if refused is None and not ends:
        refused = check_value(book, allowance, price, quantity)
    if refused is None and command.price is not None:
        refused = check_collar(book, price)
    if refused is None and quantity > order.quantity:
        refused = check_position(order.holding, order.side, quantity - order.quantity)
    if refused is None and command.price is not None and order.post_only:
        refused = check_post_only(book, order.side, price)
    return refused


def display_after(command: AmendOrder, order: Order, quantity: int) -> int:
    """The displayed part after an amendment, 0 for a plain order; a part no smaller than the whole hides nothing."""
    if command.display_quantity is not None:
        return effective_display(command.display_quantity, quantity)
    return order.display_quantity if order.display_quantity < quantity else 0


def unchanged(order: Order, price: int, quantity: int, display: int, expires: int) -> bool:
    """Whether an amendment asks for what already is."""
    return (
        price == order.price
        and quantity == order.quantity
        and display == order.display_quantity
        and expires == order.expires
    )


def shows_more(order: Order, quantity: int, display: int) -> bool:
    """Whether the displayed part grows; a plain order's is its whole quantity."""
    return (display or quantity) > (order.display_quantity or order.quantity)


def finish(order: Order, book: Book, register: Register, at: int, events: list[Event]) -> None:
    """An order amended down to what is done of it has nothing left to do: it is filled."""
    if order.level is not None:
        book.remove(order)
    register.end(order, FILLED, "", at)
    events.append(amended(order, "requested"))
