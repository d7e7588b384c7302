"""Dry run: how an order would meet the book, found by walking the queues as `sweep` does, and changing nothing.

The walk stops where the answer is known: when the order is done, blocked or at a band, or when it would make more
trades than allowed. Source: docs/rules.md, "Continuous trading" 3, 11, "Bands".
"""

from __future__ import annotations

from collections import deque

from exchange.book.bands import is_beyond
from exchange.book.book import Book
from exchange.book.level import Level
from exchange.book.order import Order
from exchange.terms import BUY, CANCEL_OLDEST, DECREMENT


class Trial:
    """The result of a dry run of one order.

    wanted: the quantity that would still be open. trades: their number; `exceeds` if that would be above `trades_max`.
    banded: the order would trade beyond a band. blocked: self-trade prevention would end it. reduced: an own order was
    on the way and would reduce it.
    """

    __slots__ = ("banded", "blocked", "exceeds", "high", "low", "reduced", "taker", "trades", "trades_max", "wanted")

    def __init__(self, book: Book, taker: Order, trades_max: int, low: int, high: int) -> None:
        self.taker = taker
        self.wanted = taker.open_quantity
        self.low = low
        self.high = high
        self.trades = 0
        self.trades_max = trades_max
        self.exceeds = False
        self.banded = False
        self.blocked = False
        self.reduced = False
        self.walk(book)

    def fills(self) -> bool:
        """Whether the order would fill wholly within `trades_max`, and no own order would reduce it."""
        return self.wanted == 0 and not self.reduced

    def is_over(self) -> bool:
        """Whether the walk stops here."""
        return self.wanted == 0 or self.blocked or self.banded or self.exceeds

    def walk(self, book: Book) -> None:
        """Walk the levels that the order may trade with, best first."""
        taker = self.taker
        half = book.sides[1 - taker.side]
        for key in reversed(half.keys):
            price = key * half.sign
            if taker.price and (price > taker.price if taker.side == BUY else price < taker.price):
                return
            self.walk_level(half.levels[price])
            if self.is_over():
                return

    def walk_level(self, level: Level) -> None:
        """Walk one level's queue, first to last."""
        banded = is_beyond(level.price, self.low, self.high)
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
            if order.account == self.taker.account:
                self.meet_own(rest)
            elif banded:
                self.banded = True
            elif self.trades == self.trades_max:
                self.exceeds = True
            else:
                self.trades += 1
                self.wanted -= min(shown, self.wanted)
                if rest > shown:
                    behind.append((order, rest - shown))
            if self.is_over():
                return

    def meet_own(self, rest: int) -> None:
        """Meet an order of the same account, of which `rest` is open."""
        mode = self.taker.command.self_trade
        if mode == DECREMENT:
            self.reduced = True
            self.wanted -= min(rest, self.wanted)
        elif mode != CANCEL_OLDEST:
            self.blocked = True
