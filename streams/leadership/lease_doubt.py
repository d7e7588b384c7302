"""Whether a worker may still believe what it last read about its leases.

A process that was frozen does not notice it; its own clock does. After a pause that may have been, with the time since
the last beat before it, longer than a lease lives, and after a broken connection, somebody else may lead: nothing is
published until the leases have been read again. Where they cannot be read, going on is better than waiting: two
leaders at once change nothing (docs/decisions). But of two the one that knows less must not answer questions.
"""

from __future__ import annotations

import asyncio

import structlog

log = structlog.get_logger()


class Certainty:
    """See the module. `look` is called often, and tells; a beat that began after the doubt ends it.

    Questions need more: as long as the lease has been written within its time nobody else leads. `is_sure` tells.
    """

    def __init__(self, lease_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._loop = asyncio.get_running_loop()
        self._looked = self._loop.time()
        self._lapses = self._looked + lease_seconds
        self._lapsed = False
        self._renewed = asyncio.Event()
        self.doubts = 0
        """How often somebody else may have begun to lead."""
        self._certain = asyncio.Event()
        self._certain.set()

    def refresh(self) -> bool:
        """Whether all is certain; finds out by itself that the process was frozen."""
        now = self._loop.time()
        pause, self._looked = now - self._looked, now
        if pause > self._lease_seconds / 2:
            log.warning("worker.was_frozen", seconds=round(pause, 3))
            self.doubt()
        return self._certain.is_set()

    def is_sure(self) -> bool:
        """Whether nobody else can lead now what we do: all is certain, and the lease has not lapsed."""
        certain = self.refresh()
        if self._loop.time() >= self._lapses and not self._lapsed:
            self._lapsed = True
            self.doubts += 1
        return certain and not self._lapsed

    def doubt(self) -> None:
        """Somebody else may have taken over."""
        self.doubts += 1
        self._certain.clear()

    async def wait(self) -> None:
        """Wait until the leases have been read again."""
        await self._certain.wait()

    async def wait_sure(self) -> None:
        """Wait until nobody else can lead what we do."""
        await self._certain.wait()
        while not self.is_sure():
            self._renewed.clear()
            await self._renewed.wait()

    def renew(self, began: float) -> None:
        """A write of our lease that began then, by the loop's clock, was stored."""
        self._lapses = began + self._lease_seconds
        self._lapsed = False
        self._renewed.set()

    def begin(self) -> int:
        """A beat begins; give what this returns to `end`."""
        self.refresh()
        return self.doubts

    def end(self, begun: int) -> None:
        """The beat has ended, and all that it found was carried out."""
        if begun == self.doubts:
            self._certain.set()
            self._renewed.set()
