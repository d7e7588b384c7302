"""One seed: an exchange, its traders, what goes wrong, and whether everything was true."""

from __future__ import annotations

import time
from collections import Counter
from random import Random
from typing import Any, NamedTuple

from streams.settings import StreamSettings
from tests.simulation.checks import Checks
from tests.simulation.exchange import SimulatedExchange, without_ports
from tests.simulation.faults import Faults
from tests.simulation.network import FaultyNetwork
from tests.simulation.stand_ins import installed
from tests.simulation.trader import Trader
from tests.simulation.world import Process, Stuck, World
from tests.support.broker.client import MemoryClient
from tests.support.broker.server import Broker
from tests.support.gateway import token

OPENING_SECONDS_MAX = 60.0
TRADING_SECONDS = (10.0, 40.0)
MENDING_SECONDS_MAX = 120.0
"""After the last fault everything is known and answered within this."""

LONGEST_FAULT_SECONDS = 12.0
QUIET_SECONDS = 3.0
SWEPT_SECONDS = 15.0
"""Promises of a gateway that is gone are kept within 10 s (docs/protocol.md), once the server is there."""

OUR_FAULTS = ("session.fault", "websocket.fault", "connection.callback_failed", "connection.receiver_failed")
SYMBOLS = ("ACME", "BOLT", "CRUX")
ACCOUNTS = ("anna", "boris", "carla")
TOKEN_SECONDS = 3600


class Result(NamedTuple):
    """What became of a seed. `digest` is of all that was stored and answered."""

    seed: int
    problems: list[str]
    faults: Counter[str]
    answers: int
    commands: int
    seconds: float
    digest: str


class Simulation:
    """See the module. `tell` hears each line of the log, with the time before it."""

    def __init__(self, seed: int, tell: Any = None) -> None:
        random = Random(seed)  # noqa: S311
        MemoryClient.made = 0
        self.seed = seed
        self.world = World(random.randrange(1 << 30))
        self.faults: Counter[str] = Counter()
        self._tell = tell
        self._network = FaultyNetwork(self.world, self.faults)
        self._broker = Broker(self._network, clustered=random.random() < 0.5)
        self._settings = StreamSettings(
            partitions=random.randint(1, 3),
            replicas=3 if self._broker.clustered else 1,
            batches_in_flight_max=random.choice((1, 1, 2, 4)),
            checkpoint_commands=random.choice((20, 100, 100_000)),
        )
        self._checks = Checks(self._settings.partitions)
        self._broker.watch = self._checks.stored
        self._workers, self._gateways = random.randint(1, 3), random.randint(1, 2)
        self._trading_seconds = random.uniform(*TRADING_SECONDS)
        # Tokens are looked at by the real clock.
        self._tokens = {account: token(account, ttl=TOKEN_SECONDS) for account in ACCOUNTS}

    def run(self) -> Result:
        """Run it all."""
        began = time.monotonic()
        with installed(self.world, self._broker, self._hear), without_ports(self.world):
            try:
                self._play()
            except Stuck as stuck:
                self._checks.problem(str(stuck))
            finally:
                problems = list(self._checks.problems)
                self.world.end()
        commands = sum(len(history.commands) for history in self._checks.histories)
        digest = self._checks.digest.hexdigest()
        seconds = time.monotonic() - began
        return Result(self.seed, problems, self.faults, self._checks.answers, commands, seconds, digest)

    def _play(self) -> None:
        exchange = SimulatedExchange(
            self.world, self._network, self._settings, self._workers, self._gateways, self._process_fault
        )
        symbols = {symbol: place % self._settings.partitions for place, symbol in enumerate(SYMBOLS)}
        lister = self.world.process("lister")
        lister.start(exchange.list_instruments(symbols))
        if not self.world.run(OPENING_SECONDS_MAX, lambda: not lister.alive):
            self._checks.problem("the exchange did not open")
            return
        traders = [Trader(self.world, exchange, self._checks, *each) for each in self._tokens.items()]
        faults = Faults(self.world, self._broker, self._network, exchange, traders)
        self.world.run(self._trading_seconds, lambda: self._checks.problems)
        if self._checks.problems:
            return
        faults.end()
        self.world.run(LONGEST_FAULT_SECONDS)
        for trader in traders:
            trader.done = True
        if not self.world.run(MENDING_SECONDS_MAX, lambda: all(trader.rests for trader in traders)):
            self._checks.problem(f"not at rest: unknown are {[list(trader.unknown) for trader in traders]}")
            return
        self.world.run(QUIET_SECONDS)
        self._check_promises(traders)
        for trader in traders:
            clearing = trader.process.loop.create_task(trader.clear())
            if not self.world.run(MENDING_SECONDS_MAX, clearing.done):
                self._checks.problem(f"{trader.account} could not be cleared")
        self.world.run(QUIET_SECONDS)
        self._check_what_was_heard(traders)
        self._check_what_comes_back(faults)
        self._checks.at_the_end(self._broker.streams)

    def _check_what_comes_back(self, faults: Faults) -> None:
        """Whoever is connected now has promised nothing: what is left of earlier promises cancels nothing."""
        before = [history.disconnections for history in self._checks.histories]
        faults.kill_everything()
        self.world.run(SWEPT_SECONDS)
        if [history.disconnections for history in self._checks.histories] != before:
            self._checks.problem("an account's orders were canceled for a session that had ended long before")

    def _check_promises(self, traders: list[Trader]) -> None:
        promised = {session: gateway for trader in traders for session, gateway in trader.promised.items()}
        for number, history in enumerate(self._checks.histories):
            for order in history.partition.engine.open_orders(""):
                if order.session in promised:
                    self._checks.problem(f"{number}-{order.order_id} outlived its session {order.session}")

    def _check_what_was_heard(self, traders: list[Trader]) -> None:
        for trader in traders:
            for number, history in enumerate(self._checks.histories):
                made = len(history.reports[trader.account])
                if trader.through.get(number) != made:
                    heard = trader.through.get(number)
                    self._checks.problem(f"{trader.account} had reports of {number} through {heard}, not {made}")
            if trader.talk is not None and trader.talk.book is not None:
                self._check_book(trader.talk.book)

    def _check_book(self, heard: Any) -> None:
        for history in self._checks.histories:
            book = history.partition.engine.books.get(heard.symbol)
            if book is not None and any(side.depth(0) for side in book.sides) != any(heard.sides.values()):
                self._checks.problem(f"book {heard.symbol} as heard is not as it is")

    def _process_fault(self, process: Process, error: BaseException) -> None:
        self._checks.problem(f"{process.name} died: {_leaves(error)}")

    def _hear(self, level: str, members: dict[str, Any]) -> None:
        event = members.get("event", "")
        if self._tell is not None:
            name = self.world.running.name if self.world.running else "-"
            self._tell(f"{self.world.now:10.4f} {name:12} {level:8} {event} {members}")
        if level == "critical" or event in OUR_FAULTS:
            error = members.pop("exc_info", None)
            self._checks.problem(f"{event}: {members} {_leaves(error) if isinstance(error, Exception) else ''}")


def simulate(seed: int, tell: Any = None) -> Result:
    """Run one seed."""
    return Simulation(seed, tell).run()


def _leaves(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(_leaves(each) for each in error.exceptions)
    return f"{type(error).__name__}: {error}"
