"""`openbell calendar`: what it prints is what workers read."""

from __future__ import annotations

import tomllib
from datetime import date, time, timedelta

import pytest

from openbell.calendar import Calls, Day, export, toml_of
from openbell.faults import Fault
from streams.calendars import Schedule, schedule_of


def read(text: str) -> Schedule:
    """The one calendar of a TOML text."""
    [(name, table)] = tomllib.loads(text).items()
    return schedule_of("here", name, table)


def weeks() -> list[Day]:
    """A year from Monday to Friday, 9:00 to 17:30, but for Christmas and a half day."""
    days = [date(2026, 1, 1) + timedelta(number) for number in range(365)]
    usual = [Day(day, time(9), time(17, 30)) for day in days if day.weekday() < 5 and day != date(2026, 12, 25)]
    return [day._replace(close=time(14)) if day.day == date(2026, 12, 30) else day for day in usual]


def test_what_is_printed_is_what_was_given() -> None:
    """Days, hours, the holiday and the half day come back."""
    schedule = read(toml_of("xetra", "Europe/Berlin", weeks(), Calls()))

    assert (schedule.name, schedule.zone.key, schedule.days) == ("xetra", "Europe/Berlin", frozenset(range(5)))
    assert schedule.moments == {"open": time(9), "close": time(17, 30)}
    assert schedule.holidays == {date(2026, 12, 25)}
    assert schedule.half_days == {date(2026, 12, 30): {"open": time(9), "close": time(14)}}


def test_calls_stand_before_the_open_and_after_the_close() -> None:
    """An opening call ends at the open; continuous trading ends where a closing call begins, on half days too."""
    schedule = read(toml_of("xetra", "Europe/Berlin", weeks(), Calls("30m", "10m", "5m")))

    assert schedule.moments == {
        "pre_open": time(8, 20),
        "opening_call": time(8, 50),
        "open": time(9),
        "closing_call": time(17, 30),
        "close": time(17, 35),
    }
    assert schedule.half_days[date(2026, 12, 30)]["close"] == time(14, 5)


def test_a_call_stays_within_its_day() -> None:
    """What would begin the day before is refused."""
    with pytest.raises(Fault, match="on another day"):
        toml_of("xetra", "Europe/Berlin", weeks(), Calls(opening="10h"))


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is optional."""
    monkeypatch.setattr("openbell.calendar.LIBRARY", "no_such_library")

    with pytest.raises(Fault) as fault:
        export("XETR", 2026, 2026, "", Calls())

    assert "openbell[calendars]" in fault.value.mend


def test_the_library_knows_new_york() -> None:
    """Where it is installed: Thanksgiving is a holiday, and the day after closes early."""
    pytest.importorskip("exchange_calendars")

    schedule = read(export("XNYS", 2026, 2026, "nyse", Calls()))

    assert schedule.moments == {"open": time(9, 30), "close": time(16)}
    assert date(2026, 11, 26) in schedule.holidays
    assert schedule.half_days[date(2026, 11, 27)]["close"] == time(13)


def test_an_exchange_that_nobody_knows_is_refused() -> None:
    """Where it is installed: with its code."""
    pytest.importorskip("exchange_calendars")

    with pytest.raises(Fault, match="there is no calendar XXXX"):
        export("XXXX", 2026, 2026, "", Calls())
