"""Sweep: an incoming order meets the book, by price, then displayed before hidden, then time.

Every trade prints at the resting order's price. Hidden reserve needs no rule of its own: when the shown part of an
iceberg is filled, its next part joins behind all at that price. Source: docs/rules.md, "Continuous trading" 1–5, 8, 11.
"""

from __future__ import annotations

from exchange.book.level import Level
from exchange.book.order import Order
from exchange.events import Amended, Canceled, Expired
from exchange.market import Market
from exchange.matching.settlement import settle
from exchange.terms import (
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    CANCELED,
    CHANGED,
    DECREMENT,
    EXPIRED,
    FILLED,
    is_open,
)


def sweep(market: Market, taker: Order, low: int, high: int) -> bool:
    """Match an incoming order until the order is done, or no order is left that it may trade with.

    The order ends here when it is filled, when self-trade prevention ends it, or at `trades_max` trades. True if its
    rest would trade beyond the band from `low` to `high` (0: no band); the band is the same for the whole order.
    """
    book = taker.book
    opposite = book.sides[1 - taker.side]
    trades = 0
    while is_open(taker.status):
        level = opposite.top
        if level is None or (taker.price and not book.crosses(taker.side, taker.price)):
            return False
        best = level.price
        maker = level.first
        assert maker is not None, "a level in the book holds an order"
        if maker.account == taker.account:
            meet_own(market, taker, maker)
            continue
        if high and (best > high or best < low):
            return True
        if trades == market.trades_max:
            expire(market, taker, "too_many_fills")
            return False
        trades += 1
        trade(market, level, taker, maker)
    return False


def trade(market: Market, level: Level, taker: Order, maker: Order) -> None:
    """Trade the smaller of what the maker shows and what is open of the taker."""
    book, price = maker.book, maker.price
    wanted = taker.quantity - taker.filled - taker.canceled
    quantity = maker.shown if maker.shown < wanted else wanted
    settle(market, maker, taker, price, quantity, taker.side)
    level.displayed -= quantity
    maker.shown -= quantity
    if maker.filled + maker.canceled == maker.quantity:
        book.remove(maker)
        market.register.end(maker, FILLED, "", market.now)
    elif maker.shown == 0:
        book.requeue(maker)
    else:
        book.changes.append((book.symbol, CHANGED, maker.order_id, maker.side, price, maker.shown))
    if quantity == wanted:
        market.register.end(taker, FILLED, "", market.now)


def meet_own(market: Market, taker: Order, maker: Order) -> None:
    """Prevent a self-trade by the taker's self-trade mode."""
    mode = taker.command.self_trade
    if mode == DECREMENT:
        decrement(market, taker, maker)
        return
    if mode in (CANCEL_OLDEST, CANCEL_BOTH):
        maker.book.remove(maker)
        cancel(market, maker, "self_trade")
    if mode in (CANCEL_NEWEST, CANCEL_BOTH):
        cancel(market, taker, "self_trade")


def decrement(market: Market, taker: Order, maker: Order) -> None:
    """Cancel the smaller open quantity in both orders; of a resting iceberg the reserve goes first."""
    book = maker.book
    quantity = min(maker.open_quantity, taker.open_quantity)
    for order in (maker, taker):
        if order.open_quantity == quantity:
            if order is maker:
                book.remove(maker)
            cancel(market, order, "self_trade")
            continue
        order.canceled += quantity
        order.holding.count(order.side, -quantity)
        order.updated = market.now
        if order is maker:
            book.show(maker, min(maker.shown, maker.open_quantity))
        market.events.append(amended(order, "self_trade"))


def amended(order: Order, reason: str) -> Amended:
    """The event that states an order's terms as they are now."""
    return Amended(
        order.order_id,
        order.account,
        order.price or None,
        order.stop_price or None,
        order.quantity,
        order.display_quantity or None,
        order.expires or None,
        order.open_quantity,
        order.canceled,
        reason,
        order.book.symbol,
        order.side,
        order.filled,
        order.cost_whole,
        order.cost_rest,
        order.status,
    )


def cancel(market: Market, order: Order, reason: str) -> None:
    """End an order by somebody's decision; the caller has removed it from the book."""
    rest = market.register.end(order, CANCELED, reason, market.now)
    market.events.append(
        Canceled(
            order.order_id,
            order.account,
            rest,
            reason,
            order.book.symbol,
            order.side,
            order.filled,
            order.cost_whole,
            order.cost_rest,
        )
    )


def expire(market: Market, order: Order, reason: str) -> None:
    """End an order by a rule; the caller has removed it from the book."""
    rest = market.register.end(order, EXPIRED, reason, market.now)
    market.events.append(
        Expired(
            order.order_id,
            order.account,
            rest,
            reason,
            order.book.symbol,
            order.side,
            order.filled,
            order.cost_whole,
            order.cost_rest,
        )
    )
