"""Skim: advances the sequence numbers of reports and market data without making them, for replays of long journals.

Every number, ticker and trade becomes what `ExecutionReports.take` and `MarketData.take` would make it; reports are
counted and not kept. A skim costs a fraction of these two methods. A command that is not plain (a listing, several
instruments, a status that moves) is passed to `MarketData.take`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from exchange.events import OF_ONE_ORDER, Accepted, Busted, Traded
from exchange.market_events import BandsDoubled, InstrumentDelisted, InstrumentListed, PhaseSet
from exchange.terms import BUY
from streams.publication.instrument_feed import ROWS_PER_FRAME_MAX, CommandMoment, TapeRow, nobody

if TYPE_CHECKING:
    from exchange.events import Event
    from exchange.terms import Change
    from streams.publication.instrument_feed import InstrumentFeed, Quote
    from streams.publication.market_data import MarketData
    from streams.publication.reports import ExecutionReports


class Skim:
    """Skim of a partition's reports and market data: `take` each command, then `enter` the counts."""

    def __init__(self, reports: ExecutionReports, market_data: MarketData) -> None:
        self.reports = reports
        self.market_data = market_data
        self.reported: list[str] = []
        """The account of each report since the last `enter`."""

    def take(self, events: list[Event], changes: list[Change], at: int, *, last: bool = True) -> None:
        """Count a command's events, the `last` of its message or not. The renderer must know a listing before."""
        reported = self.reported
        symbol = changes[0][0] if changes else ""
        plain = not self.market_data.moving
        trades: list[TapeRow] = []
        for event in events:
            if isinstance(event, Accepted):
                reported.append(event.order.account)
            elif isinstance(event, Traded):
                reported.append(event.taker_account)
                reported.append(event.maker_account)
                trades.append((event.trade_id, event.price, event.quantity, event.side, at, False))
            elif isinstance(event, OF_ONE_ORDER):
                reported.append(event.account)
            elif isinstance(event, Busted):
                reported.append(event.taker_account)
                reported.append(event.maker_account)
                plain = False
            elif isinstance(event, (InstrumentListed, InstrumentDelisted, PhaseSet, BandsDoubled)):
                plain = False
        for change in changes:
            if change[0] != symbol:
                plain = False
        # A command gives one frame for each channel, unless it is very long.
        if len(changes) > ROWS_PER_FRAME_MAX or (trades and not changes):
            plain = False
        if not plain:
            self.market_data.take(events, changes, CommandMoment("", at, nobody), last=last)
        elif changes:
            feed = self.market_data.feeds[symbol]
            feed.full.seq += 1
            feed.levels.seq += 1
            feed.checksum.forget()
            if trades or any_at_best(feed.quote, changes):
                quote_again(feed, trades, at)

    def enter(self) -> None:
        """Add the counts to the accounts."""
        for account, count in Counter(self.reported).items():
            self.reports.count(account, count)
        self.reported.clear()


def any_at_best(quote: Quote, changes: list[Change]) -> bool:
    """Whether a change may show in the ticker; all other changes are behind the best prices."""
    bid, ask = quote[0], quote[2]
    for _, _, _, side, price, _ in changes:  # noqa: SIM110 - any() makes a generator of it, for twice the time
        if price >= bid if side == BUY else ask == 0 or price <= ask:
            return True
    return False


def quote_again(feed: InstrumentFeed, trades: list[TapeRow], at: int) -> None:
    """Update the tape and the ticker as `InstrumentFeed.advance` would."""
    if trades:
        feed.recent.extend(trades)
        feed.trades.seq += len(trades)
    quote = feed.quote_now()
    if quote != feed.quote:
        feed.quote = quote
        feed.quoted_at = at
        feed.ticker.seq += 1
