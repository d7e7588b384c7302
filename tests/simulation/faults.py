"""What goes wrong, and when: drawn from the seed, counted by kind.

Each seed has its own mixture: some kinds never happen in it, others often. Everything is whole again before the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.network import FaultyNetwork, Rates
from tests.simulation.world import SECOND
from tests.support.broker.server import SERVERS

if TYPE_CHECKING:
    from tests.simulation.exchange import Role, SimulatedExchange
    from tests.simulation.trader import Trader
    from tests.simulation.world import World
    from tests.support.broker.server import Broker

HOUR = 3600 * SECOND
RATES = ((0.0, 4), (0.001, 2), (0.01, 2), (0.04, 1))
"""Chances per message for a subscriber, and how many seeds have them."""


class Faults:
    """See the module."""

    def __init__(
        self, world: World, broker: Broker, network: FaultyNetwork, exchange: SimulatedExchange, traders: list[Trader]
    ) -> None:
        self.counts: Counter[str] = network.counts
        self._world = world
        self._broker = broker
        self._network = network
        self._exchange = exchange
        self._traders = traders
        self._over = False
        kinds: dict[str, Callable[[], None]] = {
            "worker killed": lambda: self._kill("workers"),
            "gateway killed": lambda: self._kill("gateways"),
            "worker asked to stop": lambda: self._stop("workers"),
            "gateway asked to stop": lambda: self._stop("gateways"),
            "worker frozen": lambda: self._freeze("workers"),
            "gateway frozen": lambda: self._freeze("gateways"),
            "connection cut": self._cut,
            "connection silent": self._stall,
            "server killed": self._kill_server,
            "server killed, removed keys back": lambda: self._kill_server(revived=True),
            "server cut off from its cluster": self._cut_off_server,
            "server frozen": self._freeze_server,
            "server's disk full": self._fill_disk,
            "server's clock stepped": self._step_server,
            "process's clock stepped": self._step_process,
            "client vanished": self._drop_client,
            "journal poisoned": self._poison,
            "stream's leader deposed": self._depose,
        }
        random = world.random
        self._kinds = {name: kind for name, kind in kinds.items() if random.random() < 0.5}
        self._pause = random.choice((0.7, 1.5, 3.0, 6.0))
        rate = [random.choices([rate for rate, _ in RATES], [weight for _, weight in RATES])[0] for _ in range(3)]
        network.rates = Rates(*rate)
        self._next()

    def end(self) -> None:
        """Nothing goes wrong any more, and all that was wrong is mended."""
        self._over = True
        self._network.rates = Rates()
        self._network.server_offset = 0
        self._broker.deposed.clear()
        for stream in self._broker.streams.values():
            if stream.full_disk:
                self._kill_server()
                break

    def _next(self) -> None:
        self._world.after(self._world.random.expovariate(1 / self._pause), self._strike)

    def _strike(self) -> None:
        if self._over:
            return
        if self._kinds:
            name = self._world.random.choice(list(self._kinds))
            self.counts[name] += 1
            self._kinds[name]()
        self._next()

    def _role(self, kind: str = "roles") -> Role:
        roles: list[Role] = getattr(self._exchange, kind)
        return self._world.random.choice(roles)

    def _seconds(self) -> float:
        return self._world.random.choice((0.05, 0.5, 2.0, 5.0, 12.0)) * self._world.random.uniform(0.5, 1.0)

    def _kill(self, kind: str) -> None:
        self._role(kind).process.kill()

    def _stop(self, kind: str) -> None:
        self._role(kind).ask_to_stop()

    def _freeze(self, kind: str) -> None:
        self._role(kind).process.freeze(self._seconds())

    def _cut(self) -> None:
        self._network.cut(self._role().process, self._seconds())

    def _stall(self) -> None:
        self._network.stall(self._role().process, self._seconds())

    def kill_everything(self) -> None:
        """The server and every gateway at once; removed keys come back with the server."""
        self._kill_server(revived=True)
        for role in self._exchange.gateways:
            role.process.kill()

    def _kill_server(self, *, revived: bool = False) -> None:
        if self._broker.up:
            self._network.server_life += 1
            self._broker.stop()
            self._world.after(self._seconds() / 4, lambda: self._broker.start(revived=revived))

    def _cut_off_server(self) -> None:
        if self._broker.clustered and self._broker.cut_off is None:
            self._broker.cut(self._world.random.randrange(len(SERVERS)))
            self._world.after(self._seconds(), self._broker.heal)

    def _freeze_server(self) -> None:
        self._network.server_frozen_until = self._world.now + self._seconds()

    def _fill_disk(self) -> None:
        streams = [stream for stream in self._broker.streams.values() if stream.config.get("storage") == "file"]
        if streams:
            self._world.random.choice(streams).full_disk = True
            self._world.after(self._seconds(), lambda: None if self._over else self._kill_server())

    def _step_server(self) -> None:
        self._network.server_offset = self._world.random.choice((-HOUR, -SECOND, 0, SECOND, HOUR))

    def _step_process(self) -> None:
        self._role().process.clock_offset = self._world.random.choice((-HOUR, HOUR))

    def _drop_client(self) -> None:
        talk = self._world.random.choice(self._traders).talk
        if talk is not None:
            talk.drop()

    def _poison(self) -> None:
        number = self._world.random.randrange(self._exchange.settings.partitions)
        stream = self._broker.streams.get(f"ORDERS_{number}")
        if stream is not None and stream.last and not stream.full_disk:
            payload = self._world.random.randbytes(self._world.random.randrange(40))
            sequence, _ = stream.store(f"orders.{number}", {}, payload)
            self._broker.watch(stream, sequence)

    def _depose(self) -> None:
        """The streams of one partition, or some of them, have two that take themselves for the leader for a while."""
        number = self._world.random.randrange(self._exchange.settings.partitions)
        names = [f"{kind}_{number}" for kind in ("ORDERS", "EVENTS", "CHECKPOINTS")]
        made = [name for name in names if name in self._broker.streams and self._world.random.random() < 0.5]
        if not self._broker.clustered:
            return
        for name in made:
            self._broker.depose(name)
            self._world.after(self._seconds(), partial(self._forget_deposed, name))

    def _forget_deposed(self, name: str) -> None:
        self._broker.deposed.pop(name, None)
