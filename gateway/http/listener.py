"""The TCP listener: bounds open connections and drops those that send no request in time.

aiohttp bounds neither. A connection beyond `connections_max` is closed as soon as it is made; so is one that has not
sent the headers of its first request after `first_request_seconds`. Later idleness is bounded elsewhere: between
requests by `keepalive_seconds`, on a WebSocket by its session.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, cast

import structlog
from aiohttp import web

if TYPE_CHECKING:
    from gateway.settings import GatewaySettings

log = structlog.get_logger()

REQUEST_BACKLOG: Final = 1_024
"""Connections that the kernel queues until the listener accepts them."""


Newcomers = set[asyncio.BaseProtocol]
"""Connections that have not sent a request yet; the first request removes its connection."""


class Door:
    """Accepts connections and makes the protocol of each."""

    def __init__(self, server: web.Server, settings: GatewaySettings, newcomers: Newcomers) -> None:
        self._newcomers = newcomers
        self._server = server
        self._settings = settings
        self._full = False

    async def open(self) -> asyncio.Server:
        """Start listening."""
        loop = asyncio.get_running_loop()
        host, port = self._settings.host, self._settings.port
        return await loop.create_server(self._admit, host, port, backlog=REQUEST_BACKLOG, reuse_port=True)

    def _admit(self) -> asyncio.BaseProtocol:
        full = len(self._server.connections) >= self._settings.connections_max
        if full != self._full:
            self._full = full
            if full:
                log.warning("door.full", connections=len(self._server.connections))
            else:
                log.info("door.open", connections=len(self._server.connections))
        if full:
            return TurnedAway()
        protocol = self._server()
        self._newcomers.add(protocol)
        loop = asyncio.get_running_loop()
        loop.call_later(self._settings.first_request_seconds, self._look_after, protocol)
        return protocol

    def _look_after(self, protocol: web.RequestHandler) -> None:
        if protocol in self._newcomers:
            self._newcomers.discard(protocol)
            if protocol.transport is not None:
                protocol.transport.abort()


class TurnedAway(asyncio.Protocol):
    """A connection beyond `connections_max`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close the connection at once."""
        cast("asyncio.Transport", transport).abort()
