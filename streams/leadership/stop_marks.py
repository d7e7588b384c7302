"""Stop marks of partitions, in the bucket DIRECTORY, where they outlive every process and server.

A mark names the sequence at which a worker found a partition's streams damaged, or could not answer. A mark is a claim
and no verdict: a worker that is to lead the partition checks the place itself (streams/recovery/scrub.py), and either
stops as well or withdraws the mark. So one worker's finding keeps all of them away, a restart finds it before any
worker leads, and a store that was restored opens by itself.

While there is a mark, gateways refuse commands that the partition would have to answer, before they are stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import msgspec
import structlog

from streams import subjects
from streams.broker.bucket import Bucket, decoded
from streams.broker.connection import Connection
from streams.errors import NotStored, PartitionStopped, StoreUnknown, Unavailable

log = structlog.get_logger()

LOOK_INTERVAL: Final = 5.0
"""Seconds between two reads: changes are received at once, and reads find those that were missed."""

TAKEN_BACK: Final = ""
"""Value of a key whose mark was withdrawn. The key stays: there is at most one for each partition."""

PREFIX: Final = "stopped."


class Mark(NamedTuple):
    """Stop mark: the sequence where a partition stopped and why; `revision` is the key's."""

    sequence: int
    why: str
    revision: int


decoder: Final = msgspec.json.Decoder(tuple[int, str])


class StopMarks:
    """Stop marks of all partitions, or of one: `marks` by partition, as last read."""

    def __init__(self, connection: Connection, partition: int | None = None) -> None:
        self.marks: dict[int, Mark] = {}
        self._connection = connection
        self._keys = f"{PREFIX}*" if partition is None else key_of(partition)
        self._bucket = Bucket(connection, subjects.DIRECTORY)
        self._look = asyncio.Event()

    async def put(self, stopped: PartitionStopped) -> None:
        """Mark a partition. Unavailable if the mark cannot be stored."""
        value = msgspec.json.encode((stopped.sequence, str(stopped))).decode()
        try:
            await self._bucket.put(key_of(stopped.partition), value)
        except (NotStored, StoreUnknown) as error:
            raise Unavailable(f"partition {stopped.partition} could not be marked: {error}") from error

    async def take_back(self, partition: int) -> None:
        """Withdraw the mark that was read. Unavailable if that cannot be stored, or the mark has changed since."""
        mark = self.marks[partition]
        try:
            # Written over, not removed: a removed key may come back with the mark in it (streams/broker/bucket.py).
            await self._bucket.put(key_of(partition), TAKEN_BACK, mark.revision)
        except (NotStored, StoreUnknown) as error:
            raise Unavailable(f"the mark of partition {partition} could not be taken back: {error}") from error
        self.marks = {number: other for number, other in self.marks.items() if number != partition}

    async def read(self) -> None:
        """Read the marks. Unavailable without an answer, or if a mark is unreadable: then `marks` are unchanged."""
        entries = await self._bucket.read_all(self._keys)
        self.marks = {
            int(key.removeprefix(PREFIX)): Mark(*decoded(decoder, key, entry), entry.revision)
            for key, entry in entries.items()
            if entry.value != TAKEN_BACK
        }

    async def run(self, heed: Callable[[], Awaitable[None]] | None = None) -> None:
        """Keep `marks` current for ever, and call `heed` whenever they may have changed.

        A message received for a key is only a hint to read it: a message that JetStream refused is received as well.
        """
        subscription = await self._connection.subscribe(
            subjects.bucket_key(subjects.DIRECTORY, self._keys), lambda *_: self._look.set()
        )
        forget_reconnects = self._connection.on_reconnect(self._look.set)
        try:
            while True:
                self._look.clear()
                await self._look_once(heed)
                try:
                    async with asyncio.timeout(LOOK_INTERVAL):
                        await self._look.wait()
                except TimeoutError:
                    continue
        finally:
            forget_reconnects()
            await subscription.close()

    async def _look_once(self, heed: Callable[[], Awaitable[None]] | None) -> None:
        try:
            await self.read()
            if heed is not None:
                await heed()
        except Unavailable as error:
            log.info("stops.not_read", error=str(error))


def key_of(partition: int) -> str:
    """A partition's key in the bucket."""
    return f"{PREFIX}{partition}"
