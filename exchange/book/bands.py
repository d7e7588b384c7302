"""Bands: the prices between which an instrument may trade now; static and dynamic bands, or LULD instead.

The static band lies round the last auction price, the dynamic one round the last trade, each else round the listing's
reference price; without any of these prices there is no band. Both edges may trade. A band is a pair (low, high) of the
outermost prices in ticks, 0 for none. Source: docs/rules.md, "Bands", "LULD".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.terms import BUY, CONTINUOUS, SELL
from exchange.units import RATE

if TYPE_CHECKING:
    from exchange.book.book import Book
    from exchange.instrument import Instrument

Band = tuple[int, int]


def bands_of(book: Book) -> Band:
    """The outermost prices that may trade now."""
    luld = book.luld
    if luld is not None:
        return luld.low, luld.high
    instrument = book.instrument
    low, high = static_band(book)
    if instrument.dynamic_band_bps == 0:
        return low, high
    nearer_low, nearer_high = band_round(instrument, book.reference_price(), instrument.dynamic_band_bps)
    if high == 0:
        return nearer_low, nearer_high
    if nearer_high == 0:
        return low, high
    return max(low, nearer_low), min(high, nearer_high)


def static_band(book: Book) -> Band:
    """The band round the last auction price."""
    instrument = book.instrument
    reference = book.on_tick(book.auction_price or instrument.reference_price)
    return band_round(instrument, reference, instrument.static_band_bps)


def band_round(instrument: Instrument, reference: int, width_bps: int) -> Band:
    """The band of a width (hundredths of a basis point) round a price."""
    if width_bps == 0 or reference == 0:
        return 0, 0
    width = reference * width_bps // RATE
    return instrument.ceil_price(max(reference - width, 0)), instrument.floor_price(reference + width)


def is_beyond(price: int, low: int, high: int) -> bool:
    """Whether a price lies outside a band."""
    return high > 0 and (price > high or price < low)


def is_at_limit(book: Book) -> bool:
    """Whether the best ask stands at the lower LULD band, or the best bid at the upper, or beyond."""
    luld = book.luld
    if luld is None or luld.high == 0 or book.phase != CONTINUOUS or book.halted:
        return False
    bid, ask = book.sides[BUY].best, book.sides[SELL].best
    return bid >= luld.high or 0 < ask <= luld.low
