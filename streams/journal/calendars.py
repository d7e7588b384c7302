"""Calendars: the trading days of an exchange, and the phase changes of an instrument on each.

A trading day has one or several sessions; between two of them the phase is `cancel_only`, so orders stay. An opening
call ends at `open` and a closing call at `close` by itself, so there is a change at those only without a call. A
session that is `overnight` begins on the evening before its trading day. Files of calendars: `calendar_files`.

Always true: the dues of one instrument rise strictly, because the last due carried out shows a leader which changes are
still to be made. Local times follow their zone: a time that the clock skips is the moment of its jump, a time that it
shows twice is the first of the two, so that times which rise on the clock's face never fall. Dues are nanoseconds of
journal time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from exchange.commands import UNNAMED, DoubleBands, SetPhase
from exchange.terms import AUCTION, CANCEL_ONLY, CLOSED, CLOSING, CONTINUOUS, OPENING, PRE_OPEN
from exchange.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from zoneinfo import ZoneInfo

DAYS_BACK: Final = 10
"""Days back that a leader looks for missing changes; older ones have been superseded by a day's end."""

DAYS_AHEAD: Final = 30
"""Days ahead that a leader looks for the next change: longer than any exchange is closed."""

OPERATOR: Final = "calendar"
"""The principal of a calendar's commands."""

ONE_DAY: Final = timedelta(1)


class PhaseChange(NamedTuple):
    """Phase change due at `due`: a phase, or with PHASE_STAYS that LULD bands are doubled or no more."""

    due: int
    phase: int
    kind: int = UNNAMED
    until: int = 0
    doubled: bool = False


PHASE_STAYS: Final = -1

MOMENTS: Final = ("pre_open", "opening_call", "open", "closing_call", "close")
"""The times of a session in their order; `open` and `close` are always there."""


@dataclass(frozen=True)
class TradingSession:
    """Trading session: its times by their names in MOMENTS. Those of an overnight session pass midnight once."""

    moments: Mapping[str, time]
    overnight: bool = False

    def dated(self, day: date) -> dict[str, datetime]:
        """The session's times with their dates, without a zone: the trading day's, or the evening before."""
        at: dict[str, datetime] = {}
        evening = self.overnight
        before = time.min
        for name in MOMENTS:
            if name in self.moments:
                moment = self.moments[name]
                evening = evening and (not at or moment > before)
                at[name] = datetime.combine(day - ONE_DAY if evening else day, moment)
                before = moment
        return at


@dataclass(frozen=True)
class Hours:
    """A trading day's sessions, in order, and the times at which LULD bands begin and cease to be doubled."""

    sessions: tuple[TradingSession, ...]
    luld_doubled: tuple[tuple[time, time], ...] = ()

    def first(self, day: date) -> datetime:
        """When the trading day `day` begins, in local time."""
        return next(iter(self.sessions[0].dated(day).values()))

    def last(self, day: date) -> datetime:
        """When the trading day `day` ends, in local time."""
        return self.sessions[-1].dated(day)["close"]


