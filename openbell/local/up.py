"""`openbell up`: a whole exchange in one terminal, each role a supervised child process.

- Nothing is started before the port, the data directory and the settings are known to be usable.
- Order of starting: nats-server, the streams, workers and gateways, and once they serve, the demo's bots.
- Order of ending: bots, gateways, workers, nats-server, each within `supervisor.DRAIN_SECONDS`; a second Ctrl-C kills.
- The lock of the data directory is held by this process and every child, so the next `up` knows whether all are gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import structlog

from openbell.api import Api, Readiness
from openbell.errors import WRONG_USE, Fault
from openbell.local import banner, environment, logs
from openbell.local.data_dir import Lock
from openbell.local.degraded import names_of
from openbell.local.demo_instruments import list_missing
from openbell.local.full_disk import FullDisk
from openbell.local.supervisor import Role, Supervisor
from openbell.local.terminal import line_writer, prefix_of
from openbell.local.tokens import own_admin_token
from streams import topology
from streams.broker import embedded
from streams.broker.connection import Connection
from streams.errors import SettingsError, TopologyMismatch
from streams.journal import calendar_files
from streams.settings import StreamSettings, without_password

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from openbell.local.data_dir import DataDir

log = structlog.get_logger(__name__)

ENDING_ORDER: Final = ("bots", "gateway", "worker", "nats")
POLL_SECONDS: Final = 0.1
PATIENCE_SECONDS: Final = 10.0
"""How long starting may take before `up` prints what it waits for; a long journal takes long to replay."""

ONE_REQUEST_SECONDS: Final = 0.5
"""Signals this close together count as one: a terminal and a wrapper such as timeout(1) both forward a Ctrl-C."""

READY_TIMEOUT_SECONDS: Final = 1.0
STOPPED_SECONDS: Final = 3.0
"""How long a partition must stay stopped: a starting worker checks the place marked, and may remove the mark."""

DEMO_ATTEMPTS: Final = 20
DEMO_ATTEMPT_SECONDS: Final = 0.5


@dataclass(frozen=True)
class UpSettings:
    """The options of `openbell up`; `port` 0 is any free one, an empty `nats_url` is the embedded nats-server."""

    host: str
    port: int
    data_dir: DataDir
    demo: bool
    workers: int
    gateways: int
    partitions: int
    nats_url: str
    calendars: str
    as_json: bool


def run(settings: UpSettings, environ: Mapping[str, str]) -> None:
    """Run the exchange until it is asked to end."""
    environment.check(environ)
    log_settings = logs.LogSettings.from_environment(environ)
    named = {"role": "up"} if log_settings.format == "json" else {}
    logs.configure(log_settings, prefix=prefix_of("up", log_settings), **named)
    with reserve_port(settings.host, settings.port) as reserved:
        settings.data_dir.prepare()
        with contextlib.closing(Lock(settings.data_dir)) as lock:
            exchange = LocalExchange(settings, log_settings, environ, reserved.getsockname()[1], lock)
            asyncio.run(exchange.run())


def reserve_port(host: str, port: int) -> socket.socket:
    """Bind the port for our gateways, which share it (SO_REUSEPORT); a `Fault` if another process has the port.

    The socket never listens, so it accepts no connection, and nobody else can bind the port while a gateway restarts.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            # Without SO_REUSEPORT, or another exchange's gateways would share theirs with us; with SO_REUSEADDR, or
            # connections that ended a moment ago would still count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            bound = probe.getsockname()
        reserved = socket.socket(family, kind)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind(bound)
    except OSError as error:
        raise Fault(
            f"{host}:{port} cannot be listened on: {error.strerror}",
            "Choose another with --port (0 takes any free one), or stop what uses it.",
        ) from error
    return reserved


