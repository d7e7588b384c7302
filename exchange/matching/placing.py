"""Placing: a new order is checked, gets its id, and is accepted; then it trades, rests or waits.

An order whose account, symbol and client order id are remembered is a repeat, and no new order. A plain limit order
that passes every check and crosses nothing goes straight into its queue. Source: docs/rules.md, "Before matching",
"Continuous trading".
"""

from __future__ import annotations

from exchange import rejections
from exchange.book.order import Order
from exchange.commands import PlaceOrder
from exchange.events import Accepted
from exchange.market import Market
from exchange.matching.admission import refusal, repeat
from exchange.matching.checks import is_plain_and_good
from exchange.matching.continuous import trade_and_rest
from exchange.matching.triggering import trigger
from exchange.terms import AT_CLOSE, CLOSING, CONTINUOUS, GTC, PENDING_TRIGGER, is_stop


def place(market: Market, command: PlaceOrder) -> None:
    """Check a new order and accept or reject it; an accepted order enters the market at once."""
    book = market.books.get(command.symbol)
    if book is None:
        market.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
        return
    holding = book.holdings.get(command.account) or book.holding(command.account)
    before = holding.client_orders.get(command.client_order_id)
    if before is None and holding.past:
        before = market.find_past(holding, command.symbol, command.client_order_id)
    if before is not None:
        repeat(market, command, before)
        return
    plain = is_plain_and_good(command, book, holding) and not market.kill_switch.armed
    if not plain or (command.sent_at and market.is_stale(command.sent_at)):
        refused = refusal(market, command, book, holding)
        if refused is not None:
            market.events.append(refused)
            if holding.is_forgotten:
                book.release(command.account)
            return
    holding.own_texts(command, book.symbol)
    register = market.register
    order_id = register.next_order_id
    register.next_order_id = order_id + 1
    order = Order(order_id, command, book, holding, market.now)
    if is_stop(command.type):
        order.status = PENDING_TRIGGER
    register.enter(order)
    if order.expires:
        market.schedule_expiry(order)
    market.events.append(Accepted(order_id, command, order.status))
    if plain and command.time_in_force == GTC and not book.banded and not book.crosses(order.side, order.price):
        book.rest(order)
    else:
        enter(market, order)


def enter(market: Market, order: Order, *, joined: bool = False) -> None:
    """Trade an order that is new or has new terms, or put the order where it has to rest or wait.

    `joined`: the order was in the book before its terms changed; its closing call has come, so it does not wait again.
    """
    book = order.book
    if order.status == PENDING_TRIGGER:
        book.wait_for_trigger(order)
    elif order.command.time_in_force == AT_CLOSE and book.kind != CLOSING and not joined:
        book.wait(order)
    elif book.phase != CONTINUOUS:
        book.rest(order)
    else:
        before = book.last_trade_id
        trade_and_rest(market, order)
        if book.last_trade_id != before and book.stops.meets(book.last_price):
            market.trades_made += book.last_trade_id - before
            trigger(market, book)
