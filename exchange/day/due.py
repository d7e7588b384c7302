"""Due timers, executed before a command: deferred stops, expiries, deadlines, ends of calls.

Timers are executed in the order in which they were due, each at the time at which it was due (`market.moment`). Times
are nanoseconds of journal time (docs/decisions/0073-timers-happen-when-they-were-due.md).
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
    """Execute deferred stops, and then all timers due by `at`, in the order in which they were due.

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
    """Set `wake_at` to the next timer: `due` is that of the first deadline or book, NEVER if none is set.

    An order that ends from now on is forgotten after those that have ended already, or a whole MEMORY from now.
    """
    oldest = market.register.ended.oldest()
    forgets = (oldest if oldest >= 0 else market.now) + MEMORY
    market.wake_at = 0 if market.deferred else min(due, market.expiries.first(), forgets)


def trigger_deferred(market: Market) -> None:
    """Execute the stops deferred by the previous command, which had made too many trades."""
    books, market.deferred = market.deferred, []
    for book in books:
        trigger(market, book)


def cancel_due(market: Market, account: str) -> None:
    """Cancel all orders of an account whose deadline is due."""
    for order in market.open_orders(account):
        order.book.remove(order)
        cancel(market, order, "cancel_after")


def expire_due(market: Market, until: int) -> None:
    """Expire the orders whose expiry is `until` or earlier."""
    expiries = market.expiries
    while expiries.first() <= until and expiries.entries:  # An expiry may lie after NEVER, and time may reach it.
        order = expiries.take()
        order.book.remove(order)
        expire(market, order, "expired")


def next_due(market: Market) -> int:
    """Journal time at which the next timer is due, 0 if none is set."""
    if market.deferred:
        return max(market.now, 1)
    due = min(market.deadlines.first(), market.timetable.first(), limit_states.next_look(market))
    expiry = market.expiries.first()
    if due == NEVER:
        return expiry if market.expiries.entries else 0
    return min(expiry, due)
