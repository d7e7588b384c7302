"""What follows from a command for instruments under LULD: where their bands are, and whether trading is stuck there.

The reference is renewed after every command and tick. Where the best ask then stands at the lower band or the best bid
at the upper, the instrument is in a limit state, which after `luld_limit_state` gives a reopening call (`phases.end`).
Only books that the command has touched, or whose time has come, are looked at. Source: RULES.md, "LULD".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.book.bands import is_at_limit
from exchange.events import Traded
from exchange.terms import CONTINUOUS
from exchange.units import NEVER, SECOND

if TYPE_CHECKING:
    from exchange.book.book import Book
    from exchange.market import Market


def follow(market: Market) -> None:
    """Renew the bands after a command. `market.banded` are the books under LULD, of which there are some."""
    note_trades(market)
    if market.now >= market.bands_due:
        market.bands_due = NEVER
        for book in market.banded:
            renew(market, book)
        return
    looked_at = ""
    for change in market.changes:
        if change[0] != looked_at:
            looked_at = change[0]
            touched = market.books.get(looked_at)
            if touched is not None and touched.luld is not None:
                renew(market, touched)


def next_look(market: Market) -> int:
    """When time alone may change a band next, NEVER if it cannot; no more often than once a second."""
    due: int = NEVER
    for book in market.banded:
        if book.luld is not None and book.luld.wake < due:
            due = -(-book.luld.wake // SECOND) * SECOND
    return due


def note_trades(market: Market) -> None:
    """Let the trades of the command count; in an uncross of market orders they leave no change behind.

    The instrument of a call that was due before the command may be off the exchange after it.
    """
    for event in market.events:
        if isinstance(event, Traded):
            book = market.books.get(event.symbol)
            if book is not None and book.luld is not None:
                if book.luld.reference == 0:
                    book.luld.reference = book.on_tick(event.price)
                book.luld.note(event.price, market.now)
                market.bands_due = 0


def renew(market: Market, book: Book) -> None:
    """Renew the bands of a book, and look whether trading is stuck at them."""
    luld = book.luld
    assert luld is not None, "only a book under LULD has such bands"
    luld.renew(book.instrument, market.now, book.semantics)
    market.bands_due = min(market.bands_due, luld.wake)
    stuck = is_at_limit(book)
    if stuck == (luld.limit_since > 0):
        return
    luld.limit_since = market.now if stuck else 0
    if book.phase == CONTINUOUS:
        market.schedule(book, market.now + book.instrument.luld_limit_state if stuck else NEVER)
