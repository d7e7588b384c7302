"""A worker and a gateway whose packets to NATS are dropped: others lead, and the cut gateway says `busy`."""

from __future__ import annotations

import asyncio

from tests.chaos import dropped_port
from tests.chaos.crowd import Crowd
from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings, quantile
from tests.chaos.run import Run, under_load
from tests.support.nats import wire_to

CUT_SECONDS = 10.0
CALM_SECONDS = 3.0
GIVE_UP_SECONDS = 60.0
SILENCE_SECONDS = 6.0
"""`outcome_timeout_seconds` and some: nobody may be left without an answer for longer."""


async def cut_off(run: Run) -> Findings:
    """Cut the first worker and the first gateway off for CUT_SECONDS, `times` times."""
    findings = Findings("cut-off")
    if not dropped_port.possible():
        findings.notes.append("needs root and iptables: not run")
        return findings
    exchange = Exchange(run.directory)
    worker, gateway = exchange.workers[0], exchange.gateways[0]
    async with wire_to(exchange.settings.nats_url) as wire:
        for process in (worker, gateway):
            process.environment["OPENBELL_NATS_URL"] = wire.url
        took: list[float] = []
        back: list[float] = []
        begun: list[tuple[float, float]] = []
        async with under_load(run, exchange, findings) as crowd:
            for _ in range(run.times):
                await asyncio.sleep(CALM_SECONDS)
                partitions = await exchange.led_by(worker)
                loop = asyncio.get_running_loop()
                with dropped_port.dropped(wire.port):
                    cut = loop.time()
                    took += await crowd.until_answered(partitions, cut, GIVE_UP_SECONDS)
                    await asyncio.sleep(max(0.0, cut + CUT_SECONDS - loop.time()))
                healed = loop.time()
                begun.append((cut, healed))
                await exchange.gateway_ready(0)
                back.append(loop.time() - healed)
                await asyncio.sleep(CALM_SECONDS)
            silent, told = _waits(crowd, begun)
    findings.notes.append(f"partitions of the cut worker answered elsewhere after {[round(t, 3) for t in took]} s")
    text = f"{len(told)} told busy or unknown, after {quantile(told, 1.0):.3f} s at most; {silent} in silence"
    holds = bool(told) and not silent and quantile(told, 1.0) < SILENCE_SECONDS
    findings.measure("clients of the cut gateway", text, f"told, < {SILENCE_SECONDS:g} s", holds=holds)
    findings.notes.append(f"the gateway was ready again after {[round(seconds, 3) for seconds in back]} s")
    return findings


def _waits(crowd: Crowd, begun: list[tuple[float, float]]) -> tuple[int, list[float]]:
    """How many waited in vain, and how long the others waited to be told that nothing can be told."""
    refusals = [served for begin, end in begun for served in crowd.refusals(begin, end)]
    silent = sum(served.code == "lost" and served.answered - served.sent > SILENCE_SECONDS for served in refusals)
    return silent, [served.answered - served.sent for served in refusals if served.code != "lost"]
