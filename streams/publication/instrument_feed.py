"""Instrument feed: one instrument's public market data, its frames and their numbers.

`seq` is dense per channel and follows from the journal alone, so every leader publishes the same frames. An update
has one command's changes, as absolute values; a snapshot has the whole state. The `seq` of `trades` counts the lines of
the tape: trades, and busts of them. The latest RECENT_TRADES_MAX trades are kept, unrendered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from mypy_extensions import mypyc_attr

from exchange.terms import BUY, CHANGED, OPENED, SELL, SIDE_NAMES, TRADE_SIDE_NAMES
from streams import subjects
from streams.publication.checksum import Checksum
from streams.publication.rendering import print_time
from streams.publication.status import NEVER_PUBLISHED, print_status, status_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from exchange.book.book import Book
    from exchange.events import Busted
    from exchange.terms import Change
    from streams.publication.rendering import Printer

RECENT_TRADES_MAX: Final = 1_000

ROWS_PER_FRAME_MAX: Final = 4_000
"""Trades, or changes of orders, in one frame: half a megabyte."""

KIND_NAMES: Final = ("open", "change", "done")
"""By the kind of a Change."""

BUST: Final = ',"bust":true'
"""Marks a line of the tape whose trade was busted."""

PublishedFrame = tuple[str, bytes]
"""Subject and JSON."""


TapeRow = tuple[int, int, int, int, int, bool]
"""One line of the tape: trade_id, price, quantity, the taker's side or CROSSED, at, and whether it was busted."""

Quote = tuple[int, int, int, int, int, int]
"""The ticker: best bid, its quantity, best ask, its quantity, last price, its quantity; 0 for none."""

Row = TypeVar("Row")

NO_QUOTE: Final[Quote] = (0, 0, 0, 0, 0, 0)


class Unprinted:
    """Deferred frame of very many rows, changes of orders or trades, rendered at its turn.

    `opening` is the text before the rows. Later commands do not change the frame.
    """

    __slots__ = ("changes", "opening", "partition", "printer", "subject", "trades")

    def __init__(
        self,
        subject: str,
        opening: str,
        printer: Printer,
        partition: int,
        changes: Sequence[Change],
        trades: Sequence[TapeRow],
    ) -> None:
        self.subject = subject
        self.opening = opening
        self.printer = printer
        self.partition = partition
        self.changes = changes
        self.trades = trades

    def print(self) -> bytes:
        """The frame's JSON."""
        if self.trades:
            return f"{self.opening}{print_trades(self.trades, self.printer)}}}".encode()
        return f"{self.opening}{print_changes(self.changes, self.printer, self.partition)}}}".encode()


Hears = Callable[[str], bool]
"""Whether a subject has subscribers; messages of other subjects are counted and not rendered."""


def everybody(_: str) -> bool:
    """Every subject has subscribers."""
    return True


def nobody(_: str) -> bool:
    """No subject has subscribers."""
    return False


@mypyc_attr(acyclic=True)
class CommandMoment:
    """One command's place in the journal, and its frames for subjects with subscribers."""

    def __init__(self, journal: str, at: int, hears: Hears) -> None:
        self.journal = journal
        self.at = at
        self.hears = hears
        self.frames: list[PublishedFrame | Unprinted] = []


class InstrumentChannel:
    """One channel of one instrument: its subject, and the numbers of the last frame and the one before."""

    def __init__(self, symbol: str, name: str) -> None:
        self.subject = subjects.market_data(symbol, name)
        self.opening = f'{{"channel":"{name}","type":"update","symbol":"{symbol}","seq":'
        self.opening_snapshot = f'{{"channel":"{name}","type":"snapshot","symbol":"{symbol}","seq":'
        self.seq = 0
        self.prev = 0

    def advance(self, seq: int) -> None:
        """Record the number of the next update."""
        self.prev = self.seq
        self.seq = seq

    def update(self, journal: str, body: str) -> PublishedFrame:
        """The frame of the last update."""
        return self.subject, f"{self.opening_update(journal)}{body}}}".encode()

    def opening_update(self, journal: str) -> str:
        """The text before the body of the last update."""
        return f'{self.opening}{self.seq},"prev":{self.prev},"journal":"{journal}",'

    def snapshot(self, journal: str, body: str) -> str:
        """A frame that replaces all updates so far."""
        return f'{self.opening_snapshot}{self.seq},"journal":"{journal}",{body}}}'


