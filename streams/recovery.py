"""How a new leader comes to know what the last one knew: it replays the journal as far as EVENTS reaches.

Nothing is published on the way. At the end the last message of EVENTS must be, byte for byte, what the replay gives:
its chain runs over all messages before it, so the whole history is compared. The rest of the journal is the leader's
to answer.
"""

from __future__ import annotations

import asyncio
import time

import structlog

from streams import subjects
from streams.connection import Connection
from streams.errors import PartitionStopped, StreamGap, StreamTooShort
from streams.event_stream import as_stored
from streams.partition import Partition
from streams.stream import StreamReader, read_message, state_of

log = structlog.get_logger()

MESSAGES_PER_TURN = 8
"""Messages replayed before the rest of the process has its turn."""


async def answered_through(connection: Connection, partition: int) -> int:
    """The last journal sequence that has its events. PartitionStopped if the journal does not even reach it."""
    answered = (await state_of(connection, subjects.events_stream(partition))).last
    journal = (await state_of(connection, subjects.journal_stream(partition))).last
    if journal < answered:
        raise PartitionStopped(partition, journal, f"the journal ends here, its events go on to {answered}")
    return answered


async def recover(connection: Connection, number: int, reader: StreamReader, answered: int) -> Partition:
    """The partition as it was after journal sequence `answered`; `reader` then gives the next message."""
    began = time.monotonic()
    partition = Partition(number)
    events = b""
    try:
        while partition.sequence < answered:
            message = await anext(reader)
            events = partition.answer(message.payload, message.sequence, message.stored_at, render=False).events
            if message.sequence % MESSAGES_PER_TURN == 0:
                await asyncio.sleep(0)
    except (StreamGap, StreamTooShort) as error:
        raise PartitionStopped(number, partition.sequence + 1, str(error)) from error
    if answered and as_stored(events) != await read_message(connection, subjects.events_stream(number), answered):
        raise PartitionStopped(number, answered, "its events are not what the journal gives")
    log.info("partition.recovered", partition=number, sequence=answered, seconds=round(time.monotonic() - began, 3))
    return partition
