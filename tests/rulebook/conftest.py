"""One exchange for all worked cases: two workers, two gateways, four partitions, started as a user starts it."""

from __future__ import annotations

import itertools

import aiohttp
import pytest
import pytest_asyncio

from tests.rulebook.floor import Doors
from tests.support.local_exchange import LocalExchange

_runs = itertools.count(1)


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    exchange = LocalExchange(
        tmp_path_factory.mktemp("rulebook") / "data", "--partitions", "4", "--workers", "2", "--gateways", "2"
    )
    exchange.wait_until_ready()
    yield exchange
    exchange.interrupt()


@pytest_asyncio.fixture
async def doors(running):
    async with aiohttp.ClientSession() as http:
        doors = Doors(running.facts["url"], running.token, http)
        yield doors
        await doors.close()


@pytest.fixture
def floor(doors):
    """Makes a floor: `await floor(reference_price="100")`."""

    async def make(**listing):
        return await doors.floor(f"C{next(_runs)}", **listing)

    return make
