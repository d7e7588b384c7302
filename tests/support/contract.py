"""Two servers held to one contract (tests/streams/contract): a nats-server, and the one in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import pytest

from streams.broker import bucket as buckets
from streams.broker.bucket import Bucket
from streams.broker.connection import Connection
from streams.broker.embedded import ANY_PORT, EmbeddedServer
from streams.errors import (
    ApiRefused,
    NotStored,
)
from streams.settings import StreamSettings
from tests.support.broker.client import MemoryClient
from tests.support.broker.network import Network
from tests.support.broker.server import Broker
from tests.support.nats import wire_to

if TYPE_CHECKING:
    from streams.broker.client import NatsClient
    from tests.support.broker.network import Action

Item = TypeVar("Item")

NANOSECONDS = 1_000_000_000


@dataclass
class Far:
    """A connection over a network that can be cut, or lose what the server says."""

    connection: Connection
    cut: Callable[[], None]
    """Break it and let no new one through."""

    mend: Callable[[], Awaitable[None]]
    """Let new ones through."""

    deafen: Callable[[], None]
    """Lose what the server says from now on."""


class Real:
    """A nats-server."""

    def __init__(self, url: str) -> None:
        self.settings = StreamSettings(nats_url=url)

    async def connect(self, name: str) -> Connection:
        return await Connection.open(self.settings, name)

    @asynccontextmanager
    async def far(self) -> AsyncIterator[Far]:
        async with wire_to(self.settings.nats_url) as wire:
            connection = await Connection.open(replace(self.settings, nats_url=wire.url), "far")

            def deafen() -> None:
                wire.deaf = True

            yield Far(connection, wire.cut, wire.connect, deafen)
            wire.deaf = False
            await connection.close()


class Mortal(Real):
    """A nats-server of its own, so that it can be killed."""

    def __init__(self, server: EmbeddedServer, folder: Path) -> None:
        super().__init__(server.url)
        self._server, self._folder = server, folder

    async def restart(self) -> None:
        self._server.kill()
        await self._server.wait()
        self._server = await start(self._folder, self._server.port)

    async def stop(self) -> None:
        await self._server.stop()


async def start(folder: Path, port: int = ANY_PORT) -> EmbeddedServer:
    return await EmbeddedServer.start(folder / "nats", port, folder / "nats-server.log")


class Cuttable(Network):
    """The clients that get no connection, and those that hear nothing."""

    def __init__(self) -> None:
        self.away: set[MemoryClient] = set()
        self.deaf: set[MemoryClient] = set()

    def reachable(self, client: MemoryClient) -> bool:
        return client not in self.away

    def to_client(self, client: MemoryClient, action: Action) -> None:
        if client not in self.deaf or client in self.away:
            super().to_client(client, action)


class InMemory:
    """The broker."""

    def __init__(self) -> None:
        self.settings = StreamSettings()
        self._network = Cuttable()
        self.broker = Broker(self._network)

    async def connect(self, name: str, client: MemoryClient | None = None) -> Connection:
        """A connection of a client of the broker: this contract is what lets it stand for one of nats-py."""
        client = client or MemoryClient(self.broker)
        return await Connection.open(self.settings, name, cast("NatsClient", client))

    async def restart(self) -> None:
        self.broker.stop()
        self.broker.start(revived=True)

    @asynccontextmanager
    async def far(self) -> AsyncIterator[Far]:
        client = MemoryClient(self.broker)
        connection = await self.connect("far", client)

        def cut() -> None:
            self._network.away.add(client)
            client.cut()

        async def mend() -> None:
            self._network.away.discard(client)
            self._network.deaf.discard(client)

        yield Far(connection, cut, mend, lambda: self._network.deaf.add(client))
        self._network.deaf.discard(client)
        await connection.close()


Server = Real | InMemory
MortalServer = Mortal | InMemory


async def make_stream(connection: Connection, **config: object) -> None:
    wanted = {"name": "S", "subjects": ["s.*"], "max_bytes": 8 * 1024 * 1024} | config
    await connection.api("STREAM.CREATE.S", wanted)


async def make_bucket(connection: Connection, storage: str = "file") -> Bucket:
    await connection.api("STREAM.CREATE.KV_B", buckets.stream_config("B", storage, 1, 1024 * 1024))
    return Bucket(connection, "B")


async def refusal(waiting: Awaitable[object]) -> int:
    with pytest.raises(NotStored) as refused:
        await waiting
    return refused.value.code


async def api_refusal(connection: Connection, subject: str, body: dict[str, object] | None = None) -> int:
    with pytest.raises(ApiRefused) as refused:
        await connection.api(subject, body)
    return refused.value.code


async def take(reader: AsyncIterator[Item], count: int) -> list[Item]:
    return [await asyncio.wait_for(anext(reader), 10) for _ in range(count)]
