"""A partition whose journal a test writes, whose leader it is, and whose restarts it plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams import subjects, topology
from streams.broker.reader import StreamReader, state_of
from streams.partition.partition import Partition
from streams.recovery.checkpoint_maker import CheckpointMaker
from streams.recovery.checkpoints import CHUNK_BYTES, Checkpoints, Manifest
from streams.recovery.recovery import answered_through, load, replay
from streams.wire import codec
from tests.support.exchange import buy, sell

if TYPE_CHECKING:
    from typing import Self

    from exchange.commands import Command
    from streams.broker.connection import Connection
    from streams.settings import StreamSettings


class Led:
    """Partition 0 and its streams, led by the test."""

    def __init__(self, connection: Connection, settings: StreamSettings) -> None:
        self.connection = connection
        self.settings = settings
        self.checkpoints = Checkpoints(connection, 0)
        self.number = 0
        self.partition = Partition(0)

    async def begin(self) -> Self:
        """Make the streams, and answer the message that opens the journal."""
        await topology.ensure(self.connection, self.settings)
        await self.answer()
        return self

    async def send(self, *commands: Command) -> None:
        """Journal one message of commands, and answer it."""
        self.number += 1
        data = codec.encode_batch("me", self.number, [codec.encode_command(command) for command in commands])
        await self.connection.store(subjects.journal(0), data)
        await self.answer()

    async def trade(self, times: int = 1) -> None:
        """Journal and answer so many messages, each with a trade and an order that rests."""
        for _ in range(times):
            name = str(self.number)
            await self.send(sell("anna", "ACME", 3, 100, f"a{name}"), buy("boris", "ACME", 2, 101, f"b{name}"))

    async def answer(self) -> None:
        """Answer what the journal holds and store it."""
        last = (await state_of(self.connection, subjects.journal_stream(0))).last
        async with StreamReader(self.connection, subjects.journal_stream(0), self.partition.sequence + 1) as reader:
            while self.partition.sequence < last:
                message = await anext(reader)
                output = self.partition.answer(message.payload, message.sequence, message.stored_at)
                await self.connection.store(subjects.events(0), output.events)

    async def make(self, chunk_bytes: int = CHUNK_BYTES) -> Manifest:
        """Make a checkpoint of now; its manifest."""
        await CheckpointMaker(self.connection, self.settings, self.partition, chunk_bytes=chunk_bytes).make()
        return (await self.checkpoints.all())[0]

    async def recovered(self) -> tuple[int, Partition]:
        """What a new leader has: where its checkpoint was, and the partition at the end."""
        answered = await answered_through(self.connection, 0)
        partition = await load(self.connection, 0, answered)
        loaded = partition.sequence
        async with StreamReader(self.connection, subjects.journal_stream(0), loaded + 1) as reader:
            await replay(self.connection, partition, reader, answered)
        return loaded, partition
