"""Level: all orders that rest at one price on one side, first to trade first.

Always true: `displayed` is the sum of `shown` over the queue, `reserve` the sum of what the orders hide. Appending,
removing and reading the first are O(1): the queue is a list linked through the orders themselves, so an order leaves
from the middle without a search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exchange.book.order import Order


class Level:
    """A price and its queue, oldest first. Market orders that wait for an uncross queue at price 0."""

    __slots__ = ("displayed", "first", "last", "price", "reserve")

    def __init__(self, price: int) -> None:
        self.price = price
        self.displayed = 0
        self.reserve = 0
        self.first: Order | None = None
        self.last: Order | None = None

    def append(self, order: Order) -> None:
        """Add an order behind all others, displaying its `shown`."""
        order.level = self
        order.older = last = self.last
        order.newer = None
        if last is None:
            self.first = order
        else:
            last.newer = order
        self.last = order
        self.displayed += order.shown
        self.reserve += order.reserve

    def remove(self, order: Order) -> None:
        """Remove an order, wherever it stands in the queue."""
        older = order.older
        newer = order.newer
        if older is None:
            self.first = newer
        else:
            older.newer = newer
        if newer is None:
            self.last = older
        else:
            newer.older = older
        self.displayed -= order.shown
        self.reserve -= order.reserve
        order.level = None
        order.older = None
        order.newer = None

    def orders(self) -> list[Order]:
        """The queue as a list, oldest first."""
        found: list[Order] = []
        order = self.first
        while order is not None:
            found.append(order)
            order = order.newer
        return found
