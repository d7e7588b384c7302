"""The price at which most would trade, and the uncross: everything that can trade does, at that one price.

Candidates are the limit prices in the book: (1) the most volume, (2) the least surplus, (3) all with a bid surplus: the
highest, all with an ask surplus: the lowest, (4) otherwise the highest with a bid surplus and the lowest with an ask
surplus (or of those without, the highest and the lowest), between which the reference price decides. Icebergs count in
full. Source: RULES.md, "Uncross"; Xetra market model 13.1.1.

No candidate but a few has to be looked at. Both sides, sorted market first, then by price, are paired until they no
longer cross: that is the most volume. Where it stops there is on each side a last price that was reached, and a next
one with something left over. A price trades the most volume if it lies between the two that were reached. From the next
bid down there is a bid surplus, which grows; from the next ask up an ask surplus, which grows; between them none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.order import BOTH_SIDES, BUY, CROSSED, FILLED, SELL, Order
from exchange.settlement import settle

if TYPE_CHECKING:
    from exchange.book import Book
    from exchange.events import Event
    from exchange.register import Register


class Indication:
    """What an uncross would give now, price 0 for nothing. The imbalance is absolute; without one its side is both."""

    __slots__ = ("imbalance", "imbalance_side", "paired_quantity", "price")

    def __init__(self, price: int, paired_quantity: int, imbalance: int, imbalance_side: int) -> None:
        self.price = price
        self.paired_quantity = paired_quantity
        self.imbalance = imbalance
        self.imbalance_side = imbalance_side if imbalance else BOTH_SIDES


class Ladder:
    """One side in the order in which it trades: market orders, then limit orders level by level.

    price: of the step at hand, 0 for market orders. left: what of it is not paired yet, 0 when all steps are.
    reached: the price of the last one that was paired, 0 for market orders or none.
    """

    __slots__ = ("half", "left", "place", "price", "reached")

    def __init__(self, book: Book, side: int) -> None:
        self.half = book.sides[side]
        self.place = len(self.half.keys)
        self.price = 0
        self.left = book.markets[side].reserve
        self.reached = 0
        if self.left == 0:
            self.step()

    def step(self) -> None:
        """Go to the next price."""
        if self.place > 0:
            self.place -= 1
            self.price = self.half.keys[self.place] * self.half.sign
            level = self.half.levels[self.price]
            self.left = level.displayed + level.reserve

    def take(self, quantity: int) -> None:
        """Pair so much of what is left at this price."""
        self.reached = self.price
        self.left -= quantity
        if self.left == 0:
            self.step()

    def has_market_left(self) -> bool:
        """Whether market orders are left over."""
        return self.left > 0 and self.price == 0

    def next_price(self) -> int:
        """The limit price of what is left over, 0 if nothing is."""
        return self.price if self.left else 0


def indication(book: Book) -> Indication:
    """What an uncross would give now; found once for each change of the book."""
    found = book.indicated
    if found is None:
        found = book.indicated = find(book)
    return found


def find(book: Book) -> Indication:
    """What an uncross would give: the price by the rules above."""
    bids, asks = Ladder(book, BUY), Ladder(book, SELL)
    paired = 0
    while bids.left and asks.left and (bids.price == 0 or asks.price == 0 or bids.price >= asks.price):
        quantity = min(bids.left, asks.left)
        paired += quantity
        bids.take(quantity)
        asks.take(quantity)
    if paired == 0:
        return Indication(0, 0, 0, BOTH_SIDES)
    if bids.has_market_left():
        return beside_market(book, paired, bids, max(asks.reached, book.sides[BUY].best), BUY)
    if asks.has_market_left():
        lowest = [price for price in (bids.reached, book.sides[SELL].best) if price]
        return beside_market(book, paired, asks, min(lowest, default=0), SELL)
    return between_limits(book, paired, bids, asks)


def beside_market(book: Book, paired: int, surplus: Ladder, price: int, side: int) -> Indication:
    """Market orders of one side are left over: every price has their surplus, the least is at the outermost one."""
    if price == 0:
        return at_reference(book, paired, surplus.left, side)
    level = book.sides[side].levels.get(price)
    beside = 0 if level is None else level.displayed + level.reserve
    return Indication(price, paired, surplus.left + beside, side)


def at_reference(book: Book, paired: int, imbalance: int, side: int) -> Indication:
    """Only market orders meet: they do at the reference price, without one they do not."""
    price = book.reference_price()
    return Indication(price, paired, imbalance, side) if price else Indication(0, 0, 0, BOTH_SIDES)


def between_limits(book: Book, paired: int, bids: Ladder, asks: Ladder) -> Indication:
    """No market order is left over: the surplus, if there is one, is of limit orders."""
    bid, ask = bids.next_price(), asks.next_price()
    even = [price for price in (bids.reached, asks.reached) if price > bid and (ask == 0 or price < ask) and price > 0]
    if even:
        price = nearest(min(even), max(even), book.reference_price())
        return Indication(price, paired, 0, BOTH_SIDES)
    # Either surplus counts only at a price that was reached by the other side too.
    bid_surplus = bids.left if bid >= asks.reached else 0
    ask_surplus = asks.left if bids.reached == 0 or ask <= bids.reached else 0
    if bid_surplus == 0 and ask_surplus == 0:
        return at_reference(book, paired, 0, BOTH_SIDES)
    price = bid
    if bid_surplus == ask_surplus:
        price = nearest(bid, ask, book.reference_price())
    elif bid_surplus == 0 or 0 < ask_surplus < bid_surplus:
        price = ask
    return Indication(price, paired, bids.left if price == bid else asks.left, BUY if price == bid else SELL)


def nearest(low: int, high: int, reference: int) -> int:
    """Of two prices the one nearer to the reference price; the higher if both are as near, or if there is none."""
    return low if reference and reference - low < high - reference else high


def uncross(book: Book, register: Register, at: int, events: list[Event]) -> None:
    """Let everything trade that can, first with first, at one price; without one nothing does."""
    found = find(book)
    if found.price == 0:
        return
    left = found.paired_quantity
    while left:
        buy, sell = first(book, BUY), first(book, SELL)
        quantity = min(left, buy.open_quantity, sell.open_quantity)
        settle(book, sell, buy, found.price, quantity, CROSSED, at, events)
        left -= quantity
        for order in (buy, sell):
            if order.open_quantity:
                # An iceberg shows a whole part again, and unlike in continuous trading it keeps its time.
                book.show(order, order.tranche() if order.price else 0)
            else:
                book.remove(order)
                register.end(order, FILLED, "", at)
    book.auction_price = book.previous_price = found.price


def first(book: Book, side: int) -> Order:
    """The order of a side that trades first."""
    order = book.markets[side].first
    if order is None:
        half = book.sides[side]
        order = half.levels[half.best].first
    assert order is not None, "more was paired than there is"
    return order
