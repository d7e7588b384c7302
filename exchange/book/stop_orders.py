"""The stop orders of one book that wait unseen, and which of them a trade triggers.

A buy is triggered when the last trade is at its stop price or above, a sell at it or below. All whose condition holds
are taken, in the order of stop price in the direction of travel, then time. What becomes of them is in `triggering`.
Source: RULES.md, "Continuous trading" 6.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final

from exchange.book.order import Order
from exchange.terms import BUY
from exchange.units import NEVER

NO_SELL: Final = -1
"""In place of the highest stop price of sells: no trade has a price so low."""

Entry = tuple[int, int, Order]
"""Sorted so that the next one to be triggered is last: stop price, turned for buys, and stamp, turned."""


class Stops:
    """Two sorted lists. `lowest_buy` and `highest_sell` are the stop prices that are met first: one look a trade."""

    __slots__ = ("highest_sell", "lowest_buy", "queues")

    def __init__(self) -> None:
        self.lowest_buy: int = NEVER
        self.highest_sell: int = NO_SELL
        self.queues: tuple[list[Entry], list[Entry]] = ([], [])

    def add(self, order: Order) -> None:
        """Let an order wait, at the time that its stamp says."""
        insort(self.queues[order.side], entry_of(order))
        self.look()

    def remove(self, order: Order) -> None:
        """Let an order wait no longer."""
        queue = self.queues[order.side]
        place = bisect_left(queue, entry_of(order))
        assert queue[place][2] is order, "only a stop that waits can be taken out"
        del queue[place]
        self.look()

    def look(self) -> None:
        """Find the prices that are met first."""
        buys, sells = self.queues
        self.lowest_buy = buys[-1][2].stop_price if buys else NEVER
        self.highest_sell = sells[-1][2].stop_price if sells else NO_SELL

    def meets(self, price: int) -> bool:
        """Whether a trade at `price` triggers any; 0 is no trade."""
        return price > 0 and (price >= self.lowest_buy or price <= self.highest_sell)

    def take(self, price: int, first: int) -> list[Order]:
        """Take all that a trade at `price` triggers, those of the side `first` before the others."""
        taken: list[Order] = []
        for side in (first, 1 - first):
            queue = self.queues[side]
            while queue and is_met(side, queue[-1][2].stop_price, price):
                taken.append(queue.pop()[2])
        self.look()
        return taken

    def orders(self) -> list[Order]:
        """All that wait, buys first, the next to be triggered first."""
        return [entry[2] for queue in self.queues for entry in reversed(queue)]


def entry_of(order: Order) -> Entry:
    """Where an order stands in its queue."""
    turned = -order.stop_price if order.side == BUY else order.stop_price
    return (turned, -order.stamp, order)


def is_met(side: int, stop_price: int, price: int) -> bool:
    """Whether a trade at `price` triggers a stop."""
    return price >= stop_price if side == BUY else price <= stop_price
