"""Lets a session's frames in one after the other: while one has to wait, those behind it wait too.

Bound: reading stops while a frame waits, so only what had been read already stands here.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine


class Shell(Protocol):
    """The connection's outside: what a session asks of its socket."""

    def close(self, code: int, reason: str) -> None:
        """Say goodbye; nothing is sent or taken after it."""

    def pause(self) -> None:
        """Read no more for now."""

    def go_on(self) -> None:
        """Read again."""


class FrameGate:
    """`take` is given each frame in its turn."""

    def __init__(self, accept: Callable[[bytes], None], shell: Shell, tasks: asyncio.TaskGroup) -> None:
        self._accept = accept
        self._shell = shell
        self._tasks = tasks
        self._waiting: deque[bytes] = deque()
        self._held = False

    def arrive(self, frame: bytes) -> None:
        """A frame comes."""
        if self._held:
            self._waiting.append(frame)
        else:
            self._accept(frame)

    def hold(self, work: Coroutine[Any, Any, None]) -> None:
        """Let nothing more in until this is done; it takes care of its own failures."""
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
