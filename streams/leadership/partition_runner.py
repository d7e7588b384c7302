"""One partition in one worker: it loads, follows as standby, leads when promoted, follows again when it has let go.

Whoever is to lead without having followed goes the same way, only quicker. Losing a lease is another matter: then
the partition's state may be ahead of what is stored, and the post ends (worker.py) to be filled anew.
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
    """See the module. `run` is its life; the rest may be called from outside meanwhile."""

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
        self._partition: Partition | None = None  # once it is as far as its events were
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
        """Whether it leads, or is on its way to."""
        return self._promoted.is_set()

    @property
    def answers(self) -> bool:
        """Whether it leads, and its answering loop has signed a moment ago."""
        return self._leader is not None and self._leader.sign.age() < self._settings.leader_absent_seconds

    @property
    def may_take_long(self) -> bool:
        """Whether the journal's next message may keep the process for longer than others."""
        return self._partition is not None and self._partition.may_take_long()

    def promote(self) -> None:
        """Lead from now on."""
        self._promoted.set()

    async def step_down(self) -> None:
        """Answer nothing more, and wait until what was answered is stored; then it follows."""
        self._stepped_down.clear()
        self._promoted.clear()
        if self._leader is not None:
            self._leader.stop()
            await self._stepped_down.wait()

    async def leave_checkpoint(self) -> None:
        """Spare whoever leads next the replay; after `step_down`."""
        if self._partition is not None:
            await CheckpointMaker(self._connection, self._settings, self._partition).finish()

    async def release(self) -> None:
        """Free the memory of a partition that is not followed here any more; others go on meanwhile. After `run`."""
        partition, self._loaded, self._partition = self._loaded, None, None
        if partition is not None:
            for _ in release(partition.engine):
                await asyncio.sleep(0)

    def describe(self, standing: PartitionStanding) -> None:
        """What queries about the partition tell of who leads and follows it."""
        if self._partition is not None:
            self._partition.queries.standing = standing

    async def run(self) -> None:
        """Until canceled. Raises PartitionStopped, Overtaken, alone or in a group."""
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
        async with asyncio.TaskGroup() as group:  # at once: whoever hands over has let go, and orders wait
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
        """Before leading; where it cannot be read, going on is better than waiting, and it is read again soon."""
        try:
            await self._stops.read()
            mark = self._stops.marks.get(self.number)
            if mark is not None:
                await self._look_at(mark, answered)
        except Unavailable as error:
            log.warning("partition.mark_not_read", partition=self.number, error=str(error))

    async def _heed_mark(self) -> None:
        """While leading: if somebody has marked the partition, look there: PartitionStopped, or the mark is wrong."""
        mark = self._stops.marks.get(self.number)
        if mark is None or not await self._look_at(mark, self.sequence):
            return
        await self._stops.take_back(self.number)
        log.warning("partition.mark_taken_back", partition=self.number, sequence=mark.sequence, error=mark.why)

    async def _look_at(self, mark: Mark, answered: int) -> bool:
        """Whether nothing is wrong at a mark; not known yet of a message that is still to be answered.

        The mark is somebody's first look, so this is the second (second_look.py). Raises PartitionStopped.
        """
        journal = await state_of(self._connection, subjects.journal_stream(self.number))
        if answered < mark.sequence <= journal.last:
            return False
        await look_carefully(self._connection, self.number, partial(self._look, mark.sequence))
        return True

    async def _look(self, sequence: int, asks: Asks) -> None:
        if wrong := await look_at(asks, self.number, sequence):
            raise PartitionStopped(self.number, sequence, wrong)
