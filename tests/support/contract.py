"""Two servers held to one contract (tests/streams/contract): a nats-server, and the one in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from streams import bucket as buckets
from streams.bucket import Bucket
from streams.connection import Connection
from streams.embedded import ANY_PORT, EmbeddedServer
from streams.errors import (
    ApiRefused,
    NotStored,
)
from streams.settings import StreamSettings
from tests.support.broker.client import MemoryClient
from tests.support.broker.network import Network
from tests.support.broker.server import Broker
from tests.support.nats import wire_to

NANOSECONDS = 1_000_000_000


class Far:
    """A connection over a network that can be cut, or lose what the server says."""

    connection: Connection

    def cut(self) -> None:
        """Break it and let no new one through."""

    async def mend(self) -> None:
        """Let new ones through."""

    def deafen(self) -> None:
        """Lose what the server says from now on."""


class Real:
    """A nats-server."""

    def __init__(self, url: str) -> None:
        self.settings = StreamSettings(nats_url=url)

    @asynccontextmanager
    async def far(self) -> AsyncIterator[Far]:
        async with wire_to(self.settings.nats_url) as wire:
            far = Far()
            far.connection = await Connection.open(replace(self.settings, nats_url=wire.url), "far")
            far.cut, far.mend, far.deafen = wire.cut, wire.connect, lambda: setattr(wire, "deaf", True)
            yield far
            wire.deaf = False
            await far.connection.close()


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
        self.away = set()
        self.deaf = set()

    def reachable(self, client):
        return client not in self.away

    def to_client(self, client, action):
        if client not in self.deaf or client in self.away:
            super().to_client(client, action)


class InMemory:
    """The broker."""

    def __init__(self) -> None:
        self.settings = StreamSettings()
        self._network = Cuttable()
        self.broker = Broker(self._network)

    async def restart(self) -> None:
        self.broker.stop()
        self.broker.start(revived=True)

    @asynccontextmanager
    async def far(self) -> AsyncIterator[Far]:
        far = Far()
        far.connection = await Connection.open(self.settings, "far")
        client = far.connection._client

        def cut():
            self._network.away.add(client)
            client.cut()

        async def mend():
            self._network.away.discard(client)
            self._network.deaf.discard(client)

        far.cut, far.mend, far.deafen = cut, mend, lambda: self._network.deaf.add(client)
        yield far
        self._network.deaf.discard(client)
        await far.connection.close()


def in_memory(monkeypatch) -> InMemory:
    made = InMemory()
    monkeypatch.setattr("streams.connection.NatsClient", lambda: MemoryClient(made.broker))
    return made


async def make_stream(connection, **config):
    wanted = {"name": "S", "subjects": ["s.*"], "max_bytes": 8 * 1024 * 1024} | config
    await connection.api("STREAM.CREATE.S", wanted)


async def make_bucket(connection, storage="file"):
    await connection.api("STREAM.CREATE.KV_B", buckets.stream_config("B", storage, 1, 1024 * 1024))
    return Bucket(connection, "B")


async def refusal(waiting):
    with pytest.raises(NotStored) as refused:
        await waiting
    return refused.value.code


async def api_refusal(connection, subject, body=None):
    with pytest.raises(ApiRefused) as refused:
        await connection.api(subject, body)
    return refused.value.code


async def take(reader, count):
    return [await asyncio.wait_for(anext(reader), 10) for _ in range(count)]
