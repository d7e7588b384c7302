"""Balance of a call: demand and supply at one price, from which the indicated price is found change by change.

An order that joins or leaves the book changes demand or supply by its quantity, so the next uncross price is found from
the last one in a step or two instead of from the whole book. The rules that choose the price are in
`matching/auction.py`. Quantities as in `units`.
"""

from __future__ import annotations

from exchange.book.book_side import BookSide
from exchange.book.level import Level
from exchange.terms import BOTH_SIDES, BUY, SELL

Sides = tuple[BookSide, BookSide]
"""The bid side and the ask side of a book."""


class Indication:
    """The result of an uncross now, price 0 for none. The imbalance is absolute; its side is both when it is 0."""

    __slots__ = ("imbalance", "imbalance_side", "paired_quantity", "price")

    def __init__(self, price: int, paired_quantity: int, imbalance: int, imbalance_side: int) -> None:
        self.price = price
        self.paired_quantity = paired_quantity
        self.imbalance = imbalance
        self.imbalance_side = imbalance_side if imbalance else BOTH_SIDES


class Balance:
    """The quantity that would buy at `price` or above, and sell at `price` or below, market orders included.

    `price` may be any price: it follows the answer, by a step or two at each change. `sides` are the book's.
    """

    __slots__ = ("demand", "price", "sides", "supply")

    def __init__(self, sides: Sides, markets: tuple[Level, Level]) -> None:
        self.sides = sides
        bids, asks = sides
        self.price = bids.best
        self.demand = markets[BUY].reserve + bids.total_at(self.price)
        self.supply = markets[SELL].reserve
        ask = asks.best
        while 0 < ask <= self.price:
            self.supply += asks.total_at(ask)
            ask = asks.above(ask)

    def add(self, side: int, price: int, quantity: int) -> None:
        """Add a resting quantity, negative to remove it, at a price, 0 for market orders."""
        if side == BUY:
            if price == 0 or price >= self.price:
                self.demand += quantity
        elif price <= self.price:
            self.supply += quantity

    def seek(self) -> None:
        """Move to the highest candidate whose demand is not below its supply; below all candidates if there is none."""
        while self.demand >= self.supply and self.step_up():
            pass
        while self.demand < self.supply and self.step_down():
            pass
        if not (self.sides[BUY].total_at(self.price) or self.sides[SELL].total_at(self.price)):
            self.step_down()  # Nothing rests here any more: no candidate.

    def step_up(self) -> bool:
        """Move to the next candidate above, if there is one."""
        price = above(self.sides, self.price)
        if price == 0:
            return False
        self.demand -= self.sides[BUY].total_at(self.price)
        self.supply += self.sides[SELL].total_at(price)
        self.price = price
        return True

    def step_down(self) -> bool:
        """Move to the next candidate below, or below all candidates; False if the price is there already."""
        if self.price == 0:
            return False
        price = below(self.sides, self.price)
        self.supply -= self.sides[SELL].total_at(self.price)
        self.demand += self.sides[BUY].total_at(price)
        self.price = price
        return True


def above(sides: Sides, price: int) -> int:
    """The next limit price in the book above a price, 0 if there is none."""
    bid, ask = sides[BUY].above(price), sides[SELL].above(price)
    return min(bid, ask) if bid and ask else bid or ask


def below(sides: Sides, price: int) -> int:
    """The next limit price in the book below a price, 0 if there is none."""
    return max(sides[BUY].below(price), sides[SELL].below(price))
