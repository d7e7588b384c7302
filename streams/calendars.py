"""The trading days of an exchange: schedules in TOML, and what each wants of an instrument at what time.

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

Times are local and rise within a day. An opening call ends at `open` and a closing call at `close` by itself, so there
is a change at those only without a call. Always true: the dues of one instrument rise strictly, because a leader tells
by the last due carried out what is still to be done. Dues are nanoseconds of journal time.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from exchange.book import AUCTION, CLOSED, CLOSING, CONTINUOUS, OPENING, PRE_OPEN
from exchange.commands import UNNAMED, DoubleBands, SetPhase
from exchange.units import SECOND
from streams.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOMENTS: Final = ("pre_open", "opening_call", "open", "closing_call", "close")
"""The times of a day in their order; `open` and `close` are always there."""

MEMBERS: Final = {"time_zone", "days", "holidays", "half_days", "luld_doubled", *MOMENTS}

DAYS_BACK: Final = 10
"""How far a leader looks back for what nobody has carried out; whatever is older, a day's end has overtaken since."""

DAYS_AHEAD: Final = 30
"""How far it looks ahead for what comes next: longer than any exchange is closed."""

OPERATOR: Final = "calendar"
"""Stands in a calendar's commands in place of the principal."""


class Change(NamedTuple):
    """What is wanted at `due`: a phase, or with PHASE_STAYS that LULD bands are doubled or no more."""

    due: int
    phase: int
    kind: int = UNNAMED
    until: int = 0
    doubled: bool = False


PHASE_STAYS: Final = -1


