"""The exchange as `openbell up` runs it, with what a crowd and a judge need of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from openbell.api import Api, path_of
from openbell.local.data_dir import DataDir
from openbell.local.tokens import own_admin_token, token_for
from streams.broker.connection import Connection
from streams.settings import StreamSettings
from tests.chaos.exchange import TOKEN_SECONDS
from tests.chaos.process import Process
from tests.support.local_exchange import LocalExchange


class SupervisedExchange:
    """One life of `openbell up`."""

    def __init__(self, directory: Path, partitions: int = 2) -> None:
        self.directory = directory
        self.settings = StreamSettings(partitions=partitions)
        self.symbols = [f"CHAOS{number}" for number in range(partitions)]
        self.urls: list[str] = []
        self.processes: list[Process] = []
        self.connection: Connection
        self.up: LocalExchange

    async def start(self) -> None:
        """Start it and list one instrument in each partition."""
        self.up = LocalExchange(self.directory, "--partitions", str(self.settings.partitions))
        await asyncio.to_thread(self.up.wait_until_ready)
        self.urls = [self.up.facts["url"]]
        self.settings = replace(self.settings, nats_url=self.up.facts["nats_url"])
        self.connection = await Connection.open(self.settings, "chaos")
        api = Api(self.urls[0], own_admin_token(DataDir(self.directory)))
        for partition, symbol in enumerate(self.symbols):
            terms = {"tick_size": "0.01", "lot_size": "1", "partition": partition}
            await asyncio.to_thread(api.put, path_of(symbol), terms)

    async def stop(self) -> None:
        """End it, if it can still be ended."""
        if hasattr(self, "connection"):
            await self.connection.close()
        if hasattr(self, "up") and self.up.process.poll() is None:
            await asyncio.to_thread(self.up.interrupt)

    def token(self, account: str) -> str:
        """A token for a trader."""
        return token_for(DataDir(self.directory), account, "read trade", TOKEN_SECONDS)
