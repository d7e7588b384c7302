"""Calendars: what a schedule wants of an instrument, and when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from exchange.commands import DoubleBands, SetPhase
from exchange.terms import AUCTION, CANCEL_ONLY, CLOSED, CLOSING, CONTINUOUS, OPENING, PRE_OPEN
from exchange.units import SECOND
from streams.journal import calendar_files
from streams.journal.calendars import PHASE_STAYS, PhaseChange, Schedule, command_for

XETRA = """
[xetra]
time_zone = "Europe/Berlin"
pre_open = 08:00:00
opening_call = 08:50:00
open = 09:00:00
closing_call = 17:30:00
close = 17:35:00
holidays = [2026-12-24, 2026-12-25]
half_days = [{ date = 2026-12-30, closing_call = 13:50:00, close = 14:00:00 }]
luld_doubled = [{ from = 09:00:00, to = 09:15:00 }]
"""
PLAIN = """
[plain]
time_zone = "America/New_York"
open = 09:30:00
close = 16:00:00
"""


def at(text: str) -> int:
    """A time of UTC in nanoseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def loaded(folder: Path, *texts: str) -> dict[str, Schedule]:
    """The calendars of these files."""
    for number, text in enumerate(texts):
        (folder / f"{number}.toml").write_text(text)
    return calendar_files.load(str(folder))


@pytest.fixture
def xetra(tmp_path: Path) -> Schedule:
    return loaded(tmp_path, XETRA)["xetra"]


def test_a_day_has_its_calls_with_their_ends(xetra: Schedule) -> None:
    """A call ends by itself, so nothing is wanted at the open and the close; doubled bands begin a moment before."""
    day = datetime(2026, 11, 23, tzinfo=UTC).date()

    assert xetra.changes_on(day) == [
        PhaseChange(at("2026-11-23T07:00:00"), PRE_OPEN),
        PhaseChange(at("2026-11-23T07:50:00"), AUCTION, OPENING, at("2026-11-23T08:00:00")),
        PhaseChange(at("2026-11-23T08:00:00"), PHASE_STAYS, doubled=True),
        PhaseChange(at("2026-11-23T08:15:00"), PHASE_STAYS),
        PhaseChange(at("2026-11-23T16:30:00"), AUCTION, CLOSING, at("2026-11-23T16:35:00")),
    ]


def test_without_calls_the_phases_change_at_open_and_close(tmp_path: Path) -> None:
    """A market that only opens and closes."""
    plain = loaded(tmp_path, PLAIN)["plain"]

    assert plain.changes_on(datetime(2026, 11, 23, tzinfo=UTC).date()) == [
        PhaseChange(at("2026-11-23T14:30:00"), CONTINUOUS),
        PhaseChange(at("2026-11-23T21:00:00"), CLOSED),
    ]


def test_times_follow_the_zone_through_a_change_of_clocks(tmp_path: Path) -> None:
    """New York opens at 14:30 UTC in winter and at 13:30 in summer."""
    plain = loaded(tmp_path, PLAIN)["plain"]
    openings = [plain.changes_on(datetime(2026, month, 2, tzinfo=UTC).date())[0].due for month in (3, 4)]

    assert openings == [at("2026-03-02T14:30:00"), at("2026-04-02T13:30:00")]


def test_weekends_and_holidays_are_no_trading_days(xetra: Schedule) -> None:
    """Nothing is wanted on them, and a half day closes early."""
    saturday, christmas, half = (datetime(2026, *day, tzinfo=UTC).date() for day in ((11, 28), (12, 25), (12, 30)))

    assert xetra.changes_on(saturday) == xetra.changes_on(christmas) == []
    assert xetra.changes_on(half)[-1] == PhaseChange(
        at("2026-12-30T12:50:00"), AUCTION, CLOSING, at("2026-12-30T13:00:00")
    )


def test_what_was_missed_comes_in_order(xetra: Schedule) -> None:
    """After the last one carried out all others follow, late or not."""
    changes = xetra.changes_after(at("2026-11-20T16:30:00"), at("2026-11-23T09:00:00"))

    assert [next(changes).due for _ in range(3)] == [
        at("2026-11-23T07:00:00"),
        at("2026-11-23T07:50:00"),
        at("2026-11-23T08:00:00"),
    ]


