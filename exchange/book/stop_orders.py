"""Stop orders of one book: those that wait unseen, and which of them a trade triggers.

A buy is triggered when the last trade is at its stop price or above, a sell at its stop price or below. All whose
condition holds are triggered, by stop price in the direction of travel, then time (`matching/triggering.py`).
Source: docs/rules.md, "Continuous trading" 6.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final

from exchange.book.order import Order
from exchange.terms import BUY
from exchange.units import NEVER

NO_SELL: Final = -1
"""In place of the highest stop price of sells, if there is none: below every trade's price."""

Entry = tuple[int, int, Order]
"""Stop price, negated for buys, and stamp, negated: sorted so that the next order to be triggered is last."""


class Stops:
    """Two sorted lists. `lowest_buy` and `highest_sell`, the stop prices met first, are all that a trade checks."""

    __slots__ = ("highest_sell", "lowest_buy", "queues")

    def __init__(self) -> None:
        self.lowest_buy: int = NEVER
        self.highest_sell: int = NO_SELL
        self.queues: tuple[list[Entry], list[Entry]] = ([], [])

    def add(self, order: Order) -> None:
        """Add an order, at the place that its stamp gives it."""
        insort(self.queues[order.side], entry_of(order))
        self.look()

    def remove(self, order: Order) -> None:
        """Remove an order that waits."""
        queue = self.queues[order.side]
        place = bisect_left(queue, entry_of(order))
        assert queue[place][2] is order, "only a stop that waits can be taken out"
        del queue[place]
        self.look()

    def look(self) -> None:
        """Refresh `lowest_buy` and `highest_sell`."""
        buys, sells = self.queues
        self.lowest_buy = buys[-1][2].stop_price if buys else NEVER
        self.highest_sell = sells[-1][2].stop_price if sells else NO_SELL

    def meets(self, price: int) -> bool:
        """Whether a trade at `price` triggers any order; 0 is no trade."""
        return price > 0 and (price >= self.lowest_buy or price <= self.highest_sell)

    def take(self, price: int, first: int) -> list[Order]:
        """Remove and return all orders that a trade at `price` triggers, those of the side `first` first."""
        taken: list[Order] = []
        for side in (first, 1 - first):
            queue = self.queues[side]
            while queue and is_met(side, queue[-1][2].stop_price, price):
                taken.append(queue.pop()[2])
        self.look()
        return taken

    def orders(self) -> list[Order]:
        """All waiting orders, buys first, the next to be triggered first."""
        return [entry[2] for queue in self.queues for entry in reversed(queue)]


def entry_of(order: Order) -> Entry:
    """The sorted entry of an order in its queue."""
    turned = -order.stop_price if order.side == BUY else order.stop_price
    return (turned, -order.stamp, order)


def is_met(side: int, stop_price: int, price: int) -> bool:
    """Whether a trade at `price` triggers a stop."""
    return price >= stop_price if side == BUY else price <= stop_price
