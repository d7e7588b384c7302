"""Instrument: the reference data of what may be traded, and within which limits.

Units: prices and quantities as in `units`; `*_bps` in hundredths of a basis point; 0 switches a limit off
unless stated otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import lcm
from typing import Final

from exchange.semantics import NEWEST, UNBOUNDED_VALUE
from exchange.units import LARGEST, RATE, SECOND, UNIT, VALUE_LARGEST, divide_half_even

MAX_OPEN_ORDERS: Final = 100_000
"""Open orders that an account may have in one instrument, unless the listing names another bound."""

CALL: Final = 300 * SECOND
WINDOW: Final = 300 * SECOND
HOLD: Final = 30 * SECOND
LIMIT_STATE: Final = 15 * SECOND
"""Durations of calls and of LULD, in nanoseconds, unless the listing names others."""

CALL_EXTENSIONS: Final = 1

MONEY: Final = ("min_value", "max_value")
"""Bounds of price × quantity, of a wider range than either."""

NO_RATE: Final = -RATE - 1
"""In place of a missing fee rate."""


@dataclass
class Instrument:
    """The definition an operator lists; replaced whole by every later listing of the symbol.

    ticks: `(from_price, tick)` rows, ascending by from_price, the first from 0 (docs/rules.md, "Before matching").
    min_quantity 0 stands for one lot, max_quantity 0 and max_price 0 for all below `LARGEST`, max_value 0 for any.
    min_price 0 stands for no minimum but that prices are positive. `lowest_…` and `highest_…` hold the effective
    bounds; values there are products of a price and a quantity, in units². A multiple of `common_tick` is on tick at
    any price.
    collar_bps: how far `price` may lie from the reference price; 0 is no collar.
    reference_price 0 stands for none.
    static_band_bps, dynamic_band_bps: 0 is off. luld_tier: 1 or 2, 0 is off; the luld_* durations are nanoseconds:
    the window of the mean, how long a reference has to stand, how long a limit state may last, the pause and its
    extensions. call_*: length of a volatility call, the longest random extra time of a timed call, and how often a call
    is extended.
    maker_bps, taker_bps: fees, negative is a rebate; cross_bps: NO_RATE for the taker's.
    calendar: the name of the schedule by which the leader changes the instrument's phases, "" for round the clock.
    """

    symbol: str
    ticks: list[tuple[int, int]]
    lot_size: int
    min_quantity: int = 0
    max_quantity: int = 0
    min_price: int = 0
    max_price: int = 0
    min_value: int = 0
    max_value: int = 0
    collar_bps: int = 0
    max_open_orders: int = MAX_OPEN_ORDERS
    reference_price: int = 0
    static_band_bps: int = 0
    dynamic_band_bps: int = 0
    luld_tier: int = 0
    luld_window: int = WINDOW
    luld_hold: int = HOLD
    luld_limit_state: int = LIMIT_STATE
    luld_call: int = CALL
    luld_extension: int = CALL
    call: int = CALL
    call_random: int = 0
    call_extensions: int = CALL_EXTENSIONS
    maker_bps: int = 0
    taker_bps: int = 0
    cross_bps: int = NO_RATE
    calendar: str = ""
    smallest_tick: int = field(init=False, default=0)
    common_tick: int = field(init=False, default=0)
    lowest_quantity: int = field(init=False, default=0)
    highest_quantity: int = field(init=False, default=0)
    lowest_price: int = field(init=False, default=0)
    highest_price: int = field(init=False, default=0)
    lowest_value: int = field(init=False, default=0)
    highest_value: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.ticks = list(self.ticks)
        self.smallest_tick = min([row[1] for row in self.ticks], default=0)
        self.common_tick = lcm(*[row[1] for row in self.ticks]) or UNIT
        self.lowest_quantity = self.min_quantity or self.lot_size
        self.lowest_price = self.min_price or 1
        self.lowest_value = self.min_value * UNIT
        self.adopt(NEWEST)

    def adopt(self, semantics: int) -> None:
        """Set the upper bounds to those of a version of the semantics."""
        self.highest_quantity = self.max_quantity or LARGEST - 1
        self.highest_price = self.max_price or LARGEST - 1
        self.highest_value = (self.max_value or LARGEST) * UNIT
        if semantics >= UNBOUNDED_VALUE:
            self.highest_quantity = min(self.highest_quantity, LARGEST - 1)
            self.highest_price = min(self.highest_price, LARGEST - 1)
            self.highest_value = (self.max_value or VALUE_LARGEST) * UNIT

    def tick_at(self, price: int) -> int:
        """The tick that holds at `price`: that of the highest row whose `from_price` is not above `price`."""
        if len(self.ticks) == 1:
            return self.smallest_tick
        found = self.ticks[0][1]
        for start, tick in self.ticks:
            if start > price:
                break
            found = tick
        return found

    def floor_price(self, price: int) -> int:
        """The highest whole number of ticks that is not above `price`, 0 for none."""
        limit = price
        for start, tick in reversed(self.ticks):
            if start <= limit:
                found = limit // tick * tick
                if found >= start:
                    return found
                limit = start - 1
        return 0

    def ceil_price(self, price: int) -> int:
        """The lowest whole number of ticks that is not below `price`."""
        found = 0
        for place, row in enumerate(self.ticks):
            found = -(-max(price, row[0]) // row[1]) * row[1]
            if place + 1 == len(self.ticks) or found < self.ticks[place + 1][0]:
                break
        return found

    def on_tick(self, price: int) -> int:
        """The whole number of ticks nearest to `price`, the higher of two as near; 0, for no price, stays 0."""
        if price % self.common_tick == 0:
            return price
        low, high = self.floor_price(price), self.ceil_price(price)
        return low if low and (price - low < high - price or high > LARGEST) else high

    def nearest_price(self, total: int, count: int) -> int:
        """The mean total / count, rounded half to even to the tick that holds at the mean."""
        tick = self.tick_at(total // count)
        return divide_half_even(total, count * tick) * tick

    def fault(self, semantics: int = NEWEST) -> str:
        """The name of the field that makes this listing impossible, or an empty string.

        Source: docs/rules.md, "Listings": a listing whose tick × lot is no multiple of a unit of money is refused.
        """
        if not self.ticks or self.ticks[0][0] != 0:
            return "ticks"
        if any(row[0] > LARGEST or not 0 < row[1] <= LARGEST for row in self.ticks):
            return "ticks"
        if any(self.ticks[i][0] >= self.ticks[i + 1][0] for i in range(len(self.ticks) - 1)):
            return "ticks"
        if not 0 < self.lot_size <= LARGEST:
            return "lot_size"
        if any(row[1] * self.lot_size % UNIT != 0 for row in self.ticks):
            return "lot_size"
        value_largest = VALUE_LARGEST if semantics >= UNBOUNDED_VALUE else LARGEST
        for name, number in (
            ("min_quantity", self.min_quantity),
            ("max_quantity", self.max_quantity),
            ("min_price", self.min_price),
            ("max_price", self.max_price),
            ("min_value", self.min_value),
            ("max_value", self.max_value),
            ("collar_bps", self.collar_bps),
            ("max_open_orders", self.max_open_orders),
            ("reference_price", self.reference_price),
            ("static_band_bps", self.static_band_bps),
            ("dynamic_band_bps", self.dynamic_band_bps),
            ("call_random_seconds", self.call_random),
            ("call_extensions", self.call_extensions),
        ):
            if number < 0 or number > (value_largest if name in MONEY else LARGEST):
                return name
        for name, duration in (
            ("luld.window_seconds", self.luld_window),
            ("luld.hold_seconds", self.luld_hold),
            ("luld.limit_state_seconds", self.luld_limit_state),
            ("luld.call_seconds", self.luld_call),
            ("luld.extension_seconds", self.luld_extension),
            ("call_seconds", self.call),
        ):
            if not SECOND <= duration <= LARGEST:
                return name
        if not 0 <= self.luld_tier <= 2:
            return "luld.tier"
        for name, rate in (("maker_bps", self.maker_bps), ("taker_bps", self.taker_bps), ("cross_bps", self.cross_bps)):
            if abs(rate) > RATE and rate != NO_RATE:
                return name
        if self.highest_quantity < max(self.min_quantity, self.lot_size):
            return "max_quantity"
        if self.highest_price < max(self.min_price, self.smallest_tick):
            return "max_price"
        if 0 < self.max_value < self.min_value:
            return "max_value"
        return ""
