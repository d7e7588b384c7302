"""A million commands and a hundred thousand open orders: how long a restart takes, with a checkpoint and without.

The journal and its events are made here, quicker than by trading; that the worker finds the same is part of the test.
"""

from __future__ import annotations

import asyncio
from itertools import chain

from streams import topology
from streams.broker.connection import Connection
from tests.chaos import bulk
from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.process import Process
from tests.chaos.run import Run
from tests.support.nats import until

COMMANDS = 1_000_000
OPEN_ORDERS = 100_000
FROM_CHECKPOINT_SECONDS = 3.0
"""With 100,000 open orders, 900,000 that ended and 100,000 trades."""

FROM_NOTHING_RATE = 150_000
RESTART_SECONDS = 300.0
CHECKPOINT_SECONDS = 120.0
SYMBOL = "CHAOS0"


async def long_journal(run: Run) -> Findings:
    """Make the journal, have a worker replay it, and restart that worker behind its checkpoint."""
    findings = Findings("long-journal")
    exchange = Exchange(run.directory, partitions=1, workers=1, gateways=0)
    ((node,), (worker,)) = exchange.nodes, exchange.workers
    try:
        node.start()
        await node.healthy()
        exchange.connection = await Connection.open(exchange.settings, "chaos")
        count = await _fill(exchange, findings)
        _, replayed = await _start(worker)
        rate = count / max(replayed, 0.001)
        text = f"{rate:,.0f} commands/s ({replayed:.2f} s)"
        findings.measure("replay from nothing", text, f">= {FROM_NOTHING_RATE:,}/s", holds=rate >= FROM_NOTHING_RATE)
        # It packs 900,000 ended orders and 100,000 trades first: longer than a worker that is to end waits for that.
        await until(lambda: worker.lines("checkpoint.made"), CHECKPOINT_SECONDS)
        findings.notes += [f"{line['event']}: {line}"[:200] for line in worker.lines("checkpoint.made")]
        await worker.stop()
        took, restored = await _start(worker)
        text = f"{took:.2f} s from the start of the process, of that {restored:.2f} s loading and replaying"
        limit = f"< {FROM_CHECKPOINT_SECONDS:g} s"
        findings.measure("restart from a checkpoint", text, limit, holds=took < FROM_CHECKPOINT_SECONDS)
    finally:
        await exchange.stop()
    return findings


async def _fill(exchange: Exchange, findings: Findings) -> int:
    await topology.ensure(exchange.connection, exchange.settings)
    flow = chain([bulk.listing(SYMBOL)], bulk.orders(SYMBOL, COMMANDS, OPEN_ORDERS))
    count = await bulk.submit(exchange.connection, 0, flow)
    partition = await bulk.answer(exchange.connection, 0)
    open_orders = sum(1 for side in partition.engine.books[SYMBOL].sides for _ in side.orders())
    findings.measure("the journal", f"{count:,} commands, {open_orders:,} open", "enough", holds=open_orders >= 99_000)
    return count


async def _start(worker: Process) -> tuple[float, float]:
    """Start the worker and wait until it leads: how long that took, and the part that it spent recovering."""
    began = asyncio.get_running_loop().time()
    worker.start()
    await until(lambda: worker.lines("partition.leading"), RESTART_SECONDS)
    lines = worker.lines("partition.restored") + worker.lines("partition.replayed")
    return asyncio.get_running_loop().time() - began, float(sum(line["seconds"] for line in lines))
