"""`openbell calendar`: what it prints is what workers read."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time, timedelta

import pytest

from openbell.commands.calendar import Calls, Day, Span, export, spans_of, toml_of
from openbell.errors import Fault
from streams.journal.calendar_files import schedule_of
from streams.journal.calendars import Schedule, TradingSession


def read(text: str) -> Schedule:
    """The one calendar of a TOML text."""
    [(name, table)] = tomllib.loads(text).items()
    return schedule_of("here", name, table)


def weeks() -> list[Day]:
    """A year from Monday to Friday, 9:00 to 17:30, but for Christmas and a half day."""
    days = [date(2026, 1, 1) + timedelta(number) for number in range(365)]
    trading = [day for day in days if day.weekday() < 5 and day != date(2026, 12, 25)]
    return [Day(day, (Span(time(9), time(14) if day == date(2026, 12, 30) else time(17, 30)),)) for day in trading]


def test_what_is_printed_is_what_was_given() -> None:
    """Days, hours, the holiday and the half day come back."""
    schedule = read(toml_of("xetra", "Europe/Berlin", weeks(), Calls()))

    assert (schedule.name, schedule.zone.key, schedule.days) == ("xetra", "Europe/Berlin", frozenset(range(5)))
    assert schedule.hours.sessions == (TradingSession({"open": time(9), "close": time(17, 30)}),)
    assert schedule.holidays == {date(2026, 12, 25)}
    assert list(schedule.half_days) == [date(2026, 12, 30)]
    assert schedule.half_days[date(2026, 12, 30)].sessions == (TradingSession({"open": time(9), "close": time(14)}),)


def test_calls_stand_before_the_open_and_after_the_close() -> None:
    """An opening call ends at the open; continuous trading ends where a closing call begins, on half days too."""
    schedule = read(toml_of("xetra", "Europe/Berlin", weeks(), Calls("30m", "10m", "5m")))

    assert schedule.hours.sessions[0].moments == {
        "pre_open": time(8, 20),
        "opening_call": time(8, 50),
        "open": time(9),
        "closing_call": time(17, 30),
        "close": time(17, 35),
    }
    assert schedule.half_days[date(2026, 12, 30)].sessions[0].moments["close"] == time(14, 5)


MORNING, AFTERNOON = Span(time(9), time(11, 30)), Span(time(12, 30), time(15, 30))


def trading(*spans: Span, **other: Span) -> list[Day]:
    """Four weeks with these spans from Monday to Friday, but for one day that has the other span alone."""
    days = [date(2026, 11, 2) + timedelta(number) for number in range(28)]
    return [
        Day(day, tuple(other.values()) if other and day == date(2026, 11, 18) else spans)
        for day in days
        if day.weekday() < 5
    ]


def test_a_break_is_printed_and_carried_out() -> None:
    """Lunch parts the day into two sessions; calls stand before the first open and after the last close."""
    schedule = read(toml_of("tokyo", "Asia/Tokyo", trading(MORNING, AFTERNOON, half=MORNING), Calls("1h", "10m", "5m")))

    assert [dict(session.moments) for session in schedule.hours.sessions] == [
        {"pre_open": time(7, 50), "opening_call": time(8, 50), "open": time(9), "close": time(11, 30)},
        {"open": time(12, 30), "closing_call": time(15, 30), "close": time(15, 35)},
    ]
    assert [session.moments["close"] for session in schedule.hours_on(date(2026, 11, 18)).sessions] == [time(11, 35)]


def test_a_break_on_one_day_alone_is_printed_too() -> None:
    """A usual day without a break, and one with."""
    schedule = read(
        toml_of("once", "Asia/Tokyo", [*trading(MORNING), Day(date(2026, 11, 30), (MORNING, AFTERNOON))], Calls())
    )

    assert len(schedule.hours_on(date(2026, 11, 30)).sessions) == 2


def test_a_session_across_midnight_is_printed_as_one() -> None:
    """It opens on the evening before; a day that opens in the morning says that it is not overnight."""
    night = Span(time(17), time(16), overnight=True)
    schedule = read(toml_of("cme", "America/Chicago", trading(night, other=Span(time(9), time(16))), Calls()))

    assert schedule.hours.sessions == (TradingSession({"open": time(17), "close": time(16)}, overnight=True),)
    assert schedule.hours_on(date(2026, 11, 18)).sessions == (TradingSession({"open": time(9), "close": time(16)}),)


def test_calls_that_do_not_fit_between_two_days_are_refused() -> None:
    """An opening call at 16:50 would begin before a closing call has ended at 17:05."""
    night = Span(time(17), time(17), overnight=True)

    with pytest.raises(Fault, match=r"these days cannot be said in a calendar: .* before the day before closes"):
        toml_of("cme", "America/Chicago", trading(night), Calls(opening="10m", closing="5m"))


def test_a_market_that_never_closes_is_refused() -> None:
    """It closes at midnight, which is another day's time: without a calendar it trades round the clock."""
    day = datetime(2026, 11, 23, tzinfo=UTC)

    with pytest.raises(Fault, match="has to close on its own date") as fault:
        spans_of("24/7", day.date(), [day, day + timedelta(1)])

    assert "round the clock" in fault.value.mend


def test_a_call_stays_within_its_day() -> None:
    """What would begin the day before is refused."""
    with pytest.raises(Fault, match="on another day"):
        toml_of("xetra", "Europe/Berlin", weeks(), Calls(opening="10h"))


def test_without_the_library_it_says_what_to_install() -> None:
    """The extra is optional."""
    with pytest.raises(Fault) as fault:
        export("XETR", 2026, 2026, "", Calls(), library_name="no_such_library")

    assert "openbell[calendars]" in fault.value.mend


def test_the_library_knows_new_york() -> None:
    """Where it is installed: Thanksgiving is a holiday, and the day after closes early."""
    pytest.importorskip("exchange_calendars")

    schedule = read(export("XNYS", 2026, 2026, "nyse", Calls()))

    assert schedule.hours.sessions == (TradingSession({"open": time(9, 30), "close": time(16)}),)
    assert date(2026, 11, 26) in schedule.holidays
    assert schedule.half_days[date(2026, 11, 27)].sessions[0].moments["close"] == time(13)


@pytest.mark.parametrize("code", ["XTKS", "XHKG", "CMES", "XNYS", "XLON"])
def test_what_is_exported_says_each_day_as_the_library_does(code: str) -> None:
    """Where it is installed: breaks and evenings before included, or `export` itself would have refused."""
    pytest.importorskip("exchange_calendars")

    assert read(export(code, 2026, 2026, "", Calls())).hours.sessions


@pytest.mark.parametrize("code", ["24/7", "24/5"])
def test_what_cannot_be_said_is_an_error(code: str) -> None:
    """Where it is installed."""
    pytest.importorskip("exchange_calendars")

    with pytest.raises(Fault, match="has to close on its own date"):
        export(code, 2026, 2026, "", Calls())


def test_an_exchange_that_nobody_knows_is_refused() -> None:
    """Where it is installed: with its code."""
    pytest.importorskip("exchange_calendars")

    with pytest.raises(Fault, match="there is no calendar XXXX"):
        export("XXXX", 2026, 2026, "", Calls())
