"""A disk that is full, or will be: nats-server is restarted when there is room again, which lets it write again.

A stream whose file could not be written stays frozen until its server is restarted: its publishes time out, whatever
room there is by then. Nothing acknowledged is lost meanwhile. nats-server says so on its log, which we read anyway.

The restart waits until there are ROOM_BYTES free, or the next write would only fail again.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = structlog.get_logger(__name__)

SAYS_SO: Final = b"critical write error"
"""In lower case: what nats-server's line about a stream that it cannot write holds."""

ROOM_BYTES: Final = 16 * 1024 * 1024
POLL_SECONDS: Final = 0.5
SETTLE_SECONDS: Final = 5.0
"""After a restart: lines that the server had written before it are still on their way."""


def room_at(path: Path) -> int:
    """The bytes that may still be written there."""
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize


class FullDisk:
    """What is known of the disk that holds `store`."""

    def __init__(
        self, store: Path, *, room: Callable[[Path], int] = room_at, poll_seconds: float = POLL_SECONDS
    ) -> None:
        self._store = store
        self._room = room
        self._poll_seconds = poll_seconds
        self._met = asyncio.Event()

    def hear(self, line: bytes) -> None:
        """Look at a line of nats-server's log."""
        if not self._met.is_set() and SAYS_SO in line.lower():
            log.error("disk.full", store=str(self._store), free_bytes=self.free_bytes(), needed_bytes=ROOM_BYTES)
            self._met.set()

    def look_ahead(self, streams_bytes: int) -> None:
        """Say so if the disk is smaller than what the streams may grow to: it would be full before any of them is."""
        held = sum(path.stat().st_size for path in self._store.rglob("*.blk"))
        if self.free_bytes() + held < streams_bytes:
            log.warning(
                "disk.small", store=str(self._store), free_bytes=self.free_bytes(), streams_may_take=streams_bytes
            )

    def free_bytes(self) -> int:
        """The room there is now."""
        return self._room(self._store)

    async def run(self, restart: Callable[[], None]) -> None:
        """Whenever it was full, wait for room and call `restart`, for ever."""
        while True:
            await self._met.wait()
            while self.free_bytes() < ROOM_BYTES:  # noqa: ASYNC110 - a file system has no event for us
                await asyncio.sleep(self._poll_seconds)
            log.warning("disk.has_room", free_bytes=self.free_bytes(), now="restarting nats-server")
            restart()
            await asyncio.sleep(SETTLE_SECONDS)
            self._met.clear()
