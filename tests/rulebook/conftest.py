"""One exchange for all worked cases: two workers, two gateways, four partitions, started as a user starts it.

With OPENBELL_RULEBOOK_KILL_SECONDS a worker is killed with -9 every so many seconds, in the middle of whatever goes on:
every case has to come out the same (`make rulebook KILL=3`).
"""

from __future__ import annotations

import itertools
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio

from tests.rulebook.floor import Doors, MakeFloor
from tests.support.local_exchange import LocalExchange, kill

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.rulebook.floor import Floor

KILL_SECONDS = float(os.environ.get("OPENBELL_RULEBOOK_KILL_SECONDS", "0"))

_runs = itertools.count(1)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalExchange]:
    exchange = LocalExchange(
        tmp_path_factory.mktemp("rulebook") / "data", "--partitions", "4", "--workers", "2", "--gateways", "2"
    )
    exchange.wait_until_ready()
    with killings(exchange):
        yield exchange
    exchange.interrupt()


@contextmanager
def killings(exchange: LocalExchange) -> Iterator[Any]:
    """Kill a worker after the other for as long as the block lasts, if that is asked for."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(KILL_SECONDS):
            workers = exchange.children("worker")
            if len(workers) > 1:
                kill(workers[0])

    killer = threading.Thread(target=go_on)
    if KILL_SECONDS:
        killer.start()
    yield
    over.set()
    if KILL_SECONDS:
        killer.join()


@pytest_asyncio.fixture
async def doors(running: LocalExchange) -> AsyncIterator[Doors]:
    async with aiohttp.ClientSession() as http:
        doors = Doors(running.facts["url"], running.token, http)
        yield doors
        await doors.close()


@pytest.fixture
def floor(doors: Doors) -> MakeFloor:
    """A function that lists an instrument by its terms and gives its floor."""

    async def make(**listing: Any) -> Floor:
        return await doors.floor(f"C{next(_runs)}", **listing)

    return make
