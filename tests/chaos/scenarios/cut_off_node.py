"""One node of three cut off, as long as a network may be gone: no sound partition is called damaged, then or later."""

from __future__ import annotations

import asyncio

from streams import subjects
from tests.chaos import dropped_port, nats_nodes
from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.nats_nodes import Node
from tests.chaos.run import Run, under_load
from tests.chaos.scenarios.kill_node import all_current
from tests.support.nats import until

CUT_SECONDS = 30.0
CALM_SECONDS = 4.0
BACK_SECONDS = 90.0
GIVE_UP_SECONDS = 90.0
VERDICTS = ("partition.stopped", "partition.still_stopped")
DOUBTS = ("partition.in_doubt", "partition.doubt_ended", "partition.mark_taken_back", "partition.given_up")


async def cut_off_node(run: Run) -> Findings:
    """Drop what goes between one node and the two others for CUT_SECONDS, `times` times, each time another node."""
    findings = Findings("cut-off-node")
    if not dropped_port.possible():
        findings.notes.append("needs root and iptables: not run")
        return findings
    exchange = Exchange(run.directory, nodes=nats_nodes.cluster(run.directory))
    partitions = list(range(exchange.settings.partitions))
    seconds = CUT_SECONDS
    led: list[int] = []
    async with under_load(run, exchange, findings) as crowd:
        for number in range(run.times):
            await asyncio.sleep(CALM_SECONDS)
            node = exchange.nodes[number % len(exchange.nodes)]
            led.append(sum([await leads(exchange, node, stream) for stream in streams_of(partitions)]))
            with dropped_port.cut_off(node.pid, node.route_ports[0], node.route_ports):
                await asyncio.sleep(seconds)
            healed = asyncio.get_running_loop().time()
            await until(lambda: all_current(exchange), BACK_SECONDS)
            await crowd.until_answered(partitions, healed, GIVE_UP_SECONDS)
    said = [line for worker in exchange.workers for line in worker.lines() if line.get("event") in VERDICTS]
    holds = not said
    findings.measure(
        f"{run.times} cuts of {seconds:g} s: verdicts of damage", str(said[:3]) if said else "none", "none", holds=holds
    )
    doubts = [sum(len(worker.lines(event)) for worker in exchange.workers) for event in DOUBTS]
    findings.notes.append(f"the nodes led {led} of {2 * len(partitions)} streams when they were cut off")
    findings.notes.append(f"{dict(zip(DOUBTS, doubts, strict=True))}")
    return findings


def streams_of(partitions: list[int]) -> list[str]:
    """The journals and their events."""
    return [name(number) for number in partitions for name in (subjects.journal_stream, subjects.events_stream)]


async def leads(exchange: Exchange, node: Node, stream: str) -> bool:
    """Whether a node leads a stream."""
    placed = (await exchange.connection.api(f"STREAM.INFO.{stream}"))["cluster"]
    return bool(placed["leader"] == node.name)
