"""An event loop for one simulated process: no sockets, no threads, no clock of its own; the world turns it.

Tasks and futures are hashed by a count instead of their address, so that sets of them have one order in every run.
Times are seconds of the world.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from contextvars import Context
from heapq import heappop, heappush
from typing import Any

_numbers = itertools.count()


class SimulatedFuture(asyncio.Future[Any]):
    """A future with a number."""

    number: int

    def __new__(cls, *_: Any, **__: Any) -> SimulatedFuture:
        made = super().__new__(cls)
        made.number = next(_numbers)
        return made

    def __hash__(self) -> int:
        return self.number


class SimulatedTask(asyncio.Task[Any]):
    """A task with a number."""

    number: int

    def __new__(cls, *_: Any, **__: Any) -> SimulatedTask:
        made = super().__new__(cls)
        made.number = next(_numbers)
        return made

    def __hash__(self) -> int:
        return self.number


Loop: Any = asyncio.AbstractEventLoop
"""To a type checker anything: a simulated loop has those of the 70 parts of a loop that are used in it."""


class SimulatedLoop(Loop):  # type: ignore[misc]
    """See the module. `now` tells the world's time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.ready: deque[asyncio.Handle] = deque()
        self.tasks: dict[SimulatedTask, None] = {}
        self.faults: list[dict[str, Any]] = []
        self._now = now
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []

    def time(self) -> float:
        return self._now()

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self.ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now() + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, next(_numbers), handle))
        return handle

    def create_future(self) -> SimulatedFuture:
        return SimulatedFuture(loop=self)

    def create_task(self, coro: Any, *, name: str | None = None, context: Context | None = None) -> SimulatedTask:
        task = SimulatedTask(coro, loop=self, name=name, context=context)
        self.tasks[task] = None
        task.add_done_callback(lambda done: self.tasks.pop(done, None))
        return task

    async def run_in_executor(self, _executor: Any, work: Callable[..., Any], *args: Any) -> Any:
        """Threads are faster than anything here: their work is done at once."""
        return work(*args)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.faults.append(context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is passed over when its time comes."""

    # What the world does

    def next_time(self) -> float:
        """When the next timer is due, infinity if none is."""
        while self._timers and self._timers[0][2].cancelled():
            heappop(self._timers)
        return self._timers[0][0] if self._timers else float("inf")

    def wake(self, now: float) -> None:
        """Make ready what is due by now."""
        while self._timers and self._timers[0][0] <= now:
            self.ready.append(heappop(self._timers)[2])

    def turn(self) -> None:
        """Run what is ready now, and nothing that becomes ready by it."""
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            for _ in range(len(self.ready)):
                handle = self.ready.popleft()
                if not handle.cancelled():
                    handle._run()
        finally:
            asyncio._set_running_loop(before)
