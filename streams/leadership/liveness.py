"""Liveness of partitions: a leader's answering loop signs, and gateways judge by its signs whether orders are answered.

A lease is kept by a task of its own, and a ping is answered by the connection: both outlive a loop that stands still.
So a sign leaves only if the loop has answered something since the last one, or waits for the journal with nothing to
answer, while its events are stored. A partition without a sign for longer than a takeover takes
(`leader_absent_seconds`) has no leader.

Times are seconds of the event loop's clock.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from streams import subjects

if TYPE_CHECKING:
    from streams.partition.partition import Partition

log = structlog.get_logger()

SIGN_INTERVAL: Final = 0.5
"""Between two signs of one partition: two small messages a second, which nobody stores."""

LOOK_INTERVAL: Final = 0.25
"""How late it may be noticed that a partition fell silent."""


class Publishes(Protocol):
    """What a sign is published through, as `Connection` does it."""

    def publish(self, subject: str, payload: bytes) -> None:
        """See `Connection`."""


class Mends(Protocol):
    """What says whether stored events are being mended, as `EventStream` does."""

    @property
    def mending(self) -> bool:
        """See `EventStream`."""


class LeaderSign:
    """The signs of one leader. `waits`: its loop has nothing to answer.

    It knows what the loop works on and not the loop itself: a leader that ends leaves no circle of references behind.
    """

    def __init__(self, connection: Publishes, partition: Partition, events: Mends) -> None:
        self.waits = False
        self._connection = connection
        self._subject = subjects.answering(partition.number)
        self._partition = partition
        self._events = events
        self._before = -1
        self._loop = asyncio.get_running_loop()
        self._signed = 0.0

    def age(self) -> float:
        """Seconds since the last sign."""
        return self._loop.time() - self._signed

    def refresh(self) -> None:
        """Sign, if the loop has moved on since the last look or waits."""
        now = self._partition.sequence
        if (self.waits and not self._events.mending) or now != self._before:
            self._connection.publish(self._subject, b"")
            self._signed = self._loop.time()
        self._before = now

    async def run(self) -> None:
        """Look for ever."""
        try:
            while True:
                self.refresh()
                await asyncio.sleep(SIGN_INTERVAL)
        finally:
            # The leader holds its sign: a sign that held the leader too would keep a whole partition (collector.py).
            self._progress, self._waits = lambda: 0, lambda: False


class Liveness:
    """Which partitions have a leader that answers, as far as their signs have reached this process.

    absent: those whose last sign is too old. It is what order entry asks for each order, so it is kept, not computed.
    """

    def __init__(self, partitions: int, absent_seconds: float) -> None:
        self.absent: frozenset[int] = frozenset()
        self._absent_seconds = absent_seconds
        self._loop = asyncio.get_running_loop()
        self._heard: list[float | None] = [None] * partitions
        self._since = self._loop.time()

    def hear(self, partition: int) -> None:
        """A partition has signed, or has answered something."""
        self._heard[partition] = self._loop.time()
        if partition in self.absent:
            self.absent -= {partition}
            log.info("partition.answers_again", partition=partition)

    def excuse(self) -> None:
        """No sign could be heard until now: this process was cut off. Count the silence from here on."""
        self._since = self._loop.time()

    def answers(self, partition: int) -> bool:
        """Whether a partition has signed a moment ago; unlike `absent`, no without any sign yet."""
        heard = self._heard[partition]
        return heard is not None and self._loop.time() - heard < self._absent_seconds

    def refresh(self) -> None:
        """Find out who has fallen silent."""
        oldest = self._loop.time() - self._absent_seconds
        last = [max(heard or self._since, self._since) for heard in self._heard]
        silent = [number for number, at in enumerate(last) if at <= oldest]
        for partition in silent:
            if partition not in self.absent:
                log.warning("partition.absent", partition=partition, seconds=self._absent_seconds)
        self.absent = frozenset(silent)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(LOOK_INTERVAL)
            self.refresh()
