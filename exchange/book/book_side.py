"""Side of an order book: its price levels, best first.

Always true: `keys` and `levels` hold the same prices; `best` is the price of the last key, 0 when there is none, and
`top` its level. Finding the best level is O(1), and so is a level by its price; adding or dropping a level costs
O(log levels) and a move of pointers.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from exchange.book.level import Level
from exchange.terms import BUY

if TYPE_CHECKING:
    from exchange.book.order import Order


class BookSide:
    """The bids or the asks.

    `keys` holds the levels' prices, sorted so that the best is last (an ask's key is its price negated): most
    changes happen near the best price, and a sorted list inserts and removes cheaply at its end.
    """

    __slots__ = ("best", "keys", "levels", "sign", "top")

    def __init__(self, side: int) -> None:
        self.sign = 1 if side == BUY else -1
        self.best = 0
        self.top: Level | None = None
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}

    def level_at(self, price: int) -> Level:
        """The level at a price, made if there is none."""
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = Level(price)
            key = price * self.sign
            keys = self.keys
            if not keys or key > keys[-1]:
                keys.append(key)
                self.best = price
                self.top = level
            else:
                keys.insert(bisect_left(keys, key), key)
        return level

    def drop(self, level: Level) -> None:
        """Remove a level that has become empty."""
        # Each change of a queue changes the level's sums by as much, so an error in any change is left over here.
        assert level.displayed == level.reserve == 0, "an empty level neither displays nor hides anything"
        price = level.price
        del self.levels[price]
        keys = self.keys
        if price == self.best:
            keys.pop()
            if keys:
                self.best = keys[-1] * self.sign
                self.top = self.levels[self.best]
            else:
                self.best = 0
                self.top = None
        else:
            del keys[bisect_left(keys, price * self.sign)]

    def depth(self, count: int) -> list[tuple[int, int]]:
        """The best `count` levels as (price, displayed quantity), best first; all of them for 0."""
        chosen = self.keys[-count:] if count else self.keys
        sign = self.sign
        levels = self.levels
        return [(key * sign, levels[key * sign].displayed) for key in reversed(chosen)]

    def total_at(self, price: int) -> int:
        """The open quantity at a price, hidden reserve included; 0 without a level."""
        level = self.levels.get(price)
        return 0 if level is None else level.displayed + level.reserve

    def above(self, price: int) -> int:
        """The lowest price above `price` at which something rests, 0 if there is none."""
        keys = self.keys
        if self.sign > 0:
            place = bisect_right(keys, price)
            return keys[place] if place < len(keys) else 0
        place = bisect_left(keys, -price)
        return -keys[place - 1] if place else 0

    def below(self, price: int) -> int:
        """The highest price below `price` at which something rests, 0 if there is none."""
        keys = self.keys
        if self.sign > 0:
            place = bisect_left(keys, price)
            return keys[place - 1] if place else 0
        place = bisect_right(keys, -price)
        return -keys[place] if place < len(keys) else 0

    def displayed_at(self, price: int) -> int:
        """The displayed quantity at a price; 0 without a level."""
        level = self.levels.get(price)
        return 0 if level is None else level.displayed

    def orders(self) -> list[Order]:
        """Every resting limit order, first to trade first."""
        found: list[Order] = []
        for key in reversed(self.keys):
            found.extend(self.levels[key * self.sign].orders())
        return found
