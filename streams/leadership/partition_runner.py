"""Partition runner: one partition in one worker loads, follows as standby, leads when promoted, and follows again.

A worker that leads without having followed goes through the same stages. When a lease is lost the partition's state may
be ahead of what is stored: then the post ends, and the worker (streams/worker.py) starts a new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

import structlog

from exchange.checkpoint.release import release
from streams import collector, subjects
from streams.broker.connection import Connection
from streams.broker.reader import Asks, StreamReader, state_of
from streams.broker.second_look import look_carefully
from streams.errors import PartitionStopped, Unavailable
from streams.journal.calendars import Schedule
from streams.journal.clock import JournalClock
from streams.leadership.leader import Leader
from streams.leadership.lease_doubt import Certainty
from streams.leadership.packer import Packer
from streams.leadership.standby import Standby
from streams.leadership.stop_marks import Mark, StopMarks
from streams.partition.partition import Partition
from streams.partition.queries import PartitionStanding
from streams.recovery import recovery
from streams.recovery.checkpoint_maker import CheckpointMaker
from streams.recovery.scrub import Scrub, look_at
from streams.settings import StreamSettings

log = structlog.get_logger()


class Post:
    """Partition runner. The other methods may be called while `run` runs."""

    def __init__(
        self,
        connection: Connection,
        settings: StreamSettings,
        number: int,
        worker: str,
        clock: JournalClock,
        certainty: Certainty,
        calendars: Mapping[str, Schedule],
    ) -> None:
        self.number = number
        self._connection = connection
        self._settings = settings
        self._worker = worker
        self._clock = clock
        self._certainty = certainty
        self._calendars = calendars
        self._loaded: Partition | None = None
        self._partition: Partition | None = None  # set once it has caught up with EVENTS
        self._stops = StopMarks(connection, number)
        self._leader: Leader | None = None
        self._promoted = asyncio.Event()
        self._stepped_down = asyncio.Event()

    @property
    def sequence(self) -> int:
        """The last journal sequence that was applied; -1 while loading."""
        return -1 if self._partition is None else self._partition.sequence

    @property
    def leads(self) -> bool:
        """Whether this post leads, or has been promoted to."""
        return self._promoted.is_set()

    @property
    def answers(self) -> bool:
        """Whether this post leads, and its answering loop has signed within `leader_absent_seconds`."""
        return self._leader is not None and self._leader.sign.age() < self._settings.leader_absent_seconds

    @property
    def may_take_long(self) -> bool:
        """Whether the journal's next message may keep the process for longer than others."""
        return self._partition is not None and self._partition.may_take_long()

    def promote(self) -> None:
        """Lead from now on."""
        self._promoted.set()

    async def step_down(self) -> None:
        """Stop answering, and wait until the events of all answers are stored; then the post follows."""
        self._stepped_down.clear()
        self._promoted.clear()
        if self._leader is not None:
            self._leader.stop()
            await self._stepped_down.wait()

    async def leave_checkpoint(self) -> None:
        """Make a last checkpoint, which spares the next leader the replay; after `step_down`."""
        if self._partition is not None:
            await CheckpointMaker(self._connection, self._settings, self._partition).finish()

    async def release(self) -> None:
        """Release the memory of the partition in pieces, yielding to the event loop; after `run`."""
        partition, self._loaded, self._partition = self._loaded, None, None
        if partition is not None:
            for _ in release(partition.engine):
                await asyncio.sleep(0)

    def describe(self, standing: PartitionStanding) -> None:
        """Set who leads and follows the partition, as queries answer it."""
        if self._partition is not None:
            self._partition.queries.standing = standing

    async def run(self) -> None:
        """Run until canceled. Raises PartitionStopped, Overtaken, alone or in a group."""
        try:
            await self._run()
        except BaseException as error:
            collector.clear_frames(error)
            raise

    async def _run(self) -> None:
        answered = await recovery.answered_through(self._connection, self.number)
        await self._look_at_mark(answered)
        scrub = Scrub(self._connection, self.number, answered)
        partition = self._loaded = await recovery.recover(self._connection, self.number, answered)
        async with asyncio.TaskGroup() as group:
            group.create_task(Packer(partition).run())
            while True:
                start = partition.sequence + 1
                async with StreamReader(self._connection, subjects.journal_stream(self.number), start) as journal:
                    await self._serve(partition, journal, scrub)

    async def _serve(self, partition: Partition, journal: StreamReader, scrub: Scrub) -> None:
        standby = Standby(self._connection, partition, journal)
        await standby.catch_up()
        self._partition = partition
        if not self._promoted.is_set():
            await standby.follow(self._promoted)
        async with asyncio.TaskGroup() as group:  # both at once: the last leader has stepped down, and orders wait
            group.create_task(standby.catch_up())
            group.create_task(self._look_at_mark(partition.sequence))
        if self._promoted.is_set():
            self._leader = Leader(
                self._connection,
                self._settings,
                partition,
                journal,
                self._worker,
                self._clock,
                self._certainty,
                self._calendars,
            )
            await self._lead(self._leader, scrub)

    async def _lead(self, leader: Leader, scrub: Scrub) -> None:
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(scrub.run()), group.create_task(self._stops.run(self._heed_mark))]
            try:
                await leader.run()
            finally:
                self._leader = None
                self._stepped_down.set()
            for task in beside:
                task.cancel()

    async def _look_at_mark(self, answered: int) -> None:
        """Check the stop mark before leading; an unreadable mark does not delay: it is read again soon."""
        try:
            await self._stops.read()
            mark = self._stops.marks.get(self.number)
            if mark is not None:
                await self._look_at(mark, answered)
        except Unavailable as error:
            log.warning("partition.mark_not_read", partition=self.number, error=str(error))

    async def _heed_mark(self) -> None:
        """Check a new stop mark while leading: PartitionStopped, or the mark is wrong and is withdrawn."""
        mark = self._stops.marks.get(self.number)
        if mark is None or not await self._look_at(mark, self.sequence):
            return
        await self._stops.take_back(self.number)
        log.warning("partition.mark_taken_back", partition=self.number, sequence=mark.sequence, error=mark.why)

    async def _look_at(self, mark: Mark, answered: int) -> bool:
        """Whether the streams are sound at a mark; False if the marked message is still to be answered.

        The mark is another worker's first look, so this is the second (streams/broker/second_look.py). Raises
        PartitionStopped.
        """
        journal = await state_of(self._connection, subjects.journal_stream(self.number))
        if answered < mark.sequence <= journal.last:
            return False
        await look_carefully(self._connection, self.number, partial(self._look, mark.sequence))
        return True

    async def _look(self, sequence: int, asks: Asks) -> None:
        if wrong := await look_at(asks, self.number, sequence):
            raise PartitionStopped(self.number, sequence, wrong)
