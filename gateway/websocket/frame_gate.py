"""Frame gate: admits a session's frames in order; while one frame waits, the frames behind it are queued.

Bound: reading pauses while a frame waits, so only frames that had been read already are queued.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine


class Shell(Protocol):
    """The socket as a session uses it."""

    def close(self, code: int, reason: str) -> None:
        """Send a close frame; nothing is sent or accepted after it."""

    def pause(self) -> None:
        """Pause reading."""

    def go_on(self) -> None:
        """Resume reading."""


class FrameGate:
    """The gate: calls `accept` with each frame in turn."""

    def __init__(self, accept: Callable[[bytes], None], shell: Shell, tasks: asyncio.TaskGroup) -> None:
        self._accept = accept
        self._shell = shell
        self._tasks = tasks
        self._waiting: deque[bytes] = deque()
        self._held = False

    def arrive(self, frame: bytes) -> None:
        """Admit or queue a frame."""
        if self._held:
            self._waiting.append(frame)
        else:
            self._accept(frame)

    def hold(self, work: Coroutine[Any, Any, None]) -> None:
        """Queue all further frames until `work` is done; `work` handles its own failures."""
        self._held = True
        self._shell.pause()
        self._tasks.create_task(self._go_on_after(work))

    async def _go_on_after(self, work: Coroutine[Any, Any, None]) -> None:
        await work
        self._held = False
        while self._waiting and not self._held:
            self._accept(self._waiting.popleft())
        if not self._held:
            self._shell.go_on()
