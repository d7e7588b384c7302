"""Which partitions this worker leads: leases in the bucket LEASES, shared out evenly among the live workers.

- `partition.<p>` holds the id of its leader, `worker.<id>` exists while a worker lives; both lapse by themselves
  after the lease's time unless a beat renews them, BEATS_PER_LEASE times in that time.
- A worker takes at most ceil(partitions / live workers) and lets go of what is above, so a new one gets its share.
- A lease is lost only to another holder: while nobody else has it, going on does no harm. Two leaders at once waste
  work and change nothing, because EVENTS takes each answer once.
"""

from __future__ import annotations

import asyncio

import structlog

from streams import subjects
from streams.bucket import ABSENT, Bucket, Entry
from streams.connection import Connection
from streams.errors import NotStored, StoreUnknown
from streams.settings import StreamSettings

log = structlog.get_logger()

BEATS_PER_LEASE = 4
NOBODY = ""
WORKER_PREFIX = "worker."


def lease_key(partition: int) -> str:
    """The key that holds a partition's leader."""
    return f"partition.{partition}"


class Leadership:
    """See the module. `beat` is called every `interval` seconds; `held` says what to lead after it."""

    def __init__(self, connection: Connection, settings: StreamSettings, worker: str) -> None:
        self.worker = subjects.token(worker)
        self.interval = settings.lease_ttl_seconds / BEATS_PER_LEASE
        self.held: set[int] = set()
        self.refused: set[int] = set()
        """Partitions that this worker must not lead: it found their streams contradictory."""
        self.share = 0
        """How many partitions this worker may hold, as of the last beat."""
        self._settings = settings
        self._bucket = Bucket(connection, subjects.LEASES)

    async def beat(self) -> None:
        """Renew what is held, and take what is free up to the fair share. Raises Unavailable, harmlessly."""
        await self._write(WORKER_PREFIX + self.worker, self.worker, None)  # first, so that who starts now is seen
        entries = await self._bucket.read_all()
        self.share = self._fair_share(entries)
        leases = {partition: entries.get(lease_key(partition), ABSENT) for partition in self._partitions()}
        for partition in [partition for partition in self.held if leases[partition].value not in {self.worker, NOBODY}]:
            log.warning("lease.lost", partition=partition, to=leases[partition].value)
            self.held.discard(partition)
        taking = self._free(leases)[: max(0, self.share - len(self.held))]
        writes = [self._write(lease_key(partition), self.worker, leases[partition]) for partition in self.held]
        taken = [self._take(partition, leases[partition]) for partition in taking]
        await asyncio.gather(*writes, *taken)

    def surplus(self) -> list[int]:
        """Held partitions above the fair share, to be drained and released."""
        return sorted(self.held)[self.share :]

    async def release(self, partition: int) -> None:
        """Let another worker take the partition at once."""
        self.held.discard(partition)
        entry = await self._bucket.get(lease_key(partition))
        if entry.value == self.worker and await self._write(lease_key(partition), NOBODY, entry):
            log.info("lease.released", partition=partition)

    async def leave(self) -> None:
        """Be counted as a live worker no more."""
        await self._write(WORKER_PREFIX + self.worker, NOBODY, None)

    def _partitions(self) -> range:
        return range(self._settings.partitions)

    def _fair_share(self, entries: dict[str, Entry]) -> int:
        workers = {entry.value for key, entry in entries.items() if key.startswith(WORKER_PREFIX)}
        workers = (workers | {self.worker}) - {NOBODY}
        return -(-self._settings.partitions // len(workers))

    def _free(self, leases: dict[int, Entry]) -> list[int]:
        """A lease of our own that we do not hold is free as well: its acknowledgement was lost."""
        candidates = set(self._partitions()) - self.held - self.refused
        return sorted(partition for partition in candidates if leases[partition].value in {self.worker, NOBODY})

    async def _take(self, partition: int, seen: Entry) -> None:
        if await self._write(lease_key(partition), self.worker, seen):
            log.info("lease.taken", partition=partition)
            self.held.add(partition)

    async def _write(self, key: str, value: str, seen: Entry | None) -> bool:
        """Write if the key is still what was `seen`. Whatever comes of it, the next beat reads the truth."""
        revision = None if seen is None else seen.revision
        try:
            await self._bucket.put(key, value, revision, self._settings.lease_ttl_seconds)
        except (NotStored, StoreUnknown) as error:
            log.info("lease.not_written", key=key, error=str(error))
            return False
        return True
