"""Garbage collection of a process with partitions: hundreds of thousands of orders that live long and are no garbage.

By default Python collects the young generation when there are many more young objects than before. If as many old
objects die as new ones are made, that is rare, and then a hundred thousand are examined at once; now and then all
objects are. A leader stops for a tenth of a second, or for half of one, and nothing is found. Here the young generation
is collected so often that it is small, and the survivors are frozen: large structures with cycles are released
explicitly (`exchange.checkpoint.release`), and the rest of a worker's work leaves no cycles that live for longer.
"""

from __future__ import annotations

import asyncio
import gc
import traceback
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Final

INTERVAL: Final = 0.02
"""Seconds between two collections: under full load a thousand commands, which take a millisecond to examine."""


async def beside(work: Awaitable[None], interval: float = INTERVAL) -> None:
    """Run a process's work, and collect only the young generation meanwhile, every `interval` seconds."""
    before = gc.get_threshold()
    gc.set_threshold(0)
    looking = asyncio.create_task(_look_on(interval))
    try:
        await work
    finally:
        looking.cancel()
        gc.unfreeze()
        gc.set_threshold(*before)


async def _look_on(interval: float) -> None:
    while True:
        await asyncio.sleep(interval)
        if gc.isenabled():
            look_at_young()


def look_at_young() -> None:
    """Collect the young generation, and freeze the survivors, so that they are never examined again."""
    gc.collect(0)
    gc.freeze()


def clear_frames(error: BaseException) -> None:
    """Clear the local variables of the calls that an error has passed through; it can still be raised and logged.

    A task group that is canceled or fails leaves an error and its own call in a cycle, and with them every call
    beneath: a leader, and by it a whole partition.
    """
    seen: set[int] = set()
    errors: list[BaseException | None] = [error]
    while errors:
        found = errors.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        traceback.clear_frames(found.__traceback__)
        errors += [found.__cause__, found.__context__]
        if isinstance(found, BaseExceptionGroup):
            errors += found.exceptions


@contextmanager
def no_looks() -> Iterator[None]:
    """Collect nothing while a partition is loaded, and freeze its objects afterwards."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
