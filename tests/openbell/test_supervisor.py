"""Children are started, shown, started again and ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from openbell.errors import WRONG_USE
from openbell.local.supervisor import Child, RestartBounds, Role, Supervisor
from tests.support.nats import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WAITS = "import time\nprint('here', flush=True)\ntime.sleep(600)"
DRAINS = (
    "import signal, sys, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('drained', flush=True)))\n" + WAITS
)
IGNORES = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WAITS


class Shown(list[str]):
    """The lines that a child wrote."""

    def __call__(self, line: bytes) -> None:
        self.append(line.decode().rstrip("\n"))


def role(name: str, program: str, shown: Shown) -> Role:
    return Role(name, (sys.executable, "-c", program), dict(os.environ), shown)


@asynccontextmanager
async def supervising(**bounds: Any) -> AsyncIterator[Supervisor]:
    """A supervisor that starts a child again soon."""
    found = Supervisor(RestartBounds(**{"backoff_seconds": 0.01} | bounds))
    yield found
    found.kill()
    await asyncio.gather(*(child.stop() for child in found.children))


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    async with supervising() as found:
        yield found


def process_of(child: Child) -> asyncio.subprocess.Process:
    """The process that a child is now."""
    assert child.process is not None
    return child.process


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_killed_child_is_started_again(supervisor: Supervisor) -> None:
    """After kill -9 there is a new process of the same role, and the old one is gone."""
    shown = Shown()
    (child,) = supervisor.start([role("worker-1", WAITS, shown)])
    await until(lambda: shown == ["here"])
    first = process_of(child).pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: shown == ["here", "here"])
    assert child.running
    assert process_of(child).pid != first
    assert not alive(first)


async def test_stopping_lets_a_child_finish(supervisor: Supervisor) -> None:
    """A child that is stopped gets SIGTERM, says its last words, and is not started again."""
    shown = Shown()
    (child,) = supervisor.start([role("worker-1", DRAINS, shown)])
    await until(lambda: shown == ["here"])
    await supervisor.stop("worker")
    assert shown == ["here", "drained"]
    assert process_of(child).returncode == 0
    assert child.starts == 1


async def test_a_child_that_does_not_end_is_killed() -> None:
    """Draining has a bound, after which the child is killed."""
    shown = Shown()
    async with supervising(drain_seconds=0.2) as supervisor:
        (child,) = supervisor.start([role("worker-1", IGNORES, shown)])
        await until(lambda: shown == ["here"])
        await supervisor.stop("worker")
        assert process_of(child).returncode == -signal.SIGKILL


async def test_stopping_one_kind_leaves_the_others(supervisor: Supervisor) -> None:
    """Roles end one kind after the other."""
    shown = Shown()
    gateway, worker = supervisor.start([role("gateway-1", WAITS, shown), role("worker-1", WAITS, shown)])
    await until(lambda: len(shown) == 2)
    await supervisor.stop("gateway")
    assert not gateway.running
    assert worker.running


async def test_a_child_that_cannot_run_is_given_up(supervisor: Supervisor) -> None:
    """The exit code of wrong use is reported once instead of being repeated for ever."""
    shown = Shown()
    (child,) = supervisor.start([role("gateway-1", f"raise SystemExit({WRONG_USE})", shown)])
    assert await asyncio.wait_for(supervisor.gave_up, 10) is child
    assert child.starts == 1


async def test_a_child_that_keeps_dying_is_started_less_and_less_often() -> None:
    """Each pause is twice the one before, up to the longest, and each death is told."""
    with capture_logs() as events:
        async with supervising(backoff_seconds_max=0.04) as supervisor:
            supervisor.start([role("gateway-1", "raise SystemExit(1)", Shown())])
            await until(lambda: len(events) >= 4)
    assert [event["again_in_seconds"] for event in events[:4]] == [0.01, 0.02, 0.04, 0.04]
    assert events[0] == {
        "event": "child.ended",
        "log_level": "warning",
        "child": "gateway-1",
        "by": "exit code 1",
        "again_in_seconds": 0.01,
    }


async def test_no_line_is_lost_however_long() -> None:
    """A line beyond the bound comes in pieces, and what has no line end comes too."""
    shown = Shown()
    program = f"print('x' * 2_500)\nprint('end', end='')\nraise SystemExit({WRONG_USE})"
    async with supervising(line_bytes_max=1_000) as supervisor:
        supervisor.start([role("gateway-1", program, shown)])
        await asyncio.wait_for(supervisor.gave_up, 10)
    assert "".join(shown) == "x" * 2_500 + "end"


async def test_children_are_out_of_reach_of_the_terminal(supervisor: Supervisor) -> None:
    """Ctrl-C goes to the terminal's process group, where no child is."""
    shown = Shown()
    (child,) = supervisor.start([role("worker-1", WAITS, shown)])
    await until(lambda: shown == ["here"])
    assert os.getpgid(process_of(child).pid) != os.getpgid(0)
