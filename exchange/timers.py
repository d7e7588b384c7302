"""What happens by itself before a command: stops that were left over, expiries, deadlines, ends of calls.

All that is due by now happens in the order in which it was due, as of then (`engine.moment`). Times are nanoseconds of
journal time (docs/decisions/0073-timers-happen-when-they-were-due.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange import limit_state, phases
from exchange.matching import cancel, expire
from exchange.register import NEVER
from exchange.triggering import trigger

if TYPE_CHECKING:
    from exchange.engine import Engine


def pass_time(engine: Engine, at: int) -> None:
    """Let happen what was left over, and then what was due by now, in the order in which it was due.

    At one time expiries come first, then deadlines of accounts, then ends of calls and of limit states.
    """
    engine.register.forget_old(at)
    trigger_deferred(engine)
    deadline, end = engine.deadlines.first(), engine.timetable.first(engine.books)
    due = min(deadline, end)
    while due <= at and due != NEVER:
        engine.moment = due
        expire_due(engine, due)
        if deadline <= end:
            cancel_due(engine, engine.deadlines.take())
        else:
            phases.end(engine, engine.timetable.take(engine.books))
        deadline, end = engine.deadlines.first(), engine.timetable.first(engine.books)
        due = min(deadline, end)
    engine.moment = at
    expire_due(engine, at)
    engine.register.sleep(due)
    if engine.deferred:
        engine.register.wake_at = 0
    engine.due_events = len(engine.events)


def trigger_deferred(engine: Engine) -> None:
    """Go on with the stops for which the command before had made too many trades."""
    books, engine.deferred = engine.deferred, []
    for book in books:
        trigger(engine, book)


def cancel_due(engine: Engine, account: str) -> None:
    """An account's deadline has come: cancel all of its orders."""
    for order in engine.open_orders(account):
        order.book.remove(order)
        cancel(order, "cancel_after", engine.register, engine.now, engine.events)


def expire_due(engine: Engine, until: int) -> None:
    """Let the orders expire whose time comes no later than `until`."""
    register = engine.register
    order = register.take_due(until)
    while order is not None:
        order.book.remove(order)
        expire(order, "expired", register, engine.now, engine.events)
        order = register.take_due(until)


def next_due(engine: Engine) -> int:
    """Journal time at which something is to happen by itself, 0 if nothing waits for its time."""
    if engine.deferred:
        return max(engine.now, 1)
    due = min(engine.deadlines.first(), engine.timetable.first(engine.books), limit_state.next_look(engine))
    expiry = engine.register.next_due()
    if due == NEVER:
        return expiry
    return min(expiry, due) if expiry else due
