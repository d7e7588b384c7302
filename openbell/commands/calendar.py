"""`openbell calendar`: the trading days of a real exchange, written as the plain TOML that workers read.

The library of trading days (exchange_calendars, the extra `openbell[calendars]`) is large and needed here only: workers
read a file that a person has checked and that does not change by itself. The text printed has been read back and gives
each day as the library does; a day that the format cannot express is a `Fault`.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from datetime import date, datetime, time, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from openbell.durations import seconds_of
from openbell.errors import WRONG_USE, Fault
from streams.errors import SettingsError
from streams.journal.calendar_files import DAYS, schedule_of
from streams.journal.calendars import TradingSession

if TYPE_CHECKING:
    from collections.abc import Iterable

LIBRARY: Final = "exchange_calendars"

BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+").fullmatch
"""The keys that TOML accepts without quotes."""

BY_HAND: Final = "Write the TOML by hand (docs/operations.md, Trading days)."


class Span(NamedTuple):
    """A span of continuous trading in the exchange's own time; an overnight span opens on the evening before."""

    open: time
    close: time
    overnight: bool = False


class Day(NamedTuple):
    """One trading day, with the spans between its breaks."""

    day: date
    spans: tuple[Span, ...]


class Calls(NamedTuple):
    """The durations of the pre-open and of the two calls; "" for none."""

    pre_open: str = ""
    opening: str = ""
    closing: str = ""


def export(code: str, first: int, last: int, name: str, calls: Calls, library_name: str = LIBRARY) -> str:
    """The calendar of an exchange for the years `first` to `last`, by its code in the library ("XETR")."""
    try:
        library: Any = import_module(library_name)
    except ImportError as error:
        mend = "Install it with `pip install 'openbell[calendars]'`, or write the TOML by hand (docs/operations.md)."
        raise Fault("the calendars of real exchanges are not installed", mend, code=WRONG_USE) from error
    try:
        calendar = library.get_calendar(code, start=f"{first}-01-01", end=f"{last}-12-31")
    except library.errors.InvalidCalendarName as error:
        raise Fault(f"there is no calendar {code}: {error}", code=WRONG_USE) from error
    except Exception as error:
        # Any exception of the library or of its own libraries: some calendars fail with some versions of pandas.
        what = f"{library_name} cannot tell the days of {code} from {first} to {last}"
        raise Fault(f"{what}: {type(error).__name__}: {error}", BY_HAND, code=WRONG_USE) from error
    return toml_of(name or code.lower().replace("/", "-"), str(calendar.tz), days_of(code, calendar), calls)


def days_of(code: str, calendar: Any) -> list[Day]:  # noqa: ANN401 - a calendar of the library, which is optional
    """The trading days of the library's calendar."""
    found = []
    columns = (calendar.sessions, calendar.opens, calendar.break_starts, calendar.break_ends, calendar.closes)
    for session, *times in zip(*columns, strict=True):
        # A day without a break has NaT there, which is unequal to itself.
        local = [moment.astimezone(calendar.tz) for moment in times if moment == moment]  # noqa: PLR0124
        found.append(Day(session.date(), spans_of(code, session.date(), local)))
    return found


def spans_of(code: str, day: date, times: list[datetime]) -> tuple[Span, ...]:
    """The spans of a day, from its local times: open, close, and between them the begin and end of breaks."""
    spans = []
    for opens, closes in zip(times[::2], times[1::2], strict=True):
        overnight = opens.date() == day - timedelta(1)
        if closes.date() != day or not (overnight or opens.date() == day):
            mend = "An instrument without a calendar trades round the clock. " + BY_HAND
            what = f"{code} is open on {day} from {opens:%Y-%m-%d %H:%M} to {closes:%Y-%m-%d %H:%M}"
            raise Fault(f"{what}: a trading day has to close on its own date", mend, code=WRONG_USE)
        spans.append(Span(opens.time(), closes.time(), overnight))
    return tuple(spans)


