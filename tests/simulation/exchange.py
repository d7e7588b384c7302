"""The processes of a simulated exchange: real workers and real gateways, supervised as `openbell up` would.

A gateway serves sockets of the simulation in place of a port; everything behind them is the real one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from exchange.commands import ListInstrument
from exchange.instrument import Instrument
from exchange.units import UNIT
from gateway import server
from gateway.services import Services
from streams import worker
from streams.errors import StreamError
from streams.settings import StreamSettings
from streams.venue import Venue
from tests.support.gateway import SETTINGS

if TYPE_CHECKING:
    from tests.simulation.network import FaultyNetwork
    from tests.simulation.world import Process, World

RESTART_SECONDS = (0.3, 1.5)
LIST_RETRY_SECONDS = 0.5


class Role:
    """One place of a process: when it dies another takes its place."""

    def __init__(self, exchange: SimulatedExchange, name: str, main: Callable[[Process, asyncio.Event], Any]) -> None:
        self.name = name
        self.process: Process
        self._exchange = exchange
        self._main = main
        self._lives = 0
        self.start()

    def start(self) -> None:
        """Begin another life."""
        self._lives += 1
        self.process = process = self._exchange.world.process(f"{self.name}.{self._lives}")
        process.ended.append(lambda: self._ended(process))
        process.start(self._main(process, process.stop))

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        self.process.loop.call_soon(self.process.stop.set)

    def _ended(self, process: Process) -> None:
        self._exchange.network.forget(process)
        main = process.main
        if main is not None and main.done() and not main.cancelled():
            error = main.exception()
            if error is not None:
                self._exchange.fault(process, error)
        self._exchange.world.after(self._exchange.world.random.uniform(*RESTART_SECONDS), self.start)


class SimulatedExchange:
    """See the module. `fault` is told what a process has died of by itself."""

    def __init__(
        self,
        world: World,
        network: FaultyNetwork,
        settings: StreamSettings,
        workers: int,
        gateways: int,
        fault: Callable[[Process, BaseException], None],
    ) -> None:
        self.world = world
        self.network = network
        self.settings = settings
        self.fault = fault
        self.symbols: dict[str, int] = {}
        self.workers = [Role(self, f"worker{number}", self._work) for number in range(workers)]
        self.gateways = [Role(self, f"gateway{number}", self._serve) for number in range(gateways)]

    @property
    def roles(self) -> list[Role]:
        """All of them."""
        return self.workers + self.gateways

    async def list_instruments(self, symbols: dict[str, int]) -> None:
        """List each symbol in its partition, whatever it takes."""
        venue = await Venue.open(self.settings, "lister")
        for symbol, partition in symbols.items():
            while symbol not in self.symbols:
                try:
                    await venue.claim(symbol, partition)
                    instrument = Instrument(symbol, [(0, UNIT // 100)], UNIT)
                    outcome = await venue.submit(partition, ListInstrument(instrument))
                except StreamError:
                    await asyncio.sleep(LIST_RETRY_SECONDS)
                else:
                    assert not outcome.code
                    self.symbols[symbol] = partition
        await venue.close()

    async def _work(self, _: Process, stop: asyncio.Event) -> None:
        await worker.run(self.settings, stop)

    async def _serve(self, _: Process, stop: asyncio.Event) -> None:
        await server.run(replace(SETTINGS, drain_seconds=2.0), stop, self.settings)


@contextmanager
def without_ports(world: World) -> Iterator[None]:
    """Have gateways serve the simulation's sockets for as long as the block lasts."""
    original = server.serve

    async def serve(services: Services, stop: asyncio.Event) -> None:
        assert world.running is not None, "only a process serves"
        await _serve_sockets(world.running, services, stop)

    server.serve = serve
    try:
        yield
    finally:
        server.serve = original


async def _serve_sockets(process: Process, services: Services, stop: asyncio.Event) -> None:
    process.services = services
    await server.first_of(stop.wait(), services.venue.closed.wait())
    process.services = None
    await services.sessions.drain()
    for transport in list(process.transports):
        transport.abort()
