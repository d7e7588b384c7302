"""The exchange that is broken: nats-server, workers and gateways as processes of their own, without a supervisor.

Each gateway has a port of its own, so that it is known who talks to whom; each partition has one instrument.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from openbell.api import Api, path_of
from openbell.errors import Fault
from openbell.local import lifeline
from openbell.local.data_dir import DataDir
from openbell.local.tokens import own_admin_token, token_for
from streams import subjects
from streams.broker.bucket import Bucket
from streams.broker.connection import Connection
from streams.errors import StreamError
from streams.leadership.roster import lease_key
from streams.settings import StreamSettings
from tests.chaos import nats_nodes
from tests.chaos.nats_nodes import Node
from tests.chaos.process import Process
from tests.support.nats import until
from tests.support.ports import free_port

HOST = "127.0.0.1"
READY_SECONDS = 60.0
TOKEN_SECONDS = 20 * 3_600
LISTING_ATTEMPTS = 40
PAUSE_SECONDS = 0.25


class Exchange:
    """See the module. `start` brings it to the point where it takes orders."""

    def __init__(
        self,
        directory: Path,
        *,
        partitions: int = 2,
        workers: int = 2,
        gateways: int = 2,
        nodes: list[Node] | None = None,
        more: dict[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.data_dir = DataDir(directory / "data")
        self.data_dir.prepare()
        self.nodes = nodes or nats_nodes.alone(directory)
        self.settings = replace(
            StreamSettings.from_environment(more or {}),
            nats_url=nats_nodes.url_of(self.nodes),
            partitions=partitions,
            replicas=3 if len(self.nodes) > 1 else 1,
            name="chaos-0",
        )
        self.symbols = [f"CHAOS{number}" for number in range(partitions)]
        self._more = more or {}
        ports = [free_port() for _ in range(gateways)]
        self.urls = [f"http://{HOST}:{port}" for port in ports]
        self.workers = [self._role(f"worker-{number + 1}", "worker") for number in range(workers)]
        self.gateways = [self._role(f"gateway-{at + 1}", "gateway", port) for at, port in enumerate(ports)]
        self.connection: Connection

    @property
    def processes(self) -> list[Process]:
        """All of them, in the order in which they may end."""
        return [*self.gateways, *self.workers, *self.nodes]

    def token(self, account: str) -> str:
        """A token for a trader."""
        return token_for(self.data_dir, account, "read trade", TOKEN_SECONDS)

    async def start(self) -> None:
        """Start everything and list one instrument in each partition."""
        await self.start_processes()
        await self.ready()
        await self._list_instruments()

    async def start_processes(self) -> None:
        """Start everything and wait for nats-server alone."""
        for node in self.nodes:
            node.start()
        await asyncio.gather(*(node.healthy() for node in self.nodes))
        for process in (*self.workers, *self.gateways):
            process.start()
        self.connection = await Connection.open(self.settings, "chaos")

    async def ready(self) -> None:
        """Wait until every gateway takes orders."""
        await asyncio.gather(*(self.gateway_ready(number) for number in range(len(self.gateways))))

    async def gateway_ready(self, number: int) -> None:
        """Wait until one gateway takes orders."""
        api = Api(self.urls[number], timeout_seconds=2.0)
        await until(lambda: asyncio.to_thread(api.is_ready), READY_SECONDS)

    async def stop(self) -> None:
        """End everything, in order."""
        if hasattr(self, "connection"):
            await self.connection.close()
        for group in (self.gateways, self.workers, self.nodes):
            await asyncio.gather(*(process.stop() for process in group))

    async def leases(self) -> dict[str, str]:
        """Who holds what, as the bucket says now."""
        entries = await Bucket(self.connection, subjects.LEASES).read_all()
        return {key: entry.value for key, entry in entries.items()}

    async def leader_of(self, partition: int) -> Process:
        """The worker that leads a partition; waits until one does."""
        found: list[Process] = []

        async def look() -> bool:
            try:
                holder = (await self.leases()).get(lease_key(partition), "")
            except StreamError:
                return False
            found[:] = [worker for worker in self.workers if worker.alive and holder and worker_id(worker) == holder]
            return bool(found)

        await until(look, READY_SECONDS)
        return found[0]

    async def led_by(self, process: Process) -> list[int]:
        """The partitions whose lease a worker holds."""
        mine, leases = worker_id(process), await self.leases()
        return [number for number in range(self.settings.partitions) if leases.get(lease_key(number)) == mine]

    def _role(self, name: str, role: str, port: int = 0) -> Process:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("OPENBELL_")}
        environment = (
            inherited
            | self._more
            | {
                lifeline.PARENT: str(os.getpid()),
                "OPENBELL_NAME": name,
                "OPENBELL_NATS_URL": self.settings.nats_url,
                "OPENBELL_PARTITIONS": str(self.settings.partitions),
                "OPENBELL_REPLICAS": str(self.settings.replicas),
                "OPENBELL_HOST": HOST,
                "OPENBELL_PORT": str(port),
                "OPENBELL_DATA_DIR": str(self.data_dir.path),
                "OPENBELL_JWT_SECRET_FILE": str(self.data_dir.secret_file),
                "OPENBELL_RATE_LIMITS": "off",
                "OPENBELL_LOG_FORMAT": "json",
            }
        )
        return Process(name, [sys.executable, "-m", "openbell", role], environment, self.directory / f"{name}.log")

    async def _list_instruments(self) -> None:
        api = Api(self.urls[0], own_admin_token(self.data_dir))
        for partition, symbol in enumerate(self.symbols):
            terms: dict[str, Any] = {"tick_size": "0.01", "lot_size": "1", "partition": partition}
            await self._list(api, symbol, terms)

    async def _list(self, api: Api, symbol: str, terms: dict[str, Any]) -> None:
        for _ in range(LISTING_ATTEMPTS):
            try:
                await asyncio.to_thread(api.put, path_of(symbol), terms)
            except Fault:
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return
        raise AssertionError(f"{symbol} could not be listed")


def worker_id(process: Process) -> str:
    """The id under which a worker holds leases, as it logged it; "" if it has not got so far."""
    started = process.lines("worker.started")
    return str(started[-1]["worker"]) if started else ""
