"""What happens by itself before a command: stops that were left over, expiries, deadlines, ends of calls.

All that is due by now happens in the order in which it was due, as of then (`market.moment`). Times are nanoseconds of
journal time (docs/decisions/0073-timers-happen-when-they-were-due.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.book.register import MEMORY
from exchange.day import limit_states, phases
from exchange.matching.sweep import cancel, expire
from exchange.matching.triggering import trigger
from exchange.units import NEVER

if TYPE_CHECKING:
    from exchange.market import Market


def pass_time(market: Market, at: int) -> None:
    """Let happen what was left over, and then what was due by now, in the order in which it was due.

    At one time expiries come first, then deadlines of accounts, then ends of calls and of limit states.
    """
    market.register.forget_old(at)
    trigger_deferred(market)
    deadline, end = market.deadlines.first(), market.timetable.first()
    due = min(deadline, end)
    while due <= at and due != NEVER:
        market.moment = due
        expire_due(market, due)
        if deadline <= end:
            cancel_due(market, market.deadlines.take())
        else:
            phases.end(market, market.timetable.take())
        deadline, end = market.deadlines.first(), market.timetable.first()
        due = min(deadline, end)
    market.moment = at
    expire_due(market, at)
    sleep(market, due)
    market.due_events = len(market.events)


def sleep(market: Market, due: int) -> None:
    """Find out when there is something to do again: `due` is when a deadline or a book is, NEVER if none is.

    An order that ends from now on is forgotten after those that have ended, or a whole MEMORY from now.
    """
    oldest = market.register.ended.oldest()
    forgets = (oldest if oldest >= 0 else market.now) + MEMORY
    market.wake_at = 0 if market.deferred else min(due, market.expiries.first(), forgets)


def trigger_deferred(market: Market) -> None:
    """Go on with the stops for which the command before had made too many trades."""
    books, market.deferred = market.deferred, []
    for book in books:
        trigger(market, book)


def cancel_due(market: Market, account: str) -> None:
    """An account's deadline has come: cancel all of its orders."""
    for order in market.open_orders(account):
        order.book.remove(order)
        cancel(market, order, "cancel_after")


def expire_due(market: Market, until: int) -> None:
    """Let the orders expire whose time comes no later than `until`."""
    expiries = market.expiries
    while expiries.first() <= until and expiries.entries:  # An order may expire after NEVER, and time may come to it.
        order = expiries.take()
        order.book.remove(order)
        expire(market, order, "expired")


def next_due(market: Market) -> int:
    """Journal time at which something is to happen by itself, 0 if nothing waits for its time."""
    if market.deferred:
        return max(market.now, 1)
    due = min(market.deadlines.first(), market.timetable.first(), limit_states.next_look(market))
    expiry = market.expiries.first()
    if due == NEVER:
        return expiry if market.expiries.entries else 0
    return min(expiry, due)
