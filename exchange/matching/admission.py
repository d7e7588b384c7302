"""Admission: the refusal of a new order, and the answer to an order that is a repeat.

The checks run in the order of docs/rules.md, "Before matching"; the first failure is the answer. An order that passes
the fast path (`checks.is_plain_and_good`) needs none of them. Admission changes no book and no account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange import rejections
from exchange.book.order import Order
from exchange.events import Rejected, Repeated
from exchange.matching.checks import (
    check_collar,
    check_order,
    check_position,
    check_post_only,
    check_room,
    check_trigger,
)
from exchange.terms import AT_CLOSE, effective_display

if TYPE_CHECKING:
    from exchange.accounts.allowance import Allowance
    from exchange.book.book import Book
    from exchange.book.holding import Holding
    from exchange.commands import PlaceOrder
    from exchange.market import Market


def refusal(market: Market, command: PlaceOrder, book: Book, holding: Holding) -> Rejected | None:
    """Why a new order may not enter, or None. Repeats are answered before, so a late repeat is no `too_late`."""
    if command.sent_at and market.is_stale(command.sent_at):
        return Rejected(rejections.TOO_LATE)
    allowance = holding.allowance
    refused = shut_out(market, command.account, book, allowance)
    if refused is None:
        refused = check_order(command, book, allowance, market.now)
    if refused is None and command.price is not None:
        refused = check_collar(book, command.price)
    if refused is None:
        refused = check_room(holding)
    if refused is None:
        refused = check_position(holding, command.side, command.quantity)
    if refused is None and command.stop_price is not None:
        return check_trigger(book, command.side, command.stop_price)
    if refused is None and command.post_only and command.price is not None and command.time_in_force != AT_CLOSE:
        refused = check_post_only(book, command.side, command.price)
    return refused


def shut_out(market: Market, account: str, book: Book, allowance: Allowance) -> Rejected | None:
    """Why an account may neither place nor amend any order in a book now, or None."""
    if market.kill_switch.armed and market.kill_switch.stops(account, book.symbol):
        return Rejected(rejections.KILLED)
    if not book.takes_orders():
        return Rejected(rejections.WRONG_PHASE)
    if not allowance.enabled:
        return Rejected(rejections.ACCOUNT_DISABLED)
    return None


def repeat(market: Market, command: PlaceOrder, before: Order) -> None:
    """Answer a remembered client order id: the same order is a repeat, any other a reuse."""
    if same_meaning(command, before.command):
        market.events.append(Repeated(before.order_id))
    else:
        market.reject(rejections.CLIENT_ORDER_ID_REUSED, "client_order_id")


def same_meaning(one: PlaceOrder, other: PlaceOrder) -> bool:
    """Whether two placements ask for the same order, however and whenever they were sent."""
    return (
        one.side == other.side
        and one.type == other.type
        and one.quantity == other.quantity
        and one.price == other.price
        and one.stop_price == other.stop_price
        and one.time_in_force == other.time_in_force
        and one.expires == other.expires
        and one.post_only == other.post_only
        and one.self_trade == other.self_trade
        and effective_display(one.display_quantity, one.quantity)
        == effective_display(other.display_quantity, other.quantity)
    )
