"""An exchange of the simulation that is open and trades nothing: for faults that are done by hand, one at a time."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from streams.settings import StreamSettings
from tests.simulation.exchange import SimulatedExchange, without_ports
from tests.simulation.network import FaultyNetwork
from tests.simulation.stand_ins import installed
from tests.simulation.world import Process, World
from tests.support.broker.server import Broker

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENED_SECONDS = 60.0


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


def fail(process: Process, error: BaseException) -> None:
    """No process may end by an error."""
    pytest.fail(f"{process.name} has ended: {error!r}")


@contextmanager
def simulated(*, clustered: bool) -> Iterator[Simulated]:
    """One worker and two gateways."""
    world = World(1)
    logged: list[str] = []
    network = FaultyNetwork(world, Counter())
    broker = Broker(network, clustered=clustered)
    settings = StreamSettings(partitions=1, replicas=3 if clustered else 1)
    with installed(world, broker, lambda _, members: logged.append(members["event"])), without_ports(world):
        exchange = SimulatedExchange(world, network, settings, 2, 2, fail)
        made = Simulated(world, broker, exchange, logged)
        assert world.run(OPENED_SECONDS, lambda: made.well(0) and made.well(1))
        try:
            yield made
        finally:
            world.end()
