"""Numbers and times between Python and the wire.

Numbers are `Decimal`s; on the wire they are decimal strings and never pass through a float. Times are `int`
nanoseconds since 1970 UTC; on the wire they are RFC 3339 strings.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

Number = Decimal | str | int
"""What may be given for a price or a quantity. A float may not: 0.1 is not a tenth."""

_SECOND = 1_000_000_000


def to_wire(number: Number) -> str:
    """Print for the exchange, exactly.

    >>> to_wire(Decimal("1e2")), to_wire("101.250"), to_wire(7)
    ('100', '101.250', '7')
    """
    if isinstance(number, bool | float):
        raise TypeError(f"a price or quantity is a Decimal, a str or an int, not {number!r}")
    return f"{Decimal(number):f}"


def from_wire(text: str | None) -> Decimal | None:
    """Read a number that may be left out."""
    return None if text is None else Decimal(text)


def time_from_wire(text: str | None) -> int:
    """Read an RFC 3339 time; 0 when there is none.

    >>> time_from_wire("2026-11-22T10:00:00.123456789Z")
    1795341600123456789
    """
    if not text:
        return 0
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp())
    return seconds * _SECOND + int(fraction.ljust(9, "0")[:9])


def time_to_wire(time: int) -> str:
    """Print nanoseconds since 1970 UTC as RFC 3339.

    >>> time_to_wire(1795341600123456789)
    '2026-11-22T10:00:00.123456789Z'
    """
    seconds, fraction = divmod(time, _SECOND)
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"
