"""Files of calendars: what is read, and that whatever cannot be right is refused by name, at every depth."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.errors import SettingsError
from streams.journal import calendar_files
from tests.streams.test_calendars import PLAIN, loaded


def test_no_path_is_no_calendar() -> None:
    """An exchange without a setting trades round the clock."""
    assert calendar_files.load("") == {}


ALWAYS = '[a]\ntime_zone = "UTC"\nopen = 09:00:00\nclose = 10:00:00\n'
ZONE = '[a]\ntime_zone = "UTC"\n'
TWO = ZONE + "sessions = [{ open = 09:00:00, close = 10:00:00 }, { open = 11:00:00, close = 12:00:00 }]\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[a\n", "is no TOML"),
        ("a = 1", "a: Expected `object`, got `int`"),
        ('[a]\ntime_zone = "Mars/Olympus"\nopen = 09:00:00\nclose = 10:00:00', "Mars/Olympus is not known"),
        ("[a]\nopen = 09:00:00\nclose = 10:00:00", "missing required field `time_zone`"),
        (ZONE + "close = 10:00:00", "needs the time open"),
        (ZONE + "open = 11:00:00\nclose = 10:00:00", "close 10:00:00 must be later than open"),
        (ZONE + "open = 09:00:00.5\nclose = 10:00:00", "times are whole seconds"),
        (ZONE + 'open = "09:00"\nclose = 10:00:00', "Expected `time`, got `str` - at `open`"),
        (ALWAYS + "lunch = 1", "unknown field `lunch`"),
        (ALWAYS + "days = []", "length >= 1 - at `days`"),
        (ALWAYS + 'days = ["someday"]', r"Invalid enum value 'someday' - at `days\[0\]`"),
        (ALWAYS + 'holidays = ["x"]', r"Expected `date`, got `str` - at `holidays\[0\]`"),
        (ALWAYS + "holidays = [2026-12-25T00:00:00]", "Expected `date`, got `datetime`"),
        (ALWAYS + "holidays = [2026-12-25, 2026-12-25]", "holidays holds 2026-12-25 twice"),
        (ALWAYS + "half_days = [1]", "Expected `object`, got `int`"),
        (ALWAYS + "half_days = [{date = 2026-12-30, closes = 09:30:00}]", r"field `closes` - at `half_days\[0\]`"),
        (ALWAYS + "half_days = [{date = 2026-12-30}]", "a half day needs a time that differs"),
        (ALWAYS + "half_days = [{close = 09:30:00}]", "missing required field `date`"),
        (
            ALWAYS + "half_days = [{date = 2026-12-30, close = 09:30:00}, {date = 2026-12-30, close = 09:40:00}]",
            "half_days holds 2026-12-30 twice",
        ),
        (ALWAYS + "half_days = [{date = 2026-12-26, close = 09:30:00}]", "2026-12-26 cannot be a half day"),
        (
            ALWAYS + "holidays = [2026-12-30]\nhalf_days = [{date = 2026-12-30, close = 09:30:00}]",
            "2026-12-30 cannot be a half day: there is no trading on it",
        ),
        (
            ALWAYS + "half_days = [{date = 2026-12-30, close = 08:00:00}]",
            "on 2026-12-30: close 08:00:00 must be later",
        ),
        (TWO + "half_days = [{date = 2026-12-30, close = 11:30:00}]", "give the sessions of this day"),
        (ALWAYS + "luld_doubled = [{from = 1}]", "Expected `time`, got `int`"),
        (ALWAYS + "luld_doubled = [{from = 09:30:00, to = 09:00:00}]", "to 09:00:00 must be later than from 09:30:00"),
        (ALWAYS + "luld_doubled = [{from = 09:30:00, to = 10:30:00}]", "to 10:30:00 is after the close, 10:00:00"),
        (
            ALWAYS + "luld_doubled = [{from = 09:00:00, to = 09:30:00}, {from = 09:20:00, to = 09:40:00}]",
            "from 09:20:00 must not be earlier than to 09:30:00",
        ),
        (ALWAYS + "half_days = [{date = 2026-12-30, luld_doubled = [{from = 09:00:00, until = 1}]}]", "`until`"),
        (ALWAYS + "sessions = [{ open = 09:00:00, close = 10:00:00 }]", "give sessions or the times of one"),
        (ZONE + "sessions = []", "needs at least one session"),
        (ZONE + "sessions = [{ open = 09:00:00 }]", "needs the time close"),
        (TWO.replace("11:00:00", "09:30:00"), "open 09:30:00 must be later than close 10:00:00"),
        (
            TWO.replace("open = 11:00:00", "overnight = true, open = 13:00:00"),
            "only the first session of a day can be overnight",
        ),
        (TWO.replace("close = 10", "closing_call = 09:50:00, close = 10"), "only the last session of a day can have"),
        (ALWAYS + "overnight = true", "passes midnight, and this one does not"),
        (
            ZONE + "overnight = true\nopen = 15:00:00\nclose = 16:00:00",
            "passes midnight, and this one does not",
        ),
        (
            ZONE + "overnight = true\nopen = 17:00:00\nclose = 17:30:00",
            "passes midnight, and this one does not",
        ),
        (
            ZONE + "overnight = true\npre_open = 16:00:00\nopen = 17:00:00\nclose = 16:30:00",
            "would begin at 16:00:00, before the day before closes",
        ),
        (
            ZONE + "overnight = true\nopen = 17:00:00\nclose = 16:30:00\n"
            "half_days = [{ date = 2026-12-30, open = 16:00:00, close = 12:00:00 }]",
            "on 2026-12-30: a day would begin at 16:00:00",
        ),
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
        calendar_files.load(str(tmp_path / "nowhere.toml"))