@dataclass(frozen=True)
class Schedule:
    """One calendar. `days` are numbers from Monday, 0; `half_days` have hours of their own in place of the usual."""

    name: str
    zone: ZoneInfo
    hours: Hours
    days: frozenset[int] = frozenset(range(5))
    holidays: frozenset[date] = frozenset()
    half_days: Mapping[date, Hours] = field(default_factory=dict)

    def changes_after(self, last_due: int, now: int) -> Iterator[PhaseChange]:
        """The changes still to be carried out, in order: those past at `now`, and those to come.

        For an instrument without a change so far (`last_due` 0) they begin with the latest trading day.
        """
        today = datetime.fromtimestamp(now // SECOND, self.zone).date()
        first = today - timedelta(DAYS_BACK)
        if not last_due:
            first = self._latest_trading_day(today, now)
        for number in range((today - first).days + DAYS_AHEAD):
            for change in self.changes_on(first + timedelta(number)):
                if change.due > last_due:
                    yield change

    def changes_on(self, day: date) -> list[PhaseChange]:
        """The changes of a trading day, from its first session's beginning on; none of a day without trading."""
        wanted = self._wanted(day)
        # A day may begin the very moment when the one before it ends.
        before = self._wanted(day - ONE_DAY) if wanted and self.hours_on(day).sessions[0].overnight else []
        return rising(wanted, before[-1].due if before else 0)

    def trades_on(self, day: date) -> bool:
        """Whether there is trading on a day."""
        return day.weekday() in self.days and day not in self.holidays

    def hours_on(self, day: date) -> Hours:
        """The hours of a trading day."""
        return self.half_days.get(day, self.hours)

    def _wanted(self, day: date) -> list[PhaseChange]:
        """The changes of a day by the clock, in order; several may have the same due."""
        if not self.trades_on(day):
            return []
        hours = self.hours_on(day)
        wanted: list[PhaseChange] = []
        for start, end in hours.luld_doubled:
            wanted.append(PhaseChange(self._due(datetime.combine(day, start)), PHASE_STAYS, doubled=True))
            wanted.append(PhaseChange(self._due(datetime.combine(day, end)), PHASE_STAYS))
        for session in hours.sessions:
            wanted += self._changes_of(session, day, last=session is hours.sessions[-1])
        wanted.sort(key=lambda change: change.due)
        return wanted

    def _changes_of(self, session: TradingSession, day: date, *, last: bool) -> list[PhaseChange]:
        at = {name: self._due(moment) for name, moment in session.dated(day).items()}
        wanted = [PhaseChange(at["pre_open"], PRE_OPEN)] if "pre_open" in at else []
        if "opening_call" in at:
            wanted.append(PhaseChange(at["opening_call"], AUCTION, OPENING, at["open"]))
        else:
            wanted.append(PhaseChange(at["open"], CONTINUOUS))
        if "closing_call" in at:
            wanted.append(PhaseChange(at["closing_call"], AUCTION, CLOSING, at["close"]))
        else:
            wanted.append(PhaseChange(at["close"], CLOSED if last else CANCEL_ONLY))
        return wanted

    def _latest_trading_day(self, today: date, now: int) -> date:
        """The trading day that has begun last: tomorrow, if it begins on the evening before."""
        for back in range(-1, DAYS_BACK):
            changes = self.changes_on(today - timedelta(back))
            if changes and changes[0].due <= now:
                return today - timedelta(back)
        return today

    def _due(self, local: datetime) -> int:
        return instant_of(local, self.zone) * SECOND


def instant_of(local: datetime, zone: ZoneInfo) -> int:
    """The second since 1970 at which the clocks of a zone show a local time, or skip it.

    Python gives a skipped time the offset from before the jump (`fold` 0) or from after it (1).
    """
    earlier, later = local.replace(tzinfo=zone), local.replace(tzinfo=zone, fold=1)
    after, before = int(earlier.timestamp()), int(later.timestamp())
    if after <= before:  # shown once, or twice: then `earlier` is the first of the two
        return after
    offset = earlier.utcoffset()
    while after - before > 1:  # between the two the offset changes once
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, UTC).astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def rising(changes: list[PhaseChange], floor: int = 0) -> list[PhaseChange]:
    """The same changes with strictly rising dues, the first after `floor`: equal dues become a nanosecond later.

    So a call ends after it has begun, also where the clock jumps over all of it.
    """
    last = floor
    for place, change in enumerate(changes):
        last = max(change.due, last + 1)
        until = max(change.until, last + 1) if change.until else 0
        changes[place] = change._replace(due=last, until=until)
    return changes


def command_for(symbol: str, change: PhaseChange) -> SetPhase | DoubleBands:
    """The command that makes a change in one instrument."""
    if change.phase == PHASE_STAYS:
        return DoubleBands(symbol, change.doubled, change.due)
    return SetPhase(symbol, change.phase, change.kind, change.until, principal=OPERATOR, due=change.due)
