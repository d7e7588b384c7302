"""`kill -9` of the one nats-server: what was answered is there, and trading resumes by itself."""

from __future__ import annotations

import asyncio

from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.process import Process
from tests.chaos.run import Run, under_load
from tests.chaos.scenarios.recovering import times_to_recover

AWAY_SECONDS = 1.0
RESUMED_SECONDS = 5.0


async def kill_nats(run: Run) -> Findings:
    """Kill it `times` times, each time away for AWAY_SECONDS."""
    findings = Findings("kill-nats")
    exchange = Exchange(run.directory)
    async with under_load(run, exchange, findings) as crowd:
        recovered = await times_to_recover(run, exchange, crowd, _kill_and_restart)
    answered, ready = zip(*recovered, strict=True)
    findings.seconds(f"{run.times} kills: trading again after the restart", list(answered), RESUMED_SECONDS)
    findings.seconds("every gateway ready again", list(ready), RESUMED_SECONDS)
    return findings


async def _kill_and_restart(server: Process) -> None:
    server.kill()
    await server.ended()
    await asyncio.sleep(AWAY_SECONDS)
    server.start()
