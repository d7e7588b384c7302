"""The garbage of a process that holds partitions: hundreds of thousands of orders that live long, none of it garbage.

Left to itself Python looks at young objects when there are many more of them than before. Where as many old ones go as
new ones come that is seldom, and then they are a hundred thousand at once; now and then it looks at all there are. A
leader stops for a tenth of a second, or for half of one, and nothing is found. Here the young are looked at so often
that they are few, and what is left of them never again: what is large and in cycles is let go of by hand
(`exchange.checkpoint.release`), and what else a worker does leaves no cycles that live for longer.
"""

from __future__ import annotations

import asyncio
import gc
import traceback
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Final

INTERVAL: Final = 0.02
"""Seconds from one look to the next: under full load a thousand commands, which take a millisecond to look at."""


async def beside(work: Awaitable[None], interval: float = INTERVAL) -> None:
    """Do a process's work, and look at what is young meanwhile, and at nothing else."""
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
    """Collect what has come and gone since the last look, and spare what is left any other."""
    gc.collect(0)
    gc.freeze()


def clear_frames(error: BaseException) -> None:
    """Let the calls that an error has come through forget what they held; it is still to be raised, or told.

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
    """Collect nothing while a partition is loaded, nor look for anything in it afterwards."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
