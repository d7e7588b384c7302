"""The servers that each test of the contract meets: a real one, then the one in memory."""

from __future__ import annotations

import pytest_asyncio

from streams.connection import Connection
from tests.support.contract import (
    Mortal,
    Real,
    in_memory,
    start,
)
from tests.support.nats import forget_everything


@pytest_asyncio.fixture(params=["nats-server", "memory"])
async def server(request, monkeypatch, shared_server):
    if request.param == "memory":
        return in_memory(monkeypatch)
    await forget_everything(shared_server)
    return Real(shared_server)


@pytest_asyncio.fixture(params=["nats-server", "memory"])
async def mortal(request, monkeypatch, tmp_path):
    if request.param == "memory":
        yield in_memory(monkeypatch)
    else:
        made = Mortal(await start(tmp_path), tmp_path)
        yield made
        await made.stop()


@pytest_asyncio.fixture
async def connection(server):
    connection = await Connection.open(server.settings, "test")
    yield connection
    await connection.close()
