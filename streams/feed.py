"""One instrument's public market data: its frames and their numbers.

`seq` is dense per channel and follows from the journal alone, so every leader publishes the same frames. An update
holds what one command changed, as absolute values; a snapshot holds everything. The numbers of `trades` are the
trades' own ids. The latest RECENT_TRADES_MAX trades are kept, unprinted.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from exchange.book import OPENED, PHASE_NAMES
from exchange.order import BUY, SELL, SIDE_NAMES
from streams import subjects
from streams.checksum import Checksum
from streams.rendering import print_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from exchange.book import Book, Change
    from streams.rendering import Printer

RECENT_TRADES_MAX: Final = 1_000

KIND_NAMES: Final = ("open", "change", "done")
"""By the kind of a Change."""

Frame = tuple[str, bytes]
"""Subject and JSON."""


class Trade(NamedTuple):
    """One line of the tape; `side` is the taker's."""

    trade_id: int
    price: int
    quantity: int
    side: int
    at: int


class Quote(NamedTuple):
    """What the ticker shows; 0 where there is nothing."""

    bid: int = 0
    bid_quantity: int = 0
    ask: int = 0
    ask_quantity: int = 0
    last: int = 0
    last_quantity: int = 0


class Moment:
    """The place of one command in the journal, and the frames that it gives; none are made unless `render`."""

    def __init__(self, journal: str, at: int, *, render: bool) -> None:
        self.journal = journal
        self.at = at
        self.render = render
        self.frames: list[Frame] = []


