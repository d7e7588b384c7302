"""Timekeeper: the leader's own commands: calendars' changes, draws, ticks for timers, a newer version of the semantics.

Each of these commands may be written twice, by this leader after a lost answer or by its successor, and takes effect
once: the engine ignores a calendar's change that it has carried out, a call has one draw, and a version that is adopted
twice is the same version. So a leader reads from the engine what is still missing, every CHECK_INTERVAL. A command that
was not written in time is written late, in order.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from exchange.commands import DoubleBands, DrawEnd, SetPhase, Tick
from exchange.configuration import renewal
from exchange.terms import AUCTION
from exchange.units import HOUR
from streams.errors import Busy, OutcomeUnknown
from streams.journal.calendars import command_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exchange.book.book import Book
    from exchange.commands import Command
    from exchange.engine import Engine
    from streams.journal.calendars import PhaseChange, Schedule
    from streams.journal.clock import JournalClock
    from streams.journal.writer import Appends, FutureOutcome

log = structlog.get_logger()

CHECK_INTERVAL: Final = 0.05
"""Seconds between two checks; a timer is due by journal time itself."""

DUE_AT_ONCE: Final = 500
"""Commands that wait for the journal at a time, so that clients' commands are stored in between."""

LOOK_AGAIN: Final = HOUR
"""How long a calendar without a next change is not read again, in nanoseconds."""


class Awaited(NamedTuple):
    """The next change in an instrument's calendar when it was last read; if None, it is read again at `again`."""

    calendar: str
    last_due: int
    change: PhaseChange | None
    again: int


class Timekeeper:
    """Timekeeper of one led partition.

    totals: how many ended orders and trades of all accounts together are kept; 0 leaves the journal's number.
    """

    def __init__(
        self,
        engine: Engine,
        journal: Appends,
        clock: JournalClock,
        calendars: Mapping[str, Schedule],
        partition: int,
        totals: tuple[int, int] = (0, 0),
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._clock = clock
        self._calendars = calendars
        self._partition = partition
        self._totals = totals
        self._next: dict[str, Awaited] = {}
        self._refused: dict[str, int] = {}
        self._missing: set[str] = set()

    async def run(self) -> None:
        """Write due commands every CHECK_INTERVAL, for ever."""
        while True:
            await asyncio.sleep(CHECK_INTERVAL)
            await self.write_due()

    async def write_due(self) -> None:
        """Write the commands that are due, and wait until they have been carried out."""
        due = list(self.due(self._clock.now()))
        for first in range(0, len(due), DUE_AT_ONCE):
            try:
                await self._write(due[first : first + DUE_AT_ONCE])
            except (Busy, OutcomeUnknown) as error:
                log.warning("timekeeper.not_written", partition=self._partition, error=str(error))
                return

    async def _write(self, commands: list[Command]) -> None:
        written: list[tuple[Command, FutureOutcome]] = []
        try:
            for command in commands:
                written.append((command, self._journal.append(command)))  # noqa: PERF401 - the next may be Busy
        finally:
            if written:
                await asyncio.wait([outcome for _, outcome in written])
        for command, outcome in written:
            if outcome.result().code and isinstance(command, SetPhase | DoubleBands):
                self.pass_over(command)

    def pass_over(self, command: SetPhase | DoubleBands) -> None:
        """Skip a change that was refused: writing it again is of no use."""
        log.warning("timekeeper.refused", partition=self._partition, symbol=command.symbol, due=command.due)
        self._refused[command.symbol] = command.due

    def due(self, now: int) -> Iterator[Command]:
        """The commands that are due: of each calendar only the next change, because each follows from the last."""
        command = renewal(self._engine, *self._totals)
        if command is not None:
            yield command
        for book in self._engine.books.values():
            if book.phase == AUCTION and book.drawn < 0:
                yield DrawEnd(book.symbol, book.call, secrets.randbelow(book.instrument.call_random + 1))
            if book.instrument.calendar:
                change = self.next_change(book, now)
                if change is not None and change.due <= now:
                    yield command_for(book.symbol, change)
        timer = self._engine.next_due()
        if timer and now >= timer:
            yield Tick()

    def next_change(self, book: Book, now: int) -> PhaseChange | None:
        """The next change in an instrument's calendar; None if this leader does not have the calendar."""
        name, last_due = book.instrument.calendar, max(book.last_due, self._refused.get(book.symbol, 0))
        known = self._next.get(book.symbol)
        if known and known[:2] == (name, last_due) and (known.change or now < known.again):
            return known.change
        schedule = self._calendars.get(name)
        if schedule is None:
            self._warn(name)
            return None
        change = next(schedule.changes_after(last_due, now), None)
        self._next[book.symbol] = Awaited(name, last_due, change, now + LOOK_AGAIN)
        return change

    def _warn(self, name: str) -> None:
        if name not in self._missing:
            self._missing.add(name)
            log.error("timekeeper.unknown_calendar", partition=self._partition, calendar=name)
