"""Book: a local copy of one instrument's depth, kept up to date by the messages of the channel `book`. No I/O.

Always true: no level is empty; after every message the checksum of the top ten levels was the exchange's.
Prices and quantities are `Decimal`s with the decimals the exchange prints.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from decimal import Decimal
from typing import Any, NamedTuple
from zlib import crc32

from openbell.client.errors import OutOfStep
from openbell.client.sequence import Sequence

CHECKED_LEVELS = 10
"""The levels a side that the checksum covers (docs/protocol.md, "`book`, and how to keep it right")."""


class Level(NamedTuple):
    """A price and the quantity displayed at it."""

    price: Decimal
    quantity: Decimal


class BookSide:
    """The levels of one side, by price."""

    def __init__(self, *, best_is_highest: bool) -> None:
        self._best_is_highest = best_is_highest
        self._prices: list[Decimal] = []
        self._quantities: dict[Decimal, Decimal] = {}

    def replace(self, rows: list[list[str]]) -> None:
        """Replace all levels by these."""
        self._quantities = {Decimal(price): Decimal(quantity) for price, quantity in rows}
        self._prices = sorted(self._quantities)

    def update(self, rows: list[list[str]]) -> None:
        """Apply absolute quantities; zero removes the level."""
        for price_text, quantity_text in rows:
            price, quantity = Decimal(price_text), Decimal(quantity_text)
            if quantity:
                if price not in self._quantities:
                    insort(self._prices, price)
                self._quantities[price] = quantity
            elif self._quantities.pop(price, None) is not None:
                del self._prices[bisect_left(self._prices, price)]

    def levels(self, count: int = 0) -> list[Level]:
        """The best `count` levels, best first; 0 for all levels."""
        wanted = count or len(self._prices)
        prices = self._prices[: -wanted - 1 : -1] if self._best_is_highest else self._prices[:wanted]
        return [Level(price, self._quantities[price]) for price in prices]

    def quantity_at(self, price: Decimal) -> Decimal:
        """The quantity displayed at a price, zero for none."""
        return self._quantities.get(price, Decimal(0))

    @property
    def best(self) -> Level | None:
        """The best level."""
        if not self._prices:
            return None
        price = self._prices[-1 if self._best_is_highest else 0]
        return Level(price, self._quantities[price])


class Book:
    """The depth of one instrument.

    >>> book = Book("ACME")
    >>> book.apply({"type": "snapshot", "seq": 1, "bids": [["99.50", "3"]], "asks": [["100.00", "5"]]})
    True
    >>> book.apply({"type": "update", "seq": 4, "prev": 1, "bids": [["99.75", "1"]], "asks": []})
    True
    >>> book.best_bid, len(book.bids)
    (Level(price=Decimal('99.75'), quantity=Decimal('1')), 2)
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.journal = ""
        self._sequence = Sequence()
        self._bids = BookSide(best_is_highest=True)
        self._asks = BookSide(best_is_highest=False)

    @property
    def seq(self) -> int:
        """The number of the last message applied; -1 while a snapshot is awaited."""
        return self._sequence.seq

    @property
    def bids(self) -> list[Level]:
        """Every buying level, best first."""
        return self._bids.levels()

    @property
    def asks(self) -> list[Level]:
        """Every selling level, best first."""
        return self._asks.levels()

    @property
    def best_bid(self) -> Level | None:
        """The highest buying level."""
        return self._bids.best

    @property
    def best_ask(self) -> Level | None:
        """The lowest selling level."""
        return self._asks.best

    def apply(self, frame: dict[str, Any]) -> bool:
        """Apply a message of the channel; False if it is not new (a repeat, or one from before the snapshot).

        Raises:
            OutOfStep: it does not follow the last message, or the checksums differ; the book then waits for a snapshot.
        """
        if not self._sequence.admit(frame):
            return False
        change = BookSide.replace if frame["type"] == "snapshot" else BookSide.update
        change(self._bids, frame["bids"])
        change(self._asks, frame["asks"])
        self.journal = frame.get("journal") or self.journal
        if frame.get("checksum", self.checksum()) != self.checksum():
            self._sequence.await_snapshot()
            raise OutOfStep(f"the checksum after message {frame['seq']} differs")
        return True

    def await_snapshot(self) -> None:
        """Apply no update until a snapshot has come."""
        self._sequence.await_snapshot()

    def checksum(self) -> int:
        """CRC32 of the top ten levels, asks then bids, best first, numbers without point and leading zeros."""
        levels = self._asks.levels(CHECKED_LEVELS) + self._bids.levels(CHECKED_LEVELS)
        return crc32("".join(_digits(number) for level in levels for number in level).encode())


def _digits(number: Decimal) -> str:
    return f"{number:f}".replace(".", "").lstrip("0")
