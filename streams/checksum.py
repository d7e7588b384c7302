"""The checksum of a book that clients compare their own with (docs/protocol.md, channel `book`).

CRC32, unsigned, over the LEVELS best levels, asks then bids, best first: price and quantity as printed, without the
point and without leading zeros; 0 for an empty book. A side is printed again only when one of those levels changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

from exchange.order import BUY, SELL
from streams.rendering import PRINTED_NUMBERS_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exchange.book import Book, BookSide
    from streams.rendering import PrintedNumbers, Printer

LEVELS: Final = 10


class Digits(dict[int, str]):
    """Numbers as they go into the checksum, made when first looked up."""

    def __init__(self, printed: PrintedNumbers) -> None:
        super().__init__()
        self.printed = printed

    def __missing__(self, units: int) -> str:
        if len(self) >= PRINTED_NUMBERS_MAX:
            self.clear()
        text = self[units] = self.printed[units].strip('"').replace(".", "").lstrip("0")
        return text


class TopOfSide:
    """The best levels of one side, as they go into the checksum.

    reach: the price of the last of them, turned so that better is greater; None while there are fewer.
    """

    def __init__(self, side: BookSide, sign: int) -> None:
        self.side = side
        self.sign = sign
        self.text: bytes | None = None
        self.reach: int | None = None

    def touch(self, prices: Sequence[int]) -> None:
        """Levels at these prices have changed."""
        if prices and (self.reach is None or any(price * self.sign >= self.reach for price in prices)):
            self.text = None

    def print(self, prices: Digits, quantities: Digits) -> bytes:
        """The text of this side."""
        if self.text is None:
            depth = self.side.depth(LEVELS)
            self.reach = depth[-1][0] * self.sign if len(depth) == LEVELS else None
            self.text = "".join([prices[price] + quantities[quantity] for price, quantity in depth]).encode()
        return self.text


class Checksum:
    """The checksum of one book, whose numbers `printer` prints."""

    def __init__(self, book: Book, printer: Printer) -> None:
        self.prices = Digits(printer.price)
        self.quantities = Digits(printer.quantity)
        self.bids = TopOfSide(book.sides[BUY], 1)
        self.asks = TopOfSide(book.sides[SELL], -1)

    def touch(self, bids: Sequence[int], asks: Sequence[int]) -> None:
        """Levels at these prices have changed."""
        self.bids.touch(bids)
        self.asks.touch(asks)

    def value(self) -> int:
        """The checksum of the book as it is now."""
        asks = self.asks.print(self.prices, self.quantities)
        bids = self.bids.print(self.prices, self.quantities)
        return crc32(bids, crc32(asks))
