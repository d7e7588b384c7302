"""What follows from a command for instruments under LULD: where their bands are, and whether trading is stuck there.

The reference is renewed after every command and tick. Where the best ask then stands at the lower band or the best bid
at the upper, the instrument is in a limit state, which after `luld_limit_state` gives a reopening call (`phases.end`).
Only books that the command has touched, or whose time has come, are looked at. Source: RULES.md, "LULD".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.bands import is_at_limit
from exchange.book import CONTINUOUS
from exchange.events import Traded
from exchange.register import NEVER
from exchange.units import SECOND

if TYPE_CHECKING:
    from exchange.book import Book
    from exchange.engine import Engine


def follow(engine: Engine) -> None:
    """Renew the bands after a command. `engine.banded` are the books under LULD, of which there are some."""
    note_trades(engine)
    if engine.now >= engine.bands_due:
        engine.bands_due = NEVER
        for book in engine.banded:
            renew(engine, book)
        return
    looked_at = ""
    for change in engine.changes:
        if change[0] != looked_at:
            looked_at = change[0]
            touched = engine.books.get(looked_at)
            if touched is not None and touched.luld is not None:
                renew(engine, touched)


def next_look(engine: Engine) -> int:
    """When time alone may change a band next, NEVER if it cannot; no more often than once a second."""
    due: int = NEVER
    for book in engine.banded:
        if book.luld is not None and book.luld.wake < due:
            due = -(-book.luld.wake // SECOND) * SECOND
    return due


def note_trades(engine: Engine) -> None:
    """Let the trades of the command count; in an uncross of market orders they leave no change behind.

    The instrument of a call that was due before the command may be off the exchange after it.
    """
    for event in engine.events:
        if isinstance(event, Traded):
            book = engine.books.get(event.symbol)
            if book is not None and book.luld is not None:
                if book.luld.reference == 0:
                    book.luld.reference = book.on_tick(event.price)
                book.luld.note(event.price, engine.now)
                engine.bands_due = 0


def renew(engine: Engine, book: Book) -> None:
    """Renew the bands of a book, and look whether trading is stuck at them."""
    luld = book.luld
    assert luld is not None, "only a book under LULD has such bands"
    luld.renew(book.instrument, engine.now, book.semantics)
    engine.bands_due = min(engine.bands_due, luld.wake)
    stuck = is_at_limit(book)
    if stuck == (luld.limit_since > 0):
        return
    luld.limit_since = engine.now if stuck else 0
    if book.phase == CONTINUOUS:
        engine.schedule(book, engine.now + book.instrument.luld_limit_state if stuck else NEVER)
