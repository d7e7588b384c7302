"""Auction calls: how a call begins, when its timer ends it, and when it is extended.

A timed call ends at `until`. If the instrument's ends are random, the draw adds to that, and a call without its draw
continues until the draw comes. Source: docs/rules.md, "Ends of calls", "Uncross", "Bands", "LULD".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.book.bands import bands_of, is_beyond, static_band
from exchange.commands import UNNAMED
from exchange.market_events import PhaseSet
from exchange.matching.auction import indication
from exchange.terms import AUCTION, BUY, CLOSING, REOPENING, SELL, VOLATILITY
from exchange.units import NEVER

if TYPE_CHECKING:
    from exchange.book.book import Book
    from exchange.market import Market


def begin_call(market: Market, book: Book, kind: int, until: int, length: int, reason: str) -> None:
    """Put an instrument into a call of `length` that ends at `until`; 0: only a command ends the call."""
    book.phase = AUCTION
    book.kind = kind
    book.until = until
    book.length = length
    book.extended = 0
    book.call += 1
    book.drawn = -1 if until and book.instrument.call_random else 0
    book.reason = reason
    book.balance = None
    book.indicated = None
    if kind == CLOSING and book.waiting:
        joining = list(book.waiting.values())
        book.waiting.clear()
        book.join(joining)
    schedule_end(market, book)
    announce(market, book)


def begin_timed_call(market: Market, book: Book, kind: int, length: int, reason: str) -> None:
    """Put an instrument into a call of `length` from now on."""
    begin_call(market, book, kind, market.moment + length, length, reason)


def begin_volatility_call(market: Market, book: Book) -> None:
    """Begin a call, because an order would trade beyond a band."""
    begin_timed_call(market, book, VOLATILITY, book.instrument.call, "volatility")


def extend(market: Market, book: Book, extension: int) -> None:
    """Extend a call that is at its end by `extension`."""
    book.until = market.moment + extension
    book.drawn = 0
    book.extended += 1
    book.reason = "extended"
    schedule_end(market, book)
    announce(market, book)


def move_to_phase(market: Market, book: Book, phase: int, reason: str) -> None:
    """Put an instrument into a phase that is no call, and do nothing else."""
    book.phase = phase
    book.kind = UNNAMED
    book.balance = None
    book.indicated = None
    book.until = 0
    book.drawn = 0
    book.reason = reason
    schedule_end(market, book)
    announce(market, book)


def announce(market: Market, book: Book) -> None:
    """Add the event of an instrument's phase, halt and call."""
    market.bands_due = 0
    market.events.append(PhaseSet(book.symbol, book.phase, book.kind, book.until, book.halted, book.call, book.reason))


def schedule_end(market: Market, book: Book) -> None:
    """Set the timer of a call's end, in place of a limit state's, which is over."""
    if book.luld is not None:
        book.luld.limit_since = 0
    market.schedule(book, book.until + book.drawn if book.until and book.drawn >= 0 else NEVER)


def extension_of(book: Book) -> int:
    """By how much a call that is at its end has to be extended, 0 if it ends.

    While the price lies outside the static band: by the call's own length, as often as the instrument allows. For a
    reopening under LULD while the price lies outside the bands or market orders would be left: as often as it takes.
    """
    if book.halted:
        return 0
    instrument = book.instrument
    found = indication(book)
    if book.luld is not None and book.kind == REOPENING:
        low, high = bands_of(book)
        left = max(book.markets[BUY].reserve, book.markets[SELL].reserve) > found.paired_quantity
        outside = found.price > 0 and is_beyond(found.price, low, high)
        return instrument.luld_extension if left or outside else 0
    low, high = static_band(book)
    if found.price and is_beyond(found.price, low, high) and book.extended < instrument.call_extensions:
        return book.length
    return 0
