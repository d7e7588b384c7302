"""Path bench: the latency and rate of orders from client to exchange and back, beside a floor without an exchange.

Each round measures every mode on one chain and then on the other, in alternating order, so that a machine that slows
down slows both. Figures are medians over rounds.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Final

from openbell.bench.load import Findings, Task
from openbell.bench.market import HOST, SYMBOL, BenchMarket, running
from openbell.errors import Fault

UNLOADED: Final = "unloaded"
CLOSED: Final = "closed"
FULL: Final = "full"
OPEN: Final = "open"
MODES: Final = (UNLOADED, CLOSED, FULL, OPEN)
CHAINS: Final = ("floor", "real")
GRACE_SECONDS: Final = 30.0
"""The time that a load client may take beyond its measuring time."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """A plan of measurements: `in_flight` per client in the closed loop, `rate` orders a second in the open one.

    full: requests per client of a closed loop that keeps every process of either chain busy. With fewer a longer chain
    is idle while its storage is written, and its latency is measured instead.
    """

    seconds: float
    clients: int
    in_flight: int
    full: int
    rounds: int
    rate: float


@dataclass(frozen=True, slots=True)
class PathRow:
    """The medians of one mode on one chain: orders a second and milliseconds."""

    mode: str
    chain: str
    rate: float
    p50: float
    p99: float
    p999: float


@dataclass(frozen=True, slots=True)
class PathReport:
    """All rows, and two ratios, real to floor: of the highest closed-loop rate and of the unloaded p50."""

    rows: list[PathRow]
    throughput_ratio: float
    unloaded_p50_ratio: float
    refused: dict[str, int]


async def measure(plan: LoadPlan, advance: Callable[[str, str, Findings], None]) -> PathReport:
    """Start both chains and measure all rounds; `advance` is called with each measurement."""
    seen: dict[tuple[str, str], list[Findings]] = {(mode, chain): [] for mode in MODES for chain in CHAINS}
    async with running(plan.clients) as market:
        for number in range(plan.rounds):
            for mode in MODES:
                for chain in CHAINS if number % 2 == 0 else CHAINS[::-1]:
                    findings = await _load(task_of(plan, market, mode, chain))
                    seen[mode, chain].append(findings)
                    advance(mode, chain, findings)
    return report_of(seen)


def task_of(plan: LoadPlan, market: BenchMarket, mode: str, chain: str) -> Task:
    """The load client's task for one measurement."""
    tokens = market.tokens[:1] if mode == UNLOADED else market.tokens
    return Task(
        host=HOST,
        port=market.real_port if chain == "real" else market.floor_port,
        symbols=[SYMBOL],
        tokens=tokens if chain == "real" else [""] * len(tokens),
        in_flight={UNLOADED: 1, FULL: plan.full}.get(mode, plan.in_flight),
        seconds=plan.seconds,
        rate=plan.rate if mode == OPEN else 0.0,
    )


def report_of(seen: dict[tuple[str, str], list[Findings]]) -> PathReport:
    """Medians and ratios."""
    rows = {key: _row(*key, findings) for key, findings in seen.items()}
    refused: dict[str, int] = {}
    for findings in seen.values():
        for one in findings:
            for code, number in one.refused.items():
                refused[code] = refused.get(code, 0) + number
    return PathReport(
        rows=list(rows.values()),
        throughput_ratio=_most(rows, "real") / _most(rows, "floor"),
        unloaded_p50_ratio=rows[UNLOADED, "real"].p50 / rows[UNLOADED, "floor"].p50,
        refused=refused,
    )


def _most(rows: dict[tuple[str, str], PathRow], chain: str) -> float:
    return max(rows[CLOSED, chain].rate, rows[FULL, chain].rate)


def _row(mode: str, chain: str, rounds: list[Findings]) -> PathRow:
    figures = {name: median(getattr(one, name) for one in rounds) for name in ("rate", "p50", "p99", "p999")}
    return PathRow(mode, chain, **figures)


async def _load(task: Task) -> Findings:
    """Run the load client on a task."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "openbell.bench.load", json.dumps(asdict(task))),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(task.seconds + GRACE_SECONDS):
            output, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise Fault("the load client did not come to its end", "Try fewer clients or a lower rate.") from None
    if process.returncode:
        raise Fault(f"the load client failed: {errors.decode().strip().splitlines()[-1]}")
    return Findings(**json.loads(output))
