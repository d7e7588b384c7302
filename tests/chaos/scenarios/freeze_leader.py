"""A leader that is frozen and thawed: another has taken over, the thawed one says so once and steps down."""

from __future__ import annotations

import asyncio
from collections import Counter

from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.process import Process
from tests.chaos.run import Run, under_load

FROZEN_SECONDS = 10.0
CALM_SECONDS = 3.0
GIVE_UP_SECONDS = 30.0
SAYS_SO = frozenset({"lease.lost", "partition.given_up", "partition.overtaken", "leader.overtaken"})


async def freeze_leader(run: Run) -> Findings:
    """Freeze a leader for FROZEN_SECONDS, `times` times."""
    findings = Findings("freeze-leader")
    exchange = Exchange(run.directory)
    took: list[float] = []
    said: list[int] = []
    async with under_load(run, exchange, findings) as crowd:
        for number in range(run.times):
            await asyncio.sleep(CALM_SECONDS)
            victim = await exchange.leader_of(number % exchange.settings.partitions)
            partitions = await exchange.led_by(victim)
            before = _said(victim)
            frozen = asyncio.get_running_loop().time()
            victim.freeze()
            took += await crowd.until_answered(partitions, frozen, GIVE_UP_SECONDS)
            await asyncio.sleep(max(0.0, frozen + FROZEN_SECONDS - asyncio.get_running_loop().time()))
            victim.thaw()
            await asyncio.sleep(CALM_SECONDS)
            said += list((_said(victim) - before).values())
            both = set(await exchange.led_by(victim)) & set(partitions)
            findings.notes.append(f"led {partitions} before; {sorted(both)} of them came back to it by its share")
    findings.seconds(f"{run.times} freezes: answered meanwhile", took, 2.0)
    findings.measure("says once that it was overtaken", f"{said} lines a partition", "1", holds=set(said) == {1})
    return findings


def _said(process: Process) -> Counter[int]:
    return Counter(line.get("partition", -1) for line in process.lines() if line.get("event") in SAYS_SO)
