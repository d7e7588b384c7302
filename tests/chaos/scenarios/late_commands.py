"""nats-server frozen for longer than a command may be old: what reaches the journal late is refused by journal time."""

from __future__ import annotations

import asyncio

from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.run import Run, under_load
from tests.chaos.stored import ages_of

FROZEN_SECONDS = 10.0
CALM_SECONDS = 3.0
AGE_SECONDS = 5.0
"""`command_age_max` of streams/topology.py."""

GIVE_UP_SECONDS = 60.0


async def late_commands(run: Run) -> Findings:
    """Freeze nats-server for FROZEN_SECONDS, `times` times."""
    findings = Findings("late-commands")
    exchange = Exchange(run.directory)
    partitions = range(exchange.settings.partitions)
    took: list[float] = []
    async with under_load(run, exchange, findings) as crowd:
        (server,) = exchange.nodes
        for _ in range(run.times):
            await asyncio.sleep(CALM_SECONDS)
            server.freeze()
            await asyncio.sleep(FROZEN_SECONDS)
            server.thaw()
            thawed = asyncio.get_running_loop().time()
            took.append(max(await crowd.until_answered(partitions, thawed, GIVE_UP_SECONDS)))
        await crowd.settle()
        ages = [await ages_of(exchange.connection, number) for number in partitions]
        oldest = max(of_partition.oldest_executed for of_partition in ages)
        late = sum(of_partition.refused_late for of_partition in ages)
        text = f"{late} refused too_late, the oldest carried out was {oldest:.3f} s old"
        findings.measure("late commands", text, f"> 0, < {AGE_SECONDS:g} s", holds=late > 0 and oldest <= AGE_SECONDS)
    findings.notes.append(f"trading again after the thaw: {[round(seconds, 3) for seconds in took]} s")
    return findings
