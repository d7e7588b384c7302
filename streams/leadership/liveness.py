"""Liveness of partitions: a leader's answering loop signs, and gateways judge by its signs whether orders are answered.

A lease is renewed by a task of its own, and a ping is answered by the connection: both outlive a loop that hangs. So a
sign is published only if the loop has answered a message since the last sign, or waits for the journal with nothing to
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
"""Between two signs of one partition: two small messages a second, which are not stored."""

LOOK_INTERVAL: Final = 0.25
"""Between two checks for partitions that have fallen silent."""


class Publishes(Protocol):
    """The part of `Connection` that a sign needs: publishing."""

    def publish(self, subject: str, payload: bytes) -> None:
        """See `Connection`."""


class Mends(Protocol):
    """The part of `EventStream` that a sign needs: whether events are being mended."""

    @property
    def mending(self) -> bool:
        """See `EventStream`."""


class LeaderSign:
    """Signs of one leader. `waits`: its loop has nothing to answer.

    A sign refers to the loop's partition, not to the loop, so an ended leader leaves no circle of references behind.
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
        """Sign, if the loop has answered a message since the last refresh, or waits."""
        now = self._partition.sequence
        if (self.waits and not self._events.mending) or now != self._before:
            self._connection.publish(self._subject, b"")
            self._signed = self._loop.time()
        self._before = now

    async def run(self) -> None:
        """Refresh the sign every SIGN_INTERVAL, for ever."""
        try:
            while True:
                self.refresh()
                await asyncio.sleep(SIGN_INTERVAL)
        finally:
            # The leader refers to its sign: a sign that referred back would keep the partition (streams/collector.py).
            self._progress, self._waits = lambda: 0, lambda: False


class Liveness:
    """Liveness: which partitions have a leader that answers, by the signs that have reached this process.

    absent: the partitions whose last sign is too old; stored, not computed, because order entry asks for each order.
    """

    def __init__(self, partitions: int, absent_seconds: float) -> None:
        self.absent: frozenset[int] = frozenset()
        self._absent_seconds = absent_seconds
        self._loop = asyncio.get_running_loop()
        self._heard: list[float | None] = [None] * partitions
        self._since = self._loop.time()

    def hear(self, partition: int) -> None:
        """Record that a partition has signed, or has answered."""
        self._heard[partition] = self._loop.time()
        if partition in self.absent:
            self.absent -= {partition}
            log.info("partition.answers_again", partition=partition)

    def excuse(self) -> None:
        """Count every silence from now on: until now this process was cut off and could receive no sign."""
        self._since = self._loop.time()

    def answers(self, partition: int) -> bool:
        """Whether a partition has signed within `absent_seconds`; unlike `absent`, False before its first sign."""
        heard = self._heard[partition]
        return heard is not None and self._loop.time() - heard < self._absent_seconds

    def refresh(self) -> None:
        """Recompute `absent`."""
        oldest = self._loop.time() - self._absent_seconds
        last = [max(heard or self._since, self._since) for heard in self._heard]
        silent = [number for number, at in enumerate(last) if at <= oldest]
        for partition in silent:
            if partition not in self.absent:
                log.warning("partition.absent", partition=partition, seconds=self._absent_seconds)
        self.absent = frozenset(silent)

    async def run(self) -> None:
        """Refresh `absent` every LOOK_INTERVAL, for ever."""
        while True:
            await asyncio.sleep(LOOK_INTERVAL)
            self.refresh()
