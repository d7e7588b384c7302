"""Leader of one partition: answers each journal message once, in order, until it is stopped.

The answers are sent to the gateways at once, the events are sent to EVENTS and acknowledged later, and the `Teller`
publishes reports and market data in journal order. An answer may be sent before its events are stored, because the
journal holds the command and the engine is a function: any other leader would answer the same (docs/decisions/0002-…).
Another leader might not if the message is old by the time it is answered; then its events are stored first
(streams/leadership/resumption.py).

A payload that is too large for one message is not sent: the client queries for an answer that it missed. Of events
that are too large `as_stored` keeps the chain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from exchange.events import MessageRejected
from streams import subjects
from streams.broker.connection import Connection
from streams.broker.reader import StreamMessage, StreamReader, state_of
from streams.errors import PayloadTooLarge, StreamError
from streams.journal.calendars import Schedule
from streams.journal.capacity import MESSAGE_OVERHEAD_BYTES
from streams.journal.clock import JournalClock
from streams.journal.event_writer import EventStream, as_stored
from streams.journal.timekeeper import Timekeeper
from streams.journal.writer import Journal
from streams.leadership.audience import Audience
from streams.leadership.lease_doubt import Certainty
from streams.leadership.liveness import LeaderSign
from streams.leadership.publisher import Teller
from streams.leadership.resumption import Resumption
from streams.partition.partition import Output, Partition
from streams.partition.queries import begins_a_feed
from streams.promises import orphaned_promises
from streams.recovery.checkpoint_maker import CheckpointMaker
from streams.recovery.retention import Retention
from streams.settings import StreamSettings
from streams.wire.codec import decode_results

log = structlog.get_logger()

QUESTIONS_HELD_MAX = 1_000
"""Queries deferred while leader or journal end are in doubt, or a long uncross is published; more time out."""

CATCH_UP_INTERVAL = 0.01
"""Seconds between two checks whether the leader has read what was stored while it was in doubt."""

ASK_AGAIN_INTERVAL = 0.25
"""Seconds until the journal's end is queried again after a failed query."""

END_SECONDS = 0.01
"""Seconds within which a leader is ended after its worker has found the lease lost."""


