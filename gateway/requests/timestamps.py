"""Timestamps of clients: RFC 3339, UTC, nanoseconds.

Units: `int` nanoseconds since 1970.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from exchange.units import SECOND

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_form = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
).fullmatch


def time_of(text: str) -> int:
    """The time that an RFC 3339 text names; ValueError if the text names none. The time may lie before 1970."""
    found = _form(text)
    if found is None:
        raise ValueError("not an RFC 3339 time")
    day, clock, fraction, sign, hours, minutes = found.groups()
    moment = datetime.fromisoformat(f"{day}T{clock}+00:00")
    seconds = (moment - _EPOCH) // timedelta(seconds=1) - _offset(sign, hours, minutes)
    return seconds * SECOND + int((fraction or "").ljust(9, "0"))


def time_text(at: int) -> str:
    """A time as RFC 3339 text with all nine decimals."""
    seconds, nanoseconds = divmod(at, SECOND)
    moment = _EPOCH + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"


def _offset(sign: str | None, hours: str, minutes: str) -> int:
    if sign is None:
        return 0
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError("no such offset from UTC")
    seconds = int(hours) * 3_600 + int(minutes) * 60
    return seconds if sign == "+" else -seconds
