"""Commands of an account on its own open orders: amend or cancel one, cancel all, now or at a time.

An account reaches only its own orders: to any other account an order is unknown. How an order changes is in
`amendment`. Source: docs/rules.md, "Amend", "Cancels", "Time in force".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange import rejections
from exchange.book.order import Order
from exchange.commands import AmendOrder
from exchange.events import AllCanceled
from exchange.market_events import CancelAfterSet
from exchange.matching.admission import shut_out
from exchange.matching.amendment import amend
from exchange.matching.placing import enter
from exchange.matching.sweep import cancel
from exchange.semantics import KEPT_IN_BOOK
from exchange.terms import BOTH_SIDES, is_open
from exchange.timers.deadlines import DURATION_MAX

if TYPE_CHECKING:
    from exchange.commands import CancelAfter, CancelAll, CancelOrder
    from exchange.market import Market


def cancel_order(market: Market, command: CancelOrder) -> None:
    """Cancel one open order."""
    order = own_open(market, command)
    if order is not None:
        order.book.remove(order)
        cancel(market, order, "requested")


def amend_order(market: Market, command: AmendOrder) -> None:
    """Amend one open order (docs/rules.md, "Amend"); an order whose new price crosses takes at once."""
    order = own_open(market, command)
    if order is None:
        return
    book = order.book
    refused = shut_out(market, order.account, book, order.holding.allowance)
    if refused is not None:
        market.events.append(refused)
        return
    if market.due_events:
        market.terms_before = order.terms
    joined = order.level is not None and book.semantics >= KEPT_IN_BOOK
    if amend(market, command, order):
        enter(market, order, joined=joined)


def cancel_all(market: Market, command: CancelAll) -> None:
    """Cancel those of an account's open orders that pass the command's filters, oldest first."""
    if command.symbol and command.symbol not in market.books:
        market.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
        return
    if market.is_late(command.sent_at):
        market.reject(rejections.TOO_LATE)
        return
    count = 0
    for order in market.open_orders(command.account, command.symbol):
        if command.side not in (BOTH_SIDES, order.side) or command.session not in ("", order.session):
            continue
        order.book.remove(order)
        cancel(market, order, command.reason)
        count += 1
    market.events.append(AllCanceled(command.account, count))


def cancel_after(market: Market, command: CancelAfter) -> None:
    """Set or clear the time at which all of an account's orders are canceled."""
    if not 0 <= command.duration <= DURATION_MAX:
        market.reject(rejections.BAD_REQUEST, "seconds")
        return
    if market.is_late(command.sent_at):
        market.reject(rejections.TOO_LATE)
        return
    deadline = market.now + command.duration if command.duration else 0
    market.set_deadline(command.account, deadline)
    market.events.append(CancelAfterSet(command.account, deadline))


def own_open(market: Market, command: AmendOrder | CancelOrder) -> Order | None:
    """The open order that a command names; None after rejecting the command."""
    if command.order_id:
        order = market.order(command.order_id)
    else:
        order = market.find(command.account, command.symbol, command.client_order_id)
    if order is None or order.account != command.account:
        market.reject(rejections.UNKNOWN_ORDER, "order_id" if command.order_id else "client_order_id")
        return None
    if command.sent_at and (
        market.is_late(command.sent_at) or (isinstance(command, AmendOrder) and market.is_stale(command.sent_at))
    ):
        market.reject(rejections.TOO_LATE)
        return None
    if not is_open(order.status):
        market.reject(rejections.ORDER_DONE, "order_id" if command.order_id else "client_order_id")
        return None
    return order
