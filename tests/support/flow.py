"""Steady order flow into every partition, and what became of each order."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from streams.errors import Busy, OutcomeUnknown
from streams.venue import Venue
from tests.support.exchange import ask, buy, listing, sell

INTERVAL_SECONDS = 0.01


@dataclass
class Placed:
    """One order: when it was sent and answered (monotonic seconds), and the id it got."""

    partition: int
    account: str
    name: str
    sent: float
    answered: float = 0.0
    order_id: str = ""


@dataclass
class Flow:
    """Places `rate` orders a second, spread over the partitions; `run` goes on until canceled.

    Buyers and sellers meet now and then, and more rests than trades.
    """

    venue: Venue
    rate: int = 500
    placed: list[Placed] = field(default_factory=list)
    busy: int = 0
    unknown: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def list_instruments(self) -> None:
        """One in each partition."""
        for partition in range(self.venue.partitions):
            await self.venue.submit(partition, listing(f"S{partition}"))

    async def run(self) -> None:
        """Place orders at the rate, whatever happens to them."""
        began, placed = time.monotonic(), 0
        while True:
            due = int((time.monotonic() - began) * self.rate)
            for number in range(placed, due):
                task = asyncio.create_task(self._place(number))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            placed = due
            await asyncio.sleep(INTERVAL_SECONDS)

    async def drained(self) -> None:
        """Wait until every order has its outcome."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _place(self, number: int) -> None:
        partition = number % self.venue.partitions
        round_number = number // self.venue.partitions
        side, account = (buy, "anna") if round_number % 3 else (sell, "boris")
        ticks = 100 - round_number % 5 if side is buy else 98 + round_number % 9
        name = f"n{number}"
        order = Placed(partition, account, name, time.monotonic())
        self.placed.append(order)
        try:
            outcome = await self.venue.submit(partition, side(account, f"S{partition}", 1 + number % 3, ticks, name))
        except Busy:
            self.busy += 1
        except OutcomeUnknown:
            self.unknown += 1
        else:
            order.answered = time.monotonic()
            order.order_id = json.loads(outcome.body)["order_id"] if outcome.code == "" else outcome.code

    def answered_since(self, moment: float, partition: int) -> list[Placed]:
        """Orders of a partition sent after a moment and answered, by the time of the answer."""
        orders = [order for order in self.placed if order.partition == partition]
        return sorted(
            (order for order in orders if order.sent > moment and order.answered), key=lambda order: order.answered
        )

    async def assert_nothing_was_lost(self) -> None:
        """Every answered order is there under the id that was answered, and no trade happened twice."""
        for order in self.placed:
            if order.answered:
                there = await ask(
                    self.venue,
                    order.partition,
                    "by_client_id",
                    account=order.account,
                    symbol=f"S{order.partition}",
                    client_order_id=order.name,
                )
                assert there["order_id"] == order.order_id, order
        for partition in range(self.venue.partitions):
            trades: Any = await ask(self.venue, partition, "trades", symbol=f"S{partition}", limit=1_000)
            ids = [trade["trade_id"] for trade in trades["trades"]]
            assert ids == sorted(set(ids))
