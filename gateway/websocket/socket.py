"""WebSocket: the handshake at `/v1/ws`, and the socket of one session.

aiohttp serves the HTTP of the handshake; after it the socket's bytes go straight through our own frame reader
(`gateway.frames`) into the session, without a task or a queue between, and out through the outbox.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
import socket
from contextlib import suppress
from hashlib import sha1
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiohttp import HttpVersion11, web

from gateway import origins
from gateway.errors import ApiError
from gateway.frames import (
    BINARY,
    CLOSE,
    GOING_AWAY,
    INTERNAL,
    LARGE,
    OFFENCE,
    PING,
    POLICY,
    PONG,
    TEXT,
    FrameReader,
    Message,
    close_frame,
    frame_of,
)
from gateway.identity.addresses import limit_key
from gateway.outbox import Outbox
from gateway.websocket.session import Session

if TYPE_CHECKING:
    from gateway.services import Services

log = structlog.get_logger()

TOO_SLOW: Final = 4408
TOO_MANY: Final = 4429
CLOSE_SECONDS: Final = 2.0
"""The time that a client has to close its end after ours."""

KERNEL_UNSENT_BYTES: Final = 131_072
"""Unsent bytes that the kernel may queue beyond those in flight: more would be stale for a client that is behind."""

ACCEPT_SUFFIX: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3


class WebSocketConnection:
    """One WebSocket. aiohttp's connection feeds it bytes; `closed` is set when the socket is gone."""

    def __init__(self, services: Services, transport: asyncio.Transport, address: str) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        settings = services.settings
        loop = asyncio.get_running_loop()
        self._services = services
        self._transport = transport
        self._address = address
        bound_kernel(transport)
        self._outbox = Outbox(transport, loop, settings.unread_bytes, self._too_slow)
        self.session = Session(services, self._outbox, self, secrets.token_hex(8), limit_key(address))
        self._reader = FrameReader(settings.frame_bytes, settings.frame_fatal_bytes)
        self._closing = False
        self._leaving = False
        self._stuck_ticks = 0
        self._now = loop.time
        self._heard_at = self._pinged_at = loop.time()

    # Called by aiohttp's connection

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Read the client's bytes into the session."""
        self._heard_at = self._now()
        try:
            for message in self._reader.feed(data):
                if self._closing:
                    break
                if message.kind == TEXT:
                    self.session.accept(message.payload)
                else:
                    self._take(message)
        except Exception:
            log.exception("websocket.fault", session=self.session.number)
            self.close(INTERNAL, "something went wrong on our side")
        return False, b""

    def feed_eof(self) -> None:
        """End the session: the socket is gone."""
        self._closing = True
        self.session.end()
        self._services.sessions.leave(self)
        if not self.closed.done():
            self.closed.set_result(None)

    # Called by the session

    def close(self, code: int, reason: str) -> None:
        """Send a close frame, accept nothing more, and close the socket after the client or CLOSE_SECONDS later."""
        if self._closing:
            return
        self._closing = True
        self.session.end()
        self._transport.resume_reading()
        self._outbox.shut(close_frame(code, reason))
        if self._transport.can_write_eof():
            # Closing at once could lose the close frame: unread input makes the kernel reset the connection.
            with suppress(OSError):  # the client may have gone already
                self._transport.write_eof()
        asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._transport.abort)

    def pause(self) -> None:
        """Pause reading."""
        self._transport.pause_reading()

    def go_on(self) -> None:
        """Resume reading."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    # Called by `Sessions`

    def tick(self) -> None:
        """Each second: drop a client that reads nothing for `send_seconds`, tick the session, ping."""
        if self._closing:
            return
        stuck = self._outbox.stuck()
        self._stuck_ticks = self._stuck_ticks + 1 if stuck else 0
        if self._stuck_ticks > self._services.settings.send_seconds:
            self._transport.abort()
            return
        self.session.tick()
        if self._outbox.unread() and not stuck:
            self._heard_at = self._now()  # a client that reads is alive; a ping might be queued behind megabytes
        self._look_for_signs()
        if self._leaving and not self.session.in_flight:
            self.close(GOING_AWAY, "going away: reconnect")

    def _look_for_signs(self) -> None:
        """Ping a client that is silent for `ping_seconds`; close the connection after `silence_seconds`."""
        now, settings = self._now(), self._services.settings
        if now - self._heard_at > settings.silence_seconds:
            self.close(POLICY, "no answer to pings")
        elif now - max(self._heard_at, self._pinged_at) >= settings.ping_seconds:
            self._pinged_at = now
            self._outbox.send(frame_of(b"", PING))

    def go_away(self) -> None:
        """Close as soon as no request is under way."""
        self._leaving = True
        if not self.session.in_flight:
            self.close(GOING_AWAY, "going away: reconnect")

    def described(self) -> dict[str, Any]:
        """The connection as operators see it."""
        return {
            "session": self.session.number,
            "address": self._address,
            "account": self.session.login.account,
            "subscriptions": len(self.session.held),
            "requests_in_flight": self.session.in_flight,
            "unread_bytes": self._outbox.unread(),
        }

    def _take(self, message: Message) -> None:
        """Handle a message that is no text."""
        kind = message.kind
        if kind == PING:
            self._outbox.send(frame_of(message.payload, PONG))
        elif kind == CLOSE:
            self._goodbye(message)
        elif kind == BINARY:
            self.session.accept_bad(ApiError("bad_request", "send text frames, not binary ones"))
        elif kind == LARGE:
            self.session.accept_bad(ApiError("too_large"))
        elif kind == OFFENCE:
            self.close(message.code, message.payload.decode())

    def _goodbye(self, message: Message) -> None:
        """Answer the client's close frame and close; requests under way get no answer."""
        self._closing = True
        self.session.end()
        self._outbox.shut(close_frame(1000 if message.code == 1005 else message.code))
        self._transport.close()

    def _too_slow(self) -> None:
        log.info("websocket.too_slow", session=self.session.number, account=self.session.login.account)
        self.close(TOO_SLOW, "too slow: reconnect and resume")


