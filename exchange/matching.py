"""How an incoming order meets the book: price, then displayed before hidden, then time.

Every trade prints at the resting order's price. Hidden reserve needs no rule of its own: when the shown part of an
iceberg is gone, its next part goes behind everything at that price. Source: RULES.md, "Continuous trading" 1–5, 8, 11.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from exchange.book import CHANGED, Book
from exchange.events import Amended, Canceled, Event, Expired, Traded
from exchange.level import Level
from exchange.order import (
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    CANCELED,
    DECREMENT,
    EXPIRED,
    FILLED,
    MAKER,
    PARTIALLY_FILLED,
    TAKER,
    Order,
)
from exchange.register import Register


def sweep(book: Book, taker: Order, register: Register, trades_max: int, at: int, events: list[Event]) -> None:
    """Match an incoming order until it is done, or nothing is left that it may trade with.

    It ends here when it is filled, when self-trade prevention ends it, or when it has made `trades_max` trades.
    """
    opposite = book.sides[1 - taker.side]
    trades = 0
    while taker.status <= PARTIALLY_FILLED:
        best = opposite.best
        if best == 0 or (taker.price and not book.crosses(taker.side, taker.price)):
            return
        level = opposite.levels[best]
        maker = level.first
        assert maker is not None, "a level in the book holds an order"
        if maker.account == taker.account:
            meet_own(book, taker, maker, register, at, events)
            continue
        if trades == trades_max:
            expire(taker, "too_many_fills", register, at, events)
            return
        trades += 1
        trade(book, level, taker, maker, register, at, events)


def trade(
    book: Book, level: Level, taker: Order, maker: Order, register: Register, at: int, events: list[Event]
) -> None:
    """Let two orders trade as much as the maker shows and the taker wants."""
    price = maker.price
    wanted = taker.quantity - taker.filled - taker.canceled
    quantity = maker.shown if maker.shown < wanted else wanted
    trade_id = book.last_trade_id = book.last_trade_id + 1
    book.last_price = price
    maker_open = fill(maker, trade_id, price, quantity, MAKER, at)
    taker_open = fill(taker, trade_id, price, quantity, TAKER, at)
    level.displayed -= quantity
    maker.shown -= quantity
    events.append(
        Traded(
            trade_id,
            book.symbol,
            price,
            quantity,
            taker.side,
            maker.order_id,
            maker.account,
            maker.filled,
            maker_open,
            0,
            taker.order_id,
            taker.account,
            taker.filled,
            taker_open,
            0,
        )
    )
    if maker_open == 0:
        book.remove(maker)
        register.end(maker, FILLED, "", at)
    elif maker.shown == 0:
        book.requeue(maker)
    else:
        book.changes.append((book.symbol, CHANGED, maker.order_id, maker.side, price, maker.shown))
    if taker_open == 0:
        register.end(taker, FILLED, "", at)


def fill(order: Order, trade_id: int, price: int, quantity: int, liquidity: int, at: int) -> int:
    """Book a trade to one of its orders; what is open of it then."""
    order.filled += quantity
    order.cost += price * quantity
    order.status = PARTIALLY_FILLED
    order.updated = at
    if order.fills is None:
        order.fills = []
    order.fills.append((trade_id, price, quantity, liquidity, 0, at))
    return order.quantity - order.filled - order.canceled


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
    rest = order.quantity - order.filled - order.canceled
    order.canceled += rest
    register.end(order, CANCELED, reason, at)
    events.append(Canceled(order.order_id, order.account, rest, reason))


def expire(order: Order, reason: str, register: Register, at: int, events: list[Event]) -> None:
    """End an order that is not in the book (any more) by a rule."""
    rest = order.quantity - order.filled - order.canceled
    order.canceled += rest
    register.end(order, EXPIRED, reason, at)
    events.append(Expired(order.order_id, order.account, rest, reason))


def can_fill(book: Book, taker: Order, trades_max: int) -> bool:
    """Whether a fill-or-kill order would trade wholly, executed under its own self-trade mode.

    It walks the queues as `sweep` would, touching nothing, and stops where the answer is known: after at most
    `trades_max` trades, having met each own order once.
    """
    opposite = book.sides[1 - taker.side]
    wanted = taker.quantity
    trades_left = trades_max
    for key in reversed(opposite.keys):
        price = key * opposite.sign
        if taker.price and (price > taker.price if opposite.sign < 0 else price < taker.price):
            return False
        taken, trades = walk(opposite.levels[price], taker, wanted, trades_left)
        if taken == wanted:
            return True
        if trades == BLOCKED:
            return False
        wanted -= taken
        trades_left -= trades
    return False


BLOCKED: Final = -1


def walk(level: Level, taker: Order, wanted: int, trades_max: int) -> tuple[int, int]:
    """How much of `wanted` a level would give in how many trades; the second is BLOCKED where the sweep would end."""
    taken = 0
    trades = 0
    # The parts that icebergs would show next stand behind all that are shown now.
    behind: deque[tuple[Order, int]] = deque()
    maker = level.first
    while maker is not None or behind:
        if maker is not None:
            order, rest, shown = maker, maker.open_quantity, maker.shown
            maker = maker.newer
        else:
            order, rest = behind.popleft()
            shown = min(rest, order.display_quantity)
        if order.account == taker.account:
            if taker.command.self_trade != CANCEL_OLDEST:
                return taken, BLOCKED
            continue
        if trades == trades_max:
            return taken, BLOCKED
        trades += 1
        if shown >= wanted - taken:
            return wanted, trades
        taken += shown
        if rest > shown:
            behind.append((order, rest - shown))
    return taken, trades
