"""A venue with one instrument and a gateway on it."""

from __future__ import annotations

import pytest

from tests.support.gateway import Trader, gateway_parts, list_instrument, served, token
from tests.support.http import client_of
from tests.support.local_venue import LocalVenue


@pytest.fixture
async def venue():
    """Two partitions; ACME is listed in the first."""
    venue = LocalVenue()
    await list_instrument(venue)
    return venue


@pytest.fixture
async def services(venue):
    """A gateway's parts at work."""
    async with gateway_parts(venue) as parts:
        yield parts


@pytest.fixture
async def anna(services):
    """A session that is logged in as anna."""
    trader = Trader(services, "s-anna")
    await trader.login("anna")
    return trader


@pytest.fixture
async def boris(services):
    """A session that is logged in as boris."""
    trader = Trader(services, "s-boris")
    await trader.login("boris")
    return trader


@pytest.fixture
async def viewer(services):
    """A session that nobody is logged in on."""
    return Trader(services, "s-viewer")


@pytest.fixture
async def where(services):
    """The address of a served gateway."""
    async with served(services) as address:
        yield address


@pytest.fixture
async def public(where):
    """Nobody in particular."""
    async with client_of(where) as client:
        yield client


@pytest.fixture
async def trader(where):
    """Anna."""
    async with client_of(where, token()) as client:
        yield client


@pytest.fixture
async def admin(where):
    """An operator."""
    async with client_of(where, token("operator", "admin")) as client:
        yield client
