"""A bit flipped in one node's copy of a journal: named while another node leads, shut if it leads, open when mended."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from streams import subjects
from streams.broker.reader import state_of
from streams.errors import StreamError
from tests.chaos import bulk, nats_nodes
from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.nats_nodes import Node
from tests.chaos.run import Run
from tests.chaos.scenarios.damage import commands, flip_bit, journal_file
from tests.chaos.scenarios.kill_node import all_current
from tests.support.nats import until

COMMANDS = 10_000
DAMAGED = 0
"""The partition."""

READ_SECONDS = 60.0
BACK_SECONDS = 90.0
OPENS_SECONDS = 100.0
CLI_SECONDS = 120.0


async def damaged_copy(run: Run) -> Findings:
    """Fill a journal on three nodes; damage a follower's copy while it is down; then let it lead; then mend it."""
    findings = Findings("damaged-copy")
    exchange = Exchange(run.directory, gateways=0, workers=1, nodes=nats_nodes.cluster(run.directory))
    worker, stream = exchange.workers[0], subjects.journal_stream(DAMAGED)
    async with running_streams(exchange):
        await until(partial(lines, exchange, "partition.leading"), BACK_SECONDS)
        await bulk.submit(exchange.connection, DAMAGED, commands(exchange.symbols[DAMAGED], COMMANDS))
        await until(partial(answered, exchange), BACK_SECONDS)
        node = await follower(exchange, stream)
        await worker.stop()
        await node.stop()
        flip_bit(journal_file(run.directory / f"store-{exchange.nodes.index(node) + 1}"))
        await start(exchange, node)
        worker.start()
        await until(partial(lines, exchange, "partition.copy_damaged"), READ_SECONDS)
        said = str(lines(exchange, "partition.copy_damaged")[0]["error"])
        leads = bool(lines(exchange, "partition.leading")) and not lines(exchange, "partition.stopped")
        findings.measure("beside the leader", f"{said}; leads: {leads}", "names the node, leads on", holds=leads)
        code, output = await openbell(exchange, "audit", "--partition", str(DAMAGED))
        findings.measure("the audit", output[-300:], "1, names the node", holds=code == 1 and node.name in output)
        code, output = await openbell(exchange, "doctor", "--only", "copies")
        findings.measure("doctor", output[-300:], "1, names the node", holds=code == 1 and node.name in output)

        await lead(exchange, stream, node)
        await worker.stop()
        worker.start()
        await until(partial(lines, exchange, "partition.stopped"), READ_SECONDS)
        said = str(lines(exchange, "partition.stopped")[0]["error"])
        findings.measure("when it leads", said, "is shut", holds="sequence" in said)
        await node.stop()
        stopped = asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            await until(lambda: reopened(exchange), OPENS_SECONDS)
        opened = reopened(exchange)
        took = asyncio.get_running_loop().time() - stopped
        findings.measure(
            "its node stopped", f"led again after {took:.1f} s" if opened else "shut", "opens", holds=opened
        )
        store = run.directory / f"store-{exchange.nodes.index(node) + 1}"
        store.rename(store.with_suffix(".damaged"))
        await start(exchange, node)
        code, output = await openbell(exchange, "audit", "--partition", str(DAMAGED))
        findings.measure("started empty, the audit", output[-300:], "0, each copy whole", holds=code == 0)
    return findings


@asynccontextmanager
async def running_streams(exchange: Exchange) -> AsyncIterator[None]:
    """Nodes and worker, without instruments."""
    try:
        await exchange.start_processes()
        yield
    finally:
        await exchange.stop()


async def answered(exchange: Exchange) -> bool:
    """Whether each copy is up to date, and all of the journal has its events."""
    names = (subjects.journal_stream(DAMAGED), subjects.events_stream(DAMAGED))
    journal, events = [(await state_of(exchange.connection, name)).last for name in names]
    return journal == events and await all_current(exchange)


async def start(exchange: Exchange, node: Node) -> None:
    """Start a node and wait until each copy is up to date."""
    node.start()
    await node.healthy()
    await until(partial(all_current, exchange), BACK_SECONDS)


async def leader(exchange: Exchange, stream: str) -> str:
    """The node that leads a stream."""
    return str((await exchange.connection.api(f"STREAM.INFO.{stream}"))["cluster"].get("leader", ""))


async def follower(exchange: Exchange, stream: str) -> Node:
    """A node that does not."""
    leads = await leader(exchange, stream)
    return next(node for node in exchange.nodes if node.name != leads)


async def lead(exchange: Exchange, stream: str, node: Node) -> None:
    """Let a node lead a stream."""

    async def leads() -> bool:
        with suppress(StreamError):
            if await leader(exchange, stream) == node.name:
                return True
            body = {"placement": {"preferred": node.name}}
            await exchange.connection.api(f"STREAM.LEADER.STEPDOWN.{stream}", body)
        await asyncio.sleep(1)
        return False

    await until(leads, BACK_SECONDS)


def reopened(exchange: Exchange) -> bool:
    """Whether the partition was led after it had been shut."""
    events = [line["event"] for line in exchange.workers[0].lines() if line.get("partition") == DAMAGED]
    return "partition.leading" in events[events.index("partition.stopped") :]


def lines(exchange: Exchange, event: str) -> list[dict[str, object]]:
    """What the worker says of the partition."""
    return [line for line in exchange.workers[0].lines(event) if line.get("partition") == DAMAGED]


async def openbell(exchange: Exchange, *arguments: str) -> tuple[int, str]:
    """Run a command as operators do; exit code and output."""
    command = (sys.executable, "-m", "openbell", *arguments, "--nats-url", exchange.settings.nats_url)
    done = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    output, _ = await asyncio.wait_for(done.communicate(), CLI_SECONDS)
    return done.returncode or 0, output.decode()
