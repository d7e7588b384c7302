"""Trimmed streams: a checkpoint is used, passed over or damaged, and is called what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from streams import subjects
from streams.audit.audit import audit
from streams.broker.reader import StreamReader
from streams.errors import PartitionStopped, Unavailable
from streams.partition.partition import Partition
from streams.recovery.recovery import answered_through, load, replay
from tests.support.altered import LENGTH, plant_checkpoint, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.broker.connection import Connection

MADE = 12


async def trimmed(
    connection: Connection,
    journal: int,
    events: int,
    change: Callable[[Partition], None] = lambda _: None,
    made: int = MADE,
) -> None:
    """An exchange with a checkpoint of a message, whose streams begin at these sequences."""
    await write(connection)
    name = subjects.checkpoints_stream(0)
    await connection.api(f"STREAM.CREATE.{name}", {"name": name, "subjects": ["checkpoints.0.>"]})
    await plant_checkpoint(connection, made, change)
    for stream, first in ((subjects.journal_stream(0), journal), (subjects.events_stream(0), events)):
        await connection.api(f"STREAM.PURGE.{stream}", {"seq": first})


async def recovered(connection: Connection) -> tuple[int, list[str]]:
    """A new leader's partition, and what was said of checkpoints."""
    with capture_logs() as logs:
        answered = await answered_through(connection, 0)
        partition = await load(connection, 0, answered)
        async with StreamReader(connection, subjects.journal_stream(0), partition.sequence + 1) as reader:
            await replay(connection, partition, reader, answered)
    return partition.sequence, [entry["event"] for entry in logs if entry["event"].startswith("checkpoint.")]


@pytest.mark.parametrize(("journal", "events"), [(MADE, MADE), (MADE + 1, MADE), (MADE + 1, MADE + 1), (5, MADE + 1)])
async def test_a_checkpoint_whose_own_event_was_trimmed_serves(
    connection: Connection, journal: int, events: int
) -> None:
    """The next message of EVENTS follows from it, which proves as much; a worker and an audit begin there."""
    await trimmed(connection, journal, events)
    assert await recovered(connection) == (LENGTH, [])
    found = await audit(connection, 0)
    if journal >= events:
        assert (found.finding, found.first, found.last) == (None, MADE + 1, LENGTH)


async def test_a_checkpoint_with_nothing_behind_it_is_used_and_called_unproved(connection: Connection) -> None:
    """All is trimmed: nothing contradicts it, and nothing else could be begun from."""
    await trimmed(connection, LENGTH + 1, LENGTH + 1, made=LENGTH)
    assert await recovered(connection) == (LENGTH, ["checkpoint.unproved"])


async def test_a_checkpoint_that_the_next_message_does_not_follow_from_is_damaged(connection: Connection) -> None:
    """Its own event is gone, and still a false one is found out."""
    await trimmed(connection, MADE + 1, MADE + 1, lambda partition: setattr(partition, "chain", b"y" * 16))
    with capture_logs() as logs, pytest.raises(PartitionStopped, match="no checkpoint to go on from"):
        await load(connection, 0, LENGTH)
    [first, *_] = [entry for entry in logs if entry["event"] == "checkpoint.damaged"]
    assert "does not follow" in first["error"]


async def test_a_checkpoint_in_front_of_what_was_trimmed_is_passed_over(connection: Connection) -> None:
    """Nothing is wrong with it; it is of no use."""
    await trimmed(connection, MADE + 3, MADE + 3)
    with capture_logs() as logs, pytest.raises(PartitionStopped, match="no checkpoint to go on from"):
        await load(connection, 0, LENGTH)
    said = {entry["event"]: entry["error"] for entry in logs if entry["event"].startswith("checkpoint.")}
    assert list(said) == ["checkpoint.not_used"]
    assert "trimmed" in said["checkpoint.not_used"]


async def test_a_replay_whose_messages_were_trimmed_meanwhile_begins_anew(connection: Connection) -> None:
    """Who was slow finds a newer checkpoint; the journal is not damaged."""
    await write(connection)
    async with StreamReader(connection, subjects.journal_stream(0), 1) as reader:
        for stream in (subjects.journal_stream(0), subjects.events_stream(0)):
            await connection.api(f"STREAM.PURGE.{stream}", {"seq": 5})
        with pytest.raises(Unavailable, match="trimmed"):
            await replay(connection, Partition(0), reader, LENGTH)
