"""A real nats-server for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from streams.connection import Connection
from streams.embedded import EmbeddedServer
from streams.settings import StreamSettings

POLL_INTERVAL = 0.01


@asynccontextmanager
async def nats_server(directory: Path) -> AsyncIterator[str]:
    """Run a nats-server with its store in `directory` on a free port, and give its URL."""
    server = await EmbeddedServer.start(directory / "nats", log_file=directory / "nats-server.log")
    try:
        yield server.url
    finally:
        await server.stop()


async def forget_everything(url: str) -> None:
    """Delete all streams, buckets included, so that the next test finds a fresh server."""
    connection = await Connection.open(StreamSettings(nats_url=url), "cleaner")
    names = (await connection.api("STREAM.NAMES"))["streams"] or []
    for name in names:
        await connection.api(f"STREAM.DELETE.{name}")
    await connection.close()


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for `condition` to become true."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(POLL_INTERVAL)
