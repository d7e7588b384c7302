"""Leases: which partitions this worker leads, read from and written to the bucket LEASES at each beat.

The roster decides; this module carries its decisions out by compare-and-set. A lease is lost only to another holder:
without one, going on does no harm. Two leaders at once waste work and change nothing, because EVENTS stores each answer
once.

`beat` and `pass_on` never run at once. After a write with any outcome the next beat reads the truth.
"""

from __future__ import annotations

import asyncio
import math

import structlog

from streams import subjects
from streams.broker.bucket import Bucket
from streams.broker.connection import Connection
from streams.errors import NotStored, StoreUnknown
from streams.leadership.lease_doubt import Certainty
from streams.leadership.roster import (
    BEATS_PER_LEASE,
    BUSY,
    BUSY_LEASES,
    LEAVING,
    NOBODY,
    Roster,
    lease_key,
    standby_key,
    worker_key,
)
from streams.settings import StreamSettings

log = structlog.get_logger()

KEY_KEPT_SECONDS = 2
"""Seconds that a dead worker's key outlives its lease: NATS counts whole seconds, and the roster is quicker."""


class Leadership:
    """Leases of one worker. `beat` is called every `interval` seconds and updates `held`."""

    def __init__(self, connection: Connection, settings: StreamSettings, worker: str) -> None:
        self.worker = subjects.token(worker)
        self.interval = settings.lease_ttl_seconds / BEATS_PER_LEASE
        self.roster = Roster(self.worker, settings.partitions, settings.lease_ttl_seconds)
        self.certainty = Certainty(settings.lease_ttl_seconds)
        self.held: dict[int, int] = {}
        """The partitions that this worker leads, longest led first, each with the revision of its last write."""
        self.refused: set[int] = set()
        """Partitions that this worker must not lead now (streams/leadership/refused_partitions.py)."""
        self.leaving = False
        """Whether this worker takes no more partitions."""
        self.busy = False
        """Whether one piece of work may keep this worker from beating."""
        self._lease_seconds = settings.lease_ttl_seconds
        self._failover = connection.failover
        self._bucket = Bucket(connection, subjects.LEASES)
        self._one_at_a_time = asyncio.Lock()
        connection.on_reconnect(self._look_again)

    @property
    def has_colleagues(self) -> bool:
        """Whether another worker lives and stays."""
        return self.roster.staff != [self.worker]

    async def beat(self) -> None:
        """Renew our worker lease, read all leases, take over the partitions due. Raises Unavailable, harmlessly."""
        async with self._one_at_a_time:
            begun = self.certainty.begin()
            try:
                await self._beat()
            finally:
                self.certainty.end(begun)

    async def _beat(self) -> None:
        # Our sign is written first, so that workers that start at the same time see each other.
        began = asyncio.get_running_loop().time()
        if await self._write(worker_key(self.worker), self._sign(), None, self._key_ttl_seconds()):
            self.certainty.renew(began)
            self._failover.stored()
        self.roster.see(await self._bucket.read_all(), asyncio.get_running_loop().time())
        for partition in list(self.held):
            self._check(partition)
        forgotten = [partition for partition in self.held if not self.roster.revisions[partition]]
        taking = [] if self.leaving else self.roster.to_take(self.held, self.refused)
        await asyncio.gather(
            *(self._take(partition) for partition in forgotten + taking),
            *(self._name(partition, standby) for partition, standby in self.roster.choices(self.held).items()),
            *(self._give_back(partition) for partition in self.refused),
        )

    def _sign(self) -> str:
        if self.leaving:
            return LEAVING
        return BUSY if self.busy else self.worker

    def _key_ttl_seconds(self) -> int:
        return math.ceil(self._lease_seconds * (BUSY_LEASES if self.busy else 1)) + KEY_KEPT_SECONDS

    def _check(self, partition: int) -> None:
        """Step down if another worker leads. A revision below our own write was read from a copy that lags."""
        leader, revision = self.roster.leaders[partition], self.roster.revisions[partition]
        if leader == self.worker:
            self.held[partition] = max(self.held[partition], revision)
        elif revision > self.held[partition]:
            log.warning("lease.lost", partition=partition, to=leader)
            del self.held[partition]

    def _look_again(self) -> None:
        """After a reconnect: the bucket may be new, with revisions from 1, and others may have taken over."""
        self.held = dict.fromkeys(self.held, 0)
        self.certainty.doubt()

    def receive(self, partition: int, revision: int) -> None:
        """Record that a lease was passed on to this worker, with the write of `revision`."""
        self.roster.leaders[partition] = self.worker
        self.held[partition] = revision
        log.info("lease.received", partition=partition)

    async def pass_on(self, partition: int, successor: str) -> int:
        """Pass a lease on to `successor`, or release it to NOBODY; the revision of the write, 0 if it failed."""
        async with self._one_at_a_time:
            mine = self.held.pop(partition, None)
            if mine is None:
                return 0
            revision = await self._write(lease_key(partition), successor, mine)
        if revision:
            self.roster.leaders[partition] = successor
            log.info("lease.passed_on", partition=partition, to=successor)
        return revision

    async def stand_by(self, partition: int) -> None:
        """Become the standby of a partition that was passed on, unless this worker leaves."""
        if not self.leaving:
            await self._name(partition, self.worker)

    async def leave(self) -> None:
        """End this worker's lease, so that others count it as live no more."""
        await self._write(worker_key(self.worker), NOBODY, None, self._key_ttl_seconds())

    async def _take(self, partition: int) -> None:
        if self.roster.leaders[partition] == self.worker and partition not in self.held:
            self.held[partition] = self.roster.revisions[partition]
            return
        revision = await self._write(lease_key(partition), self.worker, self.roster.revisions[partition])
        if revision:
            log.info("lease.taken", partition=partition, after=self.roster.leaders[partition])
            self.roster.leaders[partition] = self.worker
            self.held[partition] = revision

    async def _give_back(self, partition: int) -> None:
        if self.roster.leaders[partition] == self.worker and partition not in self.held:
            await self._write(lease_key(partition), NOBODY, self.roster.revisions[partition])

    async def _name(self, partition: int, standby: str) -> None:
        if await self._write(standby_key(partition), standby, None):
            self.roster.standbys[partition] = standby
            log.info("standby.named", partition=partition, standby=standby)

    async def _write(self, key: str, value: str, revision: int | None, ttl_seconds: int | None = None) -> int:
        """Write a key if it is still at `revision`; the revision of the write, 0 if it was not made."""
        try:
            stored = await self._bucket.put(key, value, revision, ttl_seconds)
        except (NotStored, StoreUnknown) as error:
            log.info("lease.not_written", key=key, error=str(error))
            return 0
        return stored.sequence
