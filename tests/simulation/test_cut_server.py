"""A nats-server that is cut off from its cluster: who beats through it goes to another, and nobody rushes about."""

from __future__ import annotations

import pytest

from tests.simulation.by_hand import Simulated, simulated
from tests.simulation.network import process_of
from tests.simulation.world import Process

CUT_SECONDS = 30.0
MOVED_SECONDS = 5.0
"""Some seconds without a stored beat, and a connection."""

MOVES_MAX = 4
"""In CUT_SECONDS: the first after three seconds, and each time after twice as long."""


def server_of(made: Simulated, process: Process) -> int | None:
    """The server that a process is connected to, None while it is on its way."""
    return next((each.server for each in made.broker.clients if process_of(each) is process), None)


def test_a_gateway_leaves_a_server_that_is_cut_off() -> None:
    """It is well again long before the cut ends, and nobody takes it for gone."""
    with simulated(clustered=True) as made:
        gateway = made.exchange.gateways[0].process
        cut = server_of(made, gateway)
        assert cut is not None
        made.broker.cut(cut)
        assert made.world.run(MOVED_SECONDS, lambda: server_of(made, gateway) not in {None, cut})
        assert made.world.run(1.0, lambda: made.well(0))
        made.world.run(CUT_SECONDS)
        assert made.well(0)
        assert server_of(made, gateway) != cut
        assert made.count("connection.moved") <= 4
        assert made.count("promises.lapsed") == 0


def test_a_worker_leaves_a_server_that_is_cut_off() -> None:
    """And may lead again, while the cut lasts."""
    with simulated(clustered=True) as made:
        worker = made.exchange.workers[0].process
        cut = server_of(made, worker)
        assert cut is not None
        made.broker.cut(cut)
        assert made.world.run(MOVED_SECONDS, lambda: server_of(made, worker) not in {None, cut})
        made.broker.heal()


@pytest.mark.parametrize("clustered", [False, True])
def test_nobody_rushes_about_while_nothing_is_stored_anywhere(clustered: bool) -> None:
    """On one server all stay where they are; in a cluster that is down as a whole each move doubles the patience."""
    with simulated(clustered=clustered) as made:
        for stream in made.broker.streams.values():
            stream.full_disk = True
        made.world.run(CUT_SECONDS)
        processes = len(made.exchange.roles)
        assert made.count("connection.moved") <= (MOVES_MAX * processes if clustered else 0)
        assert made.count("connection.away") == made.count("connection.moved")
        for stream in made.broker.streams.values():
            stream.full_disk = False
        assert made.world.run(CUT_SECONDS, lambda: made.well(0) and made.well(1))
