"""The network of a world: slow, and faulty where the seed says so.

What one connection carries stays in order. What was under way when it broke is lost, or arrives late, behind what the
next connection has brought. Messages for subscribers may be lost, late or doubled one by one, as at most once allows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.world import EPOCH, SECOND
from tests.support.broker.client import MemoryClient
from tests.support.broker.network import Action, Network
from tests.support.broker.server import Broker

if TYPE_CHECKING:
    from tests.simulation.world import Due, Process, World
    from tests.support.broker.server import Deposed

LATENCY = (0.0001, 0.002)
LATE_SECONDS = (0.05, 6.0)
"""Delays beyond what anybody waits for an acknowledgement are part of it."""

LEFT_BEHIND_SECONDS = 5.0
DEPOSED_ANSWERS = 0.5
"""How often a deposed leader's answer is there before the true one's."""


@dataclass
class Rates:
    """How often a message for a subscriber is lost, late or doubled."""

    lost: float = 0.0
    late: float = 0.0
    doubled: float = 0.0


@dataclass
class Wire:
    """One connection of one client."""

    generation: int
    life: int
    last_up: float = 0.0
    last_down: float = 0.0
    stalled_until: float = 0.0
    left_behind: float | None = field(default=None)
    """After the break: how much later what it still carried arrives; negative, it is lost."""


class SimulatedClient(MemoryClient):
    """A client of the broker, and the process that it is in."""

    def __init__(self, broker: Broker, process: Process) -> None:
        super().__init__(broker)
        self.process = process


class FaultyNetwork(Network):
    """See the module. `counts` counts what has been done to messages."""

    def __init__(self, world: World, counts: Counter[str]) -> None:
        self.rates = Rates()
        self.counts = counts
        self.server_frozen_until = 0.0
        self.server_offset = 0
        self.server_life = 0
        self._world = world
        self._wires: dict[MemoryClient, Wire] = {}
        self._away_until: dict[Process, float] = {}

    # What the broker asks

    def clock(self) -> int:
        return EPOCH * SECOND + round(self._world.now * SECOND) + self.server_offset

    def monotonic(self) -> float:
        return self._world.now

    def later(self, seconds: float, action: Action) -> Due:
        return self._world.after(seconds, action)

    def to_server(self, client: MemoryClient, action: Action) -> None:
        wire = self._wire(client)
        wire.last_up = max(wire.last_up, self._world.now + self._latency(), wire.stalled_until)

        def arrive() -> None:
            if wire.life != self.server_life:
                return
            if client.generation == wire.generation and process_of(client).alive:
                action()
            else:
                self._arrive_late(wire, action)

        self._at(max(wire.last_up, self.server_frozen_until), arrive)

    def to_client(self, client: MemoryClient, action: Action) -> None:
        wire = self._wire(client)
        wire.last_down = max(wire.last_down, self._world.now + self._latency(), wire.stalled_until)

        def arrive() -> None:
            if process_of(client).alive:
                process_of(client).loop.call_soon(action)

        self._at(max(wire.last_down, self.server_frozen_until), arrive)

    def copies(self, kind: str) -> tuple[float, ...]:
        random, rates = self._world.random, self.rates
        if random.random() >= rates.lost + rates.late + rates.doubled:
            return (0.0,)
        draw = random.random() * (rates.lost + rates.late + rates.doubled)
        if draw < rates.lost:
            self.counts[f"lost {kind}"] += 1
            return ()
        late = random.uniform(*LATE_SECONDS)
        if draw < rates.lost + rates.late:
            self.counts[f"late {kind}"] += 1
            return (late,)
        self.counts[f"doubled {kind}"] += 1
        return (0.0, random.choice((0.0001, late)))

    def who_answers(self, deposed: Deposed) -> tuple[Deposed | None, ...]:
        first = self._world.random.random() < DEPOSED_ANSWERS
        return (deposed, None) if first else (None, deposed)

    def reachable(self, client: MemoryClient) -> bool:
        return self._away_until.get(process_of(client), 0.0) <= self._world.now

    # What is done to it

    def cut(self, process: Process, seconds: float) -> None:
        """Break a process's connections, and let none through for a while."""
        self._away_until[process] = self._world.now + seconds
        for client in self._clients(process):
            client.cut()

    def stall(self, process: Process, seconds: float) -> None:
        """Carry nothing of a process for a while, without breaking anything; new connections do not come about."""
        self._away_until[process] = self._world.now + seconds
        for client in self._clients(process):
            self._wire(client).stalled_until = self._world.now + seconds

    def forget(self, process: Process) -> None:
        """A process has died."""
        for client in self._clients(process):
            client.broker.detach(client)
            del self._wires[client]

    def _clients(self, process: Process) -> list[MemoryClient]:
        return [client for client in self._wires if process_of(client) is process]

    def _wire(self, client: MemoryClient) -> Wire:
        wire = self._wires.get(client)
        if wire is None or wire.generation != client.generation or wire.life != self.server_life:
            wire = self._wires[client] = Wire(client.generation, self.server_life)
        return wire

    def _latency(self) -> float:
        return self._world.random.uniform(*LATENCY)

    def _at(self, when: float, action: Action) -> None:
        self._world.after(when - self._world.now, action)

    def _arrive_late(self, wire: Wire, action: Action) -> None:
        if wire.left_behind is None:
            random = self._world.random
            wire.left_behind = random.uniform(0.0, LEFT_BEHIND_SECONDS) if random.random() < 0.5 else -1.0
        if wire.left_behind >= 0:
            self.counts["arrived from a broken connection"] += 1
            self._world.after(wire.left_behind, action)


def process_of(client: MemoryClient) -> Process:
    """The process that a client is in."""
    assert isinstance(client, SimulatedClient)
    return client.process
