"""Everything at once: workers, gateways and nats-servers killed, frozen and restarted at random, by seed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from tests.chaos import nats_nodes
from tests.chaos.crowd import Crowd
from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.process import Process
from tests.chaos.run import Run, under_load
from tests.chaos.scenarios.kill_node import all_current
from tests.support.nats import until

CALM_SECONDS = (1.0, 5.0)
DOWN_SECONDS = (0.1, 2.0)
FROZEN_SECONDS = (0.5, 6.0)
HARMS = ("kill", "terminate", "freeze")
AGAIN_SECONDS = 60.0
CURRENT_SECONDS = 120.0


async def at_random(run: Run) -> Findings:
    """On one nats-server."""
    return await _do(Findings("random"), run, Exchange(run.directory))


async def at_random_in_a_cluster(run: Run) -> Findings:
    """On three of them."""
    exchange = Exchange(run.directory, nodes=nats_nodes.cluster(run.directory))
    return await _do(Findings("random-cluster"), run, exchange)


async def _do(findings: Findings, run: Run, exchange: Exchange) -> Findings:
    choice = random.Random(run.seed)  # noqa: S311 - to be repeated, not to be secret
    done: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    async with under_load(run, exchange, findings) as crowd:
        ends = loop.time() + run.seconds
        while loop.time() < ends:
            await asyncio.sleep(choice.uniform(*CALM_SECONDS))
            victim, harm = choice.choice(exchange.processes), choice.choice(HARMS)
            done[f"{harm} {victim.name.partition('-')[0]}"] += 1
            await _harm(victim, harm, choice)
            if victim in exchange.nodes and len(exchange.nodes) > 1:
                # A majority must have everything before the next node may go.
                await until(lambda: all_current(exchange), CURRENT_SECONDS)
        healed = loop.time()
        took = await crowd.until_answered(range(exchange.settings.partitions), healed, AGAIN_SECONDS)
        text = ", ".join(f"{count}× {name}" for name, count in sorted(done.items()))
        findings.notes.append(f"seed {run.seed}, {run.seconds:g} s: {text}")
        findings.measure("trading goes on behind the last fault", f"{max(took):.3f} s", "< 15 s", holds=max(took) < 15)
        await cancel_all(crowd, findings)
    return findings


async def _harm(victim: Process, harm: str, choice: random.Random) -> None:
    if harm == "freeze":
        victim.freeze()
        await asyncio.sleep(choice.uniform(*FROZEN_SECONDS))
        victim.thaw()
        return
    victim.kill() if harm == "kill" else victim.terminate()
    await victim.ended()
    await asyncio.sleep(choice.uniform(*DOWN_SECONDS))
    victim.start()


async def cancel_all(crowd: Crowd, findings: Findings) -> None:
    """Every order that a ledger calls open can be canceled."""
    await crowd.settle()
    await asyncio.gather(*(trader.catch_up() for trader in crowd.traders))
    wanted = sum(len(trader.ledger.open) for trader in crowd.traders)
    done = sum(await asyncio.gather(*(trader.cancel_everything() for trader in crowd.traders)))
    findings.measure("live orders canceled", f"{done} of {wanted}", "all", holds=done == wanted)
