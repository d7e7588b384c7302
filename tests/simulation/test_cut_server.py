"""A nats-server that is cut off from its cluster: who beats through it goes to another, and nobody rushes about."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from streams.settings import StreamSettings
from tests.simulation.exchange import SimulatedExchange, without_ports
from tests.simulation.network import FaultyNetwork
from tests.simulation.stand_ins import installed
from tests.simulation.world import World
from tests.support.broker.server import Broker

OPENED_SECONDS = 60.0
CUT_SECONDS = 30.0
MOVED_SECONDS = 5.0
"""Some seconds without a stored beat, and a connection."""

MOVES_MAX = 4
"""In CUT_SECONDS: the first after three seconds, and each time after twice as long."""


class Simulated(NamedTuple):
    """An exchange that is open."""

    world: World
    broker: Broker
    exchange: SimulatedExchange
    logged: list[str]

    def count(self, event: str) -> int:
        """How often something was logged."""
        return self.logged.count(event)

    def well(self, gateway: int) -> bool:
        """Whether a gateway is."""
        services = self.exchange.gateways[gateway].process.services
        return services is not None and services.venue.well


@contextmanager
def simulated(*, clustered: bool):
    """One worker and two gateways."""
    world, logged = World(1), []
    network = FaultyNetwork(world, Counter())
    broker = Broker(network, clustered=clustered)
    settings = StreamSettings(partitions=1, replicas=3 if clustered else 1)
    with installed(world, broker, lambda _, members: logged.append(members["event"])), without_ports(world):
        exchange = SimulatedExchange(world, network, settings, 2, 2, pytest.fail)
        made = Simulated(world, broker, exchange, logged)
        assert world.run(OPENED_SECONDS, lambda: made.well(0) and made.well(1))
        try:
            yield made
        finally:
            world.end()


def server_of(made, process):
    """The server that a process is connected to, None while it is on its way."""
    return next((each.server for each in made.broker._clients if each.process is process), None)


def test_a_gateway_leaves_a_server_that_is_cut_off():
    """It is well again long before the cut ends, and nobody takes it for gone."""
    with simulated(clustered=True) as made:
        gateway = made.exchange.gateways[0].process
        cut = server_of(made, gateway)
        made.broker.cut(cut)
        assert made.world.run(MOVED_SECONDS, lambda: server_of(made, gateway) not in {None, cut})
        assert made.world.run(1.0, lambda: made.well(0))
        made.world.run(CUT_SECONDS)
        assert made.well(0)
        assert server_of(made, gateway) != cut
        assert made.count("connection.moved") <= 4
        assert made.count("promises.lapsed") == 0


def test_a_worker_leaves_a_server_that_is_cut_off():
    """And may lead again, while the cut lasts."""
    with simulated(clustered=True) as made:
        worker = made.exchange.workers[0].process
        cut = server_of(made, worker)
        made.broker.cut(cut)
        assert made.world.run(MOVED_SECONDS, lambda: server_of(made, worker) not in {None, cut})
        made.broker.heal()


@pytest.mark.parametrize("clustered", [False, True])
def test_nobody_rushes_about_while_nothing_is_stored_anywhere(clustered):
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
