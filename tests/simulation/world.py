"""Virtual time and the processes that live in it. One seed decides everything that happens.

Nothing takes time but waiting: a turn of a process is instantaneous, and when nobody has anything to do the clock jumps
to the next moment at which somebody has. Times are seconds, but wall clocks ns.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from heapq import heappop, heappush
from random import Random
from typing import Any

from gateway.services import Services
from tests.simulation.loop import SimulatedLoop, SimulatedTask

EPOCH = 1_790_000_000
SECOND = 1_000_000_000
TURNS_MAX = 50_000
"""In one moment; more is a loop that never waits."""

ENDING_ROUNDS_MAX = 10_000


class Stuck(Exception):
    """The world cannot go on: nothing will ever happen again, or one moment never ends."""


class Due:
    """Something that happens at a time, unless it is canceled."""

    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        self.action = None


class Process:
    """One process: a loop, a wall clock, and a life."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.loop = SimulatedLoop(lambda: world.now)
        self.alive = True
        self.frozen_until = 0.0
        self.wakes = float("inf")
        """When its next timer is due, if it is not ready anyway; only its own turns change that."""
        self.clock_offset = 0
        self.main: SimulatedTask | None = None
        self.ended: list[Callable[[], None]] = []
        """Called when it has died, by itself or not."""
        self.stop = asyncio.Event()
        """SIGTERM."""
        self.services: Services | None = None
        """Of a gateway that serves, and its connections."""
        self.transports: dict[asyncio.Transport, None] = {}

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin its main task; the process ends with it."""
        self.main = self.loop.create_task(work)
        self.main.add_done_callback(lambda _: self.kill())

    def kill(self) -> None:
        """End it where it stands."""
        if self.alive:
            self.alive = False
            for tell in self.ended:
                tell()

    def freeze(self, seconds: float) -> None:
        """Stop it for a while; whatever comes for it waits."""
        self.frozen_until = max(self.frozen_until, self.world.now + seconds)

    @property
    def runs(self) -> bool:
        """Whether it is alive and not frozen."""
        return self.alive and self.frozen_until <= self.world.now

    def turn(self) -> None:
        """Let its loop turn once."""
        self.world.running = self
        try:
            self.loop.turn()
        finally:
            self.world.running = None
        self.wakes = self.loop.next_time()


class World:
    """See the module."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311
        self.now = 1000.0
        self.running: Process | None = None
        self.processes: list[Process] = []
        self.turns = 0
        self._graveyard: list[Process] = []
        self._due: list[tuple[float, int, Due]] = []
        self._numbers = itertools.count()
        self._turns_now = 0

    def wall(self) -> int:
        """The wall clock of whoever asks, ns."""
        offset = self.running.clock_offset if self.running else 0
        return EPOCH * SECOND + round(self.now * SECOND) + offset

    def monotonic(self) -> int:
        """Everybody's monotonic clock, ns."""
        return round(self.now * SECOND)

    def process(self, name: str) -> Process:
        """A new process, still without work."""
        process = Process(self, name)
        self.processes.append(process)
        return process

    def after(self, seconds: float, action: Callable[[], None]) -> Due:
        """Let something happen, whoever is alive then."""
        due = Due(action)
        heappush(self._due, (self.now + seconds, next(self._numbers), due))
        return due

    def run(self, seconds: float, until: Callable[[], object] = lambda: False) -> bool:
        """Let time pass, `seconds` or until a condition holds; whether it does."""
        end = self.now + seconds
        while not until():
            if not self._step(end):
                return bool(until())
        return True

    def end(self) -> None:
        """Let every task of every process that ever was end; nothing of it matters to anybody any more."""
        for process in self._graveyard + self.processes:
            process.alive = False
            for _ in range(ENDING_ROUNDS_MAX):
                if not process.loop.tasks:
                    break
                if not process.loop.ready:
                    for task in list(process.loop.tasks):
                        task.cancel()
                if not process.loop.ready:
                    process.loop.wake(float("inf"))
                process.turn()
        self.processes.clear()

    def _step(self, end: float) -> bool:
        """Let one thing happen; False if nothing does until `end`."""
        now = self.now
        ready = [each for each in self.processes if each.loop.ready and each.alive and each.frozen_until <= now]
        if ready:
            self._turn(ready[0] if len(ready) == 1 else self.random.choice(ready))
            return True
        when = self._next_time()
        if when > end:
            self.now = end
            return False
        if when == self.now and self._turns_now > TURNS_MAX:
            raise Stuck("one moment never ends")
        if when > self.now:
            self._turns_now = 0
        self.now = max(self.now, when)
        self._turns_now += 1
        while self._due and self._due[0][0] <= self.now:
            action = heappop(self._due)[2].action
            if action is not None:
                action()
        for process in self.processes:
            if process.wakes <= self.now and process.runs:
                process.loop.wake(self.now)
        return True

    def _next_time(self) -> float:
        """When anything has something to do next; what is dead is buried on the way."""
        self._bury()
        when = self._due[0][0] if self._due else float("inf")
        for process in self.processes:
            wakes = self.now if process.loop.ready else process.wakes
            when = min(when, max(wakes, process.frozen_until))
        return when

    def _bury(self) -> None:
        if not all(process.alive for process in self.processes):
            self._graveyard += [process for process in self.processes if not process.alive]
            self.processes = [process for process in self.processes if process.alive]

    def _turn(self, process: Process) -> None:
        self.turns += 1
        self._turns_now += 1
        if self._turns_now > TURNS_MAX:
            raise Stuck(f"{process.name} never waits")
        process.turn()
