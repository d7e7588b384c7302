"""streams/recovery/recovery.py: a new leader knows what the last one knew, or stops."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from exchange.commands import Command
from streams import subjects, topology
from streams.broker.reader import StreamReader, state_of
from streams.errors import PartitionStopped
from streams.partition.partition import Partition
from streams.recovery.recovery import answered_through, load, replay
from streams.wire import codec
from tests.support.exchange import buy, listing, sell
from tests.support.history import stored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streams.broker.connection import Connection
    from streams.settings import StreamSettings


@pytest_asyncio.fixture
async def ready(connection: Connection, settings: StreamSettings) -> Connection:
    await topology.ensure(connection, settings)
    return connection


async def write_journal(connection: Connection, commands: Iterable[Command]) -> None:
    for number, command in enumerate(commands, start=1):
        await connection.store(subjects.journal(0), codec.encode_batch("me", number, [codec.encode_command(command)]))


async def answer_journal(connection: Connection, last: int | None = None) -> Partition:
    """Be the first leader, up to journal sequence `last`."""
    partition = Partition(0)
    last = last or (await state_of(connection, subjects.journal_stream(0))).last
    async with StreamReader(connection, subjects.journal_stream(0), 1) as reader:
        while partition.sequence < last:
            message = await anext(reader)
            output = partition.answer(message.payload, message.sequence, message.stored_at)
            await connection.store(subjects.events(0), output.events)
    return partition


async def recovered(connection: Connection) -> tuple[Partition, list[int]]:
    answered = await answered_through(connection, 0)
    partition = await load(connection, 0, answered)
    async with StreamReader(connection, subjects.journal_stream(0), partition.sequence + 1) as reader:
        await replay(connection, partition, reader, answered)
        last = (await state_of(connection, subjects.journal_stream(0))).last
        behind = [(await anext(reader)).sequence for _ in range(last - partition.sequence)]
    return partition, behind


TRADING: list[Command] = [
    listing("ACME"),
    buy("anna", "ACME", 5, 100, "a1"),
    sell("boris", "ACME", 2, 100, "b1"),
    sell("boris", "ACME", 9, 101, "b2"),
]


async def test_a_recovered_partition_equals_the_one_that_was(ready: Connection) -> None:
    """Chain, book and reports are those of the first leader."""
    await write_journal(ready, TRADING)
    first = await answer_journal(ready)
    second, behind = await recovered(ready)
    assert (second.sequence, second.chain, second.at, behind) == (5, first.chain, first.at, [])
    for request in (
        codec.encode_query("book", {"symbol": "ACME"}),
        codec.encode_query("orders_snapshot", {"account": "anna"}),
        codec.encode_query("reports", {"account": "anna", "after": 0}),
    ):
        assert second.query(request) == first.query(request)
    code, body = codec.decode_answer(second.query(codec.encode_query("reports", {"account": "anna", "after": 0})))
    assert code == ""
    assert len(json.loads(body)["reports"]) == 2


async def test_what_was_not_answered_is_left_to_the_leader(ready: Connection) -> None:
    """Replay ends where the events end; the next message of the reader is the first to answer."""
    await write_journal(ready, TRADING)
    await answer_journal(ready, last=3)
    partition, behind = await recovered(ready)
    assert (partition.sequence, behind) == (3, [4, 5])


async def test_a_fresh_partition_needs_no_replay(ready: Connection) -> None:
    """Without events everything in the journal is to be answered."""
    partition, behind = await recovered(ready)
    assert (partition.sequence, behind) == (0, [1])


async def test_a_journal_that_is_shorter_than_its_events_stops_the_partition(ready: Connection) -> None:
    """An answer to a command that the journal does not hold: somebody lost a journal."""
    await answer_journal(ready)
    await ready.store(subjects.events(0), b"an answer to nothing")
    with pytest.raises(PartitionStopped) as stopped:
        await recovered(ready)
    assert (stopped.value.partition, stopped.value.sequence) == (0, 1)


async def test_events_that_differ_from_the_replay_stop_the_partition(ready: Connection) -> None:
    """One changed byte anywhere in the history shows in the chain of the last message."""
    await write_journal(ready, TRADING)
    await answer_journal(ready, last=4)
    other = Partition(0)
    for sequence in range(1, 6):
        payload = await stored(ready, subjects.journal_stream(0), sequence)
        output = other.answer(payload, sequence, 1_000)
    await ready.store(subjects.events(0), output.events)
    with pytest.raises(PartitionStopped) as stopped:
        await recovered(ready)
    assert (stopped.value.partition, stopped.value.sequence) == (0, 5)
