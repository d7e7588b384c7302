"""Leaders asked to go, then every worker and every gateway restarted in turn: nobody is refused anything."""

from __future__ import annotations

import asyncio

from tests.chaos.crowd import Crowd
from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings, quantile
from tests.chaos.process import Process
from tests.chaos.run import Run, under_load

PAUSE_SECONDS = 0.2
CALM_SECONDS = 3.0
WINDOW_SECONDS = 1.5
"""After a leader was asked to go: whoever waited, waited for it."""


async def handover(run: Run) -> Findings:
    """SIGTERM to a leader `times` times, then a rolling restart of everything but nats-server."""
    findings = Findings("handover")
    exchange = Exchange(run.directory)
    async with under_load(run, exchange, findings) as crowd:
        await asyncio.sleep(CALM_SECONDS)
        began = asyncio.get_running_loop().time()
        usual = await _usual(crowd)
        pauses = [await _hand_over(exchange, crowd, number) for number in range(run.times)]
        await _roll(exchange.workers, exchange)
        workers_done = asyncio.get_running_loop().time()
        await _roll(exchange.gateways, exchange)
        await asyncio.sleep(CALM_SECONDS)
        refused = crowd.refusals(began, workers_done)
        codes = sorted({served.code for served in refused})
        findings.measure(
            "handovers, workers restarted", f"{len(refused)} refused or lost {codes}", "0", holds=not refused
        )
        refused = [served for served in crowd.refusals(workers_done, float("inf")) if served.code != "lost"]
        codes = sorted({served.code for served in refused})
        findings.measure("gateways restarted", f"{len(refused)} refused {codes}", "0", holds=not refused)
    findings.seconds(f"{run.times} handovers: longest wait", pauses, PAUSE_SECONDS)
    findings.notes.append(f"without a handover the longest wait of such a stretch is {usual * 1_000:.0f} ms")
    return findings


async def _hand_over(exchange: Exchange, crowd: Crowd, number: int) -> float:
    """Ask the leader of a partition to go and give the longest that anybody waited."""
    leader = await exchange.leader_of(number % exchange.settings.partitions)
    asked = asyncio.get_running_loop().time()
    leader.terminate()
    await leader.ended()
    await asyncio.sleep(max(0.0, asked + WINDOW_SECONDS - asyncio.get_running_loop().time()))
    waits = crowd.latencies(asked - 0.05, asked + WINDOW_SECONDS)
    leader.start()
    await asyncio.sleep(CALM_SECONDS)
    return quantile(waits, 1.0)


async def _usual(crowd: Crowd) -> float:
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(WINDOW_SECONDS)
    return quantile(crowd.latencies(began, began + WINDOW_SECONDS), 1.0)


async def _roll(processes: list[Process], exchange: Exchange) -> None:
    for process in processes:
        process.terminate()
        await process.ended()
        process.start()
        await exchange.ready()
        await asyncio.sleep(CALM_SECONDS)
