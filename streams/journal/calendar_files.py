"""Calendar files: TOML tables, read strictly at every depth.

    [xetra]
    time_zone = "Europe/Berlin"
    pre_open = 07:30:00
    opening_call = 08:50:00
    open = 09:00:00
    closing_call = 17:30:00
    close = 17:35:00
    holidays = [2026-12-24, 2026-12-25]
    half_days = [{ date = 2026-12-30, closing_call = 13:50:00, close = 14:00:00 }]
    luld_doubled = [{ from = 09:00:00, to = 09:15:00 }]

    [tokyo]
    time_zone = "Asia/Tokyo"
    sessions = [{ open = 09:00:00, close = 11:30:00 }, { open = 12:30:00, close = 15:30:00 }]

Times are local and rise within a day; those of a session that is `overnight` pass midnight once, and its times before
midnight are of the evening before the trading day. A half day takes its other times from the usual day, or has
`sessions` of its own. An impossible value is a SettingsError that names the file, the calendar and the place.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date, datetime, time
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from streams.errors import SettingsError
from streams.journal.calendars import MOMENTS, ONE_DAY, Hours, Schedule, TradingSession

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Moment = Annotated[time, Meta(tz=False)] | UnsetType


class WindowTable(Struct, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """A window in which LULD bands are doubled."""

    start: Annotated[time, Meta(tz=False)]
    end: Annotated[time, Meta(tz=False)]


class SessionTable(Struct, forbid_unknown_fields=True, kw_only=True):
    """The times of a session."""

    pre_open: Moment = UNSET
    opening_call: Moment = UNSET
    open: Moment = UNSET
    closing_call: Moment = UNSET
    close: Moment = UNSET
    overnight: bool | UnsetType = UNSET


class HoursTable(SessionTable, forbid_unknown_fields=True, kw_only=True):
    """The times of a day with one session, or all its sessions."""

    sessions: list[SessionTable] | UnsetType = UNSET
    luld_doubled: list[WindowTable] | UnsetType = UNSET


class HalfDayTable(HoursTable, forbid_unknown_fields=True, kw_only=True):
    """A day with hours of its own."""

    date: date


class CalendarTable(HoursTable, forbid_unknown_fields=True, kw_only=True):
    """A calendar."""

    time_zone: str
    days: Annotated[list[Day], Meta(min_length=1)] = msgspec.field(default_factory=lambda: list(DAYS[:5]))
    holidays: list[date] = []
    half_days: list[HalfDayTable] = []


def load(path: str) -> dict[str, Schedule]:
    """The calendars of a TOML file, or of all files in a folder, by name; none of ""."""
    if not path:
        return {}
    place = Path(path)
    found: dict[str, Schedule] = {}
    for file in sorted(place.glob("*.toml")) if place.is_dir() else [place]:
        for name, table in read(file).items():
            if name in found:
                raise SettingsError(f"{file}: there are two calendars called {name}")
            found[name] = schedule_of(f"{file}: {name}", name, table)
    return found


def read(file: Path) -> dict[str, Any]:
    """Read a file of calendars as TOML. Raises SettingsError."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"the calendars in {file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is no TOML: {error}") from error


def schedule_of(where: str, name: str, table: object) -> Schedule:
    """A table of the file as a calendar."""
    try:
        given = msgspec.convert(table, CalendarTable, builtin_types=(date, datetime, time))
    except msgspec.ValidationError as error:
        raise SettingsError(f"{where}: {str(error).replace('`$.', '`')}") from error
    once(where, "holidays", given.holidays)
    once(where, "half_days", [row.date for row in given.half_days])
    hours = hours_of(where, given)
    schedule = Schedule(
        name,
        zone_of(where, given.time_zone),
        hours,
        frozenset(DAYS.index(day) for day in given.days),
        frozenset(given.holidays),
        {row.date: half_day_of(f"{where} on {row.date}", row, hours) for row in given.half_days},
    )
    check_days(where, schedule)
    return schedule


def hours_of(where: str, table: HoursTable) -> Hours:
    """The hours that a table gives in full."""
    flat = moments_of(table)
    if isinstance(table.sessions, UnsetType):
        sessions = [TradingSession(flat, table.overnight is True)]
    elif flat or table.overnight is not UNSET:
        raise SettingsError(f"{where}: give sessions or the times of one, not both")
    else:
        sessions = [TradingSession(moments_of(row), row.overnight is True) for row in table.sessions]
    check_sessions(where, sessions)
    return Hours(tuple(sessions), windows_of(where, table, sessions))


def half_day_of(where: str, row: HalfDayTable, usual: Hours) -> Hours:
    """The hours of a half day: its own sessions, or the usual ones with other times."""
    if not isinstance(row.sessions, UnsetType):
        found = hours_of(where, row)
    else:
        times = moments_of(row)
        if not times and row.overnight is UNSET and row.luld_doubled is UNSET:
            raise SettingsError(f"{where}: a half day needs a time that differs from the usual")
        if len(usual.sessions) > 1 and (times or row.overnight is not UNSET):
            raise SettingsError(f"{where}: give the sessions of this day, because a usual one has several")
        sessions = list(usual.sessions)
        if len(sessions) == 1:
            [session] = sessions
            overnight = session.overnight if row.overnight is UNSET else row.overnight is True
            sessions = [TradingSession({**session.moments, **times}, overnight)]
        check_sessions(where, sessions)
        found = Hours(tuple(sessions), windows_of(where, row, sessions))
    if row.luld_doubled is not UNSET:
        return found
    close = found.sessions[-1].moments["close"]
    return replace(
        found, luld_doubled=tuple((start, min(end, close)) for start, end in usual.luld_doubled if start < close)
    )


def moments_of(table: SessionTable) -> dict[str, time]:
    """The times that a table gives, in order."""
    return {name: moment for name in MOMENTS if (moment := getattr(table, name)) is not UNSET}


def windows_of(where: str, table: HoursTable, sessions: list[TradingSession]) -> tuple[tuple[time, time], ...]:
    """The windows in which bands are doubled: rising, within the day."""
    if isinstance(table.luld_doubled, UnsetType):
        return ()
    found = [(row.start, row.end) for row in table.luld_doubled]
    close = sessions[-1].moments["close"]
    for start, end in found:
        if end <= start:
            raise SettingsError(f"{where}: luld_doubled: to {end} must be later than from {start}")
        if end > close:
            raise SettingsError(f"{where}: luld_doubled: to {end} is after the close, {close}")
    for (_, end), (start, _) in pairwise(found):
        if start < end:
            raise SettingsError(f"{where}: luld_doubled: from {start} must not be earlier than to {end} before it")
    return tuple(found)


# Checks: each raises SettingsError


def check_sessions(where: str, sessions: list[TradingSession]) -> None:
    """A day has a session, each opens and closes, and all times rise."""
    if not sessions:
        raise SettingsError(f"{where}: sessions needs at least one session")
    day = date(2000, 1, 2)
    for session in sessions:
        check_session(where, session, day)
        if session.overnight and session is not sessions[0]:
            raise SettingsError(f"{where}: only the first session of a day can be overnight")
        if "closing_call" in session.moments and session is not sessions[-1]:
            raise SettingsError(f"{where}: only the last session of a day can have a closing_call: it ends the day")
    for earlier, later in pairwise(sessions):
        close, begin = earlier.dated(day)["close"], next(iter(later.dated(day).items()))
        if begin[1] < close or (begin[1] == close and begin[0] != "pre_open"):
            raise SettingsError(f"{where}: {begin[0]} {begin[1]:%H:%M:%S} must be later than close {close:%H:%M:%S}")


def check_session(where: str, session: TradingSession, day: date) -> None:
    """A session opens, closes, and its times rise; midnight is passed once where it is overnight."""
    for name in ("open", "close"):
        if name not in session.moments:
            raise SettingsError(f"{where} needs the time {name}")
    if any(moment.microsecond for moment in session.moments.values()):
        raise SettingsError(f"{where}: times are whole seconds")
    at = list(session.dated(day).items())
    for (earlier, before), (later, after) in pairwise(at):
        if after <= before:
            raise SettingsError(
                f"{where}: {later} {after:%H:%M:%S} must be later than {earlier} {before:%H:%M:%S}, on the same day "
                "(an overnight session passes midnight once)"
            )
    if session.overnight and at[-1][1].date() != day:
        raise SettingsError(f"{where}: an overnight session passes midnight, and this one does not")


def check_days(where: str, schedule: Schedule) -> None:
    """No half day falls on a day without trading, and no day begins before the one before it has ended."""
    for day in schedule.half_days:
        if not schedule.trades_on(day):
            raise SettingsError(f"{where}: {day} cannot be a half day: there is no trading on it")
    usual = date(2000, 1, 3)
    follow(where, schedule.hours.last(usual - ONE_DAY), schedule.hours.first(usual))
    for day, hours in schedule.half_days.items():
        if schedule.trades_on(day - ONE_DAY):
            follow(f"{where} on {day}", schedule.hours_on(day - ONE_DAY).last(day - ONE_DAY), hours.first(day))
        if schedule.trades_on(day + ONE_DAY):
            follow(f"{where} on {day}", hours.last(day), schedule.hours_on(day + ONE_DAY).first(day + ONE_DAY))


def follow(where: str, end: datetime, begin: datetime) -> None:
    """A day begins when the day before has ended."""
    if begin < end:
        raise SettingsError(
            f"{where}: a day would begin at {begin:%H:%M:%S}, before the day before closes ({end:%H:%M:%S})"
        )


def once(where: str, name: str, days: list[date]) -> None:
    """No day is in a list twice."""
    for before, day in pairwise(sorted(days)):
        if before == day:
            raise SettingsError(f"{where}: {name} holds {day} twice")


def zone_of(where: str, name: str) -> ZoneInfo:
    """A time zone by its name in the IANA database."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(f'{where}: time_zone must be like "Europe/Berlin"; {name} is not known here') from error
