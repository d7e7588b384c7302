"""`openbell calendar`: the trading days of a real exchange, written as the plain TOML that workers read.

The library that knows them (exchange_calendars, the extra `openbell[calendars]`) is large and is needed here only: what
workers go by is a file that a person has looked at, and that says the same tomorrow.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from openbell.durations import seconds_of
from openbell.faults import WRONG_USE, Fault
from streams.calendars import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable

LIBRARY: Final = "exchange_calendars"


class Day(NamedTuple):
    """One trading day, in the exchange's own time."""

    day: date
    open: time
    close: time


class Calls(NamedTuple):
    """How long before the open and the close what begins; "" is not at all."""

    pre_open: str = ""
    opening: str = ""
    closing: str = ""


def export(code: str, first: int, last: int, name: str, calls: Calls) -> str:
    """The calendar of an exchange for the years `first` to `last`, by its code in the library ("XETR")."""
    try:
        library: Any = import_module(LIBRARY)
    except ImportError as error:
        mend = "Install it with `pip install 'openbell[calendars]'`, or write the TOML by hand (docs/operations.md)."
        raise Fault("the calendars of real exchanges are not installed", mend, code=WRONG_USE) from error
    try:
        calendar = library.get_calendar(code, start=f"{first}-01-01", end=f"{last}-12-31")
    except (ValueError, library.errors.InvalidCalendarName) as error:
        raise Fault(f"there is no calendar {code} for {first} to {last}: {error}", code=WRONG_USE) from error
    zone = calendar.tz
    days = [
        Day(session.date(), opening.astimezone(zone).time(), closing.astimezone(zone).time())
        for session, opening, closing in zip(calendar.sessions, calendar.opens, calendar.closes, strict=True)
    ]
    return toml_of(name or code.lower(), str(zone), days, calls)


def toml_of(name: str, zone: str, days: list[Day], calls: Calls) -> str:
    """Trading days without a gap between the first and the last as a calendar."""
    [(usual, _)] = Counter((day.open, day.close) for day in days).most_common(1)
    weekdays = sorted({day.day.weekday() for day in days})
    lines = [
        f"[{name}]",
        f'time_zone = "{zone}"',
        f"days = {[DAYS[number] for number in weekdays]}",
        *moments_of(*usual, calls),
        f"holidays = [{', '.join(str(day) for day in missing(days, weekdays))}]",
    ]
    short = [day for day in days if (day.open, day.close) != usual]
    rows = [f"  {{ date = {day.day}, {', '.join(moments_of(day.open, day.close, calls))} }}," for day in short]
    return "\n".join([*lines, "half_days = [", *rows, "]", ""])


def moments_of(opening: time, closing: time, calls: Calls) -> list[str]:
    """The times of a day."""
    call = earlier(opening, calls.opening)
    found = {
        "pre_open": earlier(call or opening, calls.pre_open),
        "opening_call": call,
        "open": opening,
        "closing_call": closing if calls.closing else None,
        "close": later(closing, calls.closing) if calls.closing else closing,
    }
    return [f"{moment} = {at:%H:%M:%S}" for moment, at in found.items() if at is not None]


def earlier(moment: time, duration: str) -> time | None:
    """So long before, None for no duration."""
    return shifted(moment, -seconds_of(duration, "a duration")) if duration else None


def later(moment: time, duration: str) -> time:
    """So long after: a closing call begins when continuous trading ends."""
    return shifted(moment, seconds_of(duration, "a duration"))


def shifted(moment: time, seconds: int) -> time:
    """A time of day so many seconds later; a `Fault` if that is another day."""
    at = datetime.combine(date(2000, 1, 2), moment) + timedelta(seconds=seconds)
    if at.date() != date(2000, 1, 2):
        raise Fault("a call would begin or end on another day", "Make it shorter.", code=WRONG_USE)
    return at.time()


def missing(days: list[Day], weekdays: Iterable[int]) -> list[date]:
    """The days on which there would be trading and is none."""
    trading = {day.day for day in days}
    first, last = days[0].day.replace(month=1, day=1), days[-1].day.replace(month=12, day=31)
    every = (first + timedelta(number) for number in range((last - first).days + 1))
    return [day for day in every if day.weekday() in weekdays and day not in trading]
