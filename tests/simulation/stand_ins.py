"""What stands in for the outside while a world runs: clocks, randomness, NATS, the log.

The modules of streams/ and gateway/ find them in place of the standard library's, whatever they import.
"""

from __future__ import annotations

import gc
import random
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import structlog

from streams.journal.clock import JournalClock
from tests.simulation.network import SimulatedClient

if TYPE_CHECKING:
    from tests.simulation.world import World
    from tests.support.broker.server import Broker

FOLDERS = ("streams.", "gateway.")

Hear = Callable[[str, dict[str, Any]], None]
"""Told the level and the members of each line of the log."""


class Collector:
    """In place of garbage collection, which is the whole run's and not one process's."""

    def __getattr__(self, _: str) -> Callable[..., tuple[int, ...]]:
        return lambda *_: (0, 0, 0)


@contextmanager
def installed(world: World, broker: Broker, hear: Hear) -> Iterator[None]:
    """Put everything in place for as long as the block lasts."""
    from streams.broker.client import NatsClient
    from streams.recovery import fork

    replacements: list[tuple[Any, Any]] = [
        (time, _clock_of(world)),
        (secrets, _secrets_of(world)),
        (random, world.random),
        (gc, Collector()),
        (fork.in_child, _in_process),
        (JournalClock, partial(JournalClock, world.monotonic)),
        (NatsClient, lambda: _client(world, broker)),
    ]
    changed: list[tuple[Any, str, Any]] = []
    for name, module in list(sys.modules.items()):
        if not name.startswith(FOLDERS):
            continue
        for attribute, value in list(vars(module).items()):
            for original, replacement in replacements:
                if value is original and getattr(value, "__module__", "") != name:
                    changed.append((module, attribute, value))
                    setattr(module, attribute, replacement)
    before = structlog.get_config()
    structlog.configure(processors=[partial(_hear_log, hear)], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)
        for module, attribute, value in changed:
            setattr(module, attribute, value)


def _clock_of(world: World) -> SimpleNamespace:
    return SimpleNamespace(
        time=lambda: world.wall() / 1e9,
        time_ns=world.wall,
        monotonic=lambda: world.now,
        monotonic_ns=world.monotonic,
        perf_counter=lambda: world.now,
        perf_counter_ns=world.monotonic,
    )


def _secrets_of(world: World) -> SimpleNamespace:
    return SimpleNamespace(
        choice=world.random.choice,
        token_hex=lambda count: world.random.randbytes(count).hex(),
        token_bytes=world.random.randbytes,
        randbelow=world.random.randrange,
    )


async def _in_process(work: Callable[[], None], _: Any) -> float:
    work()
    return 0.0


def _client(world: World, broker: Broker) -> SimulatedClient:
    assert world.running is not None, "only a process connects"
    return SimulatedClient(broker, world.running)


def _hear_log(hear: Hear, _: Any, level: str, members: dict[str, Any]) -> Any:
    hear(level, members)
    raise structlog.DropEvent
