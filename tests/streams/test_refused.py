"""Refused partitions of a worker: who has stopped one says so, and tries again by itself; on virtual time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from streams import subjects, worker
from streams.errors import PartitionStopped
from streams.leadership.refused_partitions import RELOOK_MAX, RELOOK_MIN, RESTS, Refusals, all_refusals
from streams.leadership.roster import lease_key
from streams.leadership.stop_marks import StopMarks
from tests.support.altered import write
from tests.support.nats import until
from tests.support.virtual import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from streams.broker.connection import Connection

LOST = 5


@asynccontextmanager
async def working(stage: Stage) -> AsyncIterator[None]:
    """A worker of one partition."""
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(replace(stage.settings, partitions=1), stop))
    try:
        yield
    finally:
        stop.set()
        await running


def test_a_mended_partition_opens_by_itself() -> None:
    """The worker refuses it, everybody can see that, and it leads when the message is there again."""
    stage = Stage()

    async def act(connection: Connection) -> Any:
        await write(connection)
        journal = stage.broker.streams[subjects.journal_stream(0)]
        lost = journal.message(LOST)
        assert lost is not None
        journal.lose(LOST)
        async with working(stage):
            await until(lambda: stage.logged.count("partition.still_stopped") == 2, 200)
            [refusal] = await all_refusals(connection)
            stops = StopMarks(connection)
            await stops.read()
            journal.restore(lost)
            mended = asyncio.get_running_loop().time()
            await until(lambda: "partition.leading" in stage.logged, 200)
            took = asyncio.get_running_loop().time() - mended
            await until(lambda: "partition.mark_taken_back" in stage.logged, 200)
        return refusal, stops.marks, took

    refusal, marks, took = stage.play(act)
    assert (refusal.partition, refusal.sequence) == (0, LOST)
    assert "the journal has lost this message" in refusal.why
    assert marks[0].sequence == LOST
    assert stage.logged.count("partition.stopped") == 1
    assert took < 2 * RELOOK_MAX


def test_evidence_is_told_of_whatever_becomes_of_the_lease() -> None:
    """The mark cannot be stored and another worker takes the lease meanwhile: the line is there all the same."""
    stage = Stage()

    async def act(connection: Connection) -> None:
        await write(connection)
        stage.broker.streams[subjects.journal_stream(0)].lose(LOST)
        async with working(stage):
            await until(lambda: "worker.started" in stage.logged, 200)
            stage.broker.streams[subjects.bucket_stream(subjects.DIRECTORY)].full_disk = True
            await until(lambda: "partition.stopped" in stage.logged, 200)
            await connection.store(subjects.bucket_key(subjects.LEASES, lease_key(0)), b"somebody-else")
            await until(lambda: "lease.lost" in stage.logged or "partition.not_marked" in stage.logged, 200)
            await until(lambda: "partition.not_marked" in stage.logged, 200)
            stage.broker.streams[subjects.bucket_stream(subjects.DIRECTORY)].full_disk = False

    stage.play(act)
    assert "evidence.not_left" in stage.logged


def test_a_fault_that_may_pass_keeps_its_mark_until_it_is_answered() -> None:
    """A mark at a message that nobody has answered is neither right nor wrong before somebody has."""
    stage = Stage()

    async def act(connection: Connection) -> Any:
        await write(connection, events=lambda messages: messages[:-1])
        async with working(stage):
            await until(lambda: "worker.started" in stage.logged, 200)
            await StopMarks(connection).put(PartitionStopped(0, 24, "our own fault"))
            await until(lambda: "partition.mark_taken_back" in stage.logged, 200)
        return stage.broker.streams[subjects.events_stream(0)].last

    assert stage.play(act) == 24
    assert "partition.stopped" not in stage.logged


def test_it_waits_longer_each_time_and_not_for_ever() -> None:
    """Twice as long, as long as the bound, and never so often that trying takes more than a tenth of the time."""
    stage = Stage()

    async def act(connection: Connection) -> Any:
        refusals, news = Refusals(connection, "me"), []
        tries = [
            (1.0, RELOOK_MIN),
            (1.0, 20.0),
            (1.0, 40.0),
            (1.0, RELOOK_MAX),
            (1.0, RELOOK_MAX),
            (100.0, RESTS * 100.0),
        ]
        for took, pause in tries:
            news.append(refusals.record(PartitionStopped(0, LOST, "a sentence"), took))
            await asyncio.sleep(pause - 0.5)
            assert refusals.standing == {0}
            await asyncio.sleep(0.5)
            assert refusals.standing == set()
            await asyncio.sleep(took)
        await asyncio.sleep(2 * RESTS * 100)
        news.append(refusals.record(PartitionStopped(0, LOST, "a sentence"), 1.0))
        return news

    assert stage.play(act, 1e5) == [True, False, False, False, False, False, True]
