"""One real nats-server for all tests of the streams; each test finds it empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from streams.broker.connection import Connection
from streams.settings import StreamSettings
from tests.support.nats import forget_everything, nats_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with nats_server(tmp_path_factory.mktemp("nats")) as url:
        yield url


@pytest_asyncio.fixture
async def settings(shared_server: str) -> StreamSettings:
    await forget_everything(shared_server)
    return StreamSettings(nats_url=shared_server, partitions=2, journal_max_bytes=64 * 1024 * 1024)


@pytest_asyncio.fixture
async def connection(settings: StreamSettings) -> AsyncIterator[Connection]:
    connection = await Connection.open(settings, "test")
    yield connection
    await connection.close()
