"""How one instrument of the naive exchange stands, and what the rules say of its prices.

Every price is looked for among all there are, and fractions stay fractions (docs/rules.md, "Trading day").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from exchange.commands import UNNAMED
from exchange.terms import (
    AT_OPEN,
    AUCTION,
    BOTH_SIDES,
    BUY,
    CLOSED,
    CLOSING,
    CONTINUOUS,
    FOK,
    IOC,
    OPENING,
    PRE_OPEN,
    REOPENING,
    SELL,
)
from exchange.units import LARGEST, RATE, SECOND, UNIT

if TYPE_CHECKING:
    from exchange.instrument import Instrument

Band = tuple[int, int] | None
"""The outermost prices that may trade, None for no band."""

Offer = tuple[int, int]
"""Price, 0 for a market order, and what is open."""

NOTHING = (0, 0, 0, BOTH_SIDES)
"""An uncross that does not happen: price, volume, imbalance, its side."""


@dataclass
class NaiveMarket:
    """All but its orders."""

    instrument: Instrument
    phase: int
    semantics: int = 3
    """The version of the rules that it keeps to."""
    kind: int = UNNAMED
    until: int = 0
    drawn: int = 0
    length: int = 0
    extended: int = 0
    call: int = 0
    halted: bool = False
    reason: str = ""
    last_due: int = 0
    last_price: int = 0
    previous_price: int = 0
    auction_price: int = 0
    doubled: bool = False
    luld_price: int = 0
    luld_since: int = 0
    luld_first: bool = True
    limit_since: int = 0
    limit_until: int = 0
    trades: list[tuple[int, int]] = field(default_factory=list)
    """When and at what price, as long as it is under LULD."""

    def define(self, instrument: Instrument) -> None:
        """List it anew."""
        goes_on = self.instrument.luld_tier and instrument.luld_tier
        self.instrument = instrument
        if not goes_on:
            self.start_luld(instrument)
        self.luld_price = self.on_tick(self.luld_price)

    def adopt(self, semantics: int) -> None:
        """Keep to another version of the rules."""
        self.semantics = semantics
        self.luld_price = self.on_tick(self.luld_price)

    def start_luld(self, instrument: Instrument) -> None:
        """Begin from nothing."""
        self.luld_price = (instrument.reference_price or self.last_price) if instrument.luld_tier else 0
        self.luld_price = self.on_tick(self.luld_price)
        self.luld_since = self.limit_since = self.limit_until = 0
        self.luld_first, self.doubled, self.trades = True, False, []

    @property
    def is_trading(self) -> bool:
        """Whether orders are matched."""
        return self.phase == CONTINUOUS and not self.halted

    @property
    def takes_orders(self) -> bool:
        """Whether orders may be placed and amended."""
        return self.phase in (PRE_OPEN, AUCTION, CONTINUOUS) and not self.halted

    def allows(self, time_in_force: int) -> bool:
        """Whether orders with it are taken now."""
        if time_in_force == AT_OPEN:
            return self.phase == PRE_OPEN or (self.phase == AUCTION and self.kind == OPENING)
        return time_in_force not in (IOC, FOK) or self.phase == CONTINUOUS

    def kind_after(self) -> int:
        """What a call is for that nobody has named."""
        if self.halted:
            return REOPENING
        return {CLOSED: OPENING, PRE_OPEN: OPENING, CONTINUOUS: CLOSING}.get(self.phase, REOPENING)

    def next_change(self) -> int | None:
        """When it changes by itself."""
        if self.phase == AUCTION:
            return self.until + self.drawn if self.until and self.drawn >= 0 else None
        return self.limit_until or None

    def reference_price(self) -> int:
        """The last trade's price, else the listing's, else 0."""
        return self.on_tick(self.last_price or self.instrument.reference_price)

    def on_tick(self, price: int) -> int:
        """The nearest price that an order might have, the higher of two as near."""
        if self.semantics == 2 or not price:
            return price
        rows = self.instrument.ticks
        nearest = []
        for place, (start, tick) in enumerate(rows):
            end = rows[place + 1][0] if place + 1 < len(rows) else 2 * LARGEST
            for number in (max(price, start), min(price, end - 1)):
                nearest += [number // tick * tick, -(-number // tick) * tick]
            nearest = [found for found in nearest if found > 0 and self.tick_at(found) is not None]
        return min(nearest, key=lambda found: (abs(found - price), -found))

    def tick_at(self, price: int) -> int | None:
        """The tick there, None if the price is no whole number of it."""
        tick = [step for start, step in self.instrument.ticks if start <= price][-1]
        return None if price % tick else tick

    # Bands.

    def band(self) -> Band:
        """What may trade now."""
        if self.instrument.luld_tier:
            return self.luld_band()
        bands = [self.static_band()]
        bands.append(self.round(self.reference_price(), self.instrument.dynamic_band_bps))
        known = [band for band in bands if band]
        return (max(low for low, _ in known), min(high for _, high in known)) if known else None

    def static_band(self) -> Band:
        """Round the last auction price."""
        reference = self.on_tick(self.auction_price or self.instrument.reference_price)
        return self.round(reference, self.instrument.static_band_bps)

    def round(self, reference: int, bps: int) -> Band:
        """A band of a width round a price."""
        if not reference or not bps:
            return None
        width = Fraction(reference * bps, RATE)
        return self.ticks_within(reference - width, reference + width)

    def luld_band(self) -> Band:
        """By the reference price's own size."""
        reference = self.luld_price
        if not reference:
            return None
        if reference > 3 * UNIT:
            width = Fraction(reference) * (5 if self.instrument.luld_tier == 1 else 10) / 100
        elif reference >= Fraction(3, 4) * UNIT:
            width = Fraction(reference) * 20 / 100
        else:
            width = min(Fraction(15, 100) * UNIT, Fraction(reference) * 75 / 100)
        width *= 2 if self.doubled else 1
        return self.ticks_within(reference - width, reference + width)

    def ticks_within(self, low: Fraction, high: Fraction) -> tuple[int, int]:
        """The lowest and the highest price that is a whole number of ticks."""
        lowest, highest = [], []
        rows = self.instrument.ticks
        for place, (start, tick) in enumerate(rows):
            end = rows[place + 1][0] - 1 if place + 1 < len(rows) else 10**30
            first = -(-max(low, Fraction(start), Fraction(0)) // tick) * tick
            last = min(high, Fraction(end)) // tick * tick
            lowest += [int(first)] * (first <= end)
            highest += [int(last)] * (last >= start)
        return min(lowest), max(highest)

    # LULD.

    def note_trade(self, price: int, at: int) -> None:
        """A trade has happened."""
        if self.instrument.luld_tier:
            self.trades.append((at, price))
            self.luld_price = self.luld_price or self.on_tick(price)

    def renew(self, now: int) -> None:
        """Let the reference follow the mean; a trade that is too old once is so for ever."""
        self.trades = [trade for trade in self.trades if trade[0] > now - self.instrument.luld_window]
        if not self.trades:
            return
        mean = self.mean([price for _, price in self.trades])
        moved = 100 * abs(mean - self.luld_price) >= self.luld_price
        if moved and (self.luld_first or now >= self.luld_since + self.instrument.luld_hold):
            self.luld_price, self.luld_since, self.luld_first = mean, now, False

    def mean(self, prices: list[int]) -> int:
        """Rounded half to even to the tick that holds there."""
        mean = Fraction(sum(prices), len(prices))
        tick = [step for start, step in self.instrument.ticks if start <= mean][-1]
        return self.on_tick(round(mean / tick) * tick or (0 if self.semantics == 2 else 1))

    def next_look(self) -> int | None:
        """When time alone may move the reference: a trade gets too old, or it has stood long enough; whole seconds."""
        if not self.trades:
            return None
        looks = [self.trades[0][0] + self.instrument.luld_window]
        if 100 * abs(self.mean([price for _, price in self.trades]) - self.luld_price) >= self.luld_price:
            looks.append(self.luld_since + self.instrument.luld_hold)
        return -(-min(looks) // SECOND) * SECOND


def is_beyond(price: int, band: Band) -> bool:
    """Whether a price may not trade."""
    return band is not None and not band[0] <= price <= band[1]


def uncross_of(bids: list[Offer], asks: list[Offer], reference: int) -> tuple[int, int, int, int]:
    """Price, volume, imbalance and its side: every candidate is tried."""
    candidates = sorted({price for price, _ in bids + asks if price})
    if not candidates:
        wanted, offered = sum(quantity for _, quantity in bids), sum(quantity for _, quantity in asks)
        return at(reference, wanted, offered) if reference and wanted and offered else NOTHING
    rows = []
    for price in candidates:
        wanted = sum(quantity for limit, quantity in bids if not limit or limit >= price)
        offered = sum(quantity for limit, quantity in asks if not limit or limit <= price)
        rows.append((price, wanted, offered))
    most = max(min(wanted, offered) for _, wanted, offered in rows)
    if most == 0:
        return NOTHING
    rows = [row for row in rows if min(row[1:]) == most]
    least = min(abs(wanted - offered) for _, wanted, offered in rows)
    rows = [row for row in rows if abs(row[1] - row[2]) == least]
    chosen = choose([(price, wanted - offered) for price, wanted, offered in rows], reference)
    return at(*next(row for row in rows if row[0] == chosen))


def choose(surpluses: list[tuple[int, int]], reference: int) -> int:
    """By the side of the surplus, or else by the reference price."""
    if all(surplus > 0 for _, surplus in surpluses):
        return max(price for price, _ in surpluses)
    if all(surplus < 0 for _, surplus in surpluses):
        return min(price for price, _ in surpluses)
    low = max([price for price, surplus in surpluses if surplus > 0], default=min(price for price, _ in surpluses))
    high = min([price for price, surplus in surpluses if surplus < 0], default=max(price for price, _ in surpluses))
    if not reference:
        return high
    return min((high, low), key=lambda price: abs(price - reference))


def at(price: int, wanted: int, offered: int) -> tuple[int, int, int, int]:
    """What an uncross at a price gives."""
    side = BOTH_SIDES if wanted == offered else BUY if wanted > offered else SELL
    return price, min(wanted, offered), abs(wanted - offered), side
