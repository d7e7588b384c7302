"""A gateway for tests: its parts on a local venue, sessions without sockets, and a served port when one is needed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from exchange.commands import ListInstrument
from exchange.instrument import Instrument
from exchange.units import UNIT
from gateway import server
from gateway.identity.tokens import mint
from gateway.outbox import Outbox
from gateway.services import Services
from gateway.settings import GatewaySettings
from gateway.websocket.session import Session
from tests.support.local_venue import LocalVenue

if TYPE_CHECKING:
    from streams.venue import Venue

SECRET = b"a secret of tests, at least 32 bytes long"
SETTINGS = GatewaySettings(port=0, jwt_secret=SECRET, rate_limits=False, drain_seconds=2.0)

Frame = dict[str, Any]


class Ended(Exception):
    """Ends the task group of a test."""


@asynccontextmanager
async def gateway_parts(venue: LocalVenue, **settings: Any) -> AsyncIterator[Services]:
    """A gateway's parts at work on a venue. A fault in any of them fails the test."""
    made: asyncio.Future[Services] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def work() -> None:
        # One contract holds for both (tests/streams/contract), so one may stand where the other is wanted.
        try:
            async with asyncio.TaskGroup() as tasks:
                made.set_result(server.make_services(replace(SETTINGS, **settings), cast("Venue", venue), tasks))
                await over.wait()
                raise Ended  # noqa: TRY301 - the way to end a task group whose tasks run for ever
        except* Ended:
            pass

    working = asyncio.create_task(work())
    services = await made
    await eventually(lambda: services.directory.complete)
    yield services
    over.set()
    await working


@asynccontextmanager
async def served(services: Services, port: int = 0) -> AsyncIterator[str]:
    """Serve a gateway's parts on a port, 0 for any free one; gives `host:port`."""
    stop = asyncio.Event()
    runner = server.make_runner(services)
    await runner.setup()
    from aiohttp import web

    await web.TCPSite(runner, "127.0.0.1", port).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"{host}:{port}"
    finally:
        stop.set()
        await services.sessions.drain()
        await runner.cleanup()


def token(account: str = "anna", scope: str = "read trade", accounts: Any = (), ttl: int = 600) -> str:
    """A token that the tests' gateway takes."""
    return mint(SECRET, SETTINGS.jwt_issuer, account, scope, ttl, accounts)


async def list_instrument(venue: LocalVenue, symbol: str = "ACME", partition: int = 0, **members: Any) -> None:
    """List an instrument with a tick of 0.01 and a lot of 1."""
    await venue.claim(symbol, partition)
    instrument = Instrument(symbol, [(0, UNIT // 100)], UNIT, **members)
    outcome = await venue.submit(partition, ListInstrument(instrument))
    assert outcome.code == "", outcome.body


async def eventually(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Let the loop turn until a condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - whatever the condition, nobody signals it
            await asyncio.sleep(0)


class Wire:
    """A transport that keeps what is written; `stalled` keeps it unsent, as for a client that does not read."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.stalled = False
        self.unsent = 0
        self.writes = 0

    def write(self, data: bytes) -> None:
        self.writes += 1
        self.data += data
        if self.stalled:
            self.unsent += len(data)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return False


class Trader:
    """A session without a socket, and what it was told."""

    def __init__(self, services: Services, number: str = "s1", address: str = "192.0.2.1") -> None:
        self.services = services
        self.wire = Wire()
        self.closed: int | None = None
        self.paused = False
        outbox = Outbox(
            self.wire, asyncio.get_running_loop(), services.settings.unread_bytes, lambda: self.close(4408, "slow")
        )
        self.outbox = outbox
        self.session = Session(services, outbox, self, number, address)
        self.heard: list[Frame] = []
        self._ids = 0

    def close(self, code: int, reason: str) -> None:
        self.closed = code
        self.session.end()

    def pause(self) -> None:
        self.paused = True

    def go_on(self) -> None:
        self.paused = False

    def say(self, text: str | bytes | Frame) -> None:
        """Send a frame as it is."""
        if isinstance(text, dict):
            text = json.dumps(text)
        self.session.accept(text if isinstance(text, bytes) else text.encode())

    async def ask(self, method: str, **params: Any) -> Frame:
        """Send a request and wait for its answer: the whole frame."""
        self._ids += 1
        identity = self._ids
        self.say({"id": identity, "method": method, "params": params})
        return await self.hear(lambda frame: frame.get("id") == identity)

    async def do(self, method: str, **params: Any) -> Any:
        """Send a request that must succeed; its result."""
        answer = await self.ask(method, **params)
        assert "result" in answer, answer
        return answer["result"]

    async def refused(self, method: str, **params: Any) -> Frame:
        """Send a request that must be refused; the error."""
        answer = await self.ask(method, **params)
        assert "error" in answer, answer
        error: Frame = answer["error"]
        return error

    async def login(self, account: str = "anna", **more: Any) -> Frame:
        """Log in with a token for the account."""
        extra = {name: more.pop(name) for name in ("cancel_on_disconnect",) if name in more}
        told: Frame = await self.do("login", token=token(account, **more), **extra)
        return told

    async def hear(self, wanted: Callable[[Frame], object], seconds: float = 5.0) -> Frame:
        """The first message that is wanted; those before it stay, to be heard later."""
        async with asyncio.timeout(seconds):
            while True:
                self.listen()
                for place, frame in enumerate(self.heard):
                    if wanted(frame):
                        return self.heard.pop(place)
                await asyncio.sleep(0)

    async def channel(self, channel: str, kind: str = "update") -> Frame:
        """The next message of a channel."""
        return await self.hear(lambda frame: frame.get("channel") == channel and frame.get("type") == kind)

    def listen(self) -> list[Frame]:
        """Read what was written; all that was heard and not taken."""
        for payload in payloads(self.wire.data):
            self.heard.append(json.loads(payload))
        return self.heard

    async def place(self, side: str, quantity: object, price: object, symbol: str = "ACME", **more: Any) -> Frame:
        """Place a limit order that must be taken."""
        order: Frame = await self.do(
            "order.place", symbol=symbol, side=side, type="limit", quantity=str(quantity), price=str(price), **more
        )
        return order


def payloads(data: bytearray) -> list[bytes]:
    """Take the payloads of whole server frames from a buffer."""
    found = []
    while len(data) >= 2:
        length, start = data[1], 2
        if length == 126:
            length, start = int.from_bytes(data[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(data[2:10], "big"), 10
        if len(data) < start + length:
            break
        found.append(bytes(data[start : start + length]))
        del data[: start + length]
    return found
