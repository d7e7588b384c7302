"""What may be traded and within which limits: an instrument's reference data.

Units: prices and quantities as in `units`; `*_bps` in hundredths of a basis point; 0 switches a limit off
unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import lcm
from typing import Final

from exchange.units import LARGEST, UNIT

MAX_OPEN_ORDERS: Final = 100_000
"""Open orders an account may have in one instrument unless the listing says otherwise."""


@dataclass
class Instrument:
    """The definition an operator lists; replaced whole by every later listing of the symbol.

    ticks: `(from_price, tick)` rows, ascending by from_price, the first from 0 (RULES.md, "Before matching").
    min_quantity 0 stands for one lot, max_quantity 0, max_price 0 and max_value 0 for `LARGEST`.
    min_price 0 stands for no minimum but that prices are positive. What these mean is in `lowest_…` and `highest_…`;
    the values there are products of a price and a quantity, in units². A multiple of `common_tick` is on tick at any
    price.
    collar_bps: how far `price` may lie from the reference price; 0 is no collar.
    reference_price 0 stands for none.
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
        self.highest_quantity = self.max_quantity or LARGEST - 1
        self.lowest_price = self.min_price or 1
        self.highest_price = self.max_price or LARGEST - 1
        self.lowest_value = self.min_value * UNIT
        self.highest_value = (self.max_value or LARGEST) * UNIT

    def tick_at(self, price: int) -> int:
        """The tick that holds at `price`: of the highest row whose `from` is not above it."""
        if len(self.ticks) == 1:
            return self.smallest_tick
        found = self.ticks[0][1]
        for start, tick in self.ticks:
            if start > price:
                break
            found = tick
        return found

    def fault(self) -> str:
        """The name of the field that makes this listing impossible, or an empty string.

        Source: RULES.md, "Before matching": a listing whose tick × lot is no multiple of a unit of money is refused.
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
        ):
            if number < 0 or number > LARGEST:
                return name
        if self.highest_quantity < max(self.min_quantity, self.lot_size):
            return "max_quantity"
        if self.highest_price < max(self.min_price, self.smallest_tick):
            return "max_price"
        if 0 < self.max_value < self.min_value:
            return "max_value"
        return ""
