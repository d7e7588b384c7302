"""Lease doubt: whether a worker may still believe what it last read about its leases.

A frozen process shows as a pause of its own clock. After a pause that may have outlasted a lease, counted from the last
beat before it, and after a broken connection, another worker may lead: nothing is published until the leases have been
read again. If they cannot be read, going on is better than waiting: two leaders at once change nothing
(docs/decisions/0002-…). But of two leaders the one that knows less must not answer queries.
"""

from __future__ import annotations

import asyncio

import structlog

log = structlog.get_logger()


class Certainty:
    """Lease doubt of one worker. `refresh` is called often; a beat begun after a doubt ends the doubt.

    Queries need `is_sure`: while our lease has been written within its time no other worker leads.
    """

    def __init__(self, lease_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._loop = asyncio.get_running_loop()
        self._looked = self._loop.time()
        self._lapses = self._looked + lease_seconds
        self._lapsed = False
        self._renewed = asyncio.Event()
        self.doubts = 0
        """How often another worker may have begun to lead."""
        self._certain = asyncio.Event()
        self._certain.set()

    def refresh(self) -> bool:
        """Whether there is no doubt; detects that the process was frozen."""
        now = self._loop.time()
        pause, self._looked = now - self._looked, now
        if pause > self._lease_seconds / 2:
            log.warning("worker.was_frozen", seconds=round(pause, 3))
            self.doubt()
        return self._certain.is_set()

    def is_sure(self) -> bool:
        """Whether no other worker can lead our partitions now: there is no doubt, and the lease has not lapsed."""
        certain = self.refresh()
        if self._loop.time() >= self._lapses and not self._lapsed:
            self._lapsed = True
            self.doubts += 1
        return certain and not self._lapsed

    def doubt(self) -> None:
        """Record a doubt: another worker may have taken over."""
        self.doubts += 1
        self._certain.clear()

    async def wait(self) -> None:
        """Wait until the leases have been read again."""
        await self._certain.wait()

    async def wait_sure(self) -> None:
        """Wait until no other worker can lead our partitions."""
        await self._certain.wait()
        while not self.is_sure():
            self._renewed.clear()
            await self._renewed.wait()

    def renew(self, began: float) -> None:
        """Record that a write of our lease was stored; the write began at `began` of the loop's clock."""
        self._lapses = began + self._lease_seconds
        self._lapsed = False
        self._renewed.set()

    def begin(self) -> int:
        """Begin a beat; returns the mark that `end` needs."""
        self.refresh()
        return self.doubts

    def end(self, begun: int) -> None:
        """End a beat whose findings were all carried out; ends the doubts from before the beat."""
        if begun == self.doubts:
            self._certain.set()
            self._renewed.set()
