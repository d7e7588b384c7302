"""`kill -9` of a worker that leads: another one answers soon, and nothing answered is lost."""

from __future__ import annotations

import asyncio
import random

from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.process import Process
from tests.chaos.run import Run, under_load
from tests.support.nats import until

ANSWER_SECONDS = 2.0
GIVE_UP_SECONDS = 30.0
CALM_SECONDS = 1.0
WARM_SECONDS = 30.0
"""How long a restarted worker may take to become a standby before its leader is killed all the same."""


async def kill_leader(run: Run) -> Findings:
    """Kill a leader `times` times; how long until its partitions answer what is sent after that."""
    findings = Findings("kill-leader")
    exchange = Exchange(run.directory)
    choice = random.Random(run.seed)  # noqa: S311 - to be repeated, not to be secret
    took: list[float] = []
    cold = 0
    async with under_load(run, exchange, findings) as crowd:
        for _ in range(run.times):
            await asyncio.sleep(CALM_SECONDS)
            victim = await exchange.leader_of(choice.randrange(exchange.settings.partitions))
            partitions = await exchange.led_by(victim)
            cold += not await _is_followed(exchange, victim, partitions)
            victim.kill()
            killed = asyncio.get_running_loop().time()
            await victim.ended()
            took += await crowd.until_answered(partitions, killed, GIVE_UP_SECONDS)
            victim.start()
    ttl = exchange.settings.lease_ttl_seconds
    findings.seconds(f"{run.times} kills: answers again (lease {ttl:g} s)", took, ANSWER_SECONDS)
    findings.notes.append(f"{cold} of the kills came before a standby was warm")
    return findings


async def _is_followed(exchange: Exchange, leader: Process, partitions: list[int]) -> bool:
    """Whether another worker follows these partitions, or does so soon."""

    def followed() -> bool:
        following = [
            line["partition"]
            for worker in exchange.workers
            if worker is not leader
            for line in worker.lines("standby.following")
        ]
        return set(partitions) <= set(following)

    try:
        await until(followed, WARM_SECONDS)
    except TimeoutError:
        return False
    return True