class InstrumentFeed:
    """Instrument feed: the channels of one instrument, and the state that their frames need."""

    def __init__(self, book: Book, printer: Printer, partition: int) -> None:
        self.book = book
        self.printer = printer
        self.partition = partition
        self.checksum = Checksum(book, printer)
        self.instruments, self.status, self.trades, self.full, self.levels, self.ticker = (
            InstrumentChannel(book.symbol, name)
            for name in ("instruments", "status", "trades", "full", "book", "ticker")
        )
        self.recent: deque[TapeRow] = deque(maxlen=RECENT_TRADES_MAX)
        self.quote = NO_QUOTE
        self.quoted_at = 0
        self.published = NEVER_PUBLISHED

    @property
    def channels(self) -> tuple[InstrumentChannel, ...]:
        """All six channels; the number before a channel's last is only used at once, so checkpoints leave it out."""
        return self.instruments, self.status, self.trades, self.full, self.levels, self.ticker

    def numbers(self) -> list[int]:
        """The last number of each channel."""
        return [channel.seq for channel in self.channels]

    def go_on_from(self, numbers: Sequence[int]) -> None:
        """Continue the numbers of an earlier feed of this instrument, if there was one."""
        for channel, seq in zip(self.channels, numbers, strict=False):
            channel.seq = seq

    # Updates by one command

    def advance(self, changes: Sequence[Change], trades: Sequence[TapeRow], moment: CommandMoment) -> None:
        """Publish a command's changes of displayed orders and its trades; an uncross may give one without the other."""
        if trades:
            self.recent.extend(trades)
            self.publish_trades(trades, moment)
        if changes:
            self.publish_changes(changes, moment)
            self.levels.advance(self.levels.seq + 1)
            if moment.hears(self.levels.subject):
                moment.frames.append(self.levels.update(moment.journal, self.print_change_of_levels(changes)))
            else:
                self.checksum.forget()
        quote = self.quote_now()
        if quote != self.quote:
            self.quote = quote
            self.quoted_at = moment.at
            self.publish_quote(moment)

    def publish_trades(self, lines: Sequence[TapeRow], moment: CommandMoment) -> None:
        """Add lines to the tape, in as many frames as needed: an uncross may make more than one frame has room for."""
        if len(lines) > ROWS_PER_FRAME_MAX:
            for part in rows_by_frame(lines):
                self.trades.advance(self.trades.seq + len(part))
                if moment.hears(self.trades.subject):
                    moment.frames.append(self.unprinted(self.trades, moment, (), part))
            return
        self.trades.advance(self.trades.seq + len(lines))
        if moment.hears(self.trades.subject):
            moment.frames.append(self.trades.update(moment.journal, print_trades(lines, self.printer)))

    def publish_changes(self, changes: Sequence[Change], moment: CommandMoment) -> None:
        """Publish changes of displayed orders, in as many frames as needed."""
        if len(changes) > ROWS_PER_FRAME_MAX:
            for part in rows_by_frame(changes):
                self.full.advance(self.full.seq + 1)
                if moment.hears(self.full.subject):
                    moment.frames.append(self.unprinted(self.full, moment, part, ()))
            return
        self.full.advance(self.full.seq + 1)
        if moment.hears(self.full.subject):
            printed = print_changes(changes, self.printer, self.partition)
            moment.frames.append(self.full.update(moment.journal, printed))

    def unprinted(
        self, channel: InstrumentChannel, moment: CommandMoment, changes: Sequence[Change], trades: Sequence[TapeRow]
    ) -> Unprinted:
        """The last update of a channel as a deferred frame."""
        opening = channel.opening_update(moment.journal)
        return Unprinted(channel.subject, opening, self.printer, self.partition, changes, trades)

    def undo(self, busted: Busted, moment: CommandMoment) -> None:
        """Publish a bust: the tape marks the trade, with the trade's time as long as the trade is kept here."""
        at = moment.at
        place = -1
        for index, trade in enumerate(self.recent):
            if trade[0] == busted.trade_id:
                place, at = index, trade[4]
                break
        line: TapeRow = (busted.trade_id, busted.price, busted.quantity, busted.side, at, True)
        if place >= 0:
            self.recent[place] = line
        self.publish_trades((line,), moment)

    def look(self, moment: CommandMoment) -> None:
        """Publish the status if it has changed."""
        now = status_of(self.book)
        if now != self.published:
            self.published = now
            self.status.advance(self.status.seq + 1)
            if moment.hears(self.status.subject):
                moment.frames.append(self.status.update(moment.journal, print_status(now, self.printer)))

    def print_change_of_levels(self, changes: Sequence[Change]) -> str:
        """The totals of the levels that a command changed."""
        bids, asks = prices_of(changes, BUY), prices_of(changes, SELL)
        self.checksum.touch(bids, asks)
        return self.print_book(self.print_levels(BUY, bids), self.print_levels(SELL, asks))

    def announce(self, definition: str, moment: CommandMoment) -> None:
        """Publish that the instrument was listed or delisted; `definition` is its JSON."""
        self.instruments.advance(self.instruments.seq + 1)
        if moment.hears(self.instruments.subject):
            moment.frames.append(self.instruments.update(moment.journal, f'"instrument":{definition}'))

    def reprint(self, printer: Printer, moment: CommandMoment) -> None:
        """Render all numbers anew, because a listing changed the tick's or the lot's decimals.

        Every order is published again; every level is withdrawn under its former text first, because otherwise a
        subscriber would keep it under a price that is never printed again.
        """
        before, self.printer = self.printer, printer
        self.checksum = Checksum(self.book, printer)
        changes = self.displayed(CHANGED)
        if changes:
            self.publish_changes(changes, moment)
        bids, asks = (self.print_again(side, before) for side in (BUY, SELL))
        if bids or asks:
            self.levels.advance(self.levels.seq + 1)
            if moment.hears(self.levels.subject):
                moment.frames.append(self.levels.update(moment.journal, self.print_book(bids, asks)))
        if self.quote != NO_QUOTE:
            self.publish_quote(moment)
        if print_status(self.published, before) != print_status(self.published, printer):
            self.published = NEVER_PUBLISHED
            self.look(moment)

    def publish_quote(self, moment: CommandMoment) -> None:
        """Publish best prices and last trade."""
        self.ticker.advance(self.ticker.seq + 1)
        if moment.hears(self.ticker.subject):
            moment.frames.append(self.ticker.update(moment.journal, self.print_quote()))

    def quote_now(self) -> Quote:
        """The best prices with their quantities, and the last trade."""
        bids, asks = self.book.sides
        bid, ask, best_bids, best_asks = bids.best, asks.best, bids.top, asks.top
        bid_quantity = 0 if best_bids is None else best_bids.displayed
        ask_quantity = 0 if best_asks is None else best_asks.displayed
        if not self.recent:
            return bid, bid_quantity, ask, ask_quantity, 0, 0
        last = self.recent[-1]
        return bid, bid_quantity, ask, ask_quantity, last[1], last[2]

    # Everything as it is now. `journal` is the last command that the answer includes.

    def book_snapshot(self, journal: str) -> str:
        """All levels of both sides."""
        bids, asks = (self.print_levels(side, self.prices(side)) for side in (BUY, SELL))
        return self.levels.snapshot(journal, self.print_book(bids, asks))

    def full_snapshot(self, journal: str) -> str:
        """Every displayed order, bids first, in the order in which they would trade."""
        return self.full.snapshot(journal, print_changes(self.displayed(OPENED), self.printer, self.partition))

    def trades_snapshot(self, journal: str, count: int, before: int) -> str:
        """The last `count` trades of those kept with an id below `before` (0: any), oldest first."""
        trades = [trade for trade in self.recent if before == 0 or trade[0] < before]
        return self.trades.snapshot(journal, print_trades(trades[-count:], self.printer))

    def ticker_snapshot(self, journal: str) -> str:
        """Best prices and last trade."""
        return self.ticker.snapshot(journal, self.print_quote())

    def status_snapshot(self, journal: str) -> str:
        """The phase."""
        return self.status.snapshot(journal, print_status(status_of(self.book), self.printer))

    # Parts of frames

    def print_book(self, bids: str, asks: str) -> str:
        """Both sides, with the checksum of the whole book."""
        return f'"bids":[{bids}],"asks":[{asks}],"checksum":{self.checksum.value()}'

    def displayed(self, kind: int) -> list[Change]:
        """A change of this kind for every displayed order, bids first, in the order in which they would trade."""
        return [
            (order.symbol, kind, order.order_id, order.side, order.price, order.shown)
            for side in self.book.sides
            for order in side.orders()
        ]

    def print_levels(self, side: int, prices: Sequence[int]) -> str:
        """The totals at these prices."""
        levels = self.book.sides[side]
        price, quantity = self.printer.price, self.printer.quantity
        return ",".join([f"[{price[at]},{quantity[levels.displayed_at(at)]}]" for at in prices])

    def print_again(self, side: int, before: Printer) -> str:
        """All levels, each withdrawn under the text of another printer, then published."""
        prices = self.prices(side)
        withdrawn = [f"[{before.price[at]},{before.quantity[0]}]" for at in prices]
        return ",".join([*withdrawn, self.print_levels(side, prices)]) if prices else ""

    def prices(self, side: int) -> list[int]:
        """The prices of all levels, best first."""
        return [price for price, _ in self.book.sides[side].depth(0)]

    def print_quote(self) -> str:
        """The ticker; `time` is the journal's when it last changed."""
        price, quantity = self.printer.price, self.printer.quantity
        bid, bid_quantity, ask, ask_quantity, last, last_quantity = self.quote
        return (
            f'"bid":{price[bid] if bid else "null"},"bid_quantity":{quantity[bid_quantity] if bid else "null"},'
            f'"ask":{price[ask] if ask else "null"},"ask_quantity":{quantity[ask_quantity] if ask else "null"},'
            f'"last":{price[last] if last else "null"},"last_quantity":{quantity[last_quantity] if last else "null"},'
            f'"time":{print_time(self.quoted_at) if self.quoted_at else "null"}'
        )


