"""Checkpoint maker of one partition: works beside the leader, which never waits for it.

A forked child writes the state of one moment to a file without a name; its chunks are published a few at a time, read
back, and restored by another child, whose state must be the same again. Only then, and only if EVENTS has the same
chain, the manifest is stored: every checkpoint that exists is *verified*. A failure costs this checkpoint and nothing
else; the next one is tried when it is due.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from functools import partial
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final

import structlog

from streams.broker.connection import Connection
from streams.errors import CheckpointDamaged, StreamError
from streams.partition.partition import Partition
from streams.partition.queries import Checkpointed
from streams.partition.state import FORM, partition_parts, restored
from streams.recovery.checkpoints import CHUNK_BYTES, Checkpoints, Manifest, chunks_of, new_digest, parts_in
from streams.recovery.fork import in_child
from streams.recovery.recovery import stored_chain
from streams.settings import StreamSettings

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()

CHECK_INTERVAL: Final = 0.25
CHUNK_INTERVAL: Final = 0.02
"""Seconds between two published chunks: orders share the connection and the disk."""

RESTS: Final = 9
"""Pause after a checkpoint, in times of how long making it took: a busy partition spends a tenth of its time on it."""

PER_RETENTION: Final = 8
"""Checkpoints made while as much journal is written as retention keeps, so that the kept ones span well less."""

LAST_COMMANDS_MIN: Final = 5_000
"""Commands since the newest checkpoint below which no last one is made: a replay of fewer is quicker."""

LENGTH_BYTES: Final = 4


class CheckpointMaker:
    """Checkpoint maker. `run` must run for as long as the partition is led."""

    def __init__(
        self,
        connection: Connection,
        settings: StreamSettings,
        partition: Partition,
        *,
        chunk_bytes: int = CHUNK_BYTES,
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._partition = partition
        self._checkpoints = Checkpoints(connection, partition.number)
        self._chunk_bytes = chunk_bytes
        self._monotonic = monotonic or time.monotonic
        self._began = self._monotonic()
        self._rests_until = 0.0
        self._commands = 0
        self._journal_bytes = 0
        self._journal_bytes_max = (settings.kept_bytes or settings.journal_max_bytes) // PER_RETENTION
        self.journal_bytes = 0
        """Journal bytes read so far, counted by the leader."""
        self.wanted = False
        """Whether retention waits for a checkpoint."""
        self.pressed = False
        """Whether the journal is filling up, too: no pause between two checkpoints."""

    async def run(self) -> None:
        """Make a checkpoint whenever one is due, for ever."""
        self._commands = await self._commands_of_last()
        while True:
            await asyncio.sleep(CHECK_INTERVAL)
            if self.is_due():
                await self.make(0 if self.pressed else CHUNK_INTERVAL)

    async def finish(self) -> None:
        """Make a last checkpoint after leading, if it saves the next leader a long replay."""
        if self._partition.commands - await self._commands_of_last() >= LAST_COMMANDS_MIN:
            await self.make(interval=0)

    async def make(self, interval: float = CHUNK_INTERVAL) -> None:
        """Make a checkpoint of the partition as it is now, with `interval` seconds between two chunks."""
        number, sequence = self._partition.number, self._partition.sequence
        self._began, self._commands = self._monotonic(), self._partition.commands
        self._journal_bytes = self.journal_bytes
        try:
            await self._make(interval)
        except (StreamError, OSError, TimeoutError) as error:
            log.warning("checkpoint.not_made", partition=number, sequence=sequence, error=str(error))
        ended = self._monotonic()
        self._rests_until = ended + RESTS * (ended - self._began)

    async def _make(self, interval: float) -> None:
        with TemporaryFile() as copy:
            manifest, pause = await self._copy(copy, interval)
        await self._verify(manifest)
        await self._checkpoints.store_manifest(manifest)
        self._tell_of(manifest)
        await self._checkpoints.prune()
        log.info(
            "checkpoint.made",
            partition=self._partition.number,
            sequence=manifest.sequence,
            chunks=len(manifest.chunks),
            seconds=round(self._monotonic() - self._began, 3),
            pause_ms=round(pause * 1_000, 3),
        )

    async def _commands_of_last(self) -> int:
        """How many commands the newest checkpoint includes, also if another worker made it."""
        try:
            manifests = await self._checkpoints.all()
        except StreamError as error:
            log.warning("checkpoint.last_unknown", partition=self._partition.number, error=str(error))
            return self._partition.commands
        if not manifests:
            return 0
        self._tell_of(manifests[0])
        return manifests[0].commands

    def _tell_of(self, newest: Manifest) -> None:
        """Set the newest checkpoint, as queries about the partition answer it."""
        self._partition.queries.checkpoint = Checkpointed(newest.sequence, newest.at)

    def is_due(self) -> bool:
        """Whether enough commands or time have passed since the last checkpoint, or retention waits for one."""
        now = self._monotonic()
        if now < self._rests_until and not self.pressed:
            return False
        commands = self._partition.commands - self._commands
        if commands >= self._settings.checkpoint_commands:
            return True
        if self.journal_bytes - self._journal_bytes >= self._journal_bytes_max:
            return True
        return commands > 0 and (self.wanted or now - self._began >= self._settings.checkpoint_seconds)

    async def _copy(self, file: IO[bytes], interval: float) -> tuple[Manifest, float]:
        """Store the chunks of the present state; the manifest, and seconds for which the fork blocked the process."""
        partition = self._partition
        sequence, at, commands, chain = partition.sequence, partition.at, partition.commands, partition.chain
        pause = await in_child(partial(write_state, partition, self._chunk_bytes, file), [file.fileno()])
        places: list[int] = []
        digest = new_digest()
        await self._checkpoints.make_room(os.fstat(file.fileno()).st_size)
        for chunk in read_chunks(file):
            digest.update(chunk)
            places.append(await self._checkpoints.store_chunk(chunk))
            await asyncio.sleep(interval)
        return Manifest(1, FORM, sequence, at, commands, chain, digest.digest(), places), pause

    async def _verify(self, manifest: Manifest) -> None:
        """Verify the stored chunks: CheckpointDamaged or ChildFailed if they do not give the state again."""
        chunks = await self._checkpoints.read(manifest)
        await in_child(partial(check_state, self._partition.number, manifest, chunks, self._chunk_bytes), [])
        # The checkpoint's events were sent before its first chunk, so long ago that they are stored.
        if await stored_chain(self._connection, self._partition.number, manifest.sequence) != manifest.chain:
            raise CheckpointDamaged("its chain is not that of its events")


def write_state(partition: Partition, chunk_bytes: int, file: IO[bytes]) -> None:
    """Write a state's chunks, each after its length."""
    for chunk in chunks_of(partition_parts(partition), chunk_bytes):
        file.write(len(chunk).to_bytes(LENGTH_BYTES, "big"))
        file.write(chunk)
    file.flush()


def read_chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The chunks that a child has written."""
    file.seek(0)
    while length := file.read(LENGTH_BYTES):
        yield file.read(int.from_bytes(length, "big"))


def check_state(number: int, manifest: Manifest, chunks: list[bytes], chunk_bytes: int = CHUNK_BYTES) -> None:
    """Assert that a restored checkpoint gives the same state again."""
    partition = restored(number, (part for chunk in chunks for part in parts_in(chunk)))
    assert (partition.sequence, partition.chain) == (manifest.sequence, manifest.chain)
    assert list(chunks_of(partition_parts(partition), chunk_bytes)) == chunks
