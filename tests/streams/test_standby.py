"""streams/leadership/standby.py: it goes as far as EVENTS is stored, and no further."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from exchange.commands import Command
from streams import subjects, topology
from streams.broker.reader import StreamReader, read_message, state_of
from streams.errors import PartitionStopped
from streams.leadership.standby import Standby
from streams.partition.partition import Partition
from streams.wire import codec
from tests.support.exchange import buy, listing, sell
from tests.support.nats import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from streams.broker.connection import Connection
    from streams.settings import StreamSettings

TRADING: list[Command] = [
    listing("ACME"),
    buy("anna", "ACME", 5, 100, "a1"),
    sell("boris", "ACME", 2, 100, "b1"),
    sell("boris", "ACME", 9, 101, "b2"),
]


class Leading:
    """A leader by hand: commands go into the journal, answers into EVENTS when it is told."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.partition = Partition(0)

    async def journal(self, *commands: Command) -> None:
        for command in commands:
            batch = codec.encode_batch("me", 1, [codec.encode_command(command)])
            await self.connection.store(subjects.journal(0), batch)

    async def answer(self, through: int) -> None:
        stream = subjects.journal_stream(0)
        async with StreamReader(self.connection, stream, self.partition.sequence + 1) as reader:
            while self.partition.sequence < through:
                message = await anext(reader)
                output = self.partition.answer(message.payload, message.sequence, message.stored_at)
                await self.connection.store(subjects.events(0), output.events)


@pytest_asyncio.fixture
async def leading(connection: Connection, settings: StreamSettings) -> Leading:
    await topology.ensure(connection, settings)
    return Leading(connection)


@pytest_asyncio.fixture
async def journal(leading: Leading) -> AsyncIterator[StreamReader]:
    async with StreamReader(leading.connection, subjects.journal_stream(0), 1) as reader:
        yield reader


async def test_it_follows_what_is_stored_and_waits_with_the_rest(leading: Leading, journal: StreamReader) -> None:
    """Three of five messages are answered: it knows three, then all when the others are, and equals the leader."""
    await leading.journal(*TRADING)
    await leading.answer(3)
    partition, promoted = Partition(0), asyncio.Event()
    following = asyncio.create_task(Standby(leading.connection, partition, journal).follow(promoted))
    await until(lambda: partition.sequence == 3)
    await leading.answer(5)
    await until(lambda: partition.sequence == 5)
    assert (partition.chain, partition.at) == (leading.partition.chain, leading.partition.at)
    promoted.set()
    await asyncio.wait_for(following, 5)


async def test_when_promoted_it_catches_up_and_leaves_the_rest_to_the_leader(
    leading: Leading, journal: StreamReader
) -> None:
    """The next message that the journal's reader gives is the first that has no events."""
    await leading.journal(*TRADING)
    await leading.answer(4)
    partition = Partition(0)
    await Standby(leading.connection, partition, journal).catch_up()
    assert partition.sequence == 4
    assert (await anext(journal)).sequence == 5


async def test_a_promotion_that_is_taken_back_ends_the_following_all_the_same(
    leading: Leading, journal: StreamReader
) -> None:
    """Whoever follows begins anew; it neither leads nor asks a reader that has ended for ever and ever."""
    await leading.journal(*TRADING)
    await leading.answer(5)
    partition, promoted = Partition(0), asyncio.Event()
    following = asyncio.create_task(Standby(leading.connection, partition, journal).follow(promoted))
    await until(lambda: partition.sequence == 5)
    promoted.set()
    promoted.clear()
    await asyncio.wait_for(following, 5)
    assert partition.sequence == 5


async def test_events_that_the_journal_does_not_give_stop_it(leading: Leading, journal: StreamReader) -> None:
    """The first message that differs is named."""
    await leading.journal(*TRADING)
    await leading.answer(2)
    await leading.connection.store(subjects.events(0), b"something else")
    partition = Partition(0)
    with pytest.raises(PartitionStopped) as stopped:
        await Standby(leading.connection, partition, journal).follow(asyncio.Event())
    assert stopped.value.sequence == 3
    assert (await state_of(leading.connection, subjects.events_stream(0))).last == 3
    assert await read_message(leading.connection, subjects.events_stream(0), 3) == b"something else"
