"""Units: whole numbers for prices, quantities and money.

Every price, quantity and amount of money inside Openbell is an `int` counting units of 10⁻⁸
(docs/decisions/0001-one-unit.md). Times are `int` nanoseconds since 1970 UTC. Basis points are
`int` hundredths of a basis point, because fees have up to two decimals.
"""

from __future__ import annotations

from typing import Final

UNIT: Final = 100_000_000
"""Units in one whole."""

DECIMALS: Final = 8

LARGEST: Final = 4_000_000_000_000_000_000
"""No price or quantity reaches this (40 billion), so each fits 63 bits on the wire.

A larger number from a client is carried as exactly LARGEST, and refused by the instrument's limits.
"""

VALUE_LARGEST: Final = LARGEST * LARGEST // UNIT
"""Bound of the amounts of money that a limit may name: no price × quantity is above it. It needs 124 bits."""

RATE: Final = 1_000_000
"""The rate that is 100 %, in hundredths of a basis point."""

SECOND: Final = 1_000_000_000
HOUR: Final = 3_600 * SECOND

NEVER: Final = (1 << 62) - 1
"""A time that never comes: above every time that a command may name."""

TIMERS_SPARE: Final = 1_000
"""A heap of timers drops its stale entries at twice its length after the last cleaning, plus this number."""


def divide_half_even(numerator: int, denominator: int) -> int:
    """Divide by a positive denominator and round half to even, for either sign."""
    quotient, rest = divmod(numerator, denominator)
    twice = rest * 2
    if twice > denominator or (twice == denominator and quotient % 2 == 1):
        return quotient + 1
    return quotient


def value_of(price: int, quantity: int) -> int:
    """The money, in units, that `quantity` costs at `price`; exact where tick × lot is whole units."""
    return divide_half_even(price * quantity, UNIT)


def decimals_of(step: int) -> int:
    """The decimals that a tick or lot needs, trailing zeros not counted: 0.010 needs 2."""
    decimals = DECIMALS
    while decimals > 0 and step % 10 == 0:
        step //= 10
        decimals -= 1
    return decimals


def from_text(text: str) -> int:
    """The units of a number that `to_text` printed: exact, however large. Clients' numbers are read in the gateway."""
    whole, _, fraction = text.removeprefix("-").partition(".")
    units = int(whole) * UNIT + int(fraction.ljust(DECIMALS, "0"))
    return -units if text.startswith("-") else units


def to_text(units: int, decimals: int) -> str:
    """Print with at least `decimals` decimals, more only where the number has more.

    An order that rested before its tick was made coarser keeps its finer price.
    """
    sign = "-" if units < 0 else ""
    whole, fraction = divmod(abs(units), UNIT)
    digits = f"{fraction:08d}"
    kept = len(digits.rstrip("0"))
    shown = digits[: max(kept, decimals)]
    return f"{sign}{whole}.{shown}" if shown else f"{sign}{whole}"
