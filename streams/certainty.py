"""Whether a worker may still believe what it last read about its leases.

A process that was frozen does not notice it; its own clock does. After a pause that may have been, with the time since
the last beat before it, longer than a lease lives, and after a broken connection, somebody else may lead: nothing is
published until the leases have been read again. Where they cannot be read, going on is better than waiting: two
leaders at once change nothing (docs/decisions).
"""

from __future__ import annotations

import asyncio

import structlog

log = structlog.get_logger()


class Certainty:
    """See the module. `look` is called often, and tells; a beat that began after the doubt ends it."""

    def __init__(self, pause_max: float) -> None:
        self._pause_max = pause_max
        self._loop = asyncio.get_running_loop()
        self._looked = self._loop.time()
        self.doubts = 0
        """How often it was in doubt."""
        self._certain = asyncio.Event()
        self._certain.set()

    def look(self) -> bool:
        """Whether all is certain; finds out by itself that the process was frozen."""
        now = self._loop.time()
        pause, self._looked = now - self._looked, now
        if pause > self._pause_max:
            log.warning("worker.was_frozen", seconds=round(pause, 3))
            self.doubt()
        return self._certain.is_set()

    def doubt(self) -> None:
        """Somebody else may have taken over."""
        self.doubts += 1
        self._certain.clear()

    async def wait(self) -> None:
        """Wait until the leases have been read again."""
        await self._certain.wait()

    def begin(self) -> int:
        """A beat begins; give what this returns to `end`."""
        self.look()
        return self.doubts

    def end(self, begun: int) -> None:
        """The beat has ended, and all that it found was carried out."""
        if begun == self.doubts:
            self._certain.set()
