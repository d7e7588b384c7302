"""Refused partitions: the partitions that this worker has stopped, until when it refuses them, published for operators.

A worker that has stopped a partition tries it again by itself: the fault may have been mended, or was the worker's own.
The worker waits RELOOK_MIN first and twice as long each time, RELOOK_MAX at most, and never less than RESTS times as
long as the try has taken. While it refuses a partition, `refused.<partition>.<worker>` in the bucket LEASES says so;
the key lapses by itself, and nothing is decided by it.

Times are seconds: of the loop's clock, but wall clock in the bucket.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import Final, NamedTuple

import msgspec
import structlog

from streams import subjects
from streams.broker.bucket import Bucket, decoded
from streams.broker.connection import Connection
from streams.errors import NotStored, PartitionStopped, StoreUnknown

log = structlog.get_logger()

RELOOK_MIN: Final = 10.0
RELOOK_MAX: Final = 60.0
RESTS: Final = 4
KEPT_SECONDS: Final = 30
"""Seconds that a refusal's key outlives the next try, which takes its time."""

PREFIX: Final = "refused."


class Refusal(NamedTuple):
    """Refusal: what a worker has found wrong in a partition, and when it tries again, wall clock."""

    partition: int
    worker: str
    sequence: int
    why: str
    next_look: float


class _Known(NamedTuple):
    stopped: PartitionStopped
    until: float
    pause: float


decoder: Final = msgspec.json.Decoder(tuple[int, str, float])


class Refusals:
    """Refused partitions of this worker."""

    def __init__(self, connection: Connection, worker: str) -> None:
        self._worker = worker
        self._bucket = Bucket(connection, subjects.LEASES)
        self._known: dict[int, _Known] = {}
        self._loop = asyncio.get_running_loop()

    @property
    def standing(self) -> set[int]:
        """The partitions that are refused now."""
        now = self._loop.time()
        return {partition for partition, known in self._known.items() if now < known.until}

    def record(self, stopped: PartitionStopped, took: float) -> bool:
        """Refuse a partition for a while; True if the fault is new.

        took: seconds that the failed try took; 0 if the partition was led or followed before.
        """
        before, now = self._known.get(stopped.partition), self._loop.time()
        again = before is not None and now - took < before.until + before.pause
        pause = min(2 * before.pause, RELOOK_MAX) if before is not None and again else RELOOK_MIN
        pause = max(pause, RESTS * took)
        self._known[stopped.partition] = _Known(stopped, now + pause, pause)
        return before is None or not again or before.stopped.sequence != stopped.sequence

    async def tell(self, partition: int) -> None:
        """Publish a refusal for operators; a failed write is repeated after the next try."""
        known = self._known[partition]
        left = max(0.0, known.until - self._loop.time())
        value = msgspec.json.encode((known.stopped.sequence, str(known.stopped), time.time() + left)).decode()
        try:
            await self._bucket.put(
                f"{PREFIX}{partition}.{self._worker}", value, ttl_seconds=math.ceil(left) + KEPT_SECONDS
            )
        except (NotStored, StoreUnknown) as error:
            log.info("partition.refusal_not_told", partition=partition, error=str(error))


async def all_refusals(connection: Connection) -> list[Refusal]:
    """Refusals of all workers, by partition. Unavailable without an answer, or if a key is unreadable."""
    entries = await Bucket(connection, subjects.LEASES).read_all(f"{PREFIX}>")
    found = []
    for key, entry in entries.items():
        partition, _, worker = key.removeprefix(PREFIX).partition(".")
        if entry.value:
            found.append(Refusal(int(partition), worker, *decoded(decoder, key, entry)))
    return sorted(found)
