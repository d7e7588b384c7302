"""Supervisor: starts child processes, shows their output, restarts those that die, and ends all in order.

- A child that dies is restarted after `BACKOFF_SECONDS`, twice as long each time up to `BACKOFF_SECONDS_MAX`; a child
  that had lived for `SETTLED_SECONDS` starts at `BACKOFF_SECONDS` again.
- A child that ends with the exit code `WRONG_USE` would do so every time: it is reported and not restarted.
- Children have sessions of their own, so Ctrl-C reaches the supervisor alone, which ends them in order; they end
  with it by `lifeline`.
"""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from openbell.errors import WRONG_USE
from openbell.local import lifeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

log = structlog.get_logger(__name__)

BACKOFF_SECONDS: Final = 0.2
BACKOFF_SECONDS_MAX: Final = 10.0
SETTLED_SECONDS: Final = 10.0
DRAIN_SECONDS: Final = 10.0
"""How long a child may take to end by itself before the supervisor kills it."""

LINE_BYTES_MAX: Final = 65_536
"""Longer lines are cut into pieces of this size."""


@dataclass(frozen=True)
class Role:
    """A child process to run, in an environment of its own."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)
    show: Callable[[bytes], None] = field(repr=False)
    """Called with each line that the child writes."""

    inherited: tuple[int, ...] = ()
    """Descriptors that the child keeps open."""


@dataclass(frozen=True, slots=True)
class RestartBounds:
    """The bounds of waiting for children, in seconds, and of their lines, in bytes."""

    backoff_seconds: float = BACKOFF_SECONDS
    backoff_seconds_max: float = BACKOFF_SECONDS_MAX
    drain_seconds: float = DRAIN_SECONDS
    line_bytes_max: int = LINE_BYTES_MAX


USUAL: Final = RestartBounds()


class Child:
    """One role, kept running until it is stopped."""

    def __init__(self, role: Role, gave_up: Callable[[Child], None], bounds: RestartBounds = USUAL) -> None:
        """`gave_up` is called when the role cannot run with its configuration."""
        self.role = role
        self._bounds = bounds
        self.process: asyncio.subprocess.Process | None = None
        self.starts = 0
        self._gave_up = gave_up
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Run the role and keep it running."""
        self._task = asyncio.create_task(self._keep_running(), name=self.role.name)

    @property
    def running(self) -> bool:
        """Whether the child's process lives now."""
        return self.process is not None and self.process.returncode is None

    async def stop(self) -> None:
        """Ask the process to end, and kill it after `drain_seconds`."""
        self._stopping.set()
        self._signal(signal.SIGTERM)
        if self._task is None:
            return
        done, _ = await asyncio.wait([self._task], timeout=self._bounds.drain_seconds)
        if not done:
            log.warning("child.killed", child=self.role.name, after_seconds=self._bounds.drain_seconds)
            self.kill()
        await self._task

    def restart(self) -> None:
        """Ask the process to end; it is restarted as if it had died."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process at once, and for good."""
        self._stopping.set()
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    async def _keep_running(self) -> None:
        loop = asyncio.get_running_loop()
        backoff = self._bounds.backoff_seconds
        while not self._stopping.is_set():
            started = loop.time()
            code = await self._run_once()
            if self._stopping.is_set():
                return
            if code == WRONG_USE:
                self._gave_up(self)
                return
            if loop.time() - started >= SETTLED_SECONDS:
                backoff = self._bounds.backoff_seconds
            log.warning("child.ended", child=self.role.name, by=_ending(code), again_in_seconds=backoff)
            await self._pause(backoff)
            backoff = min(backoff * 2, self._bounds.backoff_seconds_max)

    async def _run_once(self) -> int:
        """Run the process once, from its start to its exit code."""
        process = self.process = await self._spawn()
        self.starts += 1
        if self._stopping.is_set():
            # `stop` was called while the process was being created, and found nothing to signal.
            process.terminate()
        assert process.stdout is not None
        await _read_lines(process.stdout, self.role.show, self._bounds.line_bytes_max)
        return await process.wait()

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.role.command,
            env={**self.role.environment, lifeline.PARENT: str(os.getpid()), "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=self._bounds.line_bytes_max,
            start_new_session=True,
            pass_fds=self.role.inherited,
        )

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


class Supervisor:
    """The children of one exchange, in the order they were started."""

    def __init__(self, bounds: RestartBounds = USUAL) -> None:
        """A supervisor without children."""
        self._bounds = bounds
        self.children: list[Child] = []
        self.gave_up: asyncio.Future[Child] = asyncio.get_running_loop().create_future()

    def start(self, roles: Iterable[Role]) -> list[Child]:
        """Start the roles together and keep them running."""
        started = [Child(role, self._note, self._bounds) for role in roles]
        for child in started:
            child.start()
        self.children += started
        return started

    async def stop(self, kind: str) -> None:
        """End all children of a kind (`worker` of `worker-1`) together."""
        ending = [child for child in self.children if child.role.name.partition("-")[0] == kind]
        await asyncio.gather(*(child.stop() for child in ending))

    def kill(self) -> None:
        """Kill all children at once."""
        for child in self.children:
            child.kill()

    def _note(self, child: Child) -> None:
        if not self.gave_up.done():
            self.gave_up.set_result(child)


async def _read_lines(stream: asyncio.StreamReader, show: Callable[[bytes], None], line_bytes_max: int) -> None:
    """Pass the child's lines on until it closes them."""
    while True:
        try:
            line = await stream.readuntil()
        except asyncio.IncompleteReadError as error:
            if error.partial:
                show(error.partial)
            return
        except asyncio.LimitOverrunError:
            line = await stream.read(line_bytes_max)
        show(line)


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