def toml_of(name: str, zone: str, days: list[Day], calls: Calls) -> str:
    """Trading days without a gap between the first and the last as a calendar."""
    [(usual, _)] = Counter(day.spans for day in days).most_common(1)
    weekdays = sorted({day.day.weekday() for day in days})
    lines = [
        f"[{name}]" if BARE_KEY(name) else f'["{name}"]',
        f'time_zone = "{zone}"',
        f"days = {[DAYS[number] for number in weekdays]}",
        *hours_of(usual, usual, calls),
        f"holidays = [{', '.join(str(day) for day in missing(days, weekdays))}]",
    ]
    short = [day for day in days if day.spans != usual]
    rows = [f"  {{ {', '.join([f'date = {day.day}', *hours_of(day.spans, usual, calls)])} }}," for day in short]
    text = "\n".join([*lines, "half_days = [", *rows, "]", ""])
    check(name, text, days, calls)
    return text


def hours_of(spans: tuple[Span, ...], usual: tuple[Span, ...], calls: Calls) -> list[str]:
    """The members for a day's hours: its times, or its sessions if this or a usual day has breaks."""
    sessions = sessions_of(spans, calls)
    if len(spans) == len(usual) == 1:
        return members_of(sessions[0], always=spans[0].overnight != usual[0].overnight)
    rows = [f"{{ {', '.join(members_of(session))} }}" for session in sessions]
    return [f"sessions = [{', '.join(rows)}]"]


def sessions_of(spans: tuple[Span, ...], calls: Calls) -> list[TradingSession]:
    """The sessions of a day: calls come before the first open and after the last close."""
    last = len(spans) - 1
    return [
        session_of(
            span,
            Calls(
                calls.pre_open if number == 0 else "",
                calls.opening if number == 0 else "",
                calls.closing if number == last else "",
            ),
        )
        for number, span in enumerate(spans)
    ]


def session_of(span: Span, calls: Calls) -> TradingSession:
    """A span with its calls."""
    call = earlier(span.open, calls.opening)
    found = {
        "pre_open": earlier(call or span.open, calls.pre_open),
        "opening_call": call,
        "open": span.open,
        "closing_call": span.close if calls.closing else None,
        "close": later(span.close, calls.closing) if calls.closing else span.close,
    }
    return TradingSession({name: at for name, at in found.items() if at is not None}, span.overnight)


def members_of(session: TradingSession, *, always: bool = False) -> list[str]:
    """The members for a session; `overnight` only where true, or with `always`."""
    times = [f"{name} = {at:%H:%M:%S}" for name, at in session.moments.items()]
    overnight = f"overnight = {'true' if session.overnight else 'false'}"
    return [overnight, *times] if session.overnight or always else times


def check(name: str, text: str, days: list[Day], calls: Calls) -> None:
    """Read the text as workers do; a `Fault` unless it gives the same days."""
    try:
        schedule = schedule_of(name, name, tomllib.loads(text)[name])
    except SettingsError as error:
        raise Fault(f"these days cannot be said in a calendar: {error}", BY_HAND, code=WRONG_USE) from error
    for day in days:
        told = list(schedule.hours_on(day.day).sessions) if schedule.trades_on(day.day) else []
        assert told == sessions_of(day.spans, calls), f"{day} reads as {told}"


def earlier(moment: time, duration: str) -> time | None:
    """The time a duration before; None for no duration."""
    return shifted(moment, -seconds_of(duration, "a duration")) if duration else None


def later(moment: time, duration: str) -> time:
    """The time a duration after: a closing call begins when continuous trading ends."""
    return shifted(moment, seconds_of(duration, "a duration"))


def shifted(moment: time, seconds: int) -> time:
    """A time of day some seconds later; a `Fault` if the result is on another day."""
    at = datetime.combine(date(2000, 1, 2), moment) + timedelta(seconds=seconds)
    if at.date() != date(2000, 1, 2):
        raise Fault("a call would begin or end on another day", "Make it shorter.", code=WRONG_USE)
    return at.time()


def missing(days: list[Day], weekdays: Iterable[int]) -> list[date]:
    """The days without trading that by their weekday would have it."""
    trading = {day.day for day in days}
    first, last = days[0].day.replace(month=1, day=1), days[-1].day.replace(month=12, day=31)
    every = (first + timedelta(number) for number in range((last - first).days + 1))
    return [day for day in every if day.weekday() in weekdays and day not in trading]
