"""The files of a stopped nats-server, and what a bad disk does to them."""

from __future__ import annotations

import os
from pathlib import Path

from exchange.commands import Tick
from streams import subjects, topology
from streams.broker.connection import Connection
from streams.broker.embedded import EmbeddedServer
from streams.broker.reader import state_of
from streams.partition.partition import Partition
from streams.settings import StreamSettings
from streams.wire import codec
from tests.support.altered import read_all, trading

LARGE_MESSAGES = 60
LARGE_BYTES = 200_000
"""More than one file of eight megabytes, with few messages: what cannot be read as commands is quickly answered."""


async def make_exchange(store: Path) -> StreamSettings:
    """Make the store of an exchange of one partition that has answered all of a long journal, and is stopped."""
    server = await EmbeddedServer.start(store, log_file=store.with_suffix(".log"))
    settings = StreamSettings(nats_url=server.url, partitions=1, journal_max_bytes=64 * 1024 * 1024)
    connection = await Connection.open(settings, "maker")
    await topology.ensure(connection, settings)
    partition = Partition(0)
    for number, payload in enumerate(journal()):
        await connection.store(subjects.journal(0), payload, f"maker-0-{number}")
    for message in await read_all(connection, subjects.journal_stream(0)):
        answer = partition.answer(message.payload, message.sequence, message.stored_at)
        await connection.store(subjects.events(0), answer.events)
    await connection.close()
    await server.stop()
    return settings


def journal() -> list[bytes]:
    """Trading, a lot that cannot be read, trading."""
    trades = [[codec.encode_command(command) for command in commands] for commands in trading()[1:]]
    before = [codec.encode_batch("me", number, commands) for number, commands in enumerate(trades)]
    large = [bytes([number]) * LARGE_BYTES for number in range(LARGE_MESSAGES)]
    after = [codec.encode_batch("me", number, [codec.encode_command(Tick())]) for number in range(10)]
    return [*before, *large, *after]


def files_of(store: Path, stream: str) -> list[Path]:
    """The files that hold a stream's messages, oldest first."""
    folder = store / "jetstream" / "$G" / "streams" / stream / "msgs"
    return sorted(folder.glob("*.blk"), key=lambda path: int(path.stem))


def flip_a_bit(path: Path) -> None:
    """In the middle of a file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 0b1000]))


def cut_a_megabyte(path: Path) -> None:
    """Off the end of a file."""
    os.truncate(path, path.stat().st_size - 1024 * 1024)


async def last_of(connection: Connection, stream: str) -> int:
    """A stream's last sequence."""
    return (await state_of(connection, stream)).last
