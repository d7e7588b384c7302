"""One role alone in this process: a gateway, a worker or nats-server, configured by the environment.

SIGTERM and the first SIGINT ask the role to drain and end; the second SIGINT ends it where it stands.
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import uvloop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

from openbell import logs


def run_worker(environ: Mapping[str, str]) -> None:
    """Lead and follow partitions until told to stop."""
    from streams import worker  # noqa: PLC0415 - each role loads what it runs and no more
    from streams.settings import StreamSettings  # noqa: PLC0415

    _log_as("worker", environ)
    settings = StreamSettings.from_environment(environ)
    uvloop.run(_until_stopped(lambda stop: worker.run(settings, stop)))


def run_gateway(environ: Mapping[str, str]) -> None:
    """Serve clients until told to stop."""
    from gateway import server  # noqa: PLC0415
    from gateway.settings import GatewaySettings  # noqa: PLC0415

    _log_as("gateway", environ)
    settings = GatewaySettings.from_environment(environ)
    uvloop.run(_until_stopped(lambda stop: server.run(settings, stop)))


def _log_as(role: str, environ: Mapping[str, str]) -> None:
    name = environ.get("OPENBELL_NAME", "")
    logs.configure(logs.LogSettings.from_environment(environ), role, **({"name": name} if name else {}))


async def _until_stopped(role: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `role` and set its event when the process is asked to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGTERM, ask)
    loop.add_signal_handler(signal.SIGINT, ask)
    await role(stop)
