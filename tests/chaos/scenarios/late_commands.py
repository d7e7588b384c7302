"""nats-server frozen for longer than a command may be old: what reaches the journal late is refused by journal time."""

from __future__ import annotations

import asyncio

from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.process import Process
from tests.chaos.run import Run, under_load
from tests.chaos.scenarios.recovering import times_to_recover
from tests.chaos.stored import ages_of

FROZEN_SECONDS = 10.0
AGE_SECONDS = 5.0
"""`command_age_max` of streams/topology.py."""


async def late_commands(run: Run) -> Findings:
    """Freeze nats-server for FROZEN_SECONDS, `times` times."""
    findings = Findings("late-commands")
    exchange = Exchange(run.directory)
    async with under_load(run, exchange, findings) as crowd:
        recovered = await times_to_recover(run, exchange, crowd, _freeze)
        await crowd.settle()
        ages = [await ages_of(exchange.connection, number) for number in range(exchange.settings.partitions)]
        oldest = max(of_partition.oldest_executed for of_partition in ages)
        late = sum(of_partition.refused_late for of_partition in ages)
        text = f"{late} refused too_late, the oldest carried out was {oldest:.3f} s old"
        findings.measure("late commands", text, f"> 0, < {AGE_SECONDS:g} s", holds=late > 0 and oldest <= AGE_SECONDS)
    findings.notes.append(f"trading again after the thaw: {[round(each.answered, 3) for each in recovered]} s")
    return findings


async def _freeze(server: Process) -> None:
    server.freeze()
    await asyncio.sleep(FROZEN_SECONDS)
    server.thaw()
