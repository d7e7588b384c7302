"""Roster: which workers live, lead and stand by, as one worker reads the bucket LEASES, and its duties from that.

- `worker.<id>` is a worker's lease: written anew at each beat, its value is the id, or LEAVING once the worker takes no
  more partitions. It has lapsed when it stood still for the lease's time while we were reading, by our own monotonic
  clock. Time in which we did not read (frozen, cut off, the server away) does not count, and all leases begin anew.
  A lease with the value BUSY lives BUSY_LEASES times as long: an uncross may keep its worker from beating.
- `partition.<p>` names the leader and is valid as long as that worker lives. `standby.<p>` names the worker that the
  leader has chosen to follow. A key that was lost with the server's memory is written again by the leader, if it lives.
  If the key stays lost for as long as a lease, no worker leads: of two workers each may have seen the other lead last.
- The fair share is ceil(partitions / workers that stay). The standby of a dead leader takes over whatever its share;
  others only within theirs, and only without a standby or when the standby leaves the partition vacant for too long.

Plain values in, decisions out. Times are seconds of one monotonic clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from streams.broker.bucket import ABSENT, BucketEntry

BEATS_PER_LEASE: Final = 4
BEATS_LEFT_TO_STANDBY: Final = 2
"""Beats for which a vacant partition is reserved for its standby."""

BEATS_MISSED_MAX: Final = 2
"""After more beats without a read all leases begin anew: what happened meanwhile is unknown."""

BUSY_LEASES: Final = 5
"""An uncross of very many orders is one piece of work: half a second for 100,000, more on a machine under load."""

IMBALANCE_MAX: Final = 1
NOBODY: Final = ""
LEAVING: Final = "leaving"
BUSY: Final = "busy"
WORKER_PREFIX: Final = "worker."


def worker_key(worker: str) -> str:
    """Key of a worker's lease."""
    return WORKER_PREFIX + worker


def lease_key(partition: int) -> str:
    """Key of a partition's leader."""
    return f"partition.{partition}"


def standby_key(partition: int) -> str:
    """Key of a partition's standby."""
    return f"standby.{partition}"


class WorkerSign(NamedTuple):
    """Last sign of a worker: its key's value and revision, and since when we have read them."""

    value: str
    revision: int
    since: float


