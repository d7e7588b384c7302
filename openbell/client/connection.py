"""The lasting connection: it is made again whenever it is lost, logged in, and handed to the feeds.

Pauses between attempts have full jitter: random between 0 and a limit that doubles, so that the clients of a
restarted gateway do not come back all at once.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, Protocol

import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake

from openbell.client.errors import ConnectionLost, NotAllowed, OpenbellError, OutcomeUnknown
from openbell.client.settings import ClientSettings
from openbell.client.socket import Answer, Socket

log = structlog.get_logger()

Token = str | Callable[[], str] | None
"""A token, or a function that gives a fresh one whenever the client logs in, or None for market data only."""

FRAME_BYTES_MAX = 64 * 2**20
"""The largest message taken: a snapshot of a very deep book."""

_MENDED_BY_LOGIN = ("token_expired", "login")
"""Why a private channel may have ended that another login brings back."""

_FIRST_DELAY_SECONDS = 0.1
_OPEN_TIMEOUT_SECONDS = 5.0
_CLOSE_TIMEOUT_SECONDS = 1.0


class Listener(Protocol):
    """Who wants to know of connections and channel messages."""

    def connected(self, socket: Socket) -> None:
        """A logged-in socket is there."""

    def take(self, frame: dict[str, Any]) -> None:
        """A message of a channel came."""

    def refused(self, error: NotAllowed) -> None:
        """The exchange does not take the token; there will be no connection."""

    def renewed(self, channel: str) -> None:
        """A fresh token was taken after this private channel had ended for want of one."""


class Connection:
    """Keeps one WebSocket open."""

    def __init__(self, url: str, token: Token, settings: ClientSettings, listener: Listener) -> None:
        self._url = _socket_url(url)
        self._token = token
        self._settings = settings
        self._listener = listener
        self._socket: asyncio.Future[Socket] | None = None
        self._places = asyncio.Semaphore(settings.in_flight_max)
        self._task: asyncio.Task[None] | None = None
        self._served = False
        self._closing = False
        self._last_fault = "not tried yet"

    async def open(self) -> None:
        """Connect for the first time.

        Raises:
            ConnectionLost: there was no connection within `connect_timeout`.
            NotAllowed: the exchange does not take the token.
        """
        self._socket = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run())
        try:
            await self._ready(self._settings.connect_timeout)
        except OpenbellError:
            await self.close()
            raise

    async def close(self) -> None:
        """End it; requests under way fail."""
        self._closing = True  # a cancellation that meets a failing TaskGroup is swallowed by it
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def call(self, method: str, params: dict[str, Any], *, repeatable: bool) -> Answer:
        """Send a request, on the next connection if there is none now.

        A repeatable one is sent again for as long as `request_timeout` lasts when its outcome is unknown.

        Raises:
            RequestError: what the exchange answered.
            OutcomeUnknown: it was sent, no answer came, and it may not be repeated.
            ConnectionLost: it was never sent.
        """
        deadline = asyncio.get_running_loop().time() + self._settings.request_timeout
        attempts = 0
        while True:
            socket = await self._ready(deadline - asyncio.get_running_loop().time(), sent=attempts > 0)
            attempts += 1
            try:
                async with asyncio.timeout_at(deadline), self._places:
                    return await socket.ask(method, params)
            except NotAllowed as refused:
                if refused.code != "token_expired" or not callable(self._token) or attempts > 1:
                    raise
                await self._login(socket)
            except TimeoutError as late:
                raise OutcomeUnknown(f"no answer to {method} within the time allowed") from late
            except (ConnectionLost, OutcomeUnknown) as lost:
                if not repeatable:
                    raise OutcomeUnknown(f"{method} was sent and not answered: {lost.message}") from lost
                log.info("client.request_repeated", method=method, attempts=attempts)
                await asyncio.sleep(self._pause(attempts - 1))

    async def _login(self, socket: Socket) -> None:
        """Say who we are, if we know."""
        token = self._token() if callable(self._token) else self._token
        if token is None:
            return
        params: dict[str, Any] = {"token": token}
        if self._settings.cancel_on_disconnect:
            params["cancel_on_disconnect"] = self._settings.cancel_on_disconnect
        await socket.ask("login", params)

    async def _ready(self, seconds: float, *, sent: bool = False) -> Socket:
        assert self._socket is not None, "the client is not open: use `async with Client(…)`"
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(self._socket)
        except TimeoutError as late:
            kind = OutcomeUnknown if sent else ConnectionLost
            raise kind(f"no connection to {self._url}: {self._last_fault}") from late

    async def _run(self) -> None:
        attempt = 0
        while not self._closing:
            self._served = False
            try:
                await self._live()
            except NotAllowed as refused:
                self._fail(refused)
                return
            except (OSError, TimeoutError, InvalidHandshake, OpenbellError) as fault:
                self._last_fault = str(fault) or type(fault).__name__
            attempt = 0 if self._served else attempt + 1
            pause = self._pause(attempt)
            log.info("client.disconnected", fault=self._last_fault, pause_seconds=round(pause, 3))
            await asyncio.sleep(pause)

    async def _live(self) -> None:
        """Connect and stay as long as it goes; it always ends with an exception."""
        transport = await connect(
            self._url,
            compression=None,
            max_size=FRAME_BYTES_MAX,
            ping_interval=None,
            open_timeout=_OPEN_TIMEOUT_SECONDS,
            close_timeout=_CLOSE_TIMEOUT_SECONDS,
        )
        socket = Socket(transport)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(socket.read(lambda frame: self._take(frame, socket)))
                tasks.create_task(self._watch(socket))
                await self._login(socket)
                self._serve(socket)
        except BaseExceptionGroup as group:
            raise _cause(group) from None
        finally:
            if self._served:
                self._socket = asyncio.get_running_loop().create_future()
            await transport.close()

    def _take(self, frame: dict[str, Any], socket: Socket) -> None:
        # What ended for another reason, more orders than can be told, would end again as soon as it is asked for.
        if frame["type"] == "end" and frame.get("reason") in _MENDED_BY_LOGIN and callable(self._token):
            socket.spawn(self._take_up(frame["channel"], socket))
        else:
            self._listener.take(frame)

    async def _take_up(self, channel: str, socket: Socket) -> None:
        await self._login(socket)
        self._listener.renewed(channel)

    def _serve(self, socket: Socket) -> None:
        assert self._socket is not None
        self._served = True
        self._listener.connected(socket)
        self._socket.set_result(socket)

    def _fail(self, refused: NotAllowed) -> None:
        """No attempt would go better than this one: whoever waits is told."""
        assert self._socket is not None
        self._socket.set_exception(refused)
        self._socket.exception()  # it may be that nobody waits
        self._listener.refused(refused)

    async def _watch(self, socket: Socket) -> None:
        """Give up a connection that brings nothing: the other end may be gone without a word."""
        loop = asyncio.get_running_loop()
        while (quiet := loop.time() - socket.heard_at) < self._settings.stale_after:  # noqa: ASYNC110 - silence is no event
            await asyncio.sleep(self._settings.stale_after - quiet)
        raise ConnectionLost(f"nothing was heard for {self._settings.stale_after} s")

    def _pause(self, attempt: int) -> float:
        limit = min(self._settings.reconnect_delay_max, _FIRST_DELAY_SECONDS * 2 ** min(attempt, 16))
        return random.uniform(0, limit)  # noqa: S311 - spreading load is no secret


def _socket_url(url: str) -> str:
    scheme, separator, rest = url.rstrip("/").partition("://")
    assert separator, f"a URL has a scheme: {url!r}"
    secure = scheme in {"https", "wss"}
    return f"{'wss' if secure else 'ws'}://{rest}/v1/ws"


def _cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one exception that ended the connection; the others follow from it."""
    first = group.exceptions[0]
    return _cause(first) if isinstance(first, BaseExceptionGroup) else first
