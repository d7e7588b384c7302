"""Bench market: the processes that `openbell bench path` measures: nats-server, the exchange's roles, and the floor's.

All files are in a temporary directory, and all processes end with the measurement. Rate limits are off.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from openbell.api import Api, path_of
from openbell.errors import Fault
from openbell.local import lifeline
from openbell.local.data_dir import DataDir
from openbell.local.tokens import own_admin_token, token_for
from streams.broker.embedded import EmbeddedServer

HOST: Final = "127.0.0.1"
SYMBOL: Final = "BENCH"
START_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.05
END_SECONDS: Final = 10.0
TOKEN_SECONDS: Final = 3_600


@dataclass(frozen=True, slots=True)
class BenchMarket:
    """The addresses of the two chains, and tokens for the real one."""

    real_port: int
    floor_port: int
    tokens: list[str]


@asynccontextmanager
async def running(clients: int) -> AsyncIterator[BenchMarket]:
    """Both chains, ready for this many clients."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="openbell-bench-")))
        data_dir = DataDir(directory / "data")
        data_dir.prepare()
        server = await EmbeddedServer.start(directory / "nats", log_file=directory / "nats.log")
        stack.push_async_callback(server.stop)
        real_port, floor_port = _free_port(), _free_port()
        environment = _environment(server.url, real_port, data_dir)
        log_file = stack.enter_context((directory / "roles.log").open("wb"))
        for arguments in (
            ("openbell", "worker"),
            ("openbell", "gateway"),
            ("openbell.bench.floor", "consumer"),
            ("openbell.bench.floor", "gateway", str(floor_port)),
        ):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *arguments, env=environment, stdout=log_file, stderr=log_file
            )
            stack.push_async_callback(_end, process)
        await _until_ready(real_port, floor_port, directory / "roles.log")
        api = Api(f"http://{HOST}:{real_port}", own_admin_token(data_dir))
        await asyncio.to_thread(api.put, path_of(SYMBOL), {"tick_size": "0.01", "lot_size": "1"})
        tokens = [token_for(data_dir, f"bench-{number}", "trade", TOKEN_SECONDS) for number in range(clients)]
        yield BenchMarket(real_port, floor_port, tokens)


def _environment(nats_url: str, port: int, data_dir: DataDir) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OPENBELL_")}
    return inherited | {
        lifeline.PARENT: str(os.getpid()),
        "OPENBELL_NATS_URL": nats_url,
        "OPENBELL_PARTITIONS": "1",
        "OPENBELL_HOST": HOST,
        "OPENBELL_PORT": str(port),
        "OPENBELL_JWT_SECRET_FILE": str(data_dir.secret_file),
        "OPENBELL_RATE_LIMITS": "off",
        "OPENBELL_CONNECTIONS_PER_ADDRESS": "10000",
    }


async def _until_ready(real_port: int, floor_port: int, log_file: Path) -> None:
    api = Api(f"http://{HOST}:{real_port}")
    try:
        async with asyncio.timeout(START_SECONDS):
            # Other processes have no event to wait for.
            while not await asyncio.to_thread(api.is_ready) or not _listens(floor_port):  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        tail = await asyncio.to_thread(log_file.read_text, errors="replace")
        raise Fault(f"the processes to measure did not start in {START_SECONDS} s:\n{tail[-2_000:]}") from None


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end, and kill it if it does not."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
