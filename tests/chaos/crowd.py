"""Several traders at once, and what their clocks say. Times are seconds of the loop's clock."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from streams.broker.connection import Connection
from streams.settings import StreamSettings
from tests.chaos.ledger import UNSETTLED, Served
from tests.chaos.process import Process
from tests.chaos.trader import Trader
from tests.support.nats import until

SETTLE_SECONDS = 60.0


class Exchange(Protocol):
    """What a crowd and a judge need of an exchange, however it is run."""

    urls: list[str]
    symbols: list[str]
    settings: StreamSettings
    connection: Connection

    @property
    def processes(self) -> Sequence[Process]:
        """Those whose logs are looked into."""

    def token(self, account: str) -> str:
        """A token for a trader."""

    async def start(self) -> None:
        """Bring it to where it takes orders."""

    async def stop(self) -> None:
        """Leave nothing of it behind."""


class Crowd:
    """See the module."""

    def __init__(self, exchange: Exchange, traders: int, rate: float, seed: int) -> None:
        self.traders = [
            Trader(name, exchange.token(name), exchange.urls, number, exchange.symbols, rate / traders, seed)
            for number, name in enumerate(f"trader-{number + 1}" for number in range(traders))
        ]

    async def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Send nothing new, and wait until everybody knows what became of everything."""
        for trader in self.traders:
            trader.quitting = True
        await until(lambda: all(trader.idle for trader in self.traders), seconds)

    @property
    def codes(self) -> Counter[str]:
        """How often each answer came; "ok" and "lost" are among them."""
        return sum((trader.ledger.codes for trader in self.traders), Counter[str]())

    def served(self, since: float = 0.0) -> Iterable[Served]:
        """Every attempt of everybody, answered or lost, whose end is not before `since`."""
        for trader in self.traders:
            for served in reversed(trader.ledger.served):
                if served.answered < since:
                    break
                yield served

    def answers(self, since: float) -> int:
        """Definite answers since a moment."""
        return sum(served.code in DEFINITE for served in self.served(since))

    def first_answer(self, partition: int, since: float) -> float | None:
        """How long after `since` the first request that was sent after it was answered definitely, if any was."""
        found = [
            served.answered
            for served in self.served(since)
            if served.partition == partition and served.sent >= since and served.code in DEFINITE
        ]
        return min(found) - since if found else None

    async def until_answered(self, partitions: Iterable[int], since: float, seconds: float) -> list[float]:
        """Wait until each partition has answered something sent after `since`; how long each took."""
        wanted = list(partitions)
        await until(lambda: all(self.first_answer(number, since) is not None for number in wanted), seconds)
        return [self.first_answer(number, since) or 0.0 for number in wanted]

    def latencies(self, begin: float, end: float) -> list[float]:
        """How long definite answers took to what was sent in a stretch of time, sorted."""
        return sorted(
            served.answered - served.sent
            for served in self.served(begin)
            if begin <= served.sent < end and served.code in DEFINITE
        )

    def refusals(self, begin: float, end: float) -> list[Served]:
        """What was sent in a stretch of time and answered by none of the exchange's own answers."""
        return [served for served in self.served(begin) if begin <= served.sent < end and served.code in UNSETTLED]


DEFINITE = frozenset({"", "order_done", "unknown_order"})
"""Codes by which one sees that a partition is led: its journal has answered."""


@asynccontextmanager
async def trading(exchange: Exchange, *, traders: int, rate: float, seed: int) -> AsyncIterator[Crowd]:
    """A crowd at work for the length of a block, so many requests a second in all."""
    crowd = Crowd(exchange, traders, rate, seed)
    tasks = [asyncio.create_task(trader.run(), name=trader.ledger.account) for trader in crowd.traders]
    try:
        yield crowd
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
