"""The numbers that clients count by, without what they number: for the long way through an old journal.

Every number, ticker and trade becomes what `ExecutionReports.take` and `MarketData.take` make of it; reports are
counted and not kept. It costs a fraction of theirs. What is not plain (a listing, several instruments in one
command) is left to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.events import Accepted, Amended, Canceled, Expired, InstrumentListed, Traded
from exchange.order import BUY
from streams.feed import Moment, Trade, nobody

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exchange.book import Change
    from exchange.events import Event
    from streams.feed import Feed
    from streams.market_data import MarketData
    from streams.reports import ExecutionReports


class Tally:
    """Counts on in a partition's reports and market data."""

    def __init__(self, reports: ExecutionReports, market_data: MarketData) -> None:
        self.reports = reports
        self.market_data = market_data

    def take(self, events: Sequence[Event], changes: Sequence[Change], at: int) -> None:
        """A command did this. A listing has to be known to the renderer before."""
        count = self.reports.count
        symbol = changes[0][0] if changes else ""
        plain = True
        trades: list[Trade] = []
        for event in events:
            if isinstance(event, Accepted):
                count(event.order.account)
            elif isinstance(event, Traded):
                count(event.taker_account)
                count(event.maker_account)
                trades.append(Trade(event.trade_id, event.price, event.quantity, event.side, at))
            elif isinstance(event, Canceled | Expired | Amended):
                count(event.account)
            elif isinstance(event, InstrumentListed):
                plain = False
        for change in changes:
            if change[0] != symbol:
                plain = False
        if not plain:
            self.market_data.take(events, changes, Moment("", at, nobody))
        elif changes:
            advance(self.market_data.feeds[symbol], changes, trades, at)


def advance(feed: Feed, changes: Sequence[Change], trades: Sequence[Trade], at: int) -> None:
    """What `Feed.advance` does to the numbers."""
    feed.checksum.forget()
    for channel in (feed.full, feed.levels):
        channel.prev = channel.seq
        channel.seq += 1
    if trades:
        feed.recent.extend(trades)
        feed.trades.advance(trades[-1].trade_id)
    if trades or any_at_best(feed, changes):
        quote = feed.quote_now()
        if quote != feed.quote:
            feed.quote = quote
            feed.quoted_at = at
            feed.ticker.advance(feed.ticker.seq + 1)


def any_at_best(feed: Feed, changes: Sequence[Change]) -> bool:
    """Whether a change may show in the ticker: all others lie behind the best prices."""
    bid, ask = feed.quote[0], feed.quote[2]
    for change in changes:
        price = change[4]
        if price >= bid if change[3] == BUY else ask == 0 or price <= ask:
            return True
    return False
