"""The SDK while a real gateway is restarted: orders, prints, busts and positions of the time between are told."""

from __future__ import annotations

from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from exchange.commands import BustTrade
from openbell import Client
from openbell.client.errors import TradesMissed
from tests.support.gateway import gateway_parts, list_instrument, served, token
from tests.support.journaled import buy, sell
from tests.support.local_venue import LocalVenue
from tests.support.sdk import QUICK, take

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def venue() -> LocalVenue:
    """Anna has sold 2 of 5 at 10 to boris."""
    venue = LocalVenue()
    await list_instrument(venue)
    await venue.submit(0, sell("anna", 5, 10, "a-1"))
    await venue.submit(0, buy("boris", 2, 10, "b-1"))
    return venue


class Gateway:
    """A gateway on one port, and its lives."""

    def __init__(self, venue: LocalVenue) -> None:
        self._venue = venue
        self._port = 0
        self._life = AsyncExitStack()

    async def start(self) -> str:
        """Serve; gives the URL, every time the same."""
        services = await self._life.enter_async_context(gateway_parts(self._venue))
        address = await self._life.enter_async_context(served(services, self._port))
        self._port = int(address.rpartition(":")[2])
        return f"http://{address}"

    async def stop(self) -> None:
        """End it: every connection with it."""
        await self._life.aclose()


@asynccontextmanager
async def client_on(gateway: Gateway, account: str) -> AsyncIterator[Any]:
    """A client that is quick to come back."""
    url = await gateway.start()
    try:
        async with Client(url, token(account), QUICK) as client:
            yield client
    finally:
        await gateway.stop()


async def test_the_snapshot_of_orders_has_an_end(venue: LocalVenue) -> None:
    """Complete over all partitions, also where there is none; what happens afterwards follows it."""
    gateway = Gateway(venue)
    async with client_on(gateway, "anna") as anna:
        async with aclosing(anna.orders()) as reports:
            [mine] = await reports.snapshot()
            assert (mine.exec, mine.order.client_order_id, mine.order.open_quantity) == ("snapshot", "a-1", Decimal(3))
            await anna.cancel(mine.order.order_id)
            assert [report.exec for report in await take(reports, 1)] == ["canceled"]
            assert await reports.snapshot() == []
        async with aclosing(anna.orders()) as reports:
            assert await reports.snapshot() == []


async def test_nothing_is_missed_while_a_gateway_is_restarted(venue: LocalVenue) -> None:
    """Reports, prints and a bust from the time between; a position that has become flat; each once."""
    gateway = Gateway(venue)
    async with client_on(gateway, "boris") as boris, AsyncExitStack() as stack:
        reports = await stack.enter_async_context(aclosing(boris.orders()))
        tape = await stack.enter_async_context(aclosing(boris.trades("ACME")))
        positions = await stack.enter_async_context(aclosing(boris.positions()))
        assert await reports.snapshot() == []
        assert [(trade.trade_id, trade.bust) for trade in await take(tape, 1)] == [(1, False)]
        assert [held.quantity for held in await positions.snapshot()] == [Decimal(2)]

        await gateway.stop()
        await venue.submit(0, buy("boris", 1, 10, "b-2"))
        await venue.submit(0, BustTrade("ACME", 1))
        await venue.submit(0, BustTrade("ACME", 2))
        await gateway.start()

        assert [(trade.trade_id, trade.bust) for trade in await take(tape, 3)] == [(1, True), (2, False), (2, True)]
        told = [(report.exec, report.trade_id) for report in await take(reports, 4)]
        assert told == [("accepted", 0), ("trade", 2), ("busted", 1), ("busted", 2)]
        [flat] = await take(positions, 1)
        assert (flat.symbol, flat.quantity, flat.average_price) == ("ACME", Decimal(0), None)


async def test_prints_beyond_the_snapshot_are_fetched(venue: LocalVenue) -> None:
    """The channel's snapshot has the last hundred; the exchange keeps a thousand."""
    gateway = Gateway(venue)
    await venue.submit(0, sell("anna", 1_000, 10, "a-2"))
    async with client_on(gateway, "boris") as boris, aclosing(boris.trades("ACME")) as tape:
        await take(tape, 1)
        await gateway.stop()
        for number in range(150):
            await venue.submit(0, buy("carla", 1, 10, f"c-{number}"))
        await gateway.start()
        assert [trade.trade_id for trade in await take(tape, 150)] == list(range(2, 152))


async def test_prints_that_nobody_keeps_are_told_to_be_missed(venue: LocalVenue) -> None:
    """The tape ends with how many there were, and another one begins with what there is."""
    gateway = Gateway(venue)
    await venue.submit(0, sell("anna", 2_000, 10, "a-2"))
    async with client_on(gateway, "boris") as boris:
        async with aclosing(boris.trades("ACME")) as tape:
            await take(tape, 1)
            await gateway.stop()
            for number in range(1_010):
                await venue.submit(0, buy("carla", 1, 10, f"c-{number}"))
            await gateway.start()
            with pytest.raises(TradesMissed) as missed:
                await take(tape, 1)
            assert (missed.value.trades, missed.value.busts) == (10, 0)
        async with aclosing(boris.trades("ACME")) as tape:
            assert [trade.trade_id for trade in await take(tape, 100)] == list(range(912, 1_012))
