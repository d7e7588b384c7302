"""Limit up, limit down: the bands round a reference price that follows the mean of the latest trades.

The mean is of all trades of the last `luld_window`, each counting alike, rounded half to even to the tick. The
reference moves only if that is 1 % away or more, and when it has stood `luld_hold`; the one that it starts with, the
listing's or the first trade, may be replaced at once. Source: RULES.md, "LULD"; the LULD plan of the US exchanges.
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
"""References from the one to the other, both included, have bands of MIDDLE_WIDTH; above, the tier decides."""

MIDDLE_WIDTH: Final = 20
TIER_WIDTHS: Final = (0, 5, 10)
"""In percent, by tier."""

LOW_WIDTH: Final = 75
LOW_WIDTH_MAX: Final = 15 * UNIT // 100
"""Below LOW_PRICES the bands are so many percent wide, but at most so much."""

Bucket = tuple[int, int, int]
"""Trades of one moment: its time, the sum of their prices, how many they are."""


class Luld:
    """The bands of one instrument: outermost prices that may trade, 0 for none. Times are journal time, ns.

    wake: when time alone may move the reference, NEVER if it cannot.
    limit_since: since when the best bid or ask has stood at the band that it cannot trade beyond, 0 if it does not.
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
        """A trade has happened."""
        self.total += price
        self.count += 1
        trades = self.trades
        if trades and trades[-1][0] == at:
            trades[-1] = (at, trades[-1][1] + price, trades[-1][2] + 1)
        else:
            trades.append((at, price, 1))

    def renew(self, instrument: Instrument, now: int, semantics: int) -> None:
        """Let the reference follow the mean of the trades that are young enough, and the bands the reference.

        The row of ticks at the mean may round it into the next row, whose ticks are others.
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
        """Replace the reference, or wait until it has stood long enough."""
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
    """How far from the reference trades may happen."""
    if reference > HIGH_PRICES:
        return reference * TIER_WIDTHS[tier] * times // PERCENT
    if reference >= LOW_PRICES:
        return reference * MIDDLE_WIDTH * times // PERCENT
    return min(LOW_WIDTH_MAX * times, reference * LOW_WIDTH * times // PERCENT)
