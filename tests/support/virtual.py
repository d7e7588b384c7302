"""A piece of the streams on virtual time, against the broker: waiting costs nothing, and nothing is random."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from streams.broker.connection import Connection
from streams.settings import StreamSettings
from tests.simulation.network import FaultyNetwork
from tests.simulation.stand_ins import installed
from tests.simulation.world import World
from tests.support.broker.server import Broker, Deposed

SECONDS_MAX = 600.0


class Unfaulty(FaultyNetwork):
    """Slow, and nothing else; `deaf_to_true`: what a stream's true leader answers does not arrive."""

    deaf_to_true = False

    def who_answers(self, deposed: Deposed) -> tuple[Deposed | None, ...]:
        return (deposed,) if self.deaf_to_true else (deposed, None)


class Stage:
    """A world with one process, one cluster and the lines of the log."""

    def __init__(self, seed: int = 1) -> None:
        self.world = World(seed)
        self.network = Unfaulty(self.world, Counter())
        self.broker = Broker(self.network, clustered=True)
        self.settings = StreamSettings(replicas=3)
        self.logged: list[str] = []

    def play(self, act: Callable[[Connection], Awaitable[Any]], seconds: float = SECONDS_MAX) -> Any:
        """What `act` gives, or raises."""
        ended: list[Any] = []

        async def run() -> None:
            connection = await Connection.open(self.settings, "stage")
            try:
                ended.append(await act(connection))
            except Exception as error:
                ended.append(error)
            await connection.close()

        with installed(self.world, self.broker, lambda _, line: self.logged.append(line["event"])):
            process = self.world.process("stage")
            process.start(run())
            self.world.run(seconds, lambda: ended)
            self.world.end()
        if isinstance(ended[0], Exception):
            raise ended[0]
        return ended[0]
