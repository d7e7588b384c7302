"""What happens to the one nats-server again and again, and how long it takes until all is as before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tests.chaos.crowd import Crowd
from tests.chaos.exchange import Exchange
from tests.chaos.process import Process
from tests.chaos.run import Run

CALM_SECONDS = 3.0
GIVE_UP_SECONDS = 60.0


class Recovered(NamedTuple):
    """Seconds until each partition had answered something new, and until each gateway said that it was ready."""

    answered: float
    ready: float


async def times_to_recover(
    run: Run, exchange: Exchange, crowd: Crowd, suffer: Callable[[Process], Awaitable[None]]
) -> list[Recovered]:
    """Have the server suffer `times` times, each time after some calm."""
    (server,) = exchange.nodes
    loop = asyncio.get_running_loop()
    times: list[Recovered] = []
    for _ in range(run.times):
        await asyncio.sleep(CALM_SECONDS)
        await suffer(server)
        over = loop.time()
        ready = asyncio.create_task(_ready_at(exchange))
        answered = await crowd.until_answered(range(exchange.settings.partitions), over, GIVE_UP_SECONDS)
        times.append(Recovered(max(answered), await ready - over))
    return times


async def _ready_at(exchange: Exchange) -> float:
    await exchange.ready()
    return asyncio.get_running_loop().time()
