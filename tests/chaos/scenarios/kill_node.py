"""One node of three killed, then another when the first is back: trading goes on, even if it led the stream."""

from __future__ import annotations

import asyncio

from streams import subjects
from streams.errors import StreamError
from tests.chaos import nats_nodes
from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.nats_nodes import Node
from tests.chaos.run import Run, under_load
from tests.support.nats import until

GOES_ON_SECONDS = 15.0
GIVE_UP_SECONDS = 60.0
CALM_SECONDS = 3.0
BACK_SECONDS = 90.0


async def kill_node(run: Run) -> Findings:
    """Kill the node that leads a partition's journal, `times` times, each time another partition's."""
    findings = Findings("kill-node")
    exchange = Exchange(run.directory, nodes=nats_nodes.cluster(run.directory))
    partitions = range(exchange.settings.partitions)
    took: list[float] = []
    async with under_load(run, exchange, findings) as crowd:
        for number in range(run.times):
            await asyncio.sleep(CALM_SECONDS)
            victim = await _leader(exchange, number % len(partitions))
            victim.kill()
            killed = asyncio.get_running_loop().time()
            await victim.ended()
            took.append(max(await crowd.until_answered(partitions, killed, GIVE_UP_SECONDS)))
            victim.start()
            await until(lambda: all_current(exchange), BACK_SECONDS)
    findings.seconds(f"{run.times} nodes killed, each leading a journal: all partitions go on", took, GOES_ON_SECONDS)
    return findings


async def _leader(exchange: Exchange, partition: int) -> Node:
    name = (await exchange.connection.api(f"STREAM.INFO.{subjects.journal_stream(partition)}"))["cluster"]["leader"]
    return next(node for node in exchange.nodes if node.name == name)


async def all_current(exchange: Exchange) -> bool:
    """Whether each stream has a leader and all of its copies are up to date."""
    try:
        for stream in (await exchange.connection.api("STREAM.NAMES"))["streams"]:
            placed = (await exchange.connection.api(f"STREAM.INFO.{stream}"))["cluster"]
            copies = placed.get("replicas", [])
            if not placed.get("leader") or len(copies) < len(exchange.nodes) - 1:
                return False
            if not all(copy["current"] and not copy.get("offline") for copy in copies):
                return False
    except StreamError:
        return False
    return True
