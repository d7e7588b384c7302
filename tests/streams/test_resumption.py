"""Resumption: what waited too long for a leader is refused, unless somebody may have been told otherwise."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from exchange.commands import CancelOrder, Command, Resume
from exchange.events import Accepted, Canceled, Rejected
from exchange.units import SECOND
from streams import subjects, topology
from streams.audit.audit import audit
from streams.broker.reader import StreamReader, state_of
from streams.errors import AnsweredLate, OutcomeUnknown, PartitionStopped
from streams.journal.event_writer import RUN_AHEAD
from streams.leadership.standby import Standby
from streams.partition.partition import Partition
from streams.recovery.recovery import load, recover, replay
from streams.recovery.scrub import look_at
from streams.wire import codec
from streams.wire.codec import Facts
from tests.support.exchange import buy, listing, open_venue, running_worker
from tests.support.history import stored
from tests.support.led import Led
from tests.support.nats import until

if TYPE_CHECKING:
    from streams.broker.connection import Connection
    from streams.settings import StreamSettings

AGE = 400_000_000
"""How old a command may be in these tests, ns."""

YOUNG = replace(topology.CONFIGURE, command_age_max=AGE)


async def events_of(connection: Connection, number: int = 0) -> list[Facts]:
    """All messages of EVENTS."""
    last = (await state_of(connection, subjects.events_stream(number))).last
    messages = [await stored(connection, subjects.events_stream(number), n) for n in range(1, last + 1)]
    return [codec.decode_facts(each) for each in messages]


async def is_answered(connection: Connection, number: int = 0) -> bool:
    """Whether nothing in the journal waits for its events."""
    streams = (subjects.journal_stream(number), subjects.events_stream(number))
    journal, events = [await state_of(connection, stream) for stream in streams]
    return journal.last == events.last


async def test_what_waited_for_a_leader_is_refused_and_cancels_are_carried_out(
    settings: StreamSettings, connection: Connection
) -> None:
    """All workers are gone; orders and a cancel are stored. When one comes the orders are too old, and it says so.

    What was stored within a second of the last answer may have been answered, and told, by who died: it is executed.
    """
    settings = replace(settings, leader_absent_seconds=60.0, outcome_timeout_seconds=1.0)
    async with running_worker(settings) as worker, open_venue(settings) as venue:

        async def unanswered(command: Command) -> None:
            with pytest.raises(OutcomeUnknown):
                await venue.submit(0, command)

        for command in (listing("ACME"), YOUNG, buy("anna", "ACME", 1, 100, "a1")):
            last = await venue.submit(0, command)
            assert last.code == ""
        await worker.stop()
        await unanswered(buy("anna", "ACME", 1, 101, "told", sent_at=venue.now()))
        await until(lambda: venue.now() > last.at + 2 * RUN_AHEAD)
        sent_at = venue.now()
        await unanswered(buy("anna", "ACME", 1, 102, "a2", sent_at=sent_at))
        await unanswered(CancelOrder("anna", 1, sent_at=venue.now()))
        await until(lambda: venue.now() > sent_at + 2 * AGE)
        async with running_worker(settings):
            await until(lambda: is_answered(connection))
            again = await venue.submit(0, buy("anna", "ACME", 1, 103, "a3", sent_at=venue.now()))
            assert again.code == ""
        told, placed, canceled, resumed, fresh = (await events_of(connection))[4:]
        assert (type(told.events[0][0]), told.answered_at) == (Accepted, 0)
        assert placed.events == [[Rejected("too_late")]]
        assert [(type(event), event.order_id) for event in canceled.events[0] if isinstance(event, Canceled)] == [
            (Canceled, 1)
        ]
        assert placed.answered_at == canceled.answered_at == resumed.at > sent_at + AGE
        assert (resumed.events, type(fresh.events[0][0]), fresh.answered_at) == ([[]], Accepted, 0)
        assert (await audit(connection, 0)).clean
        async with running_worker(settings):
            await until(lambda: venue.why_not(0) == "")
            assert (await venue.submit(0, buy("anna", "ACME", 1, 103, "a3"))).code == ""


class LateLed(Led):
    """A partition whose messages the test may answer late."""

    async def trade_late(self) -> list[int]:
        """Two answers in time, two late ones because of the Resume that follows, one more; the late sequences."""
        await self.send(listing("ACME"))
        await self.trade()
        first = self.partition.sequence + 1
        for number in range(2):
            command = buy("anna", "ACME", 1, 90, f"late{number}", sent_at=self.partition.at)
            await self.journal(command)
        await self.journal(Resume(first - 1))
        async with StreamReader(self.connection, subjects.journal_stream(0), first) as reader:
            resumed_at = [(await anext(reader)).stored_at for _ in range(3)][-1]
        self.partition.late = {first: resumed_at, first + 1: resumed_at}
        await self.answer()
        await self.trade()
        return [first, first + 1]

    async def journal(self, command: Command) -> None:
        """Journal a command without answering it."""
        self.number += 1
        data = codec.encode_batch("me", self.number, [codec.encode_command(command)])
        await self.connection.store(subjects.journal(0), data)


@pytest_asyncio.fixture
async def led(connection: Connection, settings: StreamSettings) -> LateLed:
    return await LateLed(connection, settings).begin()


async def test_whoever_replays_takes_from_the_events_what_was_late(led: LateLed) -> None:
    """A recovery that asks before, one that finds a difference first, a standby, an audit and a look all agree."""
    late = await led.trade_late()
    facts = await events_of(led.connection)
    assert [number for number, each in enumerate(facts, start=1) if each.answered_at] == late
    last = led.partition.sequence
    assert (await recover(led.connection, 0, last)).chain == led.partition.chain
    partition = await load(led.connection, 0, last)
    async with StreamReader(led.connection, subjects.journal_stream(0), 1) as reader:
        with pytest.raises(AnsweredLate) as refused:
            await replay(led.connection, partition, reader, last, read_before=0)
    assert sorted(refused.value.late) == late
    assert (await recover(led.connection, 0, last, read_before=0)).chain == led.partition.chain
    follower, promoted = Partition(0), asyncio.Event()
    async with StreamReader(led.connection, subjects.journal_stream(0), 1) as journal:
        following = asyncio.create_task(Standby(led.connection, follower, journal).follow(promoted))
        await until(lambda: follower.sequence == last)
        promoted.set()
        await following
    assert follower.chain == led.partition.chain
    found = await audit(led.connection, 0)
    assert (found.clean, found.chain) == (True, led.partition.chain.hex())
    assert [await look_at(led.connection, 0, number) for number in range(1, last + 1)] == [""] * last


async def test_a_late_answer_without_a_resume_is_found(led: LateLed) -> None:
    """The mark is part of the chain, and has to be the time of a Resume behind it: nobody may choose one."""
    await led.send(listing("ACME"))
    led.partition.late = {3: led.partition.at + 1_000}
    await led.trade(2)
    found = await audit(led.connection, 0)
    assert found.finding is not None
    assert found.finding.where == "engine"
    assert "nobody resumed then" in found.finding.what


async def test_a_mark_that_is_taken_away_is_damage(led: LateLed) -> None:
    """Without it the events are not what the journal gives: a replay stops, and does not replay for ever."""
    late = await led.trade_late()
    partition = Partition(0)
    partition.late = {late[0]: 0}
    async with StreamReader(led.connection, subjects.journal_stream(0), 1) as reader:
        with pytest.raises(AnsweredLate):
            await replay(led.connection, partition, reader, led.partition.sequence, read_before=0)
    await led.connection.store(subjects.events(0), b"something else")
    await led.journal(buy("anna", "ACME", 1, 90, "more"))
    with pytest.raises(PartitionStopped):
        await recover(led.connection, 0, led.partition.sequence + 1, read_before=0)


def test_a_second_is_as_far_as_an_answer_may_run_ahead() -> None:
    """The bound that the tests above rely on."""
    assert RUN_AHEAD == SECOND
    assert topology.CONFIGURE.command_age_max > RUN_AHEAD
