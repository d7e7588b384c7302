"""Recovery of a partition, for a new leader or a standby: restore the newest checkpoint, then replay the journal.

`load` returns the partition as of the newest good checkpoint, or an empty one; `replay` brings the partition on to the
end of EVENTS and publishes nothing. The chain covers all earlier messages, so where it equals the chain of EVENTS the
whole history is the same; the two are compared every MESSAGES_PER_COMPARISON and at the end. Journal messages after
that are the leader's to answer.

Streams that contradict each other raise PartitionStopped, which names the first wrong sequence, once a second look has
found the same (streams/broker/second_look.py).
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial
from typing import Final

import structlog

from streams import collector, subjects
from streams.broker.connection import Connection
from streams.broker.reader import Asks, StreamReader, StreamState, first_gone, read_message, state_of
from streams.broker.second_look import beyond_doubt
from streams.errors import (
    AnsweredLate,
    CheckpointDamaged,
    CheckpointUnusable,
    PartitionStopped,
    StreamGap,
    StreamTooShort,
    Unavailable,
    Undecodable,
)
from streams.journal.event_writer import as_stored
from streams.partition.partition import CHAIN_BYTES, Partition
from streams.partition.state import restore
from streams.recovery.checkpoints import Checkpoints, Manifest, parts_in
from streams.recovery.scrub import follows, look_at
from streams.wire.codec import answered_at, decode_chain

log = structlog.get_logger()

COMMANDS_PER_TURN: Final = 200
"""Commands replayed before the event loop has its turn; one message holds up to 500."""

COMMANDS_FAR: Final = 200_000
"""A replay of more commands is skimmed (streams/partition/skim.py) until COMMANDS_KEPT are left."""

COMMANDS_KEPT: Final = 20_000
"""The last commands of a replay, whose reports are kept: sessions that return after a restart query them."""

MESSAGES_READ_BEFORE: Final = 1_000
"""Up to so many messages, EVENTS is read first for late answers. For more it is read only when a chain differs: late
answers are rare, and reading both streams would take twice as long."""

MESSAGES_PER_COMPARISON: Final = 10_000
"""Messages replayed before the chain is compared with that of EVENTS."""


async def answered_through(connection: Connection, number: int) -> int:
    """The last journal sequence that has events. PartitionStopped if the journal lacks a message up to it."""
    return await beyond_doubt(connection, number, partial(_answered_through, number))


async def _answered_through(number: int, asks: Asks) -> int:
    stream = subjects.journal_stream(number)
    answered = (await state_of(asks, subjects.events_stream(number))).last
    journal = await state_of(asks, stream)
    if journal.gone and (gone := await first_gone(asks, stream, journal.first)):
        raise PartitionStopped(number, gone, f"the journal has lost this message and {journal.gone - 1} others")
    if journal.last < answered:
        raise PartitionStopped(number, journal.last, f"the journal ends here, its events go on to {answered}")
    return answered


async def load(connection: Connection, number: int, answered: int) -> Partition:
    """The partition as of the newest good checkpoint at or before sequence `answered`; an empty one without any.

    Loading yields to the event loop. Read the journal from the partition's `sequence` + 1.
    """
    with collector.no_looks():
        return await beyond_doubt(connection, number, partial(_load, connection, number, answered))


async def _load(connection: Connection, number: int, answered: int, asks: Asks) -> Partition:
    checkpoints = Checkpoints(connection, number, asks)
    manifests = await checkpoints.all()
    # Read the journal's end after the manifests: a live leader may checkpoint beyond an end read earlier, which would
    # look like damage.
    journal = await state_of(asks, subjects.journal_stream(number))
    for manifest in manifests:
        if manifest.sequence > journal.last:
            why = f"the journal ends here, a checkpoint was made of {manifest.sequence}"
            raise PartitionStopped(number, journal.last, why)
        if manifest.sequence > answered:
            continue
        try:
            await _check_origin(asks, number, manifest, journal)
            return await _restore(number, checkpoints, manifest)
        except CheckpointDamaged as damage:
            log.warning("checkpoint.damaged", partition=number, sequence=manifest.sequence, error=str(damage))
        except CheckpointUnusable as reason:
            log.warning("checkpoint.not_used", partition=number, sequence=manifest.sequence, error=str(reason))
    if journal.first > 1:
        why = f"the journal begins at {journal.first}, and there is no checkpoint to go on from"
        raise PartitionStopped(number, 1, why)
    return Partition(number)


async def _check_origin(asks: Asks, number: int, manifest: Manifest, journal: StreamState) -> None:
    """Check that a checkpoint belongs to this history and that the journal continues from it.

    CheckpointDamaged if EVENTS has another history, CheckpointUnusable if the streams cannot prove it or begin later.
    """
    sequence = manifest.sequence
    if sequence < journal.first - 1:
        raise CheckpointUnusable(f"the journal behind it has been trimmed, and begins at {journal.first}")
    chain = await stored_chain(asks, number, sequence)
    if chain is None:
        events = await state_of(asks, subjects.events_stream(number))
        if events.first <= sequence <= events.last:
            raise CheckpointUnusable(f"its events, {sequence}, cannot be read")
        if sequence < events.first - 1:
            raise CheckpointUnusable(f"the events behind it have been trimmed, and begin at {events.first}")
        if events.last <= sequence:
            log.warning("checkpoint.unproved", partition=number, sequence=sequence, why="no events are left to compare")
        elif wrong := await follows(asks, number, manifest.chain, sequence + 1):
            raise CheckpointDamaged(f"its events are trimmed, and what follows does not follow from it: {wrong}")
        return
    if chain != manifest.chain:
        raise CheckpointDamaged(f"its chain is not that of its events, {sequence}")
    # Only the checkpoint's last message is read here; the leader scrubs the rest (streams/recovery/scrub.py). A server
    # that truncated a damaged journal reuses the sequences, so a journal that is long enough may be another one.
    if wrong := await look_at(asks, number, sequence):
        raise PartitionStopped(number, sequence, wrong)


async def _restore(number: int, checkpoints: Checkpoints, manifest: Manifest) -> Partition:
    """The partition, restored from a checkpoint. Raises CheckpointUnusable."""
    began = time.monotonic()
    partition = Partition(number)
    for chunk in await checkpoints.read(manifest):
        for part in parts_in(chunk):
            restore(partition, part)
        await asyncio.sleep(0)
    seconds = round(time.monotonic() - began, 3)
    log.info("partition.restored", partition=number, sequence=manifest.sequence, seconds=seconds)
    return partition


async def recover(
    connection: Connection, number: int, answered: int, read_before: int = MESSAGES_READ_BEFORE
) -> Partition:
    """The partition as of sequence `answered`, which EVENTS has. Raises PartitionStopped, Unavailable."""
    late: dict[int, int] = {}
    while True:
        partition = await load(connection, number, answered)
        partition.late = {sequence: at for sequence, at in late.items() if sequence > partition.sequence}
        if answered <= partition.sequence:
            return partition
        try:
            async with StreamReader(connection, subjects.journal_stream(number), partition.sequence + 1) as reader:
                await replay(connection, partition, reader, answered, read_before)
        except AnsweredLate as found:
            late = found.late
        else:
            return partition


async def replay(
    connection: Connection,
    partition: Partition,
    reader: StreamReader,
    through: int,
    read_before: int = MESSAGES_READ_BEFORE,
) -> None:
    """Replay a partition to sequence `through`, which EVENTS has; `reader` starts at the message after the partition's.

    Unavailable if the streams were trimmed meanwhile: the caller loads a newer checkpoint. AnsweredLate if the caller
    must replay again, with the late answers that the error carries.
    """
    began, first = time.monotonic(), partition.sequence + 1
    history = History(connection, partition)
    if through - partition.sequence <= read_before:
        partition.late |= await late_answers(connection, partition.number, first, through)
    known = dict(partition.late)
    try:
        with collector.no_looks():
            await _replay(partition, reader, through, history)
            await history.compare()
    except PartitionStopped:
        if (late := await late_answers(connection, partition.number, first, through)) != known:
            raise AnsweredLate(partition.number, late) from None
        raise
    except (StreamGap, StreamTooShort) as error:
        look = partial(_look_for, partition.number, partition.sequence + 1, str(error))
        await beyond_doubt(connection, partition.number, look)
        raise Unavailable(f"{error}, it was said; it is there, or has been trimmed") from error
    log.info(
        "partition.replayed",
        partition=partition.number,
        first=first,
        sequence=through,
        seconds=round(time.monotonic() - began, 3),
    )


async def late_answers(connection: Connection, number: int, first: int, through: int) -> dict[int, int]:
    """Late answers: by sequence, the journal time at which a message was answered long after it was stored.

    If EVENTS has lost messages, only the late answers before them are given: comparing the chains finds the rest.
    """
    found: dict[int, int] = {}
    stream = subjects.events_stream(number)
    through = min(through, (await state_of(connection, stream)).last)
    if first > through:
        return found
    with suppress(StreamGap, StreamTooShort):
        async with StreamReader(connection, stream, first) as events:
            async for stored in events:
                if late := answered_at(stored.payload):
                    found[stored.sequence] = late
                if stored.sequence >= through:
                    break
    return found


async def _look_for(number: int, sequence: int, why: str, asks: Asks) -> None:
    """PartitionStopped if the journal lacks a message that was not trimmed."""
    stream = subjects.journal_stream(number)
    state = await state_of(asks, stream)
    if sequence < state.first:
        return
    if sequence > state.last or await read_message(asks, stream, sequence) is None:
        raise PartitionStopped(number, sequence, why)


async def _replay(partition: Partition, reader: StreamReader, through: int, history: History) -> None:
    skims, turn_ends = False, partition.commands + COMMANDS_PER_TURN
    while partition.sequence < through:
        message = await anext(reader)
        skims = is_far(partition, through, skims)
        if skims:
            output = partition.skim(message.payload, message.sequence, message.stored_at)
        else:
            output = partition.answer(message.payload, message.sequence, message.stored_at, render=False)
        history.record(output.events)
        if message.sequence % MESSAGES_PER_COMPARISON == 0:
            await history.compare()
        if partition.commands >= turn_ends:
            turn_ends = partition.commands + COMMANDS_PER_TURN
            await asyncio.sleep(0)


def is_far(partition: Partition, through: int, skims: bool) -> bool:
    """Whether so many commands are left that the replay skims; estimated from the commands per message so far."""
    left = (through - partition.sequence) * partition.commands // max(1, partition.sequence)
    return left > (COMMANDS_KEPT if skims else COMMANDS_FAR)


class History:
    """Replayed history: the chains of the messages since the last comparison with EVENTS that found no difference."""

    def __init__(self, connection: Connection, partition: Partition) -> None:
        self._connection = connection
        self._partition = partition
        self._agreed = partition.sequence
        self._chains = bytearray()
        self._events = b""

    def record(self, events: bytes) -> None:
        """Record the events of one more message that the partition has answered."""
        self._events = events
        self._chains += self._partition.chain

    async def compare(self) -> None:
        """Compare with EVENTS; PartitionStopped, with the first message that differs, if EVENTS has another history."""
        if self._partition.sequence > self._agreed:
            await beyond_doubt(self._connection, self._partition.number, self._look)
        self._agreed = self._partition.sequence
        self._chains.clear()

    async def _look(self, asks: Asks) -> None:
        number, last = self._partition.number, self._partition.sequence
        stream = subjects.events_stream(number)
        stored = await read_message(asks, stream, last)
        if stored == as_stored(self._events):
            return
        if stored is None and last < (await state_of(asks, stream)).first:
            raise Unavailable(f"{stream} has been trimmed behind {last}")
        raise PartitionStopped(number, await self._first_difference(asks), "its events are not what the journal gives")

    async def _first_difference(self, asks: Asks) -> int:
        same, different = self._agreed, self._partition.sequence
        while different - same > 1:
            middle = (same + different) // 2
            if await self._is_stored(asks, middle):
                same = middle
            else:
                different = middle
        return different

    async def _is_stored(self, asks: Asks, sequence: int) -> bool:
        """Whether EVENTS has this chain at this sequence."""
        start = (sequence - self._agreed - 1) * CHAIN_BYTES
        chain = bytes(self._chains[start : start + CHAIN_BYTES])
        return chain == await stored_chain(asks, self._partition.number, sequence)


async def stored_chain(asks: Asks, number: int, sequence: int) -> bytes | None:
    """The chain that EVENTS has at a sequence; None if there is no readable message."""
    events = await read_message(asks, subjects.events_stream(number), sequence)
    try:
        return None if events is None else decode_chain(events)
    except Undecodable:
        return None
