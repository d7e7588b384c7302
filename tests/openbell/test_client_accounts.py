"""The SDK against a real gateway: positions, the account, busts, orders that wait."""

from __future__ import annotations

from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from exchange.commands import BustTrade
from openbell import Client
from openbell.client.errors import ConnectionLost, NotAllowed
from openbell.client.requests import place, type_of
from tests.support.gateway import gateway_parts, list_instrument, served, token
from tests.support.journaled import buy, sell
from tests.support.local_venue import LocalVenue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def venue() -> LocalVenue:
    venue = LocalVenue()
    await list_instrument(venue)
    await venue.submit(0, sell("anna", 5, 10, "a-1"))
    await venue.submit(0, buy("boris", 2, 10, "b-1"))
    return venue


@pytest.fixture
async def boris(venue: LocalVenue) -> AsyncIterator[Client]:
    """A client that is logged in as boris."""
    async with (
        gateway_parts(venue) as services,
        served(services) as address,
        Client(f"http://{address}", token("boris")) as client,
    ):
        yield client


async def test_positions_come_first_and_then_as_they_change(boris: Client) -> None:
    """The one that there is, then the same as it is after another trade."""
    async with aclosing(boris.positions()) as positions:
        first = await anext(positions)
        await boris.buy("ACME", 1, at="10")
        second = await anext(positions)

    assert (first.symbol, first.quantity, first.average_price) == ("ACME", Decimal(2), Decimal(10))
    assert second.quantity == Decimal(3)


async def test_the_account_has_it_all(boris: Client) -> None:
    """Cash, fees, positions by symbol."""
    account = await boris.account()

    assert (account.account, account.cash, account.fees) == ("boris", Decimal(-20), Decimal(0))
    assert account.positions["ACME"].unrealised == Decimal(0)
    assert account.limits == account.used == []


async def test_an_account_that_may_not_be_seen_is_refused(venue: LocalVenue) -> None:
    """The errors are those of the connection: a refusal by its code, and nobody there."""
    async with (
        gateway_parts(venue) as services,
        served(services) as address,
        Client(f"http://{address}", token("boris", "trade")) as client,
    ):
        with pytest.raises(NotAllowed, match="scope read"):
            await client.account()
    with pytest.raises(ConnectionLost):
        await client.account()


async def test_a_bust_is_on_the_tape(venue: LocalVenue, boris: Client) -> None:
    """The same trade again, marked."""
    async with aclosing(boris.trades("ACME")) as trades:
        printed = await anext(trades)
        await venue.submit(0, BustTrade("ACME", 1))
        undone = await anext(trades)

    assert (printed.trade_id, printed.bust) == (1, False)
    assert (undone.trade_id, undone.bust, undone.quantity) == (1, True, Decimal(2))


@pytest.mark.parametrize(
    ("price", "stop_price", "kind"),
    [(None, None, "market"), ("1", None, "limit"), (None, "1", "stop"), ("1", "2", "stop_limit")],
)
def test_an_order_is_what_its_prices_make_it(price: str | None, stop_price: str | None, kind: str) -> None:
    """A type may still be given."""
    assert type_of(price, stop_price) == kind
    terms: dict[str, Any] = {} if stop_price is None else {"stop_price": stop_price}
    assert place("ACME", "buy", 5, price, **terms).params["type"] == kind
    assert place("ACME", "buy", 5, price, type="limit", **terms).params["type"] == "limit"
