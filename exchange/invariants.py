"""Invariants of docs/rules.md, "Always true", checked in a market between two commands.

A check reads everything and changes nothing; its cost grows with all orders and levels. Quantities as in `units`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.terms import BOTH_SIDES, BUY, PENDING_TRIGGER, SELL, SIDE_NAMES, is_open

if TYPE_CHECKING:
    from exchange.book.book import Book
    from exchange.book.book_side import BookSide
    from exchange.book.holding import Holding
    from exchange.book.order import Order
    from exchange.market import Market


def first_broken(market: Market) -> str:
    """The first invariant that does not hold, as a sentence; "" if all hold."""
    for book in market.books.values():
        broken = broken_in_book(book)
        if broken:
            return broken
    for order in market.orders.values():
        broken = broken_in_order(order)
        if broken:
            return broken
    for order in market.past_orders():
        broken = broken_in_order(order)
        if broken:
            return broken
    return broken_in_accounts(market)


def broken_in_book(book: Book) -> str:
    """The fault of a book, "" if none: crossed where orders are matched, or a broken side."""
    bid, ask = book.sides[BUY].best, book.sides[SELL].best
    if book.is_trading() and 0 < ask <= bid:
        return f"{book.symbol} is crossed: best bid {bid}, best ask {ask}"
    for side in range(BOTH_SIDES):
        broken = broken_in_side(book.sides[side], side)
        if broken:
            return f"{book.symbol}: {broken}"
    return ""


def broken_in_side(half: BookSide, side: int) -> str:
    """The fault of one side, "" if none: levels out of order, or totals that differ from the queue."""
    prices = [price for price, _ in half.depth(0)]
    if prices != sorted(half.levels, reverse=side == BUY) or half.best != (prices[0] if prices else 0):
        return f"its {SIDE_NAMES[side]} levels are out of order"
    if half.top is not half.levels.get(half.best):
        return f"the level {half.best} is its best {SIDE_NAMES[side]} price and not on top"
    for price, level in half.levels.items():
        orders = level.orders()
        if not orders:
            return f"the level {price} is empty"
        if level.displayed != sum([order.shown for order in orders]):
            return f"the level {price} displays {level.displayed}, which is not the sum of its orders"
        if level.reserve != sum([order.reserve for order in orders]):
            return f"the level {price} hides {level.reserve}, which is not the sum of its orders"
        for order in orders:
            if order.price != price or order.side != side or not is_open(order.status):
                return f"order {order.order_id} does not belong to the level {price}"
    return ""


def broken_in_order(order: Order) -> str:
    """The fault of an order, "" if none: parts do not sum to its quantity, or its place denies its status."""
    what = f"order {order.order_id}"
    parts = (order.filled, order.open_quantity, order.canceled)
    if sum(parts) != order.quantity:
        return f"{what} has filled, open and canceled {parts}, which is not its quantity {order.quantity}"
    if min(parts) < 0:
        return f"{what} has a part below nothing"
    if order.status == PENDING_TRIGGER or not is_open(order.status):
        return "" if order.level is None else f"{what} is in the book and not open"
    if order.level is None:
        return "" if order.order_id in order.book.waiting else f"{what} is open and rests nowhere"
    if order.price == 0 and order.book.is_trading():
        return f"{what} rests at no price where orders are matched"
    if order.shown + order.reserve != order.open_quantity or (order.shown > 0) != (order.price > 0):
        return f"{what} shows {order.shown} and hides {order.reserve} of {order.open_quantity}"
    return ""


def broken_in_accounts(market: Market) -> str:
    """The fault of the accounts, "" if none: an instrument whose sums are not zero, or open quantities miscounted."""
    totals: dict[str, list[int]] = {}
    for positions in market.accounts.positions.values():
        for symbol, position in positions.items():
            total = totals.setdefault(symbol, [0, 0, 0])
            total[0] += position.quantity
            total[1] += position.cash
            total[2] += position.fees
    for symbol, total in totals.items():
        if total != [0, 0, 0]:
            return f"{symbol}: over all accounts quantity, cash and fees are {total}"
    for book in market.books.values():
        for account, holding in book.holdings.items():
            broken = broken_in_holding(holding)
            if broken:
                return f"{book.symbol}, {account}: {broken}"
    return ""


def broken_in_holding(holding: Holding) -> str:
    """The fault of a holding, "" if none: open quantities are not those of its orders."""
    for side in range(BOTH_SIDES):
        open_quantity = sum([order.open_quantity for order in holding.open if order.side == side])
        if holding.open_quantity(side) != open_quantity:
            return f"its {SIDE_NAMES[side]} orders are open for {open_quantity}, not {holding.open_quantity(side)}"
    return ""
