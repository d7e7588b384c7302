"""A million commands and a hundred thousand open orders: how long a restart takes, with a checkpoint and without."""

from __future__ import annotations

import asyncio
from itertools import chain

from streams.errors import ApiRefused
from tests.chaos import bulk
from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.process import Process
from tests.chaos.run import Run
from tests.support.nats import until

COMMANDS = 1_000_000
OPEN_ORDERS = 100_000
FROM_CHECKPOINT_SECONDS = 3.0
FROM_NOTHING_RATE = 150_000
RESTART_SECONDS = 300.0
SYMBOL = "CHAOS0"


async def long_journal(run: Run) -> Findings:
    """Make the journal, restart in good order, and restart without a checkpoint."""
    findings = Findings("long-journal")
    exchange = Exchange(run.directory, partitions=1, workers=1, gateways=0)
    (worker,) = exchange.workers
    loop = asyncio.get_running_loop()
    try:
        await exchange.start_processes()
        await until(lambda: worker.lines("partition.leading"), RESTART_SECONDS)
        began = loop.time()
        flow = chain([bulk.listing(SYMBOL)], bulk.orders(SYMBOL, COMMANDS, OPEN_ORDERS))
        count = await bulk.submit(exchange.connection, 0, flow)
        findings.notes.append(f"{count} commands journaled and answered in {loop.time() - began:.1f} s")
        await worker.stop()
        began = loop.time()
        loaded = await _restart(worker)
        text = f"{loop.time() - began:.2f} s from the start of the process, of that {loaded} s recovering"
        findings.measure(
            "restart in good order", text, f"< {FROM_CHECKPOINT_SECONDS:g} s", holds=loop.time() - began < 3
        )
        worker.kill()
        await worker.ended()
        await _forget_checkpoints(exchange, findings)
        replayed = await _restart(worker)
        rate = count / max(replayed, 0.001)
        text = f"{rate:,.0f} commands/s ({replayed} s)"
        findings.measure("replay from nothing", text, f">= {FROM_NOTHING_RATE:,}/s", holds=rate >= FROM_NOTHING_RATE)
    finally:
        await exchange.stop()
    return findings


async def _restart(worker: Process) -> float:
    """Start the worker and wait until it leads; the seconds that it says loading and replaying took."""
    worker.start()
    await until(lambda: worker.lines("partition.leading"), RESTART_SECONDS)
    lines = worker.lines("partition.restored") + worker.lines("partition.replayed")
    return float(sum(line["seconds"] for line in lines))


async def _forget_checkpoints(exchange: Exchange, findings: Findings) -> None:
    try:
        await exchange.connection.api("STREAM.DELETE.CHECKPOINTS_0")
    except ApiRefused as error:
        findings.notes.append(f"no checkpoints to forget: {error}")
