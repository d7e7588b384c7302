"""Standby of one partition: replays the journal behind the leader and publishes nothing, until it is promoted.

A standby applies only messages whose events are stored in EVENTS: what the leader has sent and NATS has not stored is
the next leader's to answer. EVENTS is read from the stream, not as published, and each of its messages must equal, byte
for byte, the events that the standby computes; a difference is PartitionStopped.
"""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from streams import subjects
from streams.broker.connection import Connection
from streams.broker.reader import Asks, StreamMessage, StreamReader, read_message
from streams.broker.second_look import beyond_doubt
from streams.errors import PartitionStopped, Unavailable
from streams.journal.event_writer import as_stored
from streams.partition.partition import Partition
from streams.recovery import recovery
from streams.wire.codec import answered_at

log = structlog.get_logger()


class Standby:
    """Standby: keeps `partition` in step with EVENTS. `journal` starts at the message after the partition's own."""

    def __init__(self, connection: Connection, partition: Partition, journal: StreamReader) -> None:
        self._connection = connection
        self._partition = partition
        self._journal = journal

    async def catch_up(self) -> None:
        """Replay to the present end of EVENTS."""
        answered = await recovery.answered_through(self._connection, self._partition.number)
        if answered > self._partition.sequence:
            await recovery.replay(self._connection, self._partition, self._journal, answered)

    async def follow(self, until: asyncio.Event) -> None:
        """Follow EVENTS until `until` is set."""
        stream, start = subjects.events_stream(self._partition.number), self._partition.sequence + 1
        async with StreamReader(self._connection, stream, start) as events:
            stopping = asyncio.create_task(_stop_after(until, events))
            log.info("standby.following", partition=self._partition.number, sequence=start - 1)
            try:
                # The reader ending is the signal: `until` may already have been cleared again.
                async for answered in events:
                    await self._step(answered)
                    if until.is_set():
                        return
                    await asyncio.sleep(0)
            finally:
                stopping.cancel()

    async def _step(self, answered: StreamMessage) -> None:
        message = await anext(self._journal)
        if late := answered_at(answered.payload):
            self._partition.late[message.sequence] = late
        output = self._partition.answer(message.payload, message.sequence, message.stored_at, render=False)
        computed = as_stored(output.events)
        if computed != answered.payload:
            await beyond_doubt(self._connection, self._partition.number, partial(self._look, computed))
            raise Unavailable(f"the copies of message {answered.sequence} differ")

    async def _look(self, computed: bytes, asks: Asks) -> None:
        number, sequence = self._partition.number, self._partition.sequence
        if await read_message(asks, subjects.events_stream(number), sequence) != computed:
            raise PartitionStopped(number, sequence, "its events are not what the journal gives")


async def _stop_after(until: asyncio.Event, events: StreamReader) -> None:
    await until.wait()
    events.stop()
