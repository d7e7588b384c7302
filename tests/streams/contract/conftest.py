"""The servers that each test of the contract meets: a real one, then the one in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.support.contract import InMemory, Mortal, MortalServer, Real, Server, start
from tests.support.nats import forget_everything

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from streams.broker.connection import Connection


@pytest_asyncio.fixture(params=["nats-server", "memory"])
async def server(request: pytest.FixtureRequest, shared_server: str) -> Server:
    if request.param == "memory":
        return InMemory()
    await forget_everything(shared_server)
    return Real(shared_server)


@pytest_asyncio.fixture(params=["nats-server", "memory"])
async def mortal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MortalServer]:
    if request.param == "memory":
        yield InMemory()
    else:
        made = Mortal(await start(tmp_path), tmp_path)
        yield made
        await made.stop()


@pytest_asyncio.fixture
async def connection(server: Server) -> AsyncIterator[Connection]:
    connection = await server.connect("test")
    yield connection
    await connection.close()
