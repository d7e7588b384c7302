"""Limit states: after each command, the LULD bands of each instrument, and whether trading is stuck at a band.

The reference is renewed after every command and tick. Where the best ask then stands at the lower band or the best bid
at the upper, the instrument is in a limit state, which after `luld_limit_state` gives a reopening call (`phases.end`).
Only books that the command touched, or whose time has come, are renewed. Source: docs/rules.md, "LULD".
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
    """Renew the bands after a command. `market.banded` holds the books under LULD, at least one."""
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
    """The next time at which time alone may change a band, in whole seconds; NEVER if it cannot."""
    due: int = NEVER
    for book in market.banded:
        if book.luld is not None and book.luld.wake < due:
            due = -(-book.luld.wake // SECOND) * SECOND
    return due


def note_trades(market: Market) -> None:
    """Record the command's trades in the LULD windows; an uncross of market orders leaves no entry in `changes`.

    The book may be missing: a call was due before the command, and the command delisted the instrument.
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
    """Renew the bands of a book, and begin or end its limit state."""
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