def test_a_new_listing_begins_with_its_latest_trading_day(xetra: Schedule) -> None:
    """In the middle of a Tuesday with that Tuesday, on a Sunday with the Friday before."""
    tuesday = next(xetra.changes_after(0, at("2026-11-24T12:00:00")))
    sunday = next(xetra.changes_after(0, at("2026-11-29T12:00:00")))

    assert (tuesday.due, sunday.due) == (at("2026-11-24T07:00:00"), at("2026-11-27T07:00:00"))


def test_two_things_at_one_time_have_two_dues(tmp_path: Path) -> None:
    """The engine tells what is still to be done by the due alone, so the dues of one instrument rise strictly."""
    text = PLAIN + "luld_doubled = [{ from = 09:30:00, to = 16:00:00 }]\n"
    changes = loaded(tmp_path, text)["plain"].changes_on(datetime(2026, 11, 23, tzinfo=UTC).date())

    assert [(change.due - changes[0].due, change.phase, change.doubled) for change in changes[:2]] == [
        (0, PHASE_STAYS, True),
        (1, CONTINUOUS, False),
    ]
    assert len({change.due for change in changes}) == len(changes) == 4


def test_a_change_becomes_a_command() -> None:
    """Of phases with the calendar as principal, of bands without touching the phase."""
    assert command_for("ACME", PhaseChange(7, AUCTION, OPENING, 9)) == SetPhase(
        "ACME", AUCTION, OPENING, 9, principal="calendar", due=7
    )
    assert command_for("ACME", PhaseChange(8, PHASE_STAYS, doubled=True)) == DoubleBands("ACME", doubled=True, due=8)


TOKYO = """
[tokyo]
time_zone = "Asia/Tokyo"
sessions = [
  { pre_open = 08:00:00, open = 09:00:00, close = 11:30:00 },
  { open = 12:30:00, closing_call = 15:25:00, close = 15:30:00 },
]
half_days = [{ date = 2026-12-30, sessions = [{ open = 09:00:00, close = 11:30:00 }] }]
"""
CHICAGO = """
[chicago]
time_zone = "America/Chicago"
overnight = true
open = 17:00:00
close = 16:00:00
half_days = [{ date = 2026-11-26, close = 12:00:00 }]
"""


def test_a_break_between_sessions_lets_orders_be_canceled_and_stay(tmp_path: Path) -> None:
    """At noon the phase is `cancel_only`; only the last session's close ends the day."""
    tokyo = loaded(tmp_path, TOKYO)["tokyo"]

    assert tokyo.changes_on(date(2026, 11, 24)) == [
        PhaseChange(at("2026-11-23T23:00:00"), PRE_OPEN),
        PhaseChange(at("2026-11-24T00:00:00"), CONTINUOUS),
        PhaseChange(at("2026-11-24T02:30:00"), CANCEL_ONLY),
        PhaseChange(at("2026-11-24T03:30:00"), CONTINUOUS),
        PhaseChange(at("2026-11-24T06:25:00"), AUCTION, CLOSING, at("2026-11-24T06:30:00")),
    ]
    assert [change.phase for change in tokyo.changes_on(date(2026, 12, 30))] == [CONTINUOUS, CLOSED]


def test_a_session_may_begin_on_the_evening_before(tmp_path: Path) -> None:
    """Monday's begins on Sunday, also on a half day, and nothing of Saturday's is wanted on Friday evening."""
    chicago = loaded(tmp_path, CHICAGO)["chicago"]

    assert chicago.changes_on(date(2026, 11, 23)) == [
        PhaseChange(at("2026-11-22T23:00:00"), CONTINUOUS),
        PhaseChange(at("2026-11-23T22:00:00"), CLOSED),
    ]
    assert chicago.changes_on(date(2026, 11, 26))[-1].due == at("2026-11-26T18:00:00")
    assert chicago.changes_on(date(2026, 11, 28)) == []