def print_changes(changes: Iterable[Change], printer: Printer, partition: int) -> str:
    """Changes of displayed orders, as JSON."""
    price, quantity = printer.price, printer.quantity
    rows = [
        f'["{KIND_NAMES[kind]}","{partition}-{order_id}","{SIDE_NAMES[side]}",{price[at]},{quantity[shown]}]'
        for _, kind, order_id, side, at, shown in changes
    ]
    return f'"orders":[{",".join(rows)}]'


def print_trades(trades: Iterable[TapeRow], printer: Printer) -> str:
    """Lines of the tape, as JSON."""
    price, quantity = printer.price, printer.quantity
    rows = [
        f'{{"trade_id":{trade_id},"price":{price[at_price]},"quantity":{quantity[traded]},'
        f'"side":"{TRADE_SIDE_NAMES[side]}","time":{print_time(at)}{BUST if bust else ""}}}'
        for trade_id, at_price, traded, side, at, bust in trades
    ]
    return f'"trades":[{",".join(rows)}]'


def rows_by_frame(rows: Sequence[Row]) -> list[Sequence[Row]]:
    """Rows split by frames, each with as many as a frame may have."""
    return [rows[first : first + ROWS_PER_FRAME_MAX] for first in range(0, len(rows), ROWS_PER_FRAME_MAX)]


def prices_of(changes: Sequence[Change], side: int) -> list[int]:
    """The prices at which a side has changed, best first."""
    if len(changes) == 1:
        return [changes[0][4]] if changes[0][3] == side else []
    prices = [change[4] for change in changes if change[3] == side]
    return sorted(set(prices), reverse=side == BUY) if len(prices) > 1 else prices
