"""Continuous trading: an incoming order trades what it can at once; the rest of it rests, or expires.

The bands are those from before the order, so that its own trades do not move them. An order that would trade beyond
them expires under LULD; under static and dynamic bands it begins a volatility call. Source: docs/rules.md, "Continuous
trading", "Bands", "LULD".
"""

from __future__ import annotations

from exchange.book.bands import bands_of
from exchange.book.book import Book
from exchange.book.order import Order
from exchange.market import Market
from exchange.matching.calls import begin_volatility_call
from exchange.matching.dry_run import Trial
from exchange.matching.sweep import expire, sweep
from exchange.terms import BUY, FOK, IOC, is_open


def trade_and_rest(market: Market, order: Order) -> None:
    """Trade an order as far as it can trade at once; the rest of the order rests, or expires."""
    book, time_in_force = order.book, order.command.time_in_force
    low = high = 0
    if book.banded:
        low, high = bands_of(book)
    if time_in_force == FOK:
        trial = Trial(book, order, market.trades_max, low, high)
        if not trial.fills():
            expire(market, order, reason_to_kill(book, order, trial, low, high))
            return
    stopped = False
    if order.price == 0 or book.crosses(order.side, order.price):
        stopped = sweep(market, order, low, high)
        if not is_open(order.status):
            return
    if high and book.luld is not None and (stopped or is_priced_beyond(order, low, high)):
        expire(market, order, "outside_band")
        return
    if stopped:
        begin_volatility_call(market, book)
    if time_in_force == IOC:
        expire(market, order, "volatility" if stopped else "no_liquidity")
    elif order.price == 0 and not stopped:
        expire(market, order, "no_liquidity")
    else:
        assert stopped or not book.crosses(order.side, order.price), "what would trade does not rest"
        book.rest(order)


def is_priced_beyond(order: Order, low: int, high: int) -> bool:
    """Whether an order's limit lies on the far side of its band: a buy above the upper, a sell below the lower."""
    return order.price > high if order.side == BUY else 0 < order.price < low


def reason_to_kill(book: Book, order: Order, trial: Trial, low: int, high: int) -> str:
    """Why a fill-or-kill order that would not fill has expired."""
    if book.luld is not None and high and (trial.banded or is_priced_beyond(order, low, high)):
        return "outside_band"
    return "volatility" if trial.banded else "no_liquidity"
