"""Limit up, limit down (LULD): the bands round a reference price that follows the mean of the latest trades.

The mean is of all trades of the last `luld_window`, each counting alike, rounded half to even to the tick. The
reference moves only to a mean 1 % away or more, and after the reference has stood `luld_hold`; the initial one, the
listing's or the first trade, may be replaced at once. Source: docs/rules.md, "LULD"; the LULD plan of the US exchanges.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from exchange.instrument import Instrument
from exchange.semantics import ROUNDED_REFERENCE
from exchange.units import NEVER, UNIT

PERCENT: Final = 100

LOW_PRICES: Final = 75 * UNIT // 100
HIGH_PRICES: Final = 3 * UNIT
"""References from LOW_PRICES to HIGH_PRICES, both included, have bands of MIDDLE_WIDTH; above, the tier decides."""

MIDDLE_WIDTH: Final = 20
TIER_WIDTHS: Final = (0, 5, 10)
"""Percent, by tier."""

LOW_WIDTH: Final = 75
LOW_WIDTH_MAX: Final = 15 * UNIT // 100
"""Below LOW_PRICES the bands are LOW_WIDTH percent wide, but at most LOW_WIDTH_MAX."""

Bucket = tuple[int, int, int]
"""Trades of one moment: time, sum of their prices, their number."""


class Luld:
    """The bands of one instrument: outermost prices that may trade, 0 for none. Times are journal time, ns.

    wake: when time alone may move the reference, NEVER if it cannot.
    limit_since: since when the best bid has stood at the upper band or the best ask at the lower, 0 if neither does.
    """

    __slots__ = (
        "count",
        "doubled",
        "high",
        "initial",
        "limit_since",
        "low",
        "reference",
        "since",
        "total",
        "trades",
        "wake",
    )

    def __init__(self, reference: int) -> None:
        self.reference = reference
        self.since = 0
        self.initial = True
        self.doubled = False
        self.low = 0
        self.high = 0
        self.trades: deque[Bucket] = deque()
        self.total = 0
        self.count = 0
        self.limit_since = 0
        self.wake: int = NEVER

    def note(self, price: int, at: int) -> None:
        """Add a trade to the window of the mean."""
        self.total += price
        self.count += 1
        trades = self.trades
        if trades and trades[-1][0] == at:
            trades[-1] = (at, trades[-1][1] + price, trades[-1][2] + 1)
        else:
            trades.append((at, price, 1))

    def renew(self, instrument: Instrument, now: int, semantics: int) -> None:
        """Move the reference to the window's mean, if due, and the bands with the reference.

        Rounding by the ticks at the mean may give a price in the next row, whose ticks differ: hence `on_tick`.
        """
        trades = self.trades
        while trades and trades[0][0] <= now - instrument.luld_window:
            _, total, count = trades.popleft()
            self.total -= total
            self.count -= count
        self.wake = NEVER
        if trades:
            self.wake = trades[0][0] + instrument.luld_window
            mean = instrument.nearest_price(self.total, self.count)
            if semantics >= ROUNDED_REFERENCE:
                mean = instrument.on_tick(mean or 1)
            if abs(mean - self.reference) * PERCENT >= self.reference:
                self.follow(mean, instrument, now)
        self.find_bands(instrument)

    def follow(self, mean: int, instrument: Instrument, now: int) -> None:
        """Replace the reference, or wait until the reference has stood `luld_hold`."""
        stands_until = self.since + instrument.luld_hold
        if self.initial or now >= stands_until:
            self.reference = mean
            self.since = now
            self.initial = False
        else:
            self.wake = min(self.wake, stands_until)

    def find_bands(self, instrument: Instrument) -> None:
        """Find the outermost prices that may trade."""
        reference = self.reference
        if reference == 0:
            self.low = self.high = 0
            return
        width = width_of(reference, instrument.luld_tier, 2 if self.doubled else 1)
        self.low = instrument.ceil_price(reference - width) if reference > width else 0
        self.high = instrument.floor_price(reference + width)


def width_of(reference: int, tier: int, times: int) -> int:
    """The distance of each band from the reference; `times` is 2 for doubled bands."""
    if reference > HIGH_PRICES:
        return reference * TIER_WIDTHS[tier] * times // PERCENT
    if reference >= LOW_PRICES:
        return reference * MIDDLE_WIDTH * times // PERCENT
    return min(LOW_WIDTH_MAX * times, reference * LOW_WIDTH * times // PERCENT)
