"""Triggering: stop orders whose condition holds are triggered, and executed as the orders that they become.

All stops that one check finds, in the order of `book/stop_orders.py`, are executed in turn, even if the price has moved
back; then the check is repeated until it finds none. If a call starts on the way, the stops not yet executed keep
waiting; stops that would take one command beyond its bound of trades are deferred to the next command. Source:
docs/rules.md, "Continuous trading" 6, 11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.book.bands import bands_of
from exchange.book.order import Order
from exchange.events import Refused, Rejected, Triggered
from exchange.matching.admission import shut_out
from exchange.matching.checks import check_collar, check_position, check_post_only, check_terms, check_value
from exchange.matching.continuous import trade_and_rest
from exchange.matching.dry_run import Trial
from exchange.terms import BUY, FOK, OPEN, REFUSED, SELL

if TYPE_CHECKING:
    from exchange.book.book import Book
    from exchange.market import Market


def trigger(market: Market, book: Book) -> None:
    """Execute the stops whose condition holds, and those that their trades trigger, until none is left."""
    while book.is_trading() and book.stops.meets(book.last_price):
        batch = book.stops.take(book.last_price, BUY if book.last_price >= book.previous_price else SELL)
        for place, order in enumerate(batch):
            if not book.is_trading():
                wait_on(book, batch[place:])
                break
            refused = refusal_when_triggered(market, order)
            if refused is None and not has_trades_left_for(market, order):
                wait_on(book, batch[place:])
                market.defer(book)
                return
            order.status = OPEN
            order.updated = market.now
            market.events.append(
                Triggered(order.order_id, order.account, book.symbol, order.side, 0, 0, 0, order.open_quantity)
            )
            if refused is None:
                execute(market, order)
            else:
                refuse(market, order, refused.code)


def wait_on(book: Book, orders: list[Order]) -> None:
    """Put stops that are not executed back at their places."""
    for order in orders:
        book.stops.add(order)


def refusal_when_triggered(market: Market, order: Order) -> Rejected | None:
    """Why a triggered stop may not enter the market, or None.

    The checks of a new order, on the stop's present terms and as the order that it becomes; the stop already counts
    among the account's open orders and open quantity.
    """
    book, holding = order.book, order.holding
    allowance = holding.allowance
    price = order.price or None
    display = order.display_quantity or None
    refused = shut_out(market, order.account, book, allowance)
    if refused is None:
        refused = check_terms(book, allowance, price, None, order.quantity, display, order.quantity)
    if refused is None:
        refused = check_value(book, allowance, order.price or book.reference_price(), order.quantity)
    if refused is None and price is not None:
        refused = check_collar(book, price)
    if refused is None:
        refused = check_position(holding, order.side, 0)
    if refused is None and order.post_only and price is not None:
        refused = check_post_only(book, order.side, price)
    return refused


def has_trades_left_for(market: Market, order: Order) -> bool:
    """Whether a triggered stop would stay within the trades that a command may make; the first one always does."""
    if market.trades_made == 0:
        return True
    book = order.book
    low, high = bands_of(book) if book.banded else (0, 0)
    if order.command.time_in_force == FOK and not Trial(book, order, market.trades_max, low, high).fills():
        return True
    return not Trial(book, order, max(market.trades_max - market.trades_made, 0), low, high).exceeds


def execute(market: Market, order: Order) -> None:
    """Execute a triggered order, and count its trades against the command's bound."""
    before = order.book.last_trade_id
    trade_and_rest(market, order)
    market.trades_made += order.book.last_trade_id - before


def refuse(market: Market, order: Order, code: str) -> None:
    """End a triggered order that a check refuses."""
    rest = market.register.end(order, REFUSED, code, market.now)
    market.events.append(Refused(order.order_id, order.account, rest, code, order.book.symbol, order.side))
