"""Venue, a gateway's view of the streams: submit commands, query, and subscribe to updates.

A gateway meets only three failures: Busy (surely not stored), OutcomeUnknown, and Unavailable (streams/errors.py).
Times are nanoseconds of journal time.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from typing import NamedTuple, Self

import structlog

from exchange.commands import Command
from streams import subjects, topology
from streams.broker.bucket import Bucket
from streams.broker.client import SubjectSubscription
from streams.broker.connection import Connection
from streams.errors import (
    ApiRefused,
    Busy,
    NobodyListens,
    NotStored,
    StoreUnknown,
    Unavailable,
    WrongSequence,
)
from streams.journal.capacity import EVERYTHING, MEASURE_INTERVAL, Room, measure, measure_both
from streams.journal.clock import JournalClock, keep_time
from streams.journal.writer import FutureOutcome, Journal, Outcome, OutcomeReceiver
from streams.leadership.handover import Gone, ask_to_go
from streams.leadership.liveness import Liveness
from streams.leadership.refused_partitions import Refusal, all_refusals
from streams.leadership.roster import NOBODY, lease_key
from streams.leadership.stop_marks import Mark, StopMarks
from streams.promises.cancel_promises import Promises
from streams.settings import StreamSettings
from streams.wire import codec
from streams.wire.urgency import PLACING, SHARES, urgency_of

__all__ = ["Answer", "Outcome", "OutcomeReceiver", "SubjectSubscription", "Venue"]

log = structlog.get_logger()

QUERY_TIMEOUT = 2.0
QUERY_RETRY_INTERVAL = 0.05
STOPPED_RETRY_AFTER = 5.0
"""Seconds; a stopped partition waits for a person."""

ABSENT_RETRY_AFTER = 1.0
"""Seconds; a partition without a leader waits for a worker."""

PARTITIONS_PER_INTERVAL = 16
"""Partitions that a gateway measures in one interval (streams/journal/capacity.py)."""

SYMBOL_PREFIX = "symbol."


class Answer(NamedTuple):
    """Answer of a leader to a query: `code` "" and the result's JSON, or a code and the error's."""

    code: str
    body: bytes


class Venue:
    """Venue. Made by `open`, ended by `close`."""

    def __init__(self, connection: Connection, settings: StreamSettings, partitions: int) -> None:
        self.partitions = partitions
        self.origin = subjects.new_id()
        self.closed = connection.closed
        """Set when NATS has closed the connection for good: the process should end."""
        self._connection = connection
        self._clock = JournalClock()
        self._directory = Bucket(connection, subjects.DIRECTORY)
        self._journals = [Journal(connection, number, self.origin, settings) for number in range(partitions)]
        self.promises = Promises(connection, self.origin)
        """The orders that are canceled should this gateway end."""
        self._stops = StopMarks(connection)
        self._liveness = Liveness(partitions, settings.leader_absent_seconds)
        self._running: asyncio.Task[None] | None = None
        self._on_new_leader: list[Callable[[int], None]] = []

    @classmethod
    async def open(cls, settings: StreamSettings, name: str) -> Self:
        """Connect, and wait without limit until workers have made the streams."""
        connection = await Connection.open(settings, name)
        venue = cls(connection, settings, await topology.wait(connection))
        await connection.subscribe(subjects.results(venue.origin), venue._receive_results)
        await connection.subscribe(subjects.every_leading(), venue._receive_leading)
        await connection.subscribe(subjects.every_answering(), venue._receive_sign)
        connection.on_reconnect(venue._liveness.excuse)
        venue._running = asyncio.create_task(venue._run(), name=f"venue of {name}")
        return venue

    async def close(self) -> None:
        """Disconnect. Commands without an outcome fail with OutcomeUnknown."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        try:
            await self.promises.leave()
        except Unavailable as error:
            log.info("venue.left_without_a_word", error=str(error))
        for journal in self._journals:
            journal.close()
        await self._connection.close()

    @property
    def connected(self) -> bool:
        """Whether NATS is connected."""
        return self._connection.connected

    @property
    def well(self) -> bool:
        """Whether NATS is connected, has stored our beats in the last few seconds, and no batch is unknown.

        A full disk freezes one stream after the other, so each journal is asked for its own.
        """
        stored = self.promises.well and not any(journal.in_doubt for journal in self._journals)
        return self._connection.connected and stored

    def is_stopped(self, partition: int) -> bool:
        """Whether a partition has stopped: it answers nothing until its streams are mended."""
        return partition in self._stops.marks

    def stop_of(self, partition: int) -> Mark | None:
        """Where and why a partition has stopped; None if it has not."""
        return self._stops.marks.get(partition)

    async def refusals(self) -> list[Refusal]:
        """Which workers refuse which partitions. Raises Unavailable."""
        return await all_refusals(self._connection)

    def is_absent(self, partition: int) -> bool:
        """Whether a partition has had no leader that answers for longer than a takeover takes."""
        return partition in self._liveness.absent

    @property
    def dead(self) -> frozenset[int]:
        """The partitions that answer nothing: stopped, or absent."""
        return self._liveness.absent | self._stops.marks.keys()

    def why_not(self, partition: int) -> str:
        """Why an order for a partition would not be answered now, a sentence; "" if it would be."""
        mark = self._stops.marks.get(partition)
        if mark is not None:
            return mark.why
        if not self._liveness.answers(partition):
            return f"no worker answers for partition {partition}"
        if self._journals[partition].in_doubt:
            return f"the journal of partition {partition} stores nothing"
        takes = self.room(partition).takes
        if takes != EVERYTHING:
            return f"the journal of partition {partition} is nearly full and takes {takes}"
        return ""

    def room(self, partition: int) -> Room:
        """How full a partition's streams are, as last measured and estimated since."""
        return self._journals[partition].room

    def now(self) -> int:
        """An estimate of journal time."""
        return self._clock.now()

    def submit(self, partition: int, command: Command) -> FutureOutcome:
        """Store a command; the future gives its outcome. Raises Busy at once if the command is refused.

        The future may fail with Busy or OutcomeUnknown, never later than the outcome timeout after sending.
        """
        self._refuse_if_not_answered(partition, command)
        return self._journals[partition].append(command, urgency_of(command))

    def send(self, partition: int, command: Command, receiver: OutcomeReceiver) -> None:
        """Like `submit`, but `receiver` is called with the outcome (streams/journal/writer.py)."""
        self._refuse_if_not_answered(partition, command)
        self._journals[partition].send(codec.encode_command(command), receiver, urgency_of(command))

    async def query(self, partition: int, kind: str, **arguments: str | int) -> Answer:
        """Query the partition's leader. Unavailable if none answers in QUERY_TIMEOUT, at once if it has stopped."""
        if self.is_stopped(partition):
            raise Unavailable(f"partition {partition} has stopped")
        request = codec.encode_query(kind, arguments)
        subject = subjects.query(partition)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + QUERY_TIMEOUT
        while True:
            try:
                reply = await self._connection.request(subject, request, max(0.0, deadline - loop.time()))
            except NobodyListens:
                if loop.time() + QUERY_RETRY_INTERVAL > deadline:
                    raise
                await asyncio.sleep(QUERY_RETRY_INTERVAL)
            else:
                return Answer(*codec.decode_answer(reply))

    async def follow(self, symbol: str, channel: str, callback: Callable[[bytes], None]) -> SubjectSubscription:
        """Call `callback` with each frame of one public channel of one instrument."""
        return await self._follow(subjects.market_data(symbol, channel), callback)

    async def follow_instruments(self, callback: Callable[[bytes], None]) -> SubjectSubscription:
        """Call `callback` with each listing and change of an instrument."""
        return await self._follow(subjects.every_market_data("instruments"), callback)

    async def follow_reports(self, account: str, callback: Callable[[bytes], None]) -> SubjectSubscription:
        """Call `callback` with each message of execution reports of an account (`codec.decode_reports`)."""
        return await self._follow(subjects.reports(account), callback)

    async def claim(self, symbol: str, partition: int | None = None) -> int:
        """The partition of `symbol`, fixed for ever; a new symbol gets `partition`, or one computed from its name.

        Raises Unavailable if the directory does not answer.
        """
        wanted = zlib.crc32(symbol.encode()) % self.partitions if partition is None else partition
        key = SYMBOL_PREFIX + subjects.token(symbol)
        try:
            await self._directory.put(key, str(wanted), revision=0)
        except WrongSequence:
            return int((await self._directory.get_present(key)).value)
        except (StoreUnknown, NotStored) as error:
            raise Unavailable(f"{symbol} could not be claimed: {error}") from error
        return wanted

    async def hand_over(self, partition: int) -> Gone:
        """Ask the partition's leader to hand over to its standby; returns the outcome. Raises Unavailable."""
        leader = (await Bucket(self._connection, subjects.LEASES).get(lease_key(partition))).value
        if leader == NOBODY:
            raise Unavailable(f"nobody leads partition {partition}")
        return await ask_to_go(self._connection, leader, partition)

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each reconnect: every subscription may have missed messages and must be healed."""
        self._connection.on_reconnect(callback)

    def on_new_leader(self, callback: Callable[[int], None]) -> None:
        """Call `callback` with each partition that has a new leader: the old one's last messages may be lost."""
        self._on_new_leader.append(callback)

    def _refuse_if_not_answered(self, partition: int, command: Command) -> None:
        """Refuse commands that add risk while no leader answers; those that reduce it wait for the next leader."""
        if partition in self._stops.marks:
            raise Busy("the partition has stopped", STOPPED_RETRY_AFTER)
        if partition in self._liveness.absent and urgency_of(command) == PLACING:
            raise Busy("no worker leads the partition", ABSENT_RETRY_AFTER)

    async def _follow(self, subject: str, callback: Callable[[bytes], None]) -> SubjectSubscription:
        return await self._connection.subscribe(subject, lambda _, payload, __: callback(payload))

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.promises.run())
            group.create_task(self._connection.failover.run())
            group.create_task(self._stops.run())
            group.create_task(self._measure_promises())
            group.create_task(self._liveness.run())
            group.create_task(keep_time(self._connection, self._clock, subjects.journal_stream(0)))
            for journal in self._journals:
                group.create_task(journal.run())
                group.create_task(self._measure(journal.partition))

    async def _measure_promises(self) -> None:
        """Measure the bucket SESSIONS, and reserve the last of its room for the gateways' leases."""
        while True:
            try:
                share = (await measure(self._connection, subjects.bucket_stream(subjects.SESSIONS))).share
            except (Unavailable, ApiRefused) as error:
                log.info("room.promises_not_measured", error=str(error))
            else:
                full = share >= SHARES[PLACING]
                if full and not self.promises.full:
                    log.error("promises.no_room", share=round(share, 3))
                self.promises.full = full
            await asyncio.sleep(MEASURE_INTERVAL)

    async def _measure(self, partition: int) -> None:
        """Measure a partition's streams for ever; with very many partitions each of them less often."""
        room = self.room(partition)
        while True:
            try:
                room.learn(await measure_both(self._connection, partition))
            except (Unavailable, ApiRefused) as error:
                log.info("room.not_measured", partition=partition, error=str(error))
            await asyncio.sleep(room.interval * max(1.0, self.partitions / PARTITIONS_PER_INTERVAL))

    def _receive_leading(self, subject: str, _: bytes, __: str) -> None:
        partition = subject.rpartition(".")[2]
        if partition.isdecimal() and int(partition) < self.partitions:
            for callback in self._on_new_leader:
                callback(int(partition))

    def _receive_sign(self, subject: str, _: bytes, __: str) -> None:
        partition = subject.rpartition(".")[2]
        if partition.isdecimal() and int(partition) < self.partitions:
            self._liveness.hear(int(partition))

    def _receive_results(self, _: str, payload: bytes, __: str) -> None:
        results = codec.decode_results(payload)
        if results.partition < self.partitions:
            self._liveness.hear(results.partition)
            sent = self._journals[results.partition].answer(results)
            if sent:
                self._clock.learn(results.at, sent, self._clock.monotonic())
