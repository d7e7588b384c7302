"""A venue with one instrument and a gateway on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import Trader, gateway_parts, list_instrument, served, token
from tests.support.http import client_of
from tests.support.local_venue import LocalVenue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.services import Services
    from tests.support.http import Client


@pytest.fixture
async def venue() -> LocalVenue:
    """Two partitions; ACME is listed in the first."""
    venue = LocalVenue()
    await list_instrument(venue)
    return venue


@pytest.fixture
async def services(venue: LocalVenue) -> AsyncIterator[Services]:
    """A gateway's parts at work."""
    async with gateway_parts(venue) as parts:
        yield parts


@pytest.fixture
async def anna(services: Services) -> Trader:
    """A session that is logged in as anna."""
    trader = Trader(services, "s-anna")
    await trader.login("anna")
    return trader


@pytest.fixture
async def boris(services: Services) -> Trader:
    """A session that is logged in as boris."""
    trader = Trader(services, "s-boris")
    await trader.login("boris")
    return trader


@pytest.fixture
async def viewer(services: Services) -> Trader:
    """A session that nobody is logged in on."""
    return Trader(services, "s-viewer")


@pytest.fixture
async def where(services: Services) -> AsyncIterator[str]:
    """The address of a served gateway."""
    async with served(services) as address:
        yield address


@pytest.fixture
async def public(where: str) -> AsyncIterator[Client]:
    """Nobody in particular."""
    async with client_of(where) as client:
        yield client


@pytest.fixture
async def trader(where: str) -> AsyncIterator[Client]:
    """Anna."""
    async with client_of(where, token()) as client:
        yield client


@pytest.fixture
async def admin(where: str) -> AsyncIterator[Client]:
    """An operator."""
    async with client_of(where, token("operator", "admin")) as client:
        yield client
