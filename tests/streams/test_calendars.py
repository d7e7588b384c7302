"""Calendars: what a schedule wants of an instrument, and which files are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from exchange.book import AUCTION, CLOSED, CLOSING, CONTINUOUS, OPENING, PRE_OPEN
from exchange.commands import DoubleBands, SetPhase
from exchange.units import SECOND
from streams import calendars
from streams.calendars import PHASE_STAYS, Change, Schedule, command_for
from streams.settings import SettingsError

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
    return calendars.load(str(folder))


@pytest.fixture
def xetra(tmp_path: Path) -> Schedule:
    return loaded(tmp_path, XETRA)["xetra"]


def test_a_day_has_its_calls_with_their_ends(xetra: Schedule) -> None:
    """A call ends by itself, so nothing is wanted at the open and the close; doubled bands begin a moment before."""
    day = datetime(2026, 11, 23, tzinfo=UTC).date()

    assert xetra.changes_on(day) == [
        Change(at("2026-11-23T07:00:00"), PRE_OPEN),
        Change(at("2026-11-23T07:50:00"), AUCTION, OPENING, at("2026-11-23T08:00:00")),
        Change(at("2026-11-23T08:00:00"), PHASE_STAYS, doubled=True),
        Change(at("2026-11-23T08:15:00"), PHASE_STAYS),
        Change(at("2026-11-23T16:30:00"), AUCTION, CLOSING, at("2026-11-23T16:35:00")),
    ]


def test_without_calls_the_phases_change_at_open_and_close(tmp_path: Path) -> None:
    """A market that only opens and closes."""
    plain = loaded(tmp_path, PLAIN)["plain"]

    assert plain.changes_on(datetime(2026, 11, 23, tzinfo=UTC).date()) == [
        Change(at("2026-11-23T14:30:00"), CONTINUOUS),
        Change(at("2026-11-23T21:00:00"), CLOSED),
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
    assert xetra.changes_on(half)[-1] == Change(at("2026-12-30T12:50:00"), AUCTION, CLOSING, at("2026-12-30T13:00:00"))


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
    assert command_for("ACME", Change(7, AUCTION, OPENING, 9)) == SetPhase(
        "ACME", AUCTION, OPENING, 9, principal="calendar", due=7
    )
    assert command_for("ACME", Change(8, PHASE_STAYS, doubled=True)) == DoubleBands("ACME", doubled=True, due=8)


def test_no_path_is_no_calendar() -> None:
    """An exchange without a setting trades round the clock."""
    assert calendars.load("") == {}


ALWAYS = '[a]\ntime_zone = "UTC"\nopen = 09:00:00\nclose = 10:00:00\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[a\n", "is no TOML"),
        ("a = 1", "a is no table"),
        ('[a]\ntime_zone = "Mars/Olympus"\nopen = 09:00:00\nclose = 10:00:00', "Mars/Olympus is not known"),
        ('[a]\ntime_zone = "UTC"\nclose = 10:00:00', "needs the time open"),
        (
            '[a]\ntime_zone = "UTC"\nopen = 11:00:00\nclose = 10:00:00',
            "close 10:00:00 must be later than open",
        ),
        ('[a]\ntime_zone = "UTC"\nopen = "09:00"\nclose = 10:00:00', "open must be a time such as 09:00:00"),
        (ALWAYS + "lunch = 1", "has no lunch"),
        (ALWAYS + 'days = ["someday"]', "days must be some of"),
        (ALWAYS + 'holidays = ["x"]', "holidays must be a date"),
        (ALWAYS + "half_days = [1]", "half_days must be a table"),
        (
            ALWAYS + "half_days = [{date = 2026-12-30, close = 08:00:00}]",
            "on 2026-12-30: close 08:00:00 must be later",
        ),
        (ALWAYS + "luld_doubled = [{from = 1}]", "must be a time"),
    ],
)
def test_what_cannot_be_right_is_refused_by_name(tmp_path: Path, text: str, sentence: str) -> None:
    """The sentence names the file, the calendar and what is wrong with it."""
    with pytest.raises(SettingsError, match=sentence) as refused:
        loaded(tmp_path, text)

    assert str(tmp_path) in str(refused.value)


def test_a_name_may_be_given_once(tmp_path: Path) -> None:
    """Two files of a folder cannot both define a calendar."""
    with pytest.raises(SettingsError, match="two calendars called plain"):
        loaded(tmp_path, PLAIN, PLAIN)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A typing mistake in the setting does not start an exchange without its calendars."""
    with pytest.raises(SettingsError, match=r"nowhere\.toml cannot be read"):
        calendars.load(str(tmp_path / "nowhere.toml"))
