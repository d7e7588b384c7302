"""What the public sees of a partition: every command's frames, in the order in which they are to be published.

Of one command and instrument that is: instruments, status, trades, full, book, ticker. Everything kept here follows
from the journal alone, rendered or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.events import InstrumentListed, Traded
from streams.feed import Feed, Moment, Trade

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exchange.book import Book, Change
    from exchange.events import Event
    from exchange.instrument import Instrument
    from streams.rendering import Renderer


class MarketData:
    """The feeds of all instruments, by symbol, in the order of their listing. `books` are the engine's."""

    def __init__(self, books: dict[str, Book], renderer: Renderer) -> None:
        self.books = books
        self.renderer = renderer
        self.feeds: dict[str, Feed] = {}

    def take(self, events: Sequence[Event], changes: Sequence[Change], moment: Moment) -> None:
        """Put a command's frames into `moment`. A listing has to be known to the renderer before."""
        trades: list[Trade] = []
        symbols: list[str] = []
        for event in events:
            if isinstance(event, Traded):
                trades.append((event.trade_id, event.price, event.quantity, event.side, moment.at))
                symbols.append(event.symbol)
            elif isinstance(event, InstrumentListed):
                self.announce(event.instrument, moment)
        if not changes:
            return
        symbol = changes[0][0]
        for change in changes:
            if change[0] != symbol:
                self.take_apart(trades, symbols, changes, moment)
                return
        self.feeds[symbol].advance(changes, trades, moment)

    def take_apart(
        self, trades: Sequence[Trade], symbols: Sequence[str], changes: Sequence[Change], moment: Moment
    ) -> None:
        """What one command did in several instruments: cancel all, or timers that were due before it.

        A trade always changes what a resting order shows, so whoever has trades has changes.
        """
        changed: dict[str, list[Change]] = {}
        for change in changes:
            changed.setdefault(change[0], []).append(change)
        for symbol, of_symbol in changed.items():
            own = [trade for trade, where in zip(trades, symbols, strict=True) if where == symbol]
            self.feeds[symbol].advance(of_symbol, own, moment)

    def announce(self, instrument: Instrument, moment: Moment) -> None:
        """Publish a listing."""
        printer = self.renderer.printers[instrument.symbol]
        feed = self.feeds.get(instrument.symbol)
        if feed is None:
            book = self.books[instrument.symbol]
            feed = self.feeds[instrument.symbol] = Feed(book, printer, self.renderer.partition)
        feed.announce(self.renderer.instrument(instrument), moment)
        if printer is not feed.printer:
            feed.reprint(printer, moment)
