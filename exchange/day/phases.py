"""Phases of the trading day: the commands that change them, and what each change does to the book.

Entering continuous trading first uncrosses whatever crosses, from any phase; leaving a call for the closed phase
uncrosses, leaving a call for any other phase does not. A halt is a flag beside the phase: while the flag is set the
phase changes underneath it, and nothing is matched until a command lifts the halt and names the phase to enter. Any
phase may follow any other. Source: docs/rules.md, "Trading day".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange import rejections
from exchange.book.order import Order, order_id_of
from exchange.commands import UNNAMED, DoubleBands, DrawEnd, SetPhase
from exchange.market_events import BandsDoubled, EndDrawn
from exchange.matching.auction import uncross
from exchange.matching.calls import announce, begin_call, begin_timed_call, extend, extension_of, move_to_phase
from exchange.matching.sweep import expire
from exchange.matching.triggering import trigger
from exchange.terms import (
    AT_CLOSE,
    AT_OPEN,
    AUCTION,
    BOTH_SIDES,
    CLOSED,
    CLOSING,
    CONTINUOUS,
    DAY,
    HALTED,
    OPENING,
    PENDING_TRIGGER,
    PRE_OPEN,
    REOPENING,
    is_for_a_call,
)
from exchange.units import NEVER

if TYPE_CHECKING:
    from exchange.book.book import Book
    from exchange.market import Market


# Commands


def set_phase(market: Market, command: SetPhase) -> None:
    """Move an instrument, or all of them in the order of their listing, into a phase."""
    field = conflicting_phase_field(command, market.now)
    if field:
        market.reject(rejections.BAD_REQUEST, field)
        return
    if command.symbol and command.symbol not in market.books:
        market.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
        return
    books = [market.books[command.symbol]] if command.symbol else list(market.books.values())
    for book in books:
        if is_new(book, command.due):
            change_phase(market, book, command)


def conflicting_phase_field(command: SetPhase, now: int) -> str:
    """The member that conflicts with the phase, "" if none.

    A late command of the calendar may name a call that is over by now; an operator's may not.
    """
    if command.kind != UNNAMED and command.phase != AUCTION:
        return "kind"
    if not 0 <= command.due < NEVER:
        return "due"
    if command.until and (command.phase != AUCTION or (command.until <= now and not command.due)):
        return "until"
    if not 0 <= command.until < NEVER:
        return "until"
    return "lift" if command.lift and command.phase == HALTED else ""


def is_new(book: Book, due: int) -> bool:
    """Whether a command of the calendar is not applied yet; an operator's (due 0) is always new."""
    if due == 0:
        return True
    if due <= book.last_due:
        return False
    book.last_due = due
    return True


def change_phase(market: Market, book: Book, command: SetPhase) -> None:
    """Halt an instrument, or move it into the command's phase."""
    if command.phase == HALTED:
        book.halted = True
        book.reason = command.reason
        announce(market, book)
        return
    kind = kind_after(book) if command.kind == UNNAMED else command.kind
    if command.lift:
        book.halted = False
    if command.phase == AUCTION:
        length = command.until - (command.due or market.now) if command.until else 0
        begin_call(market, book, kind, command.until, max(length, 0), command.reason)
    else:
        enter(market, book, command.phase, command.reason)


def kind_after(book: Book) -> int:
    """The kind of an auction whose command names none, from the phase before."""
    if book.halted:
        return REOPENING
    if book.phase in (CLOSED, PRE_OPEN):
        return OPENING
    return CLOSING if book.phase == CONTINUOUS else REOPENING


def draw_end(market: Market, command: DrawEnd) -> None:
    """Set the random part of a call's end; only the first draw for the call in progress counts."""
    book = market.books.get(command.symbol)
    if book is None:
        market.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
    elif not 0 <= command.extra < NEVER:
        market.reject(rejections.BAD_REQUEST, "extra")
    elif book.phase == AUCTION and book.call == command.call and book.drawn < 0:
        book.drawn = command.extra
        market.schedule(book, book.until + book.drawn)
        market.events.append(EndDrawn(book.symbol, book.call, command.extra))


def double_bands(market: Market, command: DoubleBands) -> None:
    """Double the width of LULD bands from here on, or undo that."""
    book = market.books.get(command.symbol)
    if book is None:
        market.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
    elif not 0 <= command.due < NEVER:
        market.reject(rejections.BAD_REQUEST, "due")
    elif is_new(book, command.due) and book.luld is not None and book.luld.doubled != command.doubled:
        book.luld.doubled = command.doubled
        market.bands_due = 0
        market.events.append(BandsDoubled(book.symbol, command.doubled))


# Time


def end(market: Market, book: Book) -> None:
    """End or extend a call that is due; a limit state that is due gives a reopening call."""
    if book.phase != AUCTION:
        begin_timed_call(market, book, REOPENING, book.instrument.luld_call, "limit_state")
        return
    extension = extension_of(book)
    if extension:
        extend(market, book, extension)
    else:
        enter(market, book, CLOSED if book.kind == CLOSING else CONTINUOUS, "")


# Phases


def enter(market: Market, book: Book, phase: int, reason: str) -> None:
    """Move from the present phase into one that is no call."""
    trades = not book.halted and (phase == CONTINUOUS or (phase == CLOSED and book.phase == AUCTION))
    if trades:
        uncross(market, book)
    if phase == CLOSED:
        expire_all(market, book, open_orders_of(book))
    elif trades:
        expire_all(market, book, left_by_call(book))
        assert not book.is_crossed(), "an uncross leaves nothing that would trade"
    move_to_phase(market, book, phase, reason)
    trigger(market, book)


def expire_all(market: Market, book: Book, orders: list[Order]) -> None:
    """Expire those of `orders` whose time in force ends here, in the order of their ids."""
    orders.sort(key=order_id_of)
    for order in orders:
        reason = reason_to_expire(book, order)
        if reason:
            book.remove(order)
            expire(market, order, reason)


def open_orders_of(book: Book) -> list[Order]:
    """Every open order of a book, waiting orders included."""
    return [order for holding in book.holdings.values() for order in holding.open]


def left_by_call(book: Book) -> list[Order]:
    """The orders for one auction only that its uncross left open."""
    left = [order for queue in book.markets for order in queue.orders()]
    for side in range(BOTH_SIDES):
        for order in book.sides[side].orders():
            if is_for_a_call(order.command.time_in_force):
                left.append(order)  # noqa: PERF401 — compiled as a loop; a comprehension would build a second list
    return left


def reason_to_expire(book: Book, order: Order) -> str:
    """Why an order expires after a call or at the day's end, "" if it stays.

    An at-close order that still waits has not had its call.
    """
    time_in_force = order.command.time_in_force
    if time_in_force == AT_CLOSE and order.order_id in book.waiting:
        return "day_ended"
    if time_in_force in (AT_OPEN, AT_CLOSE) or (order.price == 0 and order.status != PENDING_TRIGGER):
        return "auction_ended"
    return "day_ended" if time_in_force == DAY else ""
