"""Steady load for long, with clients that come and go: memory, descriptors and latency stay as they are.

What the engine remembers has bounds that an hour of this load would not reach: a hundred thousand trades, with both
orders of each, are some hundred megabytes. So the journal sets narrower ones, and all memories are full before half of
the run is over; what grows after that is a leak.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from statistics import median
from typing import NamedTuple

from streams.topology import CONFIGURE
from tests.chaos import bulk
from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings, quantile
from tests.chaos.run import Run, under_load
from tests.chaos.scenarios.at_random import cancel_all

WINDOWS = 20
"""Stretches that a run is cut into. The last quarter is compared with the one before it: until then memories fill
that have a bound."""

REMEMBERED_MAX = 10_000
BOUNDS = replace(
    CONFIGURE,
    ended_orders_max=REMEMBERED_MAX,
    trades_remembered_max=REMEMBERED_MAX,
    ended_orders_total_max=REMEMBERED_MAX,
    trades_total_max=2 * REMEMBERED_MAX,
)
"""In each partition; a trade is counted for both of its accounts."""

HANG_UPS_PER_WINDOW = 4
GROWTH = 1.1
GROWTH_BYTES = 8 * 2**20
DESCRIPTORS_MORE = 10
SLOWER = 2.0


class Window(NamedTuple):
    """What was seen in a stretch, by process: bytes from time to time, descriptors at its end."""

    bytes: dict[str, list[int]]
    descriptors: dict[str, int]
    p50: float
    p99: float


async def soak(run: Run) -> Findings:
    """Trade for `seconds`."""
    findings = Findings("soak")
    exchange = Exchange(run.directory)
    choice = random.Random(run.seed)  # noqa: S311 - to be repeated, not to be secret
    loop = asyncio.get_running_loop()
    seen: list[Window] = []
    async with under_load(run, exchange, findings) as crowd:
        for partition in range(exchange.settings.partitions):
            await bulk.submit(exchange.connection, partition, iter([BOUNDS]))
        for _ in range(WINDOWS):
            began = loop.time()
            resident: dict[str, list[int]] = {process.name: [] for process in exchange.processes}
            for _ in range(HANG_UPS_PER_WINDOW):
                await asyncio.sleep(run.seconds / WINDOWS / HANG_UPS_PER_WINDOW)
                choice.choice(crowd.traders).hang_up()
                for process in exchange.processes:
                    resident[process.name].append(process.resident_bytes())
            waits = crowd.latencies(began, loop.time())
            seen.append(
                Window(
                    resident,
                    {process.name: process.descriptors() for process in exchange.processes},
                    quantile(waits, 0.5),
                    quantile(waits, 0.99),
                )
            )
        await cancel_all(crowd, findings)
    before, last = seen[WINDOWS // 2 : -WINDOWS // 4], seen[-WINDOWS // 4 :]
    for process in exchange.processes:
        _memory(findings, process.name, before, last)
    p99 = quantile([window.p99 for window in before], 0.5), quantile([window.p99 for window in last], 0.5)
    text = f"p99 {p99[0] * 1_000:.1f} ms, then {p99[1] * 1_000:.1f} ms; p50 {last[-1].p50 * 1_000:.1f} ms"
    findings.measure("latency", text, f"at most {SLOWER:g} times", holds=p99[1] < p99[0] * SLOWER)
    return findings


def _memory(findings: Findings, name: str, before: list[Window], last: list[Window]) -> None:
    # The middle one: nats-server doubles what it holds and gives it back, every few minutes.
    bytes_before = median(one for window in before for one in window.bytes[name])
    bytes_last = median(one for window in last for one in window.bytes[name])
    files_before = max(window.descriptors[name] for window in before)
    files_last = max(window.descriptors[name] for window in last)
    text = f"{bytes_before / 2**20:.1f} MiB, then {bytes_last / 2**20:.1f}; {files_before} files, then {files_last}"
    flat = bytes_last < bytes_before * GROWTH + GROWTH_BYTES and files_last <= files_before + DESCRIPTORS_MORE
    findings.measure(f"{name} stays flat", text, f"at most {GROWTH:g} times + 8 MiB", holds=flat)
