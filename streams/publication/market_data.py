"""Market data of a partition: every command's public frames, in the order of publication.

The order for one command and instrument is: instruments, status, trades, full, book, ticker. The state kept here
follows from the journal alone, rendered or not.
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
    """Market data: the feeds of all instruments, by symbol, in the order of their listing.

    moving: feeds whose status may change by trading; timed: those of them where time alone may change it. gone: the
    last numbers of delisted instruments' channels, should they be listed again. moved: the feeds of `moving` that the
    journal message being applied has touched.
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
        """Add a command's frames to `moment`. The renderer must know a listing before.

        The effect of orders on a status (indicative auction, bands) is computed once for a journal message, with its
        `last` command: in a call it costs more than the order.
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
        elif symbols:  # an uncross in which only market orders met
            self.advance(symbols[0], trades, symbols, changes, moment)
        for event in events:
            if isinstance(event, InstrumentListed):
                self.reprint(event.instrument.symbol, moment)

    def reprint(self, symbol: str, moment: CommandMoment) -> None:
        """Publish an instrument anew if its listing has other decimals: last, after the effects of timers due before.

        Subscribers have these effects under the numbers as printed before.
        """
        feed, printer = self.feeds.get(symbol), self.renderer.printers[symbol]
        if feed is not None and printer is not feed.printer:
            feed.reprint(printer, moment)

    def advance(
        self, symbol: str, trades: list[TapeRow], symbols: list[str], changes: Sequence[Change], moment: CommandMoment
    ) -> None:
        """Publish trades in these instruments, and changes; most commands have both in one instrument, `symbol`."""
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
        """Publish one command's effects in several instruments: cancel all, or timers that were due before it."""
        made: dict[str, list[TapeRow]] = {}
        for trade, symbol in zip(trades, symbols, strict=True):
            made.setdefault(symbol, []).append(trade)
        changed: dict[str, list[Change]] = {}
        for change in changes:
            changed.setdefault(change[0], []).append(change)
        for symbol in changed | made:
            self.feeds[symbol].advance(changed.get(symbol, ()), made.get(symbol, ()), moment)

    def take_operator_s(self, event: Event, looks: dict[str, InstrumentFeed], moment: CommandMoment) -> None:
        """Publish an event of an operator's command, and record in `looks` the feeds whose status may have changed."""
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
            looks |= self.moving  # new semantics may give the same book another status

    def moved_by_time(self) -> dict[str, InstrumentFeed]:
        """The feeds whose bands may have changed by time alone: the engine has updated all of them."""
        due = self.engine.bands_due
        if due == self.bands_due:
            return {}
        self.bands_due = due
        return self.timed.copy()

    def unseen(self, events: Sequence[Event]) -> list[str]:
        """The instruments of the orders in the events, displayed or not."""
        found: list[str] = []
        for event in events:
            if isinstance(event, Accepted):
                found.append(event.order.symbol)
            elif isinstance(event, OF_ONE_ORDER):
                found.append(event.symbol)
        return found

    def follow(self, feed: InstrumentFeed) -> None:
        """Put a feed into `moving` and `timed`, or take it out, by what may change its status from now on."""
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

    def withdraw(self, symbol: str, moment: CommandMoment) -> None:
        """Publish a delisting."""
        feed = self.feeds.pop(symbol)
        self.moving.pop(symbol, None)
        self.moved.pop(symbol, None)
        self.timed.pop(symbol, None)
        feed.announce(self.renderer.instrument(feed.book.instrument, delisted=True), moment)
        self.gone[symbol] = feed.numbers()
