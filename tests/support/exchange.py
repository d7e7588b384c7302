"""An exchange in this process: workers as tasks, a venue, and traders in few words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from exchange.commands import ListInstrument, PlaceOrder
from exchange.instrument import Instrument
from exchange.terms import BUY, LIMIT, SELL
from exchange.units import UNIT
from streams import worker
from streams.errors import Unavailable
from streams.settings import StreamSettings
from streams.venue import Venue
from tests.support.nats import Wire, wire_to

TICK = UNIT // 100
LOT = UNIT


class RunningWorker:
    """A worker as a task, behind a wire; `stop` drains it, `kill` ends it without any farewell."""

    def __init__(self, settings: StreamSettings, wire: Wire) -> None:
        self._stop = asyncio.Event()
        self._wire = wire
        self.task = asyncio.create_task(worker.run(replace(settings, nats_url=wire.url), self._stop))

    async def stop(self) -> None:
        """Drain and end, as on SIGTERM."""
        self._stop.set()
        await asyncio.wait_for(self.task, 20)

    async def kill(self) -> None:
        """End as on SIGKILL: nothing that it would still say is heard, and its leases have to lapse."""
        self._wire.cut()
        self.task.cancel()
        await asyncio.wait([self.task])


@asynccontextmanager
async def running_worker(settings: StreamSettings) -> AsyncIterator[RunningWorker]:
    """A worker for the length of a block."""
    async with wire_to(settings.nats_url) as wire:
        running = RunningWorker(settings, wire)
        try:
            yield running
        finally:
            if not running.task.done():
                await running.stop()


@asynccontextmanager
async def open_venue(settings: StreamSettings) -> AsyncIterator[Venue]:
    """A venue for the length of a block."""
    venue = await asyncio.wait_for(Venue.open(settings, "test"), 20)
    try:
        yield venue
    finally:
        await venue.close()


def listing(symbol: str) -> ListInstrument:
    """List an instrument with a tick of 0.01 and a lot of 1."""
    return ListInstrument(Instrument(symbol=symbol, ticks=[(0, TICK)], lot_size=LOT))


def order(account: str, symbol: str, side: int, quantity: int, ticks: int, name: str, **more: Any) -> PlaceOrder:
    """A limit order of whole lots at so many ticks."""
    return PlaceOrder(account, symbol, name, side, LIMIT, quantity * LOT, ticks * TICK, **more)


def buy(account: str, symbol: str, quantity: int, ticks: int, name: str, **more: Any) -> PlaceOrder:
    """See `order`."""
    return order(account, symbol, BUY, quantity, ticks, name, **more)


def sell(account: str, symbol: str, quantity: int, ticks: int, name: str, **more: Any) -> PlaceOrder:
    """See `order`."""
    return order(account, symbol, SELL, quantity, ticks, name, **more)


async def ask(venue: Venue, partition: int, kind: str, **arguments: str | int) -> Any:
    """A query's answer, decoded; it waits through changes of leader."""
    async with asyncio.timeout(20):
        while True:
            try:
                answer = await venue.query(partition, kind, **arguments)
            except Unavailable:
                continue
            assert answer.code == "", answer
            return json.loads(answer.body)
