"""`kill -9` of the one nats-server: what was answered is there, and trading resumes by itself."""

from __future__ import annotations

import asyncio

from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.run import Run, under_load

CALM_SECONDS = 3.0
AWAY_SECONDS = 1.0
RESUMED_SECONDS = 5.0
GIVE_UP_SECONDS = 60.0


async def kill_nats(run: Run) -> Findings:
    """Kill it `times` times, each time away for AWAY_SECONDS."""
    findings = Findings("kill-nats")
    exchange = Exchange(run.directory)
    partitions = range(exchange.settings.partitions)
    took: list[float] = []
    async with under_load(run, exchange, findings) as crowd:
        (server,) = exchange.nodes
        for _ in range(run.times):
            await asyncio.sleep(CALM_SECONDS)
            server.kill()
            await server.ended()
            await asyncio.sleep(AWAY_SECONDS)
            server.start()
            restarted = asyncio.get_running_loop().time()
            took.append(max(await crowd.until_answered(partitions, restarted, GIVE_UP_SECONDS)))
    findings.seconds(f"{run.times} kills: trading again after the restart", took, RESUMED_SECONDS)
    return findings
