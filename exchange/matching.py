"""How an incoming order meets the book: price, then displayed before hidden, then time.

Every trade prints at the resting order's price. Hidden reserve needs no rule of its own: when the shown part of an
iceberg is gone, its next part goes behind everything at that price. Source: RULES.md, "Continuous trading" 1–5, 8, 11.
"""

from __future__ import annotations

from exchange.book import CHANGED, Book
from exchange.events import Amended, Canceled, Event, Expired
from exchange.level import Level
from exchange.order import (
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    CANCELED,
    DECREMENT,
    EXPIRED,
    FILLED,
    PARTIALLY_FILLED,
    Order,
)
from exchange.register import Register
from exchange.settlement import settle


def sweep(
    book: Book, taker: Order, register: Register, trades_max: int, low: int, high: int, at: int, events: list[Event]
) -> bool:
    """Match an incoming order until it is done, or nothing is left that it may trade with.

    It ends here when it is filled, when self-trade prevention ends it, or when it has made `trades_max` trades. True if
    what is left of it would trade beyond the band from `low` to `high` (0: there is none), which holds for all of it.
    """
    opposite = book.sides[1 - taker.side]
    trades = 0
    while taker.status <= PARTIALLY_FILLED:
        level = opposite.top
        if level is None or (taker.price and not book.crosses(taker.side, taker.price)):
            return False
        best = level.price
        maker = level.first
        assert maker is not None, "a level in the book holds an order"
        if maker.account == taker.account:
            meet_own(book, taker, maker, register, at, events)
            continue
        if high and (best > high or best < low):
            return True
        if trades == trades_max:
            expire(taker, "too_many_fills", register, at, events)
            return False
        trades += 1
        trade(book, level, taker, maker, register, at, events)
    return False


def trade(
    book: Book, level: Level, taker: Order, maker: Order, register: Register, at: int, events: list[Event]
) -> None:
    """Let two orders trade as much as the maker shows and the taker wants."""
    price = maker.price
    wanted = taker.quantity - taker.filled - taker.canceled
    quantity = maker.shown if maker.shown < wanted else wanted
    settle(book, maker, taker, price, quantity, taker.side, at, events)
    level.displayed -= quantity
    maker.shown -= quantity
    if maker.filled + maker.canceled == maker.quantity:
        book.remove(maker)
        register.end(maker, FILLED, "", at)
    elif maker.shown == 0:
        book.requeue(maker)
    else:
        book.changes.append((book.symbol, CHANGED, maker.order_id, maker.side, price, maker.shown))
    if quantity == wanted:
        register.end(taker, FILLED, "", at)


def meet_own(book: Book, taker: Order, maker: Order, register: Register, at: int, events: list[Event]) -> None:
    """Prevent a self-trade in the way that the taker asked for."""
    mode = taker.command.self_trade
    if mode == DECREMENT:
        decrement(book, taker, maker, register, at, events)
        return
    if mode in (CANCEL_OLDEST, CANCEL_BOTH):
        book.remove(maker)
        cancel(maker, "self_trade", register, at, events)
    if mode in (CANCEL_NEWEST, CANCEL_BOTH):
        cancel(taker, "self_trade", register, at, events)


def decrement(book: Book, taker: Order, maker: Order, register: Register, at: int, events: list[Event]) -> None:
    """Take the smaller open quantity off both orders; of a resting iceberg the reserve goes first."""
    quantity = min(maker.open_quantity, taker.open_quantity)
    for order in (maker, taker):
        if order.open_quantity == quantity:
            if order is maker:
                book.remove(maker)
            cancel(order, "self_trade", register, at, events)
            continue
        order.canceled += quantity
        order.holding.count(order.side, -quantity)
        order.updated = at
        if order is maker:
            book.show(maker, min(maker.shown, maker.open_quantity))
        events.append(amended(order, "self_trade"))


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
    )


def cancel(order: Order, reason: str, register: Register, at: int, events: list[Event]) -> None:
    """End an order that is not in the book (any more) by somebody's decision."""
    rest = register.end(order, CANCELED, reason, at)
    events.append(Canceled(order.order_id, order.account, rest, reason))


def expire(order: Order, reason: str, register: Register, at: int, events: list[Event]) -> None:
    """End an order that is not in the book (any more) by a rule."""
    rest = register.end(order, EXPIRED, reason, at)
    events.append(Expired(order.order_id, order.account, rest, reason))
