"""What every scenario is given, and how one begins and ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from tests.chaos.crowd import Crowd, Exchange, trading
from tests.chaos.findings import Findings
from tests.chaos.judge import judge

log = structlog.get_logger()


@dataclass(frozen=True)
class Run:
    """One run of a scenario.

    directory: for logs and stores; kept, so that a failure can be looked into.
    times: how often the fault is done. seconds: how long the load lasts where the fault does not say.
    """

    directory: Path
    seed: int = 1
    times: int = 5
    seconds: float = 60.0
    traders: int = 4
    rate: float = 200.0
    orders: int = 100_000
    """Where a scenario begins with a book."""


Scenario = Callable[[Run], Awaitable[Findings]]


@asynccontextmanager
async def running(exchange: Exchange) -> AsyncIterator[Exchange]:
    """An exchange for the length of a block."""
    try:
        await exchange.start()
        yield exchange
    finally:
        await exchange.stop()


@asynccontextmanager
async def under_load(run: Run, exchange: Exchange, findings: Findings) -> AsyncIterator[Crowd]:
    """An exchange with a crowd on it; behind the block everybody settles and everything is judged."""
    async with running(exchange), trading(exchange, traders=run.traders, rate=run.rate, seed=run.seed) as crowd:
        yield crowd
        await crowd.settle()
        ledgers = [trader.ledger for trader in crowd.traders]
        verdict = await judge(exchange.connection, exchange.settings.partitions, ledgers)
        findings.judged(verdict)
        findings.notes.append(f"answers: {dict(crowd.codes)}, reconnects: {sum(t.connects for t in crowd.traders)}")
        for process in exchange.processes:
            broken = [line for line in process.lines() if line.get("level") == "critical" or "exception" in line]
            findings.faults += [f"{process.name}: {line.get('event')}: {str(line)[:300]}" for line in broken[:5]]
