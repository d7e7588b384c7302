"""Times are RFC 3339 with nanoseconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.requests.timestamps import time_of, time_text


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01t00:00:01.5z", 1_500_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T22:30:00-01:30", 0),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
    ],
)
def test_a_time_is_read(text: str, at: int) -> None:
    """Any RFC 3339 time is its nanoseconds since 1970."""
    assert time_of(text) == at


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026-11-22", "2026-11-22 10:00:00Z", "2026-11-22T10:00:00", "2026-13-22T10:00:00Z", "now"),
        *("2026-02-30T10:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T10:00:00.Z", "2026-11-22T10:00:00.1234567890Z"),
        *("2026-11-22T10:00:00+24:00", "٢٠٢٦-11-22T10:00:00Z", "2026-11-22T10:00:00Z\n", "0000-01-01T00:00:00Z"),
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """A text that names no instant is a ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is the answer
        time_of(text)


@given(st.integers(0, 2**62))
def test_printing_and_reading_are_inverse(at: int) -> None:
    """What is printed reads as the same time."""
    assert time_of(time_text(at)) == at
