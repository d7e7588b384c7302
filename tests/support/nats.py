"""A real nats-server for tests, and a way to cut connections to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from streams.broker.connection import Connection
from streams.broker.embedded import EmbeddedServer
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
    """Wait for `condition`, a function or a coroutine function, to become true."""
    async with asyncio.timeout(seconds):
        while True:
            value = condition()
            if await value if isinstance(value, Awaitable) else value:
                return
            await asyncio.sleep(POLL_INTERVAL)


class Wire:
    """The network between a client and a nats-server: it can be cut, and it can lose what the server says."""

    def __init__(self, server_url: str) -> None:
        address = urlsplit(server_url)
        self._host, self._port = address.hostname, address.port
        self._writers: set[asyncio.StreamWriter] = set()
        self._listener: asyncio.Server | None = None
        self.port = 0
        self.deaf = False
        """Drop what the server says."""

    @property
    def url(self) -> str:
        """Where a client connects to go through this wire."""
        return f"nats://127.0.0.1:{self.port}"

    async def connect(self) -> None:
        """Let clients through (again), on the same port as before."""
        self._listener = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Break every connection and let none through."""
        if self._listener is not None:
            self._listener.close()
        for writer in list(self._writers):
            writer.transport.abort()

    @property
    def carries(self) -> bool:
        """Whether anybody is connected through it."""
        return bool(self._writers)

    async def _carry(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(self._host, self._port)
        ends = {to_client, to_server}
        self._writers |= ends
        try:
            await asyncio.gather(
                self._copy(from_client, to_server, lambda: False),
                self._copy(from_server, to_client, lambda: self.deaf),
            )
        except OSError:
            pass
        finally:
            self._writers -= ends
            for writer in ends:
                writer.transport.abort()

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, drops: Callable[[], bool]) -> None:
        while data := await reader.read(65_536):
            if not drops():
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def wire_to(server_url: str) -> AsyncIterator[Wire]:
    """A wire to the server, whole at first."""
    wire = Wire(server_url)
    await wire.connect()
    try:
        yield wire
    finally:
        wire.cut()