@dataclass(frozen=True)
class Schedule:
    """One calendar. `days` are numbers from Monday, 0; `half_days` have moments of their own in place of the usual."""

    name: str
    zone: ZoneInfo
    moments: Mapping[str, time]
    days: frozenset[int] = frozenset(range(5))
    holidays: frozenset[date] = frozenset()
    half_days: Mapping[date, Mapping[str, time]] = field(default_factory=dict)
    luld_doubled: tuple[tuple[time, time], ...] = ()

    def changes_after(self, last_due: int, now: int) -> Iterator[Change]:
        """What is still to be carried out, in order: what is past by `now`, and what comes.

        Of an instrument that has carried out nothing yet (0) that begins with its latest trading day.
        """
        today = datetime.fromtimestamp(now // SECOND, self.zone).date()
        first = today - timedelta(DAYS_BACK)
        if not last_due:
            first = self._latest_trading_day(today, now)
        for number in range((today - first).days + DAYS_AHEAD):
            for change in self.changes_on(first + timedelta(number)):
                if change.due > last_due:
                    yield change

    def changes_on(self, day: date) -> list[Change]:
        """What is wanted on one day, none if it is no trading day."""
        if not self.trades_on(day):
            return []
        at = {name: self._due(day, moment) for name, moment in self.moments_on(day).items()}
        wanted = [Change(at["pre_open"], PRE_OPEN)] if "pre_open" in at else []
        if "opening_call" in at:
            wanted.append(Change(at["opening_call"], AUCTION, OPENING, at["open"]))
        else:
            wanted.append(Change(at["open"], CONTINUOUS))
        if "closing_call" in at:
            wanted.append(Change(at["closing_call"], AUCTION, CLOSING, at["close"]))
        else:
            wanted.append(Change(at["close"], CLOSED))
        for start, end in self.luld_doubled:
            wanted.append(Change(self._due(day, start), PHASE_STAYS, doubled=True))
            wanted.append(Change(self._due(day, end), PHASE_STAYS))
        return rising(sorted(wanted))

    def trades_on(self, day: date) -> bool:
        """Whether there is trading on a day."""
        return day.weekday() in self.days and day not in self.holidays

    def moments_on(self, day: date) -> Mapping[str, time]:
        """The times of a day."""
        return {**self.moments, **self.half_days.get(day, {})}

    def _latest_trading_day(self, today: date, now: int) -> date:
        for back in range(DAYS_BACK):
            changes = self.changes_on(today - timedelta(back))
            if changes and changes[0].due <= now:
                return today - timedelta(back)
        return today

    def _due(self, day: date, moment: time) -> int:
        return int(datetime.combine(day, moment, self.zone).timestamp()) * SECOND


def rising(changes: list[Change]) -> list[Change]:
    """The same, each a nanosecond later where it would fall together with the one before."""
    last = 0
    for place, change in enumerate(changes):
        last = max(change.due, last + 1)
        changes[place] = change._replace(due=last)
    return changes


def command_for(symbol: str, change: Change) -> SetPhase | DoubleBands:
    """The command that carries a change out in one instrument."""
    if change.phase == PHASE_STAYS:
        return DoubleBands(symbol, change.doubled, change.due)
    return SetPhase(symbol, change.phase, change.kind, change.until, principal=OPERATOR, due=change.due)


# Reading


def load(path: str) -> dict[str, Schedule]:
    """The calendars of a TOML file, or of all in a folder; none of "". SettingsError names what cannot be right."""
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
    """A file of calendars."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"the calendars in {file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is no TOML: {error}") from error


def schedule_of(where: str, name: str, table: Any) -> Schedule:  # noqa: ANN401 - whatever TOML holds
    """A table of the file as a calendar."""
    if not isinstance(table, dict):
        raise SettingsError(f"{where} is no table")
    if unknown := sorted(set(table) - MEMBERS):
        raise SettingsError(f"{where} has no {unknown[0]}: it may have {', '.join(sorted(MEMBERS))}")
    moments = moments_of(where, table)
    half_days = {
        typed(where, "half_days.date", row.get("date"), date): moments_of(f"{where} half_days", row)
        for row in tables(where, "half_days", table.get("half_days", []))
    }
    for day, of_day in ((None, moments), *half_days.items()):
        check_order(where if day is None else f"{where} on {day}", {**moments, **of_day})
    doubled = [
        tuple(typed(where, f"luld_doubled.{end}", row.get(end), time) for end in ("from", "to"))
        for row in tables(where, "luld_doubled", table.get("luld_doubled", []))
    ]
    return Schedule(
        name,
        zone_of(where, table.get("time_zone")),
        moments,
        days_of(where, table.get("days", list(DAYS[:5]))),
        frozenset(typed(where, "holidays", day, date) for day in rows(where, "holidays", table.get("holidays", []))),
        half_days,
        tuple((start, end) for start, end in doubled),
    )


def moments_of(where: str, table: dict[str, Any]) -> dict[str, time]:
    """The times of a day that a table gives."""
    return {name: typed(where, name, table[name], time) for name in MOMENTS if name in table}


def check_order(where: str, moments: Mapping[str, time]) -> None:
    """SettingsError unless a day opens, closes, and rises between."""
    for name in ("open", "close"):
        if name not in moments:
            raise SettingsError(f"{where} needs the time {name}")
    given = [(name, moments[name]) for name in MOMENTS if name in moments]
    for (earlier, before), (later, after) in pairwise(given):
        if after <= before:
            raise SettingsError(f"{where}: {later} {after} must be later than {earlier} {before}, on the same day")


def zone_of(where: str, name: object) -> ZoneInfo:
    """A time zone by its name in the IANA database."""
    try:
        return ZoneInfo(typed(where, "time_zone", name, str))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(f'{where}: time_zone must be like "Europe/Berlin"; {name} is not known here') from error


def days_of(where: str, names: object) -> frozenset[int]:
    """The days of the week on which there is trading."""
    wanted = rows(where, "days", names)
    if not wanted or not set(wanted) <= set(DAYS):
        raise SettingsError(f"{where}: days must be some of {', '.join(DAYS)}")
    return frozenset(DAYS.index(name) for name in wanted)


def rows(where: str, name: str, value: object) -> list[Any]:
    """An array."""
    found: list[Any] = typed(where, name, value, list)
    return found


def tables(where: str, name: str, value: object) -> list[dict[str, Any]]:
    """An array of tables."""
    return [typed(where, name, row, dict) for row in rows(where, name, value)]


def typed(where: str, name: str, value: Any, kind: type) -> Any:  # noqa: ANN401 - of the kind
    """A member, if it is of its kind; a date with a time of day is no date."""
    if not isinstance(value, kind) or (kind is date and isinstance(value, datetime)):
        raise SettingsError(f"{where}: {name} must be a {KINDS[kind]}, not {value!r}")
    return value


KINDS: Final = {
    date: "date such as 2026-12-25",
    time: "time such as 09:00:00",
    str: "text",
    list: "list",
    dict: "table",
}