class LocalExchange:
    """The processes of one exchange on this machine."""

    def __init__(
        self,
        settings: UpSettings,
        log_settings: logs.LogSettings,
        environ: Mapping[str, str],
        port: int,
        lock: Lock,
    ) -> None:
        """No process is started yet."""
        self._settings = settings
        self._log_settings = log_settings
        self._environ = environ
        self._lock = lock
        self._nats_port = 0 if settings.nats_url else free_port()
        self._nats_url = settings.nats_url or f"nats://{embedded.HOST}:{self._nats_port}"
        self._port = port
        self.url = f"http://{reachable(settings.host)}:{port}"
        self._supervisor: Supervisor
        self._watching: asyncio.Task[None] | None = None
        self._asked = asyncio.Event()
        self._asked_at = 0.0
        self._killed = False

    async def run(self) -> None:
        """Start all processes, wait to be asked to end, end all processes."""
        self._supervisor = Supervisor()
        self._listen_to_signals()
        opening = asyncio.create_task(self._open(), name="opening")
        asked = asyncio.create_task(self._asked.wait(), name="asked to end")
        try:
            ends: set[asyncio.Future[Any]] = {asked, self._supervisor.gave_up}
            await asyncio.wait({opening, *ends}, return_when=asyncio.FIRST_COMPLETED)
            if opening.done() and not opening.exception():
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            await self._close(opening)
        if self._killed:
            raise Fault("killed before everything had drained", "What was stored is safe: start again as usual.")
        if self._supervisor.gave_up.done():
            name = self._supervisor.gave_up.result().role.name
            raise Fault(f"{name} cannot run with these settings", "Its last lines above say why.", code=WRONG_USE)

    async def _open(self) -> None:
        if self._nats_port:
            self._start_nats()
            await self._until_nats_is_healthy()
        await self._make_streams()
        self._supervisor.start(
            [self._role(f"worker-{number}", "worker") for number in range(1, self._settings.workers + 1)]
            + [self._role(f"gateway-{number}", "gateway") for number in range(1, self._settings.gateways + 1)]
        )
        readiness = await self._until_ready()
        self._lock.describe(pid=os.getpid(), url=self.url, nats_url=self._nats_url)
        # The demo's instruments are spread over all partitions: the demo opens whole or not at all.
        demo = self._settings.demo and readiness.ready
        if demo:
            await self._open_the_demo()
        announce = banner.announce_json if self._settings.as_json else banner.announce
        announce(self.url, self._nats_url, self._settings.data_dir.path, readiness, demo=demo)

    def _start_nats(self) -> None:
        role = self._role("nats", "nats", "--port", str(self._nats_port))
        disk = FullDisk(self._settings.data_dir.nats)

        def show(line: bytes) -> None:
            role.show(line)
            disk.hear(line)

        (server,) = self._supervisor.start([replace(role, show=show)])
        self._watching = asyncio.create_task(disk.run(server.restart), name="full disk")

    async def _close(self, opening: asyncio.Task[None]) -> None:
        """End all children in order; an exception of the opening is raised afterwards."""
        log.info("exchange.closing")
        opening.cancel()
        if self._watching is not None:
            self._watching.cancel()
        for kind in ENDING_ORDER:
            await self._supervisor.stop(kind)
        log.info("exchange.closed")
        with contextlib.suppress(asyncio.CancelledError):
            await opening

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._ask)

    def _ask(self) -> None:
        now = asyncio.get_running_loop().time()
        if not self._asked.is_set():
            self._asked_at = now
            self._asked.set()
        elif now - self._asked_at > ONE_REQUEST_SECONDS:
            log.warning("exchange.killed")
            self._killed = True
            self._supervisor.kill()

    def _role(self, name: str, *arguments: str) -> Role:
        return Role(
            name=name,
            command=(sys.executable, "-m", "openbell", *arguments),
            environment=self._environment(name),
            show=line_writer(name, self._log_settings),
            inherited=(self._lock.descriptor,),
        )

    def _environment(self, name: str) -> dict[str, str]:
        """A child's environment: that of this process, overridden by the command line's options."""
        chosen = {
            "OPENBELL_NAME": name,
            "OPENBELL_NATS_URL": self._nats_url,
            "OPENBELL_PARTITIONS": str(self._settings.partitions),
            "OPENBELL_CALENDARS": self._settings.calendars,
            "OPENBELL_HOST": self._settings.host,
            "OPENBELL_PORT": str(self._port),
            "OPENBELL_URL": self.url,
            "OPENBELL_DATA_DIR": str(self._settings.data_dir.path),
            "OPENBELL_JWT_SECRET_FILE": str(self._settings.data_dir.secret_file),
            "OPENBELL_DEMO": "on" if self._settings.demo else "off",
        }
        colors = {"FORCE_COLOR": "1"} if self._log_settings.colors else {}
        return {**self._environ, **chosen, **colors}

    async def _until_nats_is_healthy(self) -> None:
        async with patience(lambda: "nats-server to read its streams"):
            await until(lambda: embedded.healthy(embedded.HOST, self._nats_port))

    async def _make_streams(self) -> None:
        """Make the streams before any role runs; a `Fault` if this exchange cannot have what was asked for."""
        try:
            settings = StreamSettings.from_environment(self._environment("up"))
            calendar_files.load(settings.calendars)
            if self._nats_port:
                FullDisk(self._settings.data_dir.nats).look_ahead(settings.streams_bytes)
            async with patience(lambda: f"NATS at {without_password(self._nats_url)}"):
                connection = await Connection.open(settings, "up")
                try:
                    await topology.ensure(connection, settings)
                finally:
                    await connection.close()
        except (SettingsError, TopologyMismatch) as error:
            raise Fault(str(error), code=WRONG_USE) from error

    async def _until_ready(self) -> Readiness:
        """Wait until all partitions trade, or until those that do not have stopped for good and need an operator."""
        api = Api(self.url, timeout_seconds=READY_TIMEOUT_SECONDS)
        loop = asyncio.get_running_loop()
        found, since = Readiness(ready=False), loop.time()

        async def is_settled() -> bool:
            nonlocal found, since
            before, found = found, await asyncio.to_thread(api.readiness)
            if found != before:
                since = loop.time()
            return found.ready or (found.is_final and loop.time() - since >= STOPPED_SECONDS)

        async with patience(lambda: names_of(found) or "a gateway that is ready"):
            await until(is_settled)
        return found

    async def _open_the_demo(self) -> None:
        api = Api(self.url, own_admin_token(self._settings.data_dir))
        await self._list_demo_instruments(api)
        self._supervisor.start([self._role("bots", "bots")])

    async def _list_demo_instruments(self, api: Api) -> None:
        """List the demo's instruments; listing is safe to repeat, so a change of leader meanwhile is retried."""
        for attempt in range(1, DEMO_ATTEMPTS + 1):
            try:
                await asyncio.to_thread(list_missing, api)
            except Fault as fault:
                if attempt == DEMO_ATTEMPTS:
                    raise
                log.info("demo.waiting", why=fault.what)
                await asyncio.sleep(DEMO_ATTEMPT_SECONDS)
            else:
                return


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Poll another process until a condition holds."""
    while not await condition():  # noqa: ASYNC110 - it has no event that we could wait for
        await asyncio.sleep(POLL_SECONDS)


@contextlib.asynccontextmanager
async def patience(what: Callable[[], str]) -> AsyncIterator[None]:
    """While the block lasts, print from time to time what it waits for."""
    telling = asyncio.create_task(_tell(what), name="patience")
    try:
        yield
    finally:
        telling.cancel()


async def _tell(what: Callable[[], str]) -> None:
    while True:
        await asyncio.sleep(PATIENCE_SECONDS)
        log.info("exchange.waiting", waiting_for=what())


def reachable(host: str) -> str:
    """An address under which a server listening on `host` is reached from here, as URLs write it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def free_port() -> int:
    """A port on which no process listens now."""
    with socket.socket() as probe:
        probe.bind((embedded.HOST, 0))
        port: int = probe.getsockname()[1]
        return port
