"""streams/journal/timekeeper.py: what a leader writes because time has passed, once, whoever leads."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from exchange.book.book import Book
from exchange.commands import Command, Configure, DrawEnd, ListInstrument, SetPhase, Tick
from exchange.configuration import renewal
from exchange.engine import OLDEST_SEMANTICS, SEMANTICS
from exchange.events import Traded
from exchange.instrument import Instrument
from exchange.market_events import EndDrawn, PhaseSet
from exchange.terms import AUCTION, CLOSED, CONTINUOUS, CROSSED, GTD, OPENING, PRE_OPEN
from exchange.units import SECOND, UNIT
from streams.journal.calendars import Hours, Schedule, TradingSession
from streams.journal.clock import JournalClock
from streams.journal.timekeeper import Timekeeper
from streams.journal.writer import FutureOutcome, Outcome
from streams.venue import Venue
from streams.wire.urgency import OPERATING
from tests.support.exchange import ask, open_venue, running_worker
from tests.support.history import events_of, times_of
from tests.support.journaled import ACME, CONFIGURE, Journaled, buy, sell
from tests.support.journaled import OPENING as NOW
from tests.support.nats import until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from streams.broker.connection import Connection
    from streams.settings import StreamSettings

DAY = Schedule(
    "day",
    ZoneInfo("UTC"),
    Hours(
        (TradingSession({"pre_open": time(9), "opening_call": time(9, 50), "open": time(10, 0, 5), "close": time(17)}),)
    ),
    days=frozenset(range(7)),
)
"""NOW is ten o'clock: its opening call goes on for five more seconds."""


class Written:
    """A journal that a partition answers at once; `commands` are those written."""

    def __init__(self, journaled: Journaled) -> None:
        self.commands: list[Command] = []
        self._journaled = journaled

    def append(self, command: Command, urgency: int = OPERATING) -> FutureOutcome:
        self.commands.append(command)
        [(code, _)] = self._journaled.send(command).results
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        answer.set_result(Outcome(code, b"", 3, 0, 0, 0))
        return answer


async def phase_in(venue: Venue) -> object:
    """The phase of ACME, as its leader says."""
    return (await ask(venue, 0, "status", symbol="ACME"))["phase"]


class Led:
    """A partition whose timekeeper looks whenever the test says so."""

    def __init__(
        self,
        *listed: Instrument,
        calendars: Mapping[str, Schedule] | None = None,
        configure: Configure = CONFIGURE,
        totals: tuple[int, int] = (0, 0),
    ) -> None:
        self.journaled = Journaled(*listed, configure=configure)
        self.journal = Written(self.journaled)
        clock = JournalClock(lambda: self.journaled.now)
        clock.learn_server_time(self.journaled.now, self.journaled.now, self.journaled.now)
        known = {"day": DAY} if calendars is None else calendars
        self.keeper = Timekeeper(self.journaled.partition.engine, self.journal, clock, known, 3, totals)

    @property
    def book(self) -> Book:
        return self.journaled.partition.engine.books["ACME"]

    async def look(self, seconds: float = 0) -> list[Command]:
        """Let so much time pass and look once; what was written."""
        self.journaled.now += int(seconds * SECOND)
        before = len(self.journal.commands)
        await self.keeper.write_due()
        return self.journal.commands[before:]


