"""What the public sees of a partition: every command's frames, in the order in which they are to be published.

Of one command and instrument that is: instruments, status, trades, full, book, ticker. Everything kept here follows
from the journal alone, rendered or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.events import OF_ONE_ORDER, Accepted, Busted, Traded
from exchange.market_events import BandsDoubled, Configured, InstrumentDelisted, InstrumentListed, PhaseSet
from streams.publication.instrument_feed import CommandMoment, InstrumentFeed, TapeRow
from streams.publication.status import may_move

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exchange.engine import Engine
    from exchange.events import Event
    from exchange.instrument import Instrument
    from exchange.terms import Change
    from streams.publication.rendering import Renderer


class MarketData:
    """The feeds of all instruments, by symbol, in the order of their listing.

    moving: those whose status may change by trading; timed: those of them where time alone may do it. gone: how far
    the channels of instruments that are not listed any more had come, should they be listed again. moved: those of
    `moving` that the journal message at work has touched.
    """

    def __init__(self, engine: Engine, renderer: Renderer) -> None:
        self.engine = engine
        self.renderer = renderer
        self.feeds: dict[str, InstrumentFeed] = {}
        self.moving: dict[str, InstrumentFeed] = {}
        self.timed: dict[str, InstrumentFeed] = {}
        self.gone: dict[str, list[int]] = {}
        self.moved: dict[str, InstrumentFeed] = {}
        self.bands_due = 0

    def take(
        self, events: Sequence[Event], changes: Sequence[Change], moment: CommandMoment, *, last: bool = True
    ) -> None:
        """Put a command's frames into `moment`. A listing has to be known to the renderer before.

        What orders do to a status (the auction to be, the bands) is looked at once in a journal message, with its
        `last` command: finding it in a call costs more than the order.
        """
        trades: list[TapeRow] = []
        symbols: list[str] = []
        looks = self.moved_by_time() if self.timed else {}
        for event in events:
            if isinstance(event, Traded):
                trades.append((event.trade_id, event.price, event.quantity, event.side, moment.at, False))
                symbols.append(event.symbol)
            elif isinstance(event, (PhaseSet, BandsDoubled, InstrumentListed, Busted, InstrumentDelisted, Configured)):
                self.take_operator_s(event, looks, moment)
        if self.moving:
            touched = ""  # an uncross names the same instrument a hundred thousand times
            for symbol in [*symbols, *[change[0] for change in changes], *self.unseen(events)]:
                if symbol != touched:
                    touched = symbol
                    if symbol in self.moving:
                        self.moved[symbol] = self.moving[symbol]
            if last:
                looks |= self.moved
                self.moved = {}
        for feed in looks.values():
            self.follow(feed)
            feed.look(moment)
        if changes:
            self.advance(changes[0][0], trades, symbols, changes, moment)
        elif symbols:  # of an uncross in which only market orders met
            self.advance(symbols[0], trades, symbols, changes, moment)

    def advance(
        self, symbol: str, trades: list[TapeRow], symbols: list[str], changes: Sequence[Change], moment: CommandMoment
    ) -> None:
        """Tell of trades, in these instruments, and of changes: most commands do all that in one, in `symbol`."""
        for change in changes:
            if change[0] != symbol:
                self.take_apart(trades, symbols, changes, moment)
                return
        for other in symbols:
            if other != symbol:
                self.take_apart(trades, symbols, changes, moment)
                return
        self.feeds[symbol].advance(changes, trades, moment)

    def take_apart(
        self, trades: Sequence[TapeRow], symbols: Sequence[str], changes: Sequence[Change], moment: CommandMoment
    ) -> None:
        """What one command did in several instruments: cancel all, or timers that were due before it."""
        made: dict[str, list[TapeRow]] = {}
        for trade, symbol in zip(trades, symbols, strict=True):
            made.setdefault(symbol, []).append(trade)
        changed: dict[str, list[Change]] = {}
        for change in changes:
            changed.setdefault(change[0], []).append(change)
        for symbol in changed | made:
            self.feeds[symbol].advance(changed.get(symbol, ()), made.get(symbol, ()), moment)

    def take_operator_s(self, event: Event, looks: dict[str, InstrumentFeed], moment: CommandMoment) -> None:
        """Publish what an event says by itself, and note in `looks` whose status it may have changed."""
        if isinstance(event, (PhaseSet, BandsDoubled)):
            looks[event.symbol] = self.feeds[event.symbol]
        elif isinstance(event, InstrumentListed):
            self.announce(event.instrument, moment)
            looks[event.instrument.symbol] = self.feeds[event.instrument.symbol]
        elif isinstance(event, Busted):
            self.feeds[event.symbol].undo(event, moment)
        elif isinstance(event, InstrumentDelisted):
            self.withdraw(event.symbol, moment)
        elif isinstance(event, Configured):
            looks |= self.moving  # other rules may see the same book otherwise

    def moved_by_time(self) -> dict[str, InstrumentFeed]:
        """The feeds whose bands may have changed without an order of theirs: the engine has looked at all of them."""
        due = self.engine.bands_due
        if due == self.bands_due:
            return {}
        self.bands_due = due
        return self.timed.copy()

    def unseen(self, events: Sequence[Event]) -> list[str]:
        """The instruments of orders that something became of, displayed or not."""
        found: list[str] = []
        for event in events:
            if isinstance(event, Accepted):
                found.append(event.order.symbol)
            elif isinstance(event, OF_ONE_ORDER):
                found.append(event.symbol)
        return found

    def follow(self, feed: InstrumentFeed) -> None:
        """Sort a feed by what may move its status from here on."""
        symbol, book = feed.book.symbol, feed.book
        for feeds, belongs in ((self.moving, may_move(book)), (self.timed, book.luld is not None)):
            if belongs:
                feeds[symbol] = feed
            else:
                feeds.pop(symbol, None)
        if symbol not in self.moving:
            self.moved.pop(symbol, None)

    def announce(self, instrument: Instrument, moment: CommandMoment) -> None:
        """Publish a listing."""
        printer = self.renderer.printers[instrument.symbol]
        feed = self.feeds.get(instrument.symbol)
        if feed is None:
            book = self.engine.books[instrument.symbol]
            feed = self.feeds[instrument.symbol] = InstrumentFeed(book, printer, self.renderer.partition)
            feed.go_on_from(self.gone.pop(instrument.symbol, ()))
        feed.announce(self.renderer.instrument(instrument), moment)
        if printer is not feed.printer:
            feed.reprint(printer, moment)

    def withdraw(self, symbol: str, moment: CommandMoment) -> None:
        """An instrument is not listed any more."""
        feed = self.feeds.pop(symbol)
        self.moving.pop(symbol, None)
        self.moved.pop(symbol, None)
        self.timed.pop(symbol, None)
        feed.announce(self.renderer.instrument(feed.book.instrument, delisted=True), moment)
        self.gone[symbol] = feed.numbers()
