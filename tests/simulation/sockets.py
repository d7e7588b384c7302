"""A client's connection to a simulated gateway: the gateway's real connection, under it a transport without a socket.

Bytes travel with a delay, in order. When the gateway dies, its clients hear of it a moment later.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from struct import pack
from typing import TYPE_CHECKING, Any

from gateway.services import Services
from gateway.websocket import socket as websocket
from tests.support.gateway import payloads

if TYPE_CHECKING:
    from tests.simulation.world import Process, World

LATENCY = (0.0002, 0.003)
HEADER_CLOSE = 0x88

Frame = dict[str, Any]


class ClientSocket:
    """The client's end. `hear` is called with each frame, `gone` once when the connection has ended."""

    def __init__(
        self, world: World, client: Process, gateway: Process, hear: Callable[[Frame], None], gone: Callable[[], None]
    ) -> None:
        self.gateway = gateway
        self._world = world
        self._client = client
        self._hear = hear
        self._gone = gone
        self._buffer = bytearray()
        self._open = True
        self._last_up = self._last_down = 0.0
        self._transport = SocketTransport(self)
        gateway.ended.append(self._gateway_ended)
        self._up(lambda: self._transport.accept(gateway.services))

    @property
    def session(self) -> str:
        """The session's number at the gateway, "" if there is none."""
        return self._transport.session

    def send(self, frame: Frame) -> None:
        """Send a request."""
        data = json.dumps(frame).encode()
        header = bytes((0x81, 0x80 | len(data))) if len(data) < 126 else pack("!BBH", 0x81, 0x80 | 126, len(data))
        self._up(lambda: self._transport.feed(header + bytes(4) + data))

    def drop(self) -> None:
        """Go away without a word."""
        if self._open:
            self._open = False
            self._up(self._transport.lost)

    def deliver(self, data: bytes) -> None:
        """Carry bytes from the gateway."""
        self._last_down = max(self._last_down, self._world.now + self._latency())
        self._world.after(self._last_down - self._world.now, partial(self._arrive, data))

    def _arrive(self, data: bytes) -> None:
        self._client.loop.call_soon(self._receive, data)

    def finish(self) -> None:
        """The gateway has closed the connection."""
        self.deliver(b"")

    def _up(self, action: Callable[[], None]) -> None:
        self._last_up = max(self._last_up, self._world.now + self._latency())

        def arrive() -> None:
            if self.gateway.alive:
                self.gateway.loop.call_soon(action)
            else:
                self.finish()

        self._world.after(self._last_up - self._world.now, arrive)

    def _receive(self, data: bytes) -> None:
        if not self._open:
            return
        self._buffer += data
        closing = bool(data) and data[0] == HEADER_CLOSE
        if not closing:
            for payload in payloads(self._buffer):
                if payload[:1] == b"{":
                    self._hear(json.loads(payload))
        if not data or closing:
            self._open = False
            self._gone()

    def _gateway_ended(self) -> None:
        self.finish()

    def _latency(self) -> float:
        return self._world.random.uniform(*LATENCY)


class SocketTransport(asyncio.Transport):
    """The gateway's end."""

    def __init__(self, socket: ClientSocket) -> None:
        super().__init__()
        self._socket = socket
        self._connection: websocket.WebSocketConnection | None = None
        self._paused = False
        self._waiting: list[bytes] = []
        self._closing = False

    @property
    def session(self) -> str:
        """The session's number."""
        return self._connection.session.number if self._connection is not None else ""

    # What happens to it

    def accept(self, services: Services | None) -> None:
        """A client connects; a gateway that is not ready takes nobody."""
        if services is None:
            self.close()
            return
        self._socket.gateway.transports[self] = None
        self._connection = websocket.WebSocketConnection(services, self, "192.0.2.1")
        services.sessions.enter(self._connection, "192.0.2.1")

    def feed(self, data: bytes) -> None:
        """Bytes arrive."""
        if self._paused:
            self._waiting.append(data)
        elif self._connection is not None and not self._closing:
            self._connection.feed_data(data)

    def lost(self) -> None:
        """The client has gone."""
        self._closing = True
        self._socket.gateway.transports.pop(self, None)
        if self._connection is not None:
            self._connection.feed_eof()
            self._connection = None

    # What the gateway does with it

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._socket.deliver(bytes(data))

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self._closing

    def can_write_eof(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        waiting, self._waiting = self._waiting, []
        for data in waiting:
            self.feed(data)

    def close(self) -> None:
        if not self._closing:
            self._socket.finish()
            self.lost()

    abort = close
