"""Values: numbers and times converted between Python and the wire.

Numbers are `Decimal`s; on the wire they are decimal strings and never pass through a float. Times are `int`
nanoseconds since 1970 UTC; on the wire they are RFC 3339 strings.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

Number = Decimal | str | int
"""The types of a price or a quantity. A float is refused: 0.1 is not a tenth."""

_SECOND = 1_000_000_000

_EXPONENT_MAX = 40
"""Beyond 10^40, and below 10^-40, no exchange has a number; printing one could take all memory."""


def to_wire(number: Number) -> str:
    """Print for the exchange, exactly.

    >>> to_wire(Decimal("1e2")), to_wire("101.250"), to_wire(7)
    ('100', '101.250', '7')

    Raises:
        TypeError: it is neither a Decimal nor a str nor an int.
        ValueError: it is no number, not finite, or out of any exchange's range.
    """
    if isinstance(number, bool) or not isinstance(number, Decimal | str | int):
        raise TypeError(f"a price or quantity is a Decimal, a str or an int, not {number!r}")
    try:
        value = Decimal(number)
    except InvalidOperation:
        raise ValueError(f"a price or quantity is a number, not {number!r}") from None
    if not value.is_finite() or abs(value.adjusted()) > _EXPONENT_MAX:
        raise ValueError(f"a price or quantity is between 10^-{_EXPONENT_MAX} and 10^{_EXPONENT_MAX}, not {number!r}")
    return f"{value:f}"


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

    Raises:
        TypeError: it is no int.
        ValueError: it lies before the year 1 or after 9999.
    """
    if isinstance(time, bool) or not isinstance(time, int):
        raise TypeError(f"a time is an int of nanoseconds since 1970 UTC, not {time!r}")
    seconds, fraction = divmod(time, _SECOND)
    try:
        return _rfc3339(seconds, fraction)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"a time is in nanoseconds since 1970 UTC, up to the year 9999: {time} is not") from None


def _rfc3339(seconds: int, fraction: int) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"
