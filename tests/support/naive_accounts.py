"""The naive exchange's accounts: every trade in one list, and positions reckoned from its beginning each time.

Averages are fractions. Only where a position grows again after a part of it was closed is its cost rounded, at 16
decimals of money, as docs/rules.md says.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from exchange.accounts.limits import (
    CROSS_BPS,
    ENABLED,
    MAKER_BPS,
    MAX_LONG,
    MAX_OPEN_ORDERS,
    MAX_QUANTITY,
    MAX_SHORT,
    MAX_VALUE,
    TAKER_BPS,
)
from exchange.instrument import NO_RATE
from exchange.terms import BUY, CROSS, MAKER
from exchange.units import HOUR, LARGEST, RATE, UNIT
from tests.support.naive_memory import NaiveMemory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exchange.events import Busted
    from exchange.instrument import Instrument
    from tests.support.naive_order import NaiveOrder

MEMORY = 24 * HOUR
"""How long a trade may be undone."""

Fill = tuple[str, int, int]
"""Account, side, fee."""


@dataclass
class NaiveTrade:
    """A trade that has ever been, its maker's fill first."""

    symbol: str
    number: int
    price: int
    quantity: int
    fills: tuple[Fill, Fill]
    at: int
    told: Busted
    """What undoing it is told as, but for how its orders stand then."""
    orders: tuple[NaiveOrder, NaiveOrder] | None = None
    """Its maker and its taker."""
    busted: bool = False
    forgotten: bool = False

    def undone(self) -> Busted:
        """What undoing it is told as now."""
        if self.orders is None:
            return self.told
        maker, taker = self.orders
        after = {**maker.stands("maker"), "maker_open": maker.open, **taker.stands("taker"), "taker_open": taker.open}
        return replace(self.told, **after)


@dataclass
class NaivePosition:
    """What the trades make of one account in one instrument."""

    quantity: int = 0
    average: Fraction = Fraction(0)
    trimmed: bool = False
    """Whether a part of it was closed since it last grew."""
    realised: Fraction = Fraction(0)
    cash: int = 0
    fees: int = 0

    def take(self, quantity: int, price: int) -> None:
        """Buy so much, or sell it where `quantity` is below zero."""
        if self.quantity * quantity >= 0:
            self.grow(quantity, price)
            return
        closed = min(abs(quantity), abs(self.quantity))
        direction = 1 if self.quantity > 0 else -1
        self.realised += direction * closed * (price - self.average) / UNIT
        self.quantity -= direction * closed
        self.trimmed = self.quantity != 0
        if abs(quantity) > closed:
            self.grow(quantity + direction * closed, price)

    def grow(self, quantity: int, price: int) -> None:
        """Take so much more of what is held."""
        cost = abs(self.quantity) * self.average
        if self.trimmed:
            rounded = round(cost)
            self.realised += (rounded - cost) * (1 if self.quantity > 0 else -1) / UNIT
            cost = Fraction(rounded)
        self.quantity += quantity
        self.average = (cost + abs(quantity) * price) / abs(self.quantity)
        self.trimmed = False

    def told(self) -> tuple[int, int, int, int, int]:
        """Quantity, average price, realised profit, cash, fees: as an account is told them."""
        average = round(self.average) if self.quantity else 0
        return self.quantity, average, round(self.realised), self.cash, self.fees