class Roster:
    """Roster of one worker, `worker`. `see` applies the entries that it has read."""

    def __init__(self, worker: str, partitions: int, lease_ttl_seconds: float) -> None:
        self.worker = worker
        self.leaders = [NOBODY] * partitions
        """The last known leader of each partition, alive or not."""
        self.standbys = [NOBODY] * partitions
        self.revisions = [0] * partitions
        """Revisions of the partitions' keys, for the next compare-and-set; 0 without a key."""
        self.staff = [worker]
        """The workers that live and stay, in the same order for all workers; `worker` itself counts as staying."""
        self._ttl = lease_ttl_seconds
        self._beat = lease_ttl_seconds / BEATS_PER_LEASE
        self._signs: dict[str, WorkerSign] = {}
        self._gone: set[str] = set()
        self._absent_since: dict[int, float] = {}
        self._vacant_since: dict[int, float] = {}
        self._now = -lease_ttl_seconds

    def see(self, entries: Mapping[str, BucketEntry], now: float) -> None:
        """Apply the entries of the bucket, read at `now`."""
        if now - self._now > BEATS_MISSED_MAX * self._beat:
            self._begin_anew(now)
        self._now = now
        for key, entry in entries.items():
            if key.startswith(WORKER_PREFIX):
                self._see_worker(key.removeprefix(WORKER_PREFIX), entry)
        for partition in range(len(self.leaders)):
            self._see_partition(partition, entries)
        self._count_staff()
        self._forget_dead(entries)

    def _begin_anew(self, now: float) -> None:
        for worker, sign in self._signs.items():
            if self.is_live(worker):
                self._signs[worker] = sign._replace(since=now)
        self._absent_since.clear()
        self._vacant_since.clear()

    def _see_worker(self, worker: str, entry: BucketEntry) -> None:
        known = self._signs.get(worker)
        if known is None or known.revision != entry.revision:
            self._signs[worker] = WorkerSign(entry.value, entry.revision, self._now)
            self._gone.discard(worker)

    def _see_partition(self, partition: int, entries: Mapping[str, BucketEntry]) -> None:
        lease = entries.get(lease_key(partition), ABSENT)
        self.revisions[partition] = lease.revision
        if lease is ABSENT:
            self._absent_since.setdefault(partition, self._now)
        else:
            self._absent_since.pop(partition, None)
            self.leaders[partition] = lease.value
        self.standbys[partition] = entries.get(standby_key(partition), ABSENT).value
        if self.is_vacant(partition):
            self._vacant_since.setdefault(partition, self._now)
        else:
            self._vacant_since.pop(partition, None)

    def _forget_dead(self, entries: Mapping[str, BucketEntry]) -> None:
        """Evict dead workers once their key is gone: while it exists, an evicted worker would seem to be new."""
        named = {*self.leaders, *self.standbys}
        self._signs = {
            worker: sign
            for worker, sign in self._signs.items()
            if self.is_live(worker) or worker in named or worker_key(worker) in entries
        }
        self._gone &= self._signs.keys()

    def record_gone(self, worker: str) -> None:
        """Record that a worker's subject has no responder: the worker is dead until its key is written again."""
        if worker in self._signs:
            self._gone.add(worker)
            self._count_staff()

    def is_live(self, worker: str) -> bool:
        """Whether a worker's lease is valid."""
        if worker == self.worker:
            return True
        sign = self._signs.get(worker)
        if sign is None or sign.value == NOBODY or worker in self._gone:
            return False
        return self._now - sign.since < self._lease_of(worker)

    def _lease_of(self, worker: str) -> float:
        sign = self._signs.get(worker)
        return self._ttl * BUSY_LEASES if sign is not None and sign.value == BUSY else self._ttl

    def is_vacant(self, partition: int) -> bool:
        """Whether no live worker leads the partition, by what was read."""
        leader = self.leaders[partition]
        if leader == NOBODY or not self.is_live(leader):
            return True
        absent_since = self._absent_since.get(partition, self._now)
        return self._now - absent_since >= self._lease_of(leader)

    def _count_staff(self) -> None:
        stay = {worker for worker, sign in self._signs.items() if sign.value in {worker, BUSY} and self.is_live(worker)}
        self.staff = sorted(stay | {self.worker})

    @property
    def share(self) -> int:
        """Fair share: how many partitions one worker leads at most when all is settled."""
        return -(-len(self.leaders) // len(self.staff))

    def standby_of(self, partition: int) -> str:
        """The partition's standby, if that worker lives, stays and does not lead the partition; else NOBODY."""
        standby = self.standbys[partition]
        return standby if standby in self.staff and standby != self.leaders[partition] else NOBODY

    def standing(self) -> set[int]:
        """The partitions that this worker has to follow."""
        return {number for number in range(len(self.leaders)) if self.standby_of(number) == self.worker}

    def to_take(self, held: Iterable[int], refused: Iterable[int]) -> list[int]:
        """The partitions to take over now, of those not in `held`."""
        room = self.share - len(set(held))
        taking: list[int] = []
        for partition in sorted(set(range(len(self.leaders))) - set(held) - set(refused)):
            if self.leaders[partition] == self.worker:  # passed on to us, or taken with a lost acknowledgement
                taking.append(partition)
            elif self.is_vacant(partition):
                successor = self.standby_of(partition)
                left_alone = self._now - self._vacant_since[partition] >= BEATS_LEFT_TO_STANDBY * self._beat
                if successor == self.worker:
                    taking.append(partition)
                elif room > 0 and (successor == NOBODY or left_alone):
                    taking.append(partition)
                    room -= 1
        return taking

    def suspects(self) -> set[str]:
        """Live workers whose death concerns us first: leaders of partitions that we follow, or that have no standby."""
        return {
            leader
            for partition, leader in enumerate(self.leaders)
            if leader not in {NOBODY, self.worker}
            and self.is_live(leader)
            and self.standby_of(partition) in {NOBODY, self.worker}
        }

    def choices(self, held: Iterable[int]) -> dict[int, str]:
        """The standbys that this worker, as leader of `held`, has still to name, by partition."""
        held, load = list(held), self._load()
        chosen: dict[int, str] = {}
        candidates = [worker for worker in self.staff if worker != self.worker]
        for partition in held:
            if self.standby_of(partition) == NOBODY:
                chosen[partition] = min(candidates, key=lambda worker: (load[worker], worker), default=NOBODY)
                load[chosen[partition]] += 1
        if chosen:
            return {number: name for number, name in chosen.items() if name != self.standbys[number]}
        return self._move(held, load)

    def _load(self) -> Counter[str]:
        """How many partitions each worker leads or follows."""
        followed = [self.standby_of(partition) for partition in range(len(self.leaders))]
        return Counter(self.leaders) + Counter(followed)

    def _move(self, held: list[int], load: Counter[str]) -> dict[int, str]:
        """At most one standby to move: to a worker that has room for our surplus, or away from the most loaded."""
        leads = Counter(self.leaders)
        idle = min(self.staff, key=lambda worker: (leads[worker], worker))
        if len(held) > self.share and self.next_to_go(held) is None and leads[idle] < self.share:
            return {held[0]: idle}
        # All workers read the same entries, so only the leader of the first such partition moves its standby.
        light = min(self.staff, key=lambda worker: (load[worker], worker))
        for partition, leader in enumerate(self.leaders):
            standby = self.standby_of(partition)
            if standby != NOBODY and leader != light and load[standby] - load[light] > IMBALANCE_MAX:
                return {partition: light} if partition in held else {}
        return {}

    def next_to_go(self, held: Iterable[int]) -> int | None:
        """A partition of `held`, longest led first, to hand over: above the share, and its standby has room."""
        held, leads = list(held), Counter(self.leaders)
        if len(held) > self.share:
            for partition in held:
                standby = self.standby_of(partition)
                if standby != NOBODY and leads[standby] < self.share:
                    return partition
        return None
