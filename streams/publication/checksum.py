"""Checksum of a book, with which clients compare their own (docs/protocol.md, channel `book`).

CRC32, unsigned, over the LEVELS best levels, asks then bids, best first: price and quantity as printed, without the
point and without leading zeros; 0 for an empty book. Only changed levels are printed again, unless the ten best become
others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

from exchange.terms import BUY, SELL
from streams.publication.rendering import PRINTED_NUMBERS_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exchange.book.book import Book
    from exchange.book.book_side import BookSide
    from streams.publication.rendering import PrintedNumbers, Printer

LEVELS: Final = 10


class Digits(dict[int, str]):
    """Numbers as they enter the checksum, made at first use."""

    def __init__(self, printed: PrintedNumbers) -> None:
        super().__init__()
        self.printed = printed

    def __missing__(self, units: int) -> str:
        if len(self) >= PRINTED_NUMBERS_MAX:
            self.clear()
        text = self[units] = self.printed[units].strip('"').replace(".", "").lstrip("0")
        return text


class TopOfSide:
    """The best levels of one side, as they enter the checksum: their prices, best first, and their texts.

    stale: the levels must be read anew, because some have come or gone among them.
    """

    def __init__(self, side: BookSide, sign: int, printer: Printer) -> None:
        self.side = side
        self.sign = sign
        self.price_digits = Digits(printer.price)
        self.quantity_digits = Digits(printer.quantity)
        self.prices: list[int] = []
        self.texts: list[str] = []
        self.printed = b""
        self.stale = True

    def touch(self, prices: Sequence[int]) -> None:
        """Record that levels at these prices have changed."""
        for price in prices:
            if self.stale:
                return
            quantity = self.side.displayed_at(price)
            if price in self.prices:
                self.stale = quantity == 0
                self.texts[self.prices.index(price)] = self.print_level(price, quantity)
                self.printed = b""
            elif quantity:
                self.stale = len(self.prices) < LEVELS or price * self.sign > self.prices[-1] * self.sign

    def print_level(self, price: int, quantity: int) -> str:
        """One level's part of the checksum."""
        return self.price_digits[price] + self.quantity_digits[quantity]

    def print(self) -> bytes:
        """The side's part of the checksum."""
        if self.stale:
            depth = self.side.depth(LEVELS)
            self.prices = [price for price, _ in depth]
            self.texts = [self.print_level(price, quantity) for price, quantity in depth]
            self.stale = False
            self.printed = b""
        if not self.printed:
            self.printed = "".join(self.texts).encode()
        return self.printed


class Checksum:
    """The checksum of one book, whose numbers `printer` prints."""

    def __init__(self, book: Book, printer: Printer) -> None:
        self.bids = TopOfSide(book.sides[BUY], 1, printer)
        self.asks = TopOfSide(book.sides[SELL], -1, printer)

    def touch(self, bids: Sequence[int], asks: Sequence[int]) -> None:
        """Record that levels at these prices have changed."""
        self.bids.touch(bids)
        self.asks.touch(asks)

    def forget(self) -> None:
        """Record that any level may have changed."""
        self.bids.stale = self.asks.stale = True

    def value(self) -> int:
        """The checksum of the book as it is now."""
        return crc32(self.bids.print(), crc32(self.asks.print()))