@dataclass
class NaiveAccounts:
    """Limits by account and symbol, who is stopped, and all trades."""

    semantics: int = 3
    remembered: NaiveMemory[NaiveTrade] = field(default_factory=NaiveMemory)
    """Of each account in each instrument the trades, as `account symbol`; one may be undone while both remember it."""
    limits: dict[tuple[str, str], dict[int, int]] = field(default_factory=dict)
    stopped: list[tuple[str, str]] = field(default_factory=list)
    trades: list[NaiveTrade] = field(default_factory=list)

    def own(self, account: str, symbol: str) -> dict[int, int]:
        """The account's own limits in an instrument."""
        return self.limits.get((account, ""), {}) | self.limits.get((account, symbol), {})

    def set_limits(self, account: str, symbol: str, values: Iterable[tuple[int, int]], removed: int) -> dict[int, int]:
        """Merge new limits in; what is there then."""
        limits = {
            name: value for name, value in self.limits.get((account, symbol), {}).items() if not removed & 2**name
        }
        self.limits[account, symbol] = limits | dict(values)
        return self.limits[account, symbol]

    def is_stopped(self, account: str, symbol: str) -> bool:
        """Whether a kill switch is on for it."""
        return any(switch in self.stopped for switch in (("", ""), (account, ""), ("", symbol)))

    def rate(self, account: str, instrument: Instrument, liquidity: int) -> int:
        """What an account pays for a fill."""
        own = self.own(account, instrument.symbol)
        if liquidity == MAKER:
            return own.get(MAKER_BPS, instrument.maker_bps)
        cross = own.get(CROSS_BPS, instrument.cross_bps)
        if liquidity == CROSS and cross != NO_RATE:
            return cross
        return own.get(TAKER_BPS, instrument.taker_bps)

    def fee(self, account: str, instrument: Instrument, liquidity: int, amount: int) -> int:
        """The fee for a fill of price × quantity."""
        return round(Fraction(amount * self.rate(account, instrument, liquidity), UNIT * RATE))

    def add(self, trade: NaiveTrade) -> None:
        """A trade has been made; those that are too many are forgotten."""
        self.trades.append(trade)
        accounts = dict.fromkeys("" if self.remembered.undivided else account for account, _, _ in trade.fills)
        for account in accounts:
            for old in self.remembered.put(f"{account} {trade.symbol}", trade):
                old.forgotten = True
        for old in self.remembered.outdated(lambda old: trade.at - old.at >= MEMORY):
            old.forgotten = True
        for old in self.remembered.beyond_bounds():
            old.forgotten = True

    def forget(self, symbol: str) -> None:
        """An instrument is gone, and its trades with it."""
        for trade in self.trades:
            trade.forgotten = trade.forgotten or trade.symbol == symbol
        for owner in sorted(self.remembered.owned):
            self.remembered.drop(owner, lambda trade: trade.symbol == symbol)

    def find(self, symbol: str, number: int, now: int) -> NaiveTrade | None:
        """The trade of that number, if it is remembered."""
        for trade in self.trades:
            if (trade.symbol, trade.number) == (symbol, number) and not trade.forgotten and trade.at > now - MEMORY:
                return trade
        return None

    def position(self, account: str, symbol: str) -> NaivePosition:
        """What all trades that stand make of an account's position."""
        position = NaivePosition()
        for trade in self.trades:
            if trade.busted or trade.symbol != symbol:
                continue
            value = round(Fraction(trade.price * trade.quantity, UNIT))
            for owner, side, fee in trade.fills:
                if owner == account:
                    position.take(trade.quantity if side == BUY else -trade.quantity, trade.price)
                    position.cash -= (value if side == BUY else -value) + fee
                    position.fees += fee
                if account == "fees":
                    position.cash += fee
                    position.fees -= fee
        return position

    # Checks.

    def is_disabled(self, account: str, symbol: str) -> bool:
        """Whether the account may not trade there."""
        return account == "fees" or self.own(account, symbol).get(ENABLED, 1) == 0

    def largest(self, account: str, instrument: Instrument) -> int:
        """The largest quantity of an order."""
        return min(
            instrument.max_quantity or LARGEST - 1, self.own(account, instrument.symbol).get(MAX_QUANTITY, LARGEST)
        )

    def dearest(self, account: str, instrument: Instrument) -> int:
        """The largest value of an order; by version 2 it was 40 billion where nobody has named one."""
        unnamed = LARGEST if self.semantics == 2 else LARGEST**2
        named = instrument.max_value, self.own(account, instrument.symbol).get(MAX_VALUE)
        return min(named[0] or unnamed, unnamed if named[1] is None else named[1])

    def most_orders(self, account: str, instrument: Instrument) -> int:
        """How many open orders it may have."""
        own = self.own(account, instrument.symbol)
        return min(instrument.max_open_orders or LARGEST, own.get(MAX_OPEN_ORDERS, LARGEST))

    def passes_position(self, account: str, symbol: str, side: int, quantity: int) -> bool:
        """Whether the position stays within its limit if so much more is bought, or sold."""
        limit = self.own(account, symbol).get(MAX_LONG if side == BUY else MAX_SHORT)
        if limit is None:
            return True
        held = self.position(account, symbol).quantity
        return (held if side == BUY else -held) + quantity <= limit