def test_a_listing_on_the_evening_before_belongs_to_the_day_that_has_begun(tmp_path: Path) -> None:
    """On Sunday at 18:00 Monday's session goes on."""
    chicago = loaded(tmp_path, CHICAGO)["chicago"]

    assert next(chicago.changes_after(0, at("2026-11-23T00:00:00"))).due == at("2026-11-22T23:00:00")


def test_a_day_may_begin_the_moment_when_the_day_before_ends(tmp_path: Path) -> None:
    """Both are carried out: the opening is due a nanosecond after the close."""
    abutting = loaded(tmp_path, CHICAGO.replace("16:00:00", "17:00:00"))["chicago"]
    monday, tuesday = (abutting.changes_on(date(2026, 11, day)) for day in (23, 24))

    assert (tuesday[0].phase, tuesday[0].due - monday[-1].due) == (CONTINUOUS, 1)
    assert next(abutting.changes_after(monday[-1].due, monday[-1].due)) == tuesday[0]


def test_a_usual_window_of_doubled_bands_ends_with_a_half_day(xetra: Schedule, tmp_path: Path) -> None:
    """What would begin after its close is left out; a half day may have windows of its own."""
    windows = "luld_doubled = [{ from = 09:30:00, to = 09:45:00 }, { from = 15:35:00, to = 16:00:00 }]\n"
    own = "luld_doubled = [{ from = 12:35:00, to = 13:00:00 }]"
    half_days = (
        f"half_days = [{{ date = 2026-11-27, close = 13:00:00 }}, {{ date = 2026-12-24, close = 13:00:00, {own} }}]"
    )
    plain = loaded(tmp_path, PLAIN + windows + half_days)["plain"]

    assert [(start.hour, end.hour) for start, end in plain.hours_on(date(2026, 11, 27)).luld_doubled] == [(9, 9)]
    assert [(start.hour, end.hour) for start, end in plain.hours_on(date(2026, 12, 24)).luld_doubled] == [(12, 13)]
    assert xetra.hours_on(date(2026, 12, 30)).luld_doubled == xetra.hours.luld_doubled


NIGHT = """
[night]
time_zone = "Europe/Berlin"
days = ["sun"]
pre_open = 01:30:00
opening_call = 02:15:00
open = 02:45:00
close = 03:15:00
"""


def test_a_local_time_that_the_clock_skips_is_the_moment_of_its_jump(tmp_path: Path) -> None:
    """On the 29th of March 2:00 is 3:00: the call begins there and is over at once, and the day closes at 3:15."""
    night = loaded(tmp_path, NIGHT)["night"]
    jump = at("2026-03-29T01:00:00")

    assert night.changes_on(date(2026, 3, 29)) == [
        PhaseChange(at("2026-03-29T00:30:00"), PRE_OPEN),
        PhaseChange(jump, AUCTION, OPENING, jump + 1),
        PhaseChange(at("2026-03-29T01:15:00"), CLOSED),
    ]


def test_a_local_time_that_the_clock_shows_twice_is_the_first_of_the_two(tmp_path: Path) -> None:
    """On the 25th of October 2:15 comes at 0:15 and at 1:15 UTC; 3:15 comes once, at 2:15."""
    night = loaded(tmp_path, NIGHT)["night"]

    assert [change.due for change in night.changes_on(date(2026, 10, 25))] == [
        at("2026-10-24T23:30:00"),
        at("2026-10-25T00:15:00"),
        at("2026-10-25T02:15:00"),
    ]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"])
def test_dues_rise_on_every_day_of_the_year_whatever_the_clock_does(tmp_path: Path, zone: str) -> None:
    """Sessions each half hour of the day, across all changes of clocks of two years."""
    times = [f"{minute // 60:02d}:{minute % 60:02d}:00" for minute in range(0, 1440, 30)]
    sessions = ", ".join(f"{{ open = {a}, close = {b} }}" for a, b in zip(times[::2], times[1::2], strict=True))
    text = f'[all]\ntime_zone = "{zone}"\ndays = ["mon","tue","wed","thu","fri","sat","sun"]\nsessions = [{sessions}]'
    schedule = loaded(tmp_path, text)["all"]
    dues = [change.due for number in range(730) for change in schedule.changes_on(date(2026, 1, 1) + timedelta(number))]

    assert dues == sorted(set(dues))