class Feed:
    """The channels `book`, `full`, `trades`, `ticker`, `status` and `instruments` of one instrument."""

    def __init__(self, book: Book, printer: Printer, partition: int) -> None:
        self.book = book
        self.symbol = book.symbol
        self.printer = printer
        self.partition = partition
        self.checksum = Checksum(book, printer)
        self.seqs = dict.fromkeys(("book", "full", "trades", "ticker", "status", "instruments"), 0)
        self.recent: deque[Trade] = deque(maxlen=RECENT_TRADES_MAX)
        self.quote = Quote()
        self.quoted_at = 0

    # What one command did

    def advance(self, changes: Sequence[Change], trades: Sequence[Trade], moment: Moment) -> None:
        """A command changed these displayed orders and made these trades."""
        if trades:
            self.recent.extend(trades)
            self.update("trades", moment, lambda: f'"trades":[{self.print_trades(trades)}]', trades[-1].trade_id)
        self.update("full", moment, lambda: f'"orders":[{self.print_changes(changes)}]')
        bids, asks = prices_of(changes, BUY), prices_of(changes, SELL)
        self.checksum.touch(bids, asks)
        self.update(
            "book", moment, lambda: self.print_book(self.print_levels(BUY, bids), self.print_levels(SELL, asks))
        )
        self.requote(moment)

    def announce(self, definition: str, moment: Moment) -> None:
        """The instrument was listed, defined as this JSON says; the first time opens it for trading."""
        self.update("instruments", moment, lambda: f'"instrument":{definition}')
        if self.seqs["status"] == 0:
            self.update("status", moment, self.print_status)

    def reprint(self, printer: Printer, moment: Moment) -> None:
        """Print all numbers anew, because a listing changed the tick's or the lot's decimals.

        Every level is withdrawn as it was printed and stated again: otherwise a subscriber would keep it under a
        price that is never printed again.
        """
        before, self.printer = self.printer, printer
        self.checksum = Checksum(self.book, printer)
        bids, asks = (self.print_again(side, before) for side in (BUY, SELL))
        if bids or asks:
            self.update("book", moment, lambda: self.print_book(bids, asks))
        if self.quote != Quote():
            self.update("ticker", moment, self.print_quote)

    def requote(self, moment: Moment) -> None:
        """Show the best prices and the last trade, if they are not what was shown before."""
        quote = self.quote_now()
        if quote != self.quote:
            self.quote = quote
            self.quoted_at = moment.at
            self.update("ticker", moment, self.print_quote)

    def quote_now(self) -> Quote:
        """The best prices with their quantities, and the last trade."""
        bids, asks = self.book.sides
        bid, ask = bids.best, asks.best
        last = self.recent[-1] if self.recent else None
        return Quote(
            bid,
            bids.displayed_at(bid) if bid else 0,
            ask,
            asks.displayed_at(ask) if ask else 0,
            last.price if last else 0,
            last.quantity if last else 0,
        )

    def update(self, channel: str, moment: Moment, body: Callable[[], str], seq: int = 0) -> None:
        """Number an update, by 1 unless `seq` is given, and print it if it is to be."""
        prev = self.seqs[channel]
        self.seqs[channel] = seq = seq or prev + 1
        if moment.render:
            text = (
                f'{{"channel":"{channel}","type":"update","symbol":"{self.symbol}","seq":{seq},"prev":{prev},'
                f'"journal":"{moment.journal}",{body()}}}'
            )
            moment.frames.append((subjects.market_data(self.symbol, channel), text.encode()))

    # Everything as it is now. `journal` is the last command that the answer includes.

    def book_snapshot(self, journal: str) -> str:
        """All levels of both sides."""
        bids, asks = (self.print_levels(side, self.prices(side)) for side in (BUY, SELL))
        return self.snapshot("book", journal, self.print_book(bids, asks))

    def full_snapshot(self, journal: str) -> str:
        """Every displayed order, bids first, in the order in which they would trade."""
        changes = [
            (self.symbol, OPENED, order.order_id, order.side, order.price, order.shown)
            for side in self.book.sides
            for order in side.orders()
        ]
        return self.snapshot("full", journal, f'"orders":[{self.print_changes(changes)}]')

    def trades_snapshot(self, journal: str, count: int, before: int) -> str:
        """The last `count` trades of those kept with an id below `before` (0: any), oldest first."""
        trades = [trade for trade in self.recent if before == 0 or trade.trade_id < before]
        return self.snapshot("trades", journal, f'"trades":[{self.print_trades(trades[-count:])}]')

    def ticker_snapshot(self, journal: str) -> str:
        """Best prices and last trade."""
        return self.snapshot("ticker", journal, self.print_quote())

    def status_snapshot(self, journal: str) -> str:
        """The phase."""
        return self.snapshot("status", journal, self.print_status())

    def snapshot(self, channel: str, journal: str, body: str) -> str:
        """A frame that replaces all that came before it."""
        return (
            f'{{"channel":"{channel}","type":"snapshot","symbol":"{self.symbol}","seq":{self.seqs[channel]},'
            f'"journal":"{journal}",{body}}}'
        )

    # Parts of frames

    def print_book(self, bids: str, asks: str) -> str:
        """Both sides, with the checksum of the whole book."""
        return f'"bids":[{bids}],"asks":[{asks}],"checksum":{self.checksum.value()}'

    def print_levels(self, side: int, prices: Sequence[int]) -> str:
        """The totals at these prices."""
        levels = self.book.sides[side]
        price, quantity = self.printer.price, self.printer.quantity
        return ",".join([f"[{price[at]},{quantity[levels.displayed_at(at)]}]" for at in prices])

    def print_again(self, side: int, before: Printer) -> str:
        """All levels, each withdrawn as another printer printed it, then stated."""
        prices = self.prices(side)
        withdrawn = [f"[{before.price[at]},{before.quantity[0]}]" for at in prices]
        return ",".join([*withdrawn, self.print_levels(side, prices)]) if prices else ""

    def prices(self, side: int) -> list[int]:
        """The prices of all levels, best first."""
        return [price for price, _ in self.book.sides[side].depth(0)]

    def print_changes(self, changes: Iterable[Change]) -> str:
        """Displayed orders and what became of them."""
        price, quantity = self.printer.price, self.printer.quantity
        return ",".join(
            [
                f'["{KIND_NAMES[kind]}","{self.partition}-{order_id}","{SIDE_NAMES[side]}",{price[at]},{quantity[shown]}]'
                for _, kind, order_id, side, at, shown in changes
            ]
        )

    def print_trades(self, trades: Iterable[Trade]) -> str:
        """Lines of the tape."""
        price, quantity = self.printer.price, self.printer.quantity
        return ",".join(
            [
                f'{{"trade_id":{trade.trade_id},"price":{price[trade.price]},"quantity":{quantity[trade.quantity]},'
                f'"side":"{SIDE_NAMES[trade.side]}","time":{print_time(trade.at)}}}'
                for trade in trades
            ]
        )

    def print_quote(self) -> str:
        """The ticker; `time` is the journal's when it last changed."""
        price, quantity, quote = self.printer.price, self.printer.quantity, self.quote
        return (
            f'"bid":{price[quote.bid] if quote.bid else "null"},'
            f'"bid_quantity":{quantity[quote.bid_quantity] if quote.bid else "null"},'
            f'"ask":{price[quote.ask] if quote.ask else "null"},'
            f'"ask_quantity":{quantity[quote.ask_quantity] if quote.ask else "null"},'
            f'"last":{price[quote.last] if quote.last else "null"},'
            f'"last_quantity":{quantity[quote.last_quantity] if quote.last else "null"},'
            f'"time":{print_time(self.quoted_at) if self.quoted_at else "null"}'
        )

    def print_status(self) -> str:
        """The phase; nothing but a listing changes it yet."""
        return f'"phase":"{PHASE_NAMES[self.book.phase]}","reason":null,"until":null'


def prices_of(changes: Iterable[Change], side: int) -> list[int]:
    """The prices at which a side has changed, best first."""
    return sorted({change[4] for change in changes if change[3] == side}, reverse=side == BUY)
