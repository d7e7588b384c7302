"""Full disk: restarts nats-server when there is room again, which lets the server write again.

A stream whose file could not be written stays frozen until its server is restarted: its publishes time out, even when
there is room again. No acknowledged message is lost meanwhile. nats-server logs the failure, and `up` reads its log.

The restart waits until ROOM_BYTES are free, or the next write would fail again.
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
"""Part of nats-server's log line about a stream that it cannot write, in lower case."""

ROOM_BYTES: Final = 16 * 1024 * 1024
POLL_SECONDS: Final = 0.5
SETTLE_SECONDS: Final = 5.0
"""The time after a restart in which lines from before the restart may still arrive."""


def room_at(path: Path) -> int:
    """The bytes that may still be written at a path."""
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize


class FullDisk:
    """The watch over the disk that has `store`."""

    def __init__(
        self, store: Path, *, room: Callable[[Path], int] = room_at, poll_seconds: float = POLL_SECONDS
    ) -> None:
        self._store = store
        self._room = room
        self._poll_seconds = poll_seconds
        self._met = asyncio.Event()

    def hear(self, line: bytes) -> None:
        """Check a line of nats-server's log for a failed write."""
        if not self._met.is_set() and SAYS_SO in line.lower():
            log.error("disk.full", store=str(self._store), free_bytes=self.free_bytes(), needed_bytes=ROOM_BYTES)
            self._met.set()

    def look_ahead(self, streams_bytes: int) -> None:
        """Warn if the disk has less room than the streams may grow to: the disk would be full before any stream."""
        held = sum(path.stat().st_size for path in self._store.rglob("*.blk"))
        if self.free_bytes() + held < streams_bytes:
            log.warning(
                "disk.small", store=str(self._store), free_bytes=self.free_bytes(), streams_may_take=streams_bytes
            )

    def free_bytes(self) -> int:
        """The free bytes now."""
        return self._room(self._store)

    async def run(self, restart: Callable[[], None]) -> None:
        """Whenever the disk was full, wait for room and call `restart`, until canceled."""
        while True:
            await self._met.wait()
            while self.free_bytes() < ROOM_BYTES:  # noqa: ASYNC110 - a file system has no event for us
                await asyncio.sleep(self._poll_seconds)
            log.warning("disk.has_room", free_bytes=self.free_bytes(), now="restarting nats-server")
            restart()
            await asyncio.sleep(SETTLE_SECONDS)
            self._met.clear()
