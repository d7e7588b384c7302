"""`kill -9` of a gateway: its clients resume elsewhere and miss nothing."""

from __future__ import annotations

import asyncio

from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.run import Run, under_load
from tests.support.nats import until

CALM_SECONDS = 3.0
GIVE_UP_SECONDS = 30.0
RESUMED_SECONDS = 2.0


async def kill_gateway(run: Run) -> Findings:
    """Kill one gateway after the other, `times` times; how long until everybody is connected and heals no gap."""
    findings = Findings("kill-gateway")
    exchange = Exchange(run.directory)
    took: list[float] = []
    async with under_load(run, exchange, findings) as crowd:
        for number in range(run.times):
            await asyncio.sleep(CALM_SECONDS)
            victim = exchange.gateways[number % len(exchange.gateways)]
            killed = asyncio.get_running_loop().time()
            victim.kill()
            await victim.ended()
            await until(lambda: all(trader.connected for trader in crowd.traders), GIVE_UP_SECONDS)
            await until(lambda: not any(trader.ledger.behind() for trader in crowd.traders), GIVE_UP_SECONDS)
            took.append(asyncio.get_running_loop().time() - killed)
            victim.start()
            await exchange.ready()
    findings.seconds(f"{run.times} kills: clients resumed elsewhere", took, RESUMED_SECONDS)
    return findings
