"""The state of the naive exchange, what can be seen of it, and how its orders end (see `naive_book`)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from exchange import commands, events, market_events
from exchange.terms import AUCTION, BUY, CANCELED, CLOSING, EXPIRED, PENDING_TRIGGER, SELL
from exchange.units import HOUR
from tests.support.naive_accounts import NaiveAccounts
from tests.support.naive_market import NaiveMarket, uncross_of
from tests.support.naive_memory import NaiveMemory
from tests.support.naive_order import NaiveOrder

if TYPE_CHECKING:
    from exchange.events import Event
    from exchange.instrument import Instrument

MEMORY = 24 * HOUR
"""How long an ended order and its client order id are remembered."""


@dataclass
class NaiveWorld:
    """All orders in one list."""

    semantics: int = 3
    """The version of the rules that is carried out: those of docs/rules.md are the newest."""
    trades_per_order_max: int = 0
    ended: NaiveMemory[NaiveOrder] = field(default_factory=NaiveMemory)
    """Of each account the orders that ended, in that order."""
    command_age_max: int = 0
    now: int = 0
    moment: int = 0
    """When what is happening was due."""
    markets: dict[str, NaiveMarket] = field(default_factory=dict)
    trade_ids: dict[str, int] = field(default_factory=dict)
    trades_made: int = 0
    """By orders, in this command."""
    deferred: list[str] = field(default_factory=list)
    """Where stops wait for the next command."""
    deadlines: dict[str, int] = field(default_factory=dict)
    accounts: NaiveAccounts = field(default_factory=NaiveAccounts)
    orders: list[NaiveOrder] = field(default_factory=list)
    order_ids: int = 0
    stamps: int = 0
    news: list[Event] = field(default_factory=list)

    @property
    def instruments(self) -> dict[str, Instrument]:
        """What is listed, in that order."""
        return {symbol: market.instrument for symbol, market in self.markets.items()}

    def resting(self, symbol: str, side: int) -> list[NaiveOrder]:
        """The open orders of a side in book order."""
        found = [order for order in self.orders if order.open and order.placed.symbol == symbol]
        found = [order for order in found if order.placed.side == side and order.shown]
        return sorted(found, key=lambda order: (-order.price if side == BUY else order.price, order.stamp))

    def depth(self, symbol: str, side: int) -> list[tuple[int, int]]:
        """Total displayed per price, best first."""
        totals: dict[int, int] = {}
        for order in self.resting(symbol, side):
            totals[order.price] = totals.get(order.price, 0) + order.shown
        return list(totals.items())

    def find(self, account: str, symbol: str, client_order_id: str) -> NaiveOrder | None:
        """The remembered order of that name."""
        name = (account, symbol, client_order_id)
        for order in self.orders:
            if (order.account, order.placed.symbol, order.placed.client_order_id) == name:
                return order
        return None

    def reference_price(self, symbol: str) -> int:
        """The last trade's price, else the listing's, else 0."""
        return self.markets[symbol].reference_price()

    def open_quantity(self, account: str, symbol: str, side: int) -> int:
        """What of the account's orders may still trade on a side."""
        mine = [order for order in self.orders if order.account == account and order.placed.symbol == symbol]
        return sum(order.open for order in mine if order.placed.side == side)

    def open_count(self, account: str, symbol: str) -> int:
        """How many orders the account has open in the instrument."""
        mine = [order for order in self.orders if order.open and order.account == account]
        return len([order for order in mine if order.placed.symbol == symbol])

    def is_late(self, sent_at: int) -> bool:
        """Whether a command that left its gateway then has been on the way for too long."""
        return sent_at != 0 and self.now - sent_at > self.command_age_max

    def indication(self, symbol: str) -> tuple[int, int, int, int]:
        """What an uncross would give: price, volume, imbalance and its side."""
        bids, asks = (self._offers(symbol, side) for side in (BUY, SELL))
        return uncross_of(bids, asks, self.reference_price(symbol))

    def _offers(self, symbol: str, side: int) -> list[tuple[int, int]]:
        return [(order.price, order.open) for order in self._in_call(symbol, side)]

    def _in_call(self, symbol: str, side: int) -> list[NaiveOrder]:
        """All that takes part in an uncross, market orders first, then price, then time."""
        found = [order for order in self.orders if order.open and order.placed.symbol == symbol]
        found = [order for order in found if order.placed.side == side and not order.waiting]
        found = [order for order in found if order.status != PENDING_TRIGGER]
        turned = -1 if side == BUY else 1
        return sorted(found, key=lambda order: (order.price != 0, turned * order.price, order.stamp))

    def new_terms(self, order: NaiveOrder, command: commands.AmendOrder) -> tuple[int, int, int]:
        """Price, quantity and display (0 = plain) that the amend asks for; a smaller total may swallow the display."""
        price = order.price if command.price is None else command.price
        quantity = order.quantity if command.quantity is None else command.quantity
        display = order.display if command.display_quantity is None else command.display_quantity
        swallowed = command.display_quantity is None and display > quantity
        return price, quantity, 0 if swallowed or display == quantity else display

    def _announce(self, symbol: str, reason: str) -> None:
        market = self.markets[symbol]
        market.reason = reason
        told = (market.phase, market.kind, market.until, market.halted, market.call, reason)
        self.news.append(market_events.PhaseSet(symbol, *told))

    def _begin_call(self, symbol: str, kind: int, until: int, length: int, reason: str) -> None:
        market = self.markets[symbol]
        market.phase, market.kind, market.until, market.length = AUCTION, kind, until, length
        market.extended = market.limit_since = market.limit_until = 0
        market.call += 1
        market.drawn = -1 if until and market.instrument.call_random else 0
        for order in self.orders:
            if kind == CLOSING and order.waiting and order.placed.symbol == symbol:
                order.waiting = False
                order.shown = self._part(order)
        self._announce(symbol, reason)

    def _stamp(self, order: NaiveOrder) -> None:
        self.stamps += 1
        order.stamp = self.stamps

    def _show(self, order: NaiveOrder) -> None:
        self._stamp(order)
        order.shown = self._part(order)

    def _part(self, order: NaiveOrder) -> int:
        """What an order in the book shows; a market order nothing."""
        return min(order.display or order.open, order.open) if order.price else 0

    def _cancel_one(self, order: NaiveOrder, reason: str) -> None:
        stands = order.stands() | {"status": CANCELED}
        self.news.append(events.Canceled(order.order_id, order.account, order.open, reason, **stands))
        self._end(order, CANCELED, reason)

    def _expire(self, order: NaiveOrder, reason: str) -> None:
        stands = order.stands() | {"status": EXPIRED}
        self.news.append(events.Expired(order.order_id, order.account, order.open, reason, **stands))
        self._end(order, EXPIRED, reason)

    def _end(self, order: NaiveOrder, status: int, reason: str) -> None:
        order.canceled += order.open
        order.open = order.shown = 0
        order.waiting = False
        order.status, order.reason, order.updated = status, reason, self.now
        self.ended.add(order.account, order)

    def _copy(self) -> Self:
        """The world as it is, without its past."""
        world = deepcopy(self, {id(forgettable): type(forgettable)() for forgettable in self._forgettable()})
        world.news = []
        return world

    def _forgettable(self) -> list[Any]:
        """What no trial needs."""
        return [self.accounts.trades, self.accounts.remembered, self.ended, self.news]