def bound_kernel(transport: asyncio.Transport) -> None:
    """Bound what the kernel queues for a client that does not read, where the kernel supports it."""
    connected = transport.get_extra_info("socket")
    if connected is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        with suppress(OSError):  # the client may have gone already
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, KERNEL_UNSENT_BYTES)


async def serve(request: web.Request, services: Services, address: str, token: str | None) -> web.StreamResponse:
    """Answer a handshake and serve until the connection ends. ApiError refuses the handshake."""
    check_origin(request, services.settings.allowed_origins)
    accept = accept_key(request)
    principal = await services.identity.verify(token) if token is not None else None
    transport = request.transport
    if transport is None:  # the client has gone while its token was verified
        raise ConnectionResetError
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept}
    response = web.StreamResponse(status=101, headers=headers)
    response.force_close()
    await response.prepare(request)
    connection = WebSocketConnection(services, transport, address)
    try:
        services.sessions.enter(connection, limit_key(address))
        if principal is not None:
            connection.session.login.become(principal)
    except ApiError as error:
        connection.close(TOO_MANY, error.message)
    request.protocol.set_parser(connection)  # type: ignore[arg-type]  # all that it needs are the two feed methods
    await connection.closed
    return response


def check_origin(request: web.Request, allowed: tuple[str, ...]) -> None:
    """ApiError `forbidden` for another site's page, which would use its visitor's browser; programs send no Origin."""
    origin = request.headers.get("Origin")
    if origin is not None and not origins.is_allowed(origin, request.host, allowed):
        raise ApiError("forbidden", origins.refusal(origin, request.host))


def accept_key(request: web.Request) -> str:
    """The answer to the handshake's key (RFC 6455, 4.2.2); ApiError if the request is no handshake."""
    headers = request.headers
    upgrade = headers.get("Upgrade", "").lower() == "websocket" and request.version >= HttpVersion11
    options = [option.strip().lower() for value in headers.getall("Connection", ()) for option in value.split(",")]
    if request.method != "GET" or not upgrade or "upgrade" not in options:
        raise ApiError("bad_request", "this is a WebSocket: ask for the upgrade")
    if headers.get("Sec-WebSocket-Version") != "13":
        raise ApiError("bad_request", "Sec-WebSocket-Version must be 13")
    key = headers.get("Sec-WebSocket-Key", "")
    try:
        sound = len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        sound = False
    if not sound:
        raise ApiError("bad_request", "Sec-WebSocket-Key must be 16 bytes in base64")
    return base64.b64encode(sha1(key.encode() + ACCEPT_SUFFIX, usedforsecurity=False).digest()).decode()
