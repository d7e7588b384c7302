"""Depth: the levels of one instrument as the gateway mirrors them, and the windows of them that subscribers see.

Rules: prices and quantities stay the text that the exchange printed; a side is sorted by price, best first;
the checksum is that of docs/protocol.md, "`book`, and how to keep it right".
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final
from zlib import crc32

from exchange.units import from_text

if TYPE_CHECKING:
    from collections.abc import Iterable

CHECKSUM_LEVELS: Final = 10

PrintedLevel = tuple[str, str]
"""Price and quantity, printed."""


class Half:
    """One side's levels. `keys` are the prices in units, sorted so that the best comes first: bids negated."""

    __slots__ = ("_sign", "digits", "keys", "levels")

    def __init__(self, *, bids: bool) -> None:
        self._sign = -1 if bids else 1
        self.keys: list[int] = []
        self.levels: list[PrintedLevel] = []
        self.digits: list[bytes] = []

    def put(self, price: str, quantity: str) -> None:
        """Set the total at a price; a zero removes the level."""
        key = self._sign * from_text(price)
        keys = self.keys
        place = bisect_left(keys, key)
        known = place < len(keys) and keys[place] == key
        if is_zero(quantity):
            if known:
                del keys[place], self.levels[place], self.digits[place]
        elif known:
            self.levels[place] = (price, quantity)
            self.digits[place] = digits_of(price, quantity)
        else:
            keys.insert(place, key)
            self.levels.insert(place, (price, quantity))
            self.digits.insert(place, digits_of(price, quantity))

    def quantity_at(self, price: str) -> str:
        """The total at a price, "" for none."""
        key = self._sign * from_text(price)
        place = bisect_left(self.keys, key)
        found = place < len(self.keys) and self.keys[place] == key
        return self.levels[place][1] if found else ""

    def top(self, depth: int) -> list[PrintedLevel]:
        """The best `depth` levels, with 0 all of them."""
        return self.levels[:depth] if depth else list(self.levels)


class Depth:
    """Both sides of one instrument."""

    def __init__(self) -> None:
        self.bids = Half(bids=True)
        self.asks = Half(bids=False)

    def apply(self, bids: Iterable[PrintedLevel], asks: Iterable[PrintedLevel]) -> None:
        """Apply the changed levels of an update, or all levels of a snapshot."""
        for price, quantity in bids:
            self.bids.put(price, quantity)
        for price, quantity in asks:
            self.asks.put(price, quantity)

    def checksum(self, depth: int = 0) -> int:
        """The checksum of what a window of `depth` shows: its ten best levels at most."""
        levels = min(depth, CHECKSUM_LEVELS) if depth else CHECKSUM_LEVELS
        return crc32(b"".join(self.asks.digits[:levels]) + b"".join(self.bids.digits[:levels]))


def digits_of(price: str, quantity: str) -> bytes:
    """A level's part of the checksum: both numbers without point and leading zeros."""
    return (price.replace(".", "").lstrip("0") + quantity.replace(".", "").lstrip("0")).encode()


def is_zero(quantity: str) -> bool:
    """Whether a printed quantity is zero."""
    return not quantity.strip("0.")


def zero_like(quantity: str) -> str:
    """Zero, printed with the decimals of another quantity."""
    _, point, decimals = quantity.partition(".")
    return "0" + point + "0" * len(decimals)


def changes(before: list[PrintedLevel], after: list[PrintedLevel]) -> list[PrintedLevel]:
    """The levels that turn one window of a side into another: removed with zero, new and changed as they are."""
    if before == after:
        return []
    known, wanted = dict(before), dict(after)
    gone = [(price, zero_like(quantity)) for price, quantity in before if price not in wanted]
    return gone + [(price, quantity) for price, quantity in after if known.get(price) != quantity]
