"""nats-servers to break: one alone, or a cluster of three on this machine. Each keeps its port and its store."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from streams.broker import embedded
from tests.chaos.process import Process
from tests.support.nats import until
from tests.support.ports import free_port

HOST = embedded.HOST
HEALTHY_SECONDS = 60.0
END_WITH_US = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()
"""nats-server knows nothing of lifelines: the kernel ends it when we are killed."""

CLUSTER_CONF = Path(__file__).resolve().parents[2] / "nats" / "cluster.conf"


class Node(Process):
    """One nats-server."""

    def __init__(self, name: str, command: list[str], port: int, directory: Path) -> None:
        log = ("--log", str(directory / f"{name}.log"))
        super().__init__(name, [*END_WITH_US, *command, *log], os.environ, directory / f"{name}.out")
        self.port = port
        self.route_ports: list[int] = []
        """Where the nodes of its cluster reach each other, its own first."""

    async def healthy(self) -> None:
        """Wait until it greets with JetStream on."""
        await until(lambda: embedded.healthy(HOST, self.port), HEALTHY_SECONDS)


def alone(directory: Path, store: Path | None = None) -> list[Node]:
    """One server with nats/server.conf, as `openbell up` runs it."""
    port = free_port()
    return [Node("nats-1", embedded.command(store or directory / "store-1", port), port, directory)]


def cluster(directory: Path, size: int = 3) -> list[Node]:
    """So many servers with nats/cluster.conf that know each other."""
    ports = [free_port() for _ in range(2 * size)]
    clients, routes = ports[:size], ports[size:]
    everybody = ",".join(f"nats://{HOST}:{port}" for port in routes)
    nodes = []
    for number in range(size):
        name = f"nats-{number + 1}"
        command = [
            embedded.binary(),
            *("--config", str(CLUSTER_CONF)),
            *("--name", name),
            *("--addr", HOST),
            *("--port", str(clients[number])),
            *("--store_dir", str(directory / f"store-{number + 1}")),
            *("--cluster", f"nats://{HOST}:{routes[number]}"),
            *("--routes", everybody),
        ]
        node = Node(name, command, clients[number], directory)
        node.route_ports = [routes[number], *routes[:number], *routes[number + 1 :]]
        nodes.append(node)
    return nodes


def url_of(nodes: list[Node]) -> str:
    """Where clients find them."""
    return ",".join(f"nats://{HOST}:{node.port}" for node in nodes)
