"""Connection: reconnects whenever the WebSocket is lost, logs in, and passes the socket to the feeds.

Pauses between attempts have full jitter: random between 0 and a limit that doubles, so that the clients of a
restarted gateway do not come back all at once.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any, NoReturn, Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake

from openbell.client.errors import (
    ClientClosed,
    ConnectionLost,
    NotAllowed,
    OpenbellError,
    OutcomeUnknown,
    RequestError,
    TryAgain,
    Unreadable,
)
from openbell.client.settings import ClientSettings
from openbell.client.socket import Answer, Socket

log = logging.getLogger(__name__)

Token = str | Callable[[], str] | None
"""A token, or a function that gives a fresh one whenever the client logs in, or None for market data only."""

FRAME_BYTES_MAX = 64 * 2**20
"""The largest message accepted: a snapshot of a very deep book."""

_MENDED_BY_LOGIN = ("token_expired", "login")
"""The reasons for the end of a private channel that another login restores."""

_TEMPORARY = (TryAgain, OutcomeUnknown)
"""Refusals of a login that are worth another attempt; any other ends the client."""

_FIRST_DELAY_SECONDS = 0.1
_OPEN_TIMEOUT_SECONDS = 5.0
_CLOSE_TIMEOUT_SECONDS = 1.0


class Listener(Protocol):
    """A receiver of connections and channel messages."""

    def connected(self, socket: Socket) -> None:
        """A socket is connected and logged in."""

    def take(self, frame: dict[str, Any]) -> None:
        """A message of a channel came."""

    def ended(self, error: OpenbellError) -> None:
        """The connection has ended for good, for this reason."""

    def channel_ended(self, channel: str, error: OpenbellError) -> None:
        """This private channel has ended, for this reason."""

    def renewed(self, channel: str) -> None:
        """A new login succeeded after this private channel had ended with its token."""


class Connection:
    """One WebSocket, kept open until `close`."""

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
        self._ended: OpenbellError | None = ClientClosed("the client is not open: use `async with Client(…)`")
        self._last_fault = "not tried yet"

    async def open(self) -> None:
        """Connect for the first time.

        Raises:
            ConnectionLost: there was no connection within `connect_timeout`.
            RequestError: the exchange refused the login (NotAllowed: the token).
            ClientClosed: the connection is open already.
        """
        if self._ended is None:
            raise ClientClosed("the client is open already: one `async with` at a time")
        self._ended, self._closing, self._last_fault = None, False, "not tried yet"
        self._socket = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run())
        try:
            await self._ready(self._settings.connect_timeout)
        except BaseException:  # a program's own cancellation or timeout leaves no task behind, either
            await self.close()
            raise

    async def close(self) -> None:
        """End the connection: requests under way fail, and so do feeds."""
        self._end(ClientClosed("the client has been closed"))
        self._closing = True  # a failing TaskGroup swallows a cancellation
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def call(self, method: str, params: dict[str, Any], *, repeatable: bool) -> Answer:
        """Send a request, on the next connection if there is none now.

        A repeatable request with an unknown outcome is sent again until `request_timeout` is over.

        Raises:
            RequestError: the exchange refused the request.
            OutcomeUnknown: no answer came to a request that may not be repeated, or whose repeat was refused.
            ConnectionLost: the request was never sent.
            ClientClosed: the request was never sent, because the client is not open.
        """
        deadline = asyncio.get_running_loop().time() + self._settings.request_timeout
        attempts, unknown, renewed = 0, False, False
        while True:
            socket = await self._ready(deadline - asyncio.get_running_loop().time(), sent=unknown)
            attempts += 1
            try:
                async with asyncio.timeout_at(deadline), self._places:
                    return await socket.ask(method, params)
            except NotAllowed as refused:
                if refused.code != "token_expired" or not callable(self._token) or renewed:
                    _refuse(refused, method, unknown=unknown)
                renewed = True
                await self._login(socket)
            except TryAgain as refused:
                if not unknown:
                    raise
                await asyncio.sleep(max(refused.retry_after, self._pause(attempts)))
            except TimeoutError as late:
                raise OutcomeUnknown(f"no answer to {method} within the time allowed") from late
            except (ConnectionLost, OutcomeUnknown) as lost:
                if not repeatable:
                    raise OutcomeUnknown(f"{method} was sent and not answered: {lost.message}") from lost
                unknown = True
                log.info("%s is sent again: no answer came to attempt %d", method, attempts)
                await asyncio.sleep(self._pause(attempts - 1))

    async def _login(self, socket: Socket) -> None:
        """Log in, if there is a token.

        Raises:
            RequestError: the exchange refused.
            ConnectionLost: the socket ended first, or the program's own token function failed, perhaps only this time.
        """
        try:
            token = self._token() if callable(self._token) else self._token
        except Exception as fault:
            raise ConnectionLost(f"the token function raised {fault!r}") from fault
        if token is None:
            return
        params: dict[str, Any] = {"token": token}
        if self._settings.cancel_on_disconnect:
            params["cancel_on_disconnect"] = self._settings.cancel_on_disconnect
        await socket.ask("login", params)

    async def _ready(self, seconds: float, *, sent: bool = False) -> Socket:
        try:
            if self._ended is not None:
                raise self._ended
            assert self._socket is not None
            async with asyncio.timeout(seconds):
                return await asyncio.shield(self._socket)
        except TimeoutError as late:
            kind = OutcomeUnknown if sent else ConnectionLost
            raise kind(f"no connection to {self._url}: {self._last_fault}") from late
        except OpenbellError as ended:
            if sent:
                raise OutcomeUnknown(f"it was sent and not answered: {ended.message}") from ended
            raise

    async def _run(self) -> None:
        attempt = 0
        while not self._closing:
            self._served = False
            try:
                await self._live()
            except RequestError as refused:
                if not isinstance(refused, _TEMPORARY):
                    self._end(refused)
                    return
                self._last_fault = str(refused)
            except (OSError, TimeoutError, InvalidHandshake, OpenbellError) as fault:
                self._last_fault = str(fault) or type(fault).__name__
            except Exception as fault:
                log.exception("the client ends for a fault")
                self._end(Unreadable(f"a fault has ended the client: {fault!r}"))
                return
            attempt = 0 if self._served else attempt + 1
            pause = self._pause(attempt)
            log.info("disconnected: %s; next attempt in %.3f s", self._last_fault, pause)
            await asyncio.sleep(pause)

    async def _live(self) -> None:
        """Connect and serve the connection until it is lost; it always ends with an exception."""
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
        # A channel that ended for another reason, too many orders, would end again as soon as it is subscribed to.
        if frame["type"] == "end" and frame.get("reason") in _MENDED_BY_LOGIN and callable(self._token):
            socket.spawn(self._take_up(frame["channel"], socket))
        else:
            self._listener.take(frame)

    async def _take_up(self, channel: str, socket: Socket) -> None:
        """Log in with a fresh token and resume the channel; without a socket the next connection does both."""
        try:
            await self._login(socket)
        except OpenbellError as refused:
            if not socket.ended:
                self._listener.channel_ended(channel, refused)
        else:
            self._listener.renewed(channel)

    def _serve(self, socket: Socket) -> None:
        assert self._socket is not None
        self._served = True
        self._listener.connected(socket)
        self._socket.set_result(socket)

    def _end(self, error: OpenbellError) -> None:
        """End for good: everything that waits for a connection or a feed gets the error."""
        if self._ended is not None:
            return
        self._ended = error
        if self._socket is not None and not self._socket.done():
            self._socket.set_exception(error)
            self._socket.exception()  # seen: perhaps nothing waits
        self._listener.ended(error)

    async def _watch(self, socket: Socket) -> None:
        """Drop a connection without messages: the other end may be gone without closing it."""
        loop = asyncio.get_running_loop()
        while (quiet := loop.time() - socket.heard_at) < self._settings.stale_after:  # noqa: ASYNC110 - silence is no event
            await asyncio.sleep(self._settings.stale_after - quiet)
        raise ConnectionLost(f"nothing was heard for {self._settings.stale_after} s")

    def _pause(self, attempt: int) -> float:
        limit = min(self._settings.reconnect_delay_max, _FIRST_DELAY_SECONDS * 2 ** min(attempt, 16))
        return random.uniform(0, limit)  # noqa: S311 - spreading load is no secret


def http_url(url: str) -> str:
    """The exchange's address as an HTTP URL; a WebSocket URL is converted.

    Raises:
        ValueError: `url` is no URL of an exchange.
    """
    parts = urlsplit(url)
    schemes = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
    if parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"the URL of an exchange looks like http://127.0.0.1:8080, not {url!r}")
    return parts._replace(scheme=schemes[parts.scheme], path=parts.path.rstrip("/")).geturl()


def _socket_url(url: str) -> str:
    return f"ws{http_url(url).removeprefix('http')}/v1/ws"


def _refuse(refused: NotAllowed, method: str, *, unknown: bool) -> NoReturn:
    """Raise a refusal; if the request was sent before without an answer (`unknown`), that outcome stays unknown."""
    if unknown:
        raise OutcomeUnknown(f"{method} was sent and not answered; sent again: {refused.message}") from refused
    raise refused


def _cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The exception that ended the connection, and caused the others of its group."""
    first = group.exceptions[0]
    return _cause(first) if isinstance(first, BaseExceptionGroup) else first
