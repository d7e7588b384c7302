"""What accounts ask of their open orders: to change or cancel one, to cancel all of them, now or at a time.

An account reaches its own orders only: another's is unknown to it. How an order is changed is in `amendment`.
Source: RULES.md, "Amend", "Cancels", "Time in force".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange import rejections
from exchange.admission import shut_out
from exchange.amendment import amend
from exchange.commands import AmendOrder
from exchange.deadlines import DURATION_MAX
from exchange.events import AllCanceled, CancelAfterSet
from exchange.matching import cancel
from exchange.order import BOTH_SIDES, PARTIALLY_FILLED, Order
from exchange.semantics import KEPT_IN_BOOK

if TYPE_CHECKING:
    from exchange.commands import CancelAfter, CancelAll, CancelOrder
    from exchange.engine import Engine


def cancel_order(engine: Engine, command: CancelOrder) -> None:
    """Cancel one open order."""
    order = own_open(engine, command)
    if order is not None:
        order.book.remove(order)
        cancel(order, "requested", engine.register, engine.now, engine.events)


def amend_order(engine: Engine, command: AmendOrder) -> None:
    """Change one open order (RULES.md, "Amend"); at a new price that crosses it takes at once."""
    order = own_open(engine, command)
    if order is None:
        return
    book = order.book
    refused = shut_out(engine, order.account, book, order.holding.allowance)
    if refused is not None:
        engine.events.append(refused)
        return
    if engine.due_events:
        engine.terms_before = order.terms
    joined = order.level is not None and book.semantics >= KEPT_IN_BOOK
    if amend(command, order, book, engine.register, engine.now, engine.events):
        engine.enter(order, book, joined=joined)


def cancel_all(engine: Engine, command: CancelAll) -> None:
    """Cancel an account's open orders, oldest first, as far as the command's filters say."""
    if command.symbol and command.symbol not in engine.books:
        engine.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
        return
    if engine.is_late(command.sent_at):
        engine.reject(rejections.TOO_LATE)
        return
    count = 0
    for order in engine.open_orders(command.account, command.symbol):
        if command.side not in (BOTH_SIDES, order.side) or command.session not in ("", order.session):
            continue
        order.book.remove(order)
        cancel(order, command.reason, engine.register, engine.now, engine.events)
        count += 1
    engine.events.append(AllCanceled(command.account, count))


def cancel_after(engine: Engine, command: CancelAfter) -> None:
    """Set the time at which all of an account's orders are canceled, or unset it."""
    if not 0 <= command.duration <= DURATION_MAX:
        engine.reject(rejections.BAD_REQUEST, "seconds")
        return
    if engine.is_late(command.sent_at):
        engine.reject(rejections.TOO_LATE)
        return
    deadline = engine.now + command.duration if command.duration else 0
    engine.deadlines.set(command.account, deadline)
    engine.register.wake_at = 0
    engine.events.append(CancelAfterSet(command.account, deadline))


def own_open(engine: Engine, command: AmendOrder | CancelOrder) -> Order | None:
    """The open order that a command names; None after refusing it."""
    if command.order_id:
        order = engine.register.orders.get(command.order_id)
    else:
        order = engine.find(command.account, command.symbol, command.client_order_id)
    if order is None or order.account != command.account:
        engine.reject(rejections.UNKNOWN_ORDER, "order_id" if command.order_id else "client_order_id")
        return None
    if command.sent_at and (
        engine.is_late(command.sent_at) or (isinstance(command, AmendOrder) and engine.is_stale(command.sent_at))
    ):
        engine.reject(rejections.TOO_LATE)
        return None
    if order.status > PARTIALLY_FILLED:
        engine.reject(rejections.ORDER_DONE, "order_id" if command.order_id else "client_order_id")
        return None
    return order
