"""Auction: the price at which most would trade, and the uncross: all that can trade does, at that one price.

Candidates are the limit prices in the book: (1) the most volume, (2) the least surplus, (3) all with a bid surplus: the
highest, all with an ask surplus: the lowest, (4) otherwise the highest with a bid surplus and the lowest with an ask
surplus (or of those without, the highest and the lowest), between which the reference price decides. Icebergs count in
full. Source: docs/rules.md, "Uncross"; Xetra market model 13.1.1.

From each candidate to the next higher one, demand (buys at that price or above) only shrinks and supply (sells at that
price or below) only grows. So the answer is one of two candidates: the last one whose demand is not below its supply,
or the next. A call keeps the position of these two from one change of the book to the next (`book/balance.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.book.balance import Balance, Indication, above, below
from exchange.book.order import Order
from exchange.matching.settlement import settle
from exchange.terms import AUCTION, BOTH_SIDES, BUY, CROSSED, FILLED, SELL

if TYPE_CHECKING:
    from exchange.book.book import Book
    from exchange.market import Market


def indication(book: Book) -> Indication:
    """The result of an uncross now; in a call it is computed once for each change of the book."""
    if book.phase != AUCTION:
        return find(book, Balance(book.sides, book.markets))
    found = book.indicated
    if found is None:
        if book.balance is None:
            book.balance = Balance(book.sides, book.markets)
        found = book.indicated = find(book, book.balance)
    return found


def find(book: Book, balance: Balance) -> Indication:
    """The price by the rules above."""
    balance.seek()
    low, demand, supply = balance.price, balance.demand, balance.supply
    high = above(book.sides, low)
    if low == 0 and high == 0:
        return at_reference(book, demand, supply)
    # At `low` there is a bid surplus or none, at `high` an ask surplus.
    surplus_low = demand - supply
    demand_high = demand - book.sides[BUY].total_at(low)
    surplus_high = supply + book.sides[SELL].total_at(high) - demand_high
    if high and (low == 0 or demand_high > supply or (demand_high == supply and surplus_high < surplus_low)):
        return indicated(high, demand_high, surplus_high, SELL)
    if high == 0 or demand_high < supply or surplus_low < surplus_high:
        return indicated(nearest_even(book, low) if surplus_low == 0 else low, supply, surplus_low, BUY)
    if nearest(low, high, book.reference_price()) == low:
        return indicated(low, supply, surplus_low, BUY)
    return indicated(high, demand_high, surplus_high, SELL)


def indicated(price: int, volume: int, surplus: int, side: int) -> Indication:
    """The indication at a price; an empty one if nothing trades there."""
    return Indication(price, volume, surplus, side) if volume else Indication(0, 0, 0, BOTH_SIDES)


def at_reference(book: Book, demand: int, supply: int) -> Indication:
    """The indication of market orders alone: they meet at the reference price, or not at all."""
    price = book.reference_price()
    surplus = demand - supply
    return indicated(price, min(demand, supply) if price else 0, abs(surplus), BUY if surplus > 0 else SELL)


def nearest_even(book: Book, price: int) -> int:
    """Of all candidates without a surplus, of which `price` is the highest, the one nearest to the reference price.

    The next candidate below is another without a surplus if demand and supply are the same there.
    """
    lower = below(book.sides, price)
    if lower == 0 or book.sides[SELL].total_at(price) or book.sides[BUY].total_at(lower):
        return price
    return nearest(lower, price, book.reference_price())


def nearest(low: int, high: int, reference: int) -> int:
    """The nearer of two prices to the reference price; the higher if both are as near, or without a reference."""
    return low if reference and reference - low < high - reference else high


def uncross(market: Market, book: Book) -> None:
    """Trade all that can trade, first with first, at one price; without a price nothing."""
    found = indication(book)
    book.balance = None
    book.indicated = None
    if found.price == 0:
        return
    left = found.paired_quantity
    while left:
        buy, sell = first(book, BUY), first(book, SELL)
        quantity = min(left, buy.open_quantity, sell.open_quantity)
        settle(market, sell, buy, found.price, quantity, CROSSED)
        left -= quantity
        for order in (sell, buy):
            if order.open_quantity:
                # An iceberg shows a whole part again, and unlike in continuous trading the iceberg keeps its time.
                book.show(order, order.tranche() if order.price else 0)
            else:
                book.remove(order)
                market.register.end(order, FILLED, "", market.now)
    book.auction_price = book.previous_price = found.price


def first(book: Book, side: int) -> Order:
    """The order of a side that trades first."""
    order = book.markets[side].first
    if order is None:
        top = book.sides[side].top
        order = None if top is None else top.first
    assert order is not None, "more was paired than there is"
    return order
