"""A nats-server cut off from its cluster: who trades through it trades on through another, and nothing is canceled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.chaos import dropped_port, nats_nodes
from tests.chaos.crowd import DEFINITE
from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.run import Run, under_load
from tests.chaos.scenarios.kill_gateway import none_open, rest
from tests.chaos.scenarios.kill_node import all_current
from tests.support.nats import until

if TYPE_CHECKING:
    from tests.chaos.trader import Trader

CUT_SECONDS = 30.0
CALM_SECONDS = 3.0
GOES_ON_SECONDS = 15.0
"""Three without a stored beat, then an election if the server led streams: five to eight (docs/operations.md)."""

GIVE_UP_SECONDS = 90.0
BEHIND = 0
"""The gateway whose clients are looked at; it begins on the second server, by its name."""


async def cut_server(run: Run) -> Findings:
    """Cut the server off that the first gateway and the first worker are on, for CUT_SECONDS, `times` times."""
    findings = Findings("cut-server")
    if not dropped_port.possible():
        findings.notes.append("needs root and iptables: not run")
        return findings
    exchange = Exchange(run.directory, nodes=nats_nodes.cluster(run.directory))
    took: list[float] = []
    async with under_load(run, exchange, findings) as crowd:
        loop = asyncio.get_running_loop()
        held = await rest(exchange, BEHIND, "holder")
        for _ in range(run.times):
            await asyncio.sleep(CALM_SECONDS)
            victim = _server_of(exchange)
            behind = [trader for trader in crowd.traders if trader.url == exchange.urls[BEHIND]]
            with dropped_port.cut_off(victim.pid, victim.route_ports[0], victim.route_ports):
                cut = loop.time()
                took.append(await _all_answered(behind, cut))
                await asyncio.sleep(max(0.0, cut + CUT_SECONDS - loop.time()))
            await until(lambda: all_current(exchange), GIVE_UP_SECONDS)
            await exchange.ready()
        await _look(exchange, findings, still_connected=not held.ended.is_set())
    findings.seconds(f"{run.times} cuts: clients of the gateway on that server are answered", took, GOES_ON_SECONDS)
    for process in exchange.processes:
        moves = [line["after_seconds"] for line in process.lines("connection.moved")]
        findings.notes.append(f"{process.name} moved after {moves} s")
    return findings


async def _look(exchange: Exchange, findings: Findings, *, still_connected: bool) -> None:
    """Nothing was canceled of a client that promised its orders to its connection, and is still connected."""
    kept = not await none_open(exchange, BEHIND, "holder")
    text = f"{'connected' if still_connected else 'lost'}, orders {'kept' if kept else 'canceled'}"
    findings.measure("a client with cancel_on_disconnect", text, "connected and kept", holds=still_connected and kept)


def _server_of(exchange: Exchange) -> nats_nodes.Node:
    """The server that the gateway is on now."""
    ports = {there for _, there in dropped_port.connections_of(exchange.gateways[BEHIND].pid)}
    return next(node for node in exchange.nodes if node.port in ports)


async def _all_answered(traders: list[Trader], since: float) -> float:
    """How long it took until each of them was answered."""
    await until(lambda: all(_answered(trader, since) for trader in traders), GIVE_UP_SECONDS)
    return max(_answered(trader, since) for trader in traders)


def _answered(trader: Trader, since: float) -> float:
    """How long after `since` a request that was sent after it was answered definitely; 0 if none was so far."""
    found = [served.answered for served in trader.ledger.served if served.sent >= since and served.code in DEFINITE]
    return min(found) - since if found else 0.0