def at(hour: int, minute: int = 0, second: int = 0) -> int:
    """A time of NOW's day."""
    midnight = datetime.fromtimestamp(NOW // SECOND, UTC).replace(hour=0, minute=0, second=0)
    return int((midnight + timedelta(hours=hour, minutes=minute, seconds=second)).timestamp()) * SECOND


def wanted(phase: int, due: int, kind: int = -1, until: int = 0) -> SetPhase:
    """A calendar's command."""
    return SetPhase("ACME", phase, kind, until, principal="calendar", due=due)


async def test_a_day_is_carried_out_step_by_step() -> None:
    """One change after the other, late ones at once, the others when they are due; the call ends by itself."""
    led = Led(replace(ACME, calendar="day"))
    assert led.book.phase == CLOSED

    assert await led.look() == [wanted(PRE_OPEN, at(9))]
    assert await led.look() == [wanted(AUCTION, at(9, 50), OPENING, at(10, 0, 5))]
    assert await led.look() == []
    assert await led.look(5) == [Tick()]
    assert led.book.phase == CONTINUOUS
    assert await led.look(6 * 3_600) == []
    assert await led.look(3_600) == [wanted(CLOSED, at(17))]
    assert await led.look(15 * 3_600) == []


async def test_a_successor_goes_on_from_what_was_carried_out() -> None:
    """It finds in the engine how far the calendar has come, and a change written twice happens once."""
    led = Led(replace(ACME, calendar="day"))
    await led.look()
    successor = Led(replace(ACME, calendar="day"))
    successor.journaled.send(wanted(PRE_OPEN, at(9)))

    assert await successor.look() == await led.look() == [wanted(AUCTION, at(9, 50), OPENING, at(10, 0, 5))]
    again = led.journaled.send(wanted(AUCTION, at(9, 50), OPENING, at(10, 0, 5)))
    assert (again.results, again.frames) == ([("", {})], [])


async def test_an_operator_s_phase_stands_until_the_next_change() -> None:
    """The calendar does not fight him."""
    led = Led(replace(ACME, calendar="day"))
    for _ in range(2):
        await led.look()
    led.journaled.send(SetPhase("ACME", CLOSED, principal="operator"))

    assert await led.look(60) == []
    assert led.book.phase == CLOSED


async def test_what_nobody_carried_out_is_carried_out_in_order() -> None:
    """After a night without a leader: the close of the day before, then this day."""
    led = Led(replace(ACME, calendar="day"))
    for _ in range(2):
        await led.look()
    led.journaled.now += 24 * 3_600 * SECOND

    written = [command for _ in range(3) for command in await led.look()]

    assert [command.phase for command in written if isinstance(command, SetPhase)] == [CLOSED, PRE_OPEN, AUCTION]


async def test_a_call_with_a_random_end_is_drawn_once() -> None:
    """As soon as it is found, within its bound; without a random end there is nothing to draw."""
    led = Led(replace(ACME, call_random=10 * SECOND))
    led.journaled.send(SetPhase("ACME", AUCTION, until=NOW + 5 * SECOND))

    [draw] = await led.look()

    assert isinstance(draw, DrawEnd)
    assert (draw.symbol, draw.call, 0 <= draw.extra <= 10 * SECOND) == ("ACME", 1, True)
    assert await led.look() == []
    assert await led.look(15) == [Tick()]
    plain = Led()
    plain.journaled.send(SetPhase("ACME", AUCTION, until=NOW + 5 * SECOND))
    assert await plain.look() == []


async def test_an_order_s_expiry_is_noticed() -> None:
    """A tick, when journal time has come that far."""
    led = Led()
    led.journaled.send(buy("anna", 1, 10, "a-1", time_in_force=GTD, expires=NOW + SECOND))

    assert await led.look() == []
    assert await led.look(1) == [Tick()]
    assert led.journaled.ask("open_orders", account="anna") == {"orders": []}


async def test_a_journal_of_an_earlier_version_is_brought_to_the_newest() -> None:
    """Once, with its bounds kept; two leaders that race write the same, and the second changes nothing."""
    old = replace(CONFIGURE, semantics=OLDEST_SEMANTICS)
    led, rival = Led(configure=old), Led(configure=old)

    assert await led.look() == await rival.look() == [CONFIGURE]
    assert led.journaled.partition.engine.semantics == SEMANTICS
    again = led.journaled.send(*rival.journal.commands)

    assert (again.results, again.reports, again.frames) == ([("", {})], {}, [])
    assert renewal(led.journaled.partition.engine) is None
    assert await led.look() == []
    assert await Led().look() == []


async def test_a_calendar_that_is_not_there_leaves_its_instruments_alone() -> None:
    """The others go on; it is said once in the log, not all the time."""
    led = Led(replace(ACME, calendar="mars"), calendars={})

    assert await led.look() == await led.look(3_600) == []
    assert led.book.phase == CLOSED


async def test_a_change_that_is_refused_is_not_written_again() -> None:
    """The next one comes when it is due."""
    led = Led(replace(ACME, calendar="day"))
    refused = wanted(PRE_OPEN, at(9))
    led.keeper.pass_over(refused)

    assert await led.look() == [wanted(AUCTION, at(9, 50), OPENING, at(10, 0, 5))]


def noon_zone() -> str:
    """A zone in which it is about noon now, so that no test runs over midnight."""
    hour = datetime.now(UTC).hour
    return f"Etc/GMT{hour - 12:+d}"


@pytest.fixture
def calendar(tmp_path: Path) -> Path:
    """A file of calendars whose opening call has begun and ends in four seconds."""
    zone = noon_zone()
    opening = datetime.now(ZoneInfo(zone)) + timedelta(seconds=4)
    path = tmp_path / "calendars.toml"
    path.write_text(
        f'[today]\ntime_zone = "{zone}"\ndays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]\n'
        f"pre_open = 01:00:00\nopening_call = 02:00:00\nopen = {opening:%H:%M:%S}\nclose = 23:00:00\n"
    )
    return path


async def test_a_successor_ends_the_call_that_a_killed_leader_began(
    settings: StreamSettings, connection: Connection, calendar: Path
) -> None:
    """The calendar's changes are carried out once each; the uncross comes at the time that was told."""
    settings = replace(settings, partitions=1, calendars=str(calendar), lease_ttl_seconds=1)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(running_worker(settings))
        venue = await stack.enter_async_context(open_venue(settings))
        listing = Instrument("ACME", [(0, UNIT // 100)], UNIT, call_random=SECOND, calendar="today")
        await venue.submit(0, ListInstrument(listing))

        async def in_call() -> bool:
            return await phase_in(venue) == "auction"

        await until(in_call)
        for command in (buy("anna", 5, 11, "a-1"), sell("boris", 3, 10, "b-1")):
            assert (await venue.submit(0, command)).code == ""
        told = await ask(venue, 0, "status", symbol="ACME")
        await first.kill()
        await stack.enter_async_context(running_worker(settings))

        async def over() -> bool:
            return await phase_in(venue) == "continuous"

        await until(over, 20)

    history = await events_of(connection)
    phases = [event for _, event in history if isinstance(event, PhaseSet)]
    assert [(event.phase, event.call) for event in phases] == [(PRE_OPEN, 0), (AUCTION, 1), (CONTINUOUS, 1)]
    [drawn] = [event for _, event in history if isinstance(event, EndDrawn)]
    [(made, trade)] = [(when, event) for when, event in history if isinstance(event, Traded)]
    assert (trade.side, trade.quantity) == (CROSSED, 3 * UNIT)
    end = phases[1].until + drawn.extra
    assert made >= end
    assert [when for when in await times_of(connection) if end <= when < made] == []
    assert told["until"] is not None


async def test_a_leader_writes_its_own_totals_into_the_journal() -> None:
    """Once; whoever led before had others, and what each account may have remembered stays."""
    led = Led(totals=(25, 26))

    wanted = replace(CONFIGURE, ended_orders_total_max=25, trades_total_max=26)
    assert await led.look() == [wanted]
    assert await led.look() == []