class Leader:
    """Leader of `partition`, from the next message of `reader` on. `origin` marks the leader's own commands."""

    def __init__(
        self,
        connection: Connection,
        settings: StreamSettings,
        partition: Partition,
        reader: StreamReader,
        origin: str,
        clock: JournalClock,
        certainty: Certainty,
        calendars: Mapping[str, Schedule],
    ) -> None:
        self.number = partition.number
        self._connection = connection
        self._origin = origin
        self._clock = clock
        self._certainty = certainty
        self._journal = Journal(connection, self.number, origin, settings)
        self._events = EventStream(connection, self.number)
        self._audience = Audience(connection)
        self._teller = Teller(connection, self._audience, certainty, self.number)
        self._checkpoints = CheckpointMaker(connection, settings, partition)
        self._retention = Retention(connection, settings, self.number, self._checkpoints)
        self._partition = partition
        self._resumption = Resumption(connection, partition, self._events, certainty, clock, origin)
        self._timekeeper = Timekeeper(
            partition.engine,
            self._journal,
            clock,
            calendars,
            self.number,
            (settings.ended_orders_total_max, settings.trades_total_max),
        )
        self._partitions = settings.partitions
        partition.queries.calendars = sorted(calendars)
        self._reader = reader
        self.sign = LeaderSign(connection, partition, self._events)
        self._stop = asyncio.Event()
        self._held: list[tuple[bytes, str]] = []
        self._asked = asyncio.Event()
        self._proved = asyncio.Event()  # nothing in the state could be answered otherwise by another leader
        self._proved.set()
        self._doubts_overcome = -1  # the last doubt after which all that others may have answered was read

    def stop(self) -> None:
        """Stop reading; `run` ends when the events of all answers are stored."""
        self._stop.set()

    async def run(self) -> None:
        """Lead. Raises PartitionStopped or Overtaken, in a group."""
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(self._events.run()),
                group.create_task(self._journal.run()),
                group.create_task(self._audience.run()),
                group.create_task(self._teller.run()),
                group.create_task(self._checkpoints.run()),
                group.create_task(self._retention.run()),
                group.create_task(self._answer_held()),
                group.create_task(self._timekeeper.run()),
                group.create_task(
                    orphaned_promises.run(self._connection, self._partitions, self.number, self._journal)
                ),
                group.create_task(self._stop_reading()),
                group.create_task(self.sign.run()),
            ]
            await self._answer_all()
            await self._teller.settle()
            await self._events.settle()
            for task in beside:
                task.cancel()

    async def _answer_all(self) -> None:
        doubts = self._certainty.doubts
        journal_last = await self._journal_end()
        queries = None
        try:
            while not self._stop.is_set():
                if queries is None and self._partition.sequence >= journal_last:
                    self._doubts_overcome = doubts
                    queries = await self._connection.subscribe(subjects.query(self.number), self._answer_query)
                    log.info("partition.leading", partition=self.number, sequence=self._partition.sequence)
                    # The previous leader may have died after an answer, before its reports and market data were sent.
                    self._connection.publish(subjects.leading(self.number), b"")
                self.sign.waits = True
                message = await anext(self._reader, None)
                self.sign.waits = False
                if message is None:
                    return
                if not self._certainty.refresh():
                    await self._certainty.wait()
                late = self._resumption.may_concern(message) and await self._find_late(message)
                output = self._partition.answer(
                    message.payload, message.sequence, message.stored_at, hears=self._audience.hears
                )
                self._checkpoints.journal_bytes += len(message.payload) + MESSAGE_OVERHEAD_BYTES
                if late or not (self._events.may_run_ahead(output.at) and self._certainty.is_sure()):
                    await self._store(output)
                    self._answer_senders(output)
                else:
                    self._answer_senders(output)
                    await self._events.publish(output.sequence, output.at, as_stored(output.events))
                await self._teller.tell(output)
                await self._connection.writable()
                if not message.behind:
                    received = self._clock.monotonic()
                    self._clock.learn(message.stored_at, received, received)
                # Lease renewals, queries and other partitions run between any two messages.
                await asyncio.sleep(0)
        finally:
            if queries is not None:
                await queries.close()

    async def _find_late(self, message: StreamMessage) -> bool:
        """Whether a message is answered late, long after it was stored; if so, the time is recorded for the engine."""
        answered_at = await self._resumption.answered_at(message)
        if answered_at:
            self._partition.late[message.sequence] = answered_at
        return bool(answered_at)

    async def _store(self, output: Output) -> None:
        """Store an output's events before its answer may be sent: alone, after all events sent before."""
        self._proved.clear()
        await self._events.settle()
        await self._events.publish(output.sequence, output.at, as_stored(output.events))
        await self._events.settle()
        self._proved.set()

    def _answer_senders(self, output: Output) -> None:
        if output.results is not None:
            origin, results = output.results
            self._publish(subjects.results(origin), results)
            if origin == self._origin:
                self._journal.answer(decode_results(results))
        else:
            self._warn_of_garbage(output)

    def _warn_of_garbage(self, output: Output) -> None:
        """Log each message of a foreign writer in the journal; the event has only the message's digest."""
        for event in output.happened[0]:
            if isinstance(event, MessageRejected):
                names = {"partition": self.number, "sequence": output.sequence, "digest": event.digest}
                log.warning("partition.message_rejected", subject=subjects.journal(self.number), **names)

    def _publish(self, subject: str, payload: bytes) -> None:
        try:
            self._connection.publish(subject, payload)
        except PayloadTooLarge as error:
            log.warning("partition.message_too_large", partition=self.number, subject=subject, error=str(error))

    def _answer_query(self, _: str, request: bytes, reply: str) -> None:
        # Two workers may both believe they lead, and the client keeps the first reply, so a stale one must not be sent.
        # Answer only when (1) our lease is valid, (2) we have read all that was stored while it was in doubt, (3) the
        # caller has seen nothing newer than we have, and (4) nothing that the answer includes still waits to be stored
        # or published.
        if self._partition.queries.is_behind(request):
            self._doubts_overcome = -1
        overcome = self._certainty.is_sure() and self._doubts_overcome == self._certainty.doubts
        if overcome and self._proved.is_set() and (self._teller.idle or not begins_a_feed(request)):
            self._answer(request, reply)
        elif len(self._held) < QUESTIONS_HELD_MAX:
            self._held.append((request, reply))
            self._asked.set()

    async def _answer_held(self) -> None:
        """Answer the deferred queries once all is published and our lease is valid; without it we are ended first."""
        while True:
            await self._asked.wait()
            await self._certainty.wait_sure()
            await asyncio.sleep(END_SECONDS)
            if not await self._catch_up():
                continue
            await self._teller.settle()
            if not self._proved.is_set():
                await self._proved.wait()
                continue
            if self._doubts_overcome != self._certainty.doubts:
                continue
            self._asked.clear()
            held, self._held = self._held, []
            for request, reply in held:
                self._answer(request, reply)

    async def _catch_up(self) -> bool:
        """Wait until the journal is read to its present end; False if the end is unknown or there is a new doubt."""
        doubts = self._certainty.doubts
        if doubts == self._doubts_overcome:
            return True
        try:
            journal_last = await self._journal_end()
        except StreamError as error:
            log.info("partition.not_sure", partition=self.number, error=str(error))
            await asyncio.sleep(ASK_AGAIN_INTERVAL)
            return False
        while self._partition.sequence < journal_last and self._certainty.doubts == doubts:  # noqa: ASYNC110
            await asyncio.sleep(CATCH_UP_INTERVAL)
        if self._certainty.doubts != doubts:
            return False
        self._doubts_overcome = doubts
        return True

    async def _journal_end(self) -> int:
        return (await state_of(self._connection, subjects.journal_stream(self.number))).last

    def _answer(self, request: bytes, reply: str) -> None:
        # A client that queries may be about to follow the updates after the answer.
        self._audience.listen_again()
        self._publish(reply, self._partition.query(request))

    async def _stop_reading(self) -> None:
        await self._stop.wait()
        self._reader.stop()
