"""Fork: work in a copy of the whole process, so that the process itself does not wait for it.

A forked child has the state of one moment and shares its memory until either side changes it. The child does its work
and ends; it never returns into the event loop, closes every connection that it has inherited, and is killed when its
caller is canceled or after CHILD_SECONDS_MAX.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import time
from collections.abc import Callable, Iterable
from typing import Final, NoReturn

import structlog

from streams.errors import ChildFailed

log = structlog.get_logger()

CHILD_SECONDS_MAX: Final = 120.0
POLL_INTERVAL: Final = 0.02
NICENESS: Final = 10
FIRST_DESCRIPTOR: Final = 3
"""The descriptors before are standard input, output and error."""

DESCRIPTORS_MAX: Final = 1 << 20


async def in_child(work: Callable[[], None], descriptors: Iterable[int]) -> float:
    """Do `work` in a copy of this process with these open files; returns seconds that the fork itself took.

    Raises ChildFailed if the child did not end well, TimeoutError if not in time.
    """
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        _be_child(work, set(descriptors))
    pause = time.perf_counter() - began
    try:
        async with asyncio.timeout(CHILD_SECONDS_MAX):
            code = await _exit_code(child)
    except BaseException:
        _kill(child)
        raise
    if code:
        raise ChildFailed(f"a child ended with {code}")
    return pause


async def _exit_code(child: int) -> int:
    """Poll until a child has ended, the one way that works on every event loop and system; returns its exit code."""
    while True:
        process, status = os.waitpid(child, os.WNOHANG)  # noqa: ASYNC222 - it does not wait
        if process:
            return os.waitstatus_to_exitcode(status)
        await asyncio.sleep(POLL_INTERVAL)


def _kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _be_child(work: Callable[[], None], descriptors: set[int]) -> NoReturn:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        # A connection must not outlive the parent because its child still has it open.
        _close_all_but(descriptors)
        gc.disable()
        os.nice(NICENESS)
        work()
        code = 0
    except BaseException:
        log.exception("child.failed")
    finally:
        os._exit(code)


def _close_all_but(kept: set[int]) -> None:
    first = FIRST_DESCRIPTOR
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = descriptor + 1
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    os.closerange(first, limit if 0 < limit < DESCRIPTORS_MAX else DESCRIPTORS_MAX)
