"""Wire: a WebSocket client of minimal cost, so that measurements are of the other end. Not for other uses.

The client reads what a load client meets: whole text frames from the server and pings. Its masks are all zero bits,
which RFC 6455 allows and a load client on the same machine can afford.
"""

from __future__ import annotations

import asyncio
import struct
from base64 import b64encode
from collections.abc import Callable
from os import urandom

_TEXT, _PING, _PONG = 1, 9, 10
_MASK = bytes(4)


class Wire(asyncio.Protocol):
    """One connection; `take` is called with each text message."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails when the server ends the connection."""

    @classmethod
    async def open(cls, host: str, port: int, take: Callable[[bytes], None]) -> Wire:
        """Connect and complete the handshake."""
        _, wire = await asyncio.get_running_loop().create_connection(lambda: cls(take), host, port)
        await wire.shake(host, port)
        return wire

    def send(self, *payloads: bytes) -> None:
        """Send text messages in one write."""
        assert self._transport is not None
        self._transport.write(b"".join(map(_framed, payloads)))

    def close(self) -> None:
        """Close the connection."""
        assert self._transport is not None
        self.lost.cancel()
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's is none of asyncio's classes

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio."""
        if not self.lost.done():
            self.lost.set_exception(ConnectionError(f"the server hung up: {error}"))

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        buffer = self._rest + data if self._rest else data
        at = 0 if self._opened.done() else self._head_length(buffer)
        while (found := _frame_at(buffer, at)) is not None:
            opcode, start, at = found
            if opcode == _TEXT:
                self._take(buffer[start:at])
            elif opcode == _PING:
                self._answer_ping(buffer[start:at])
        self._rest = buffer[at:]

    async def shake(self, host: str, port: int) -> None:
        """Request the upgrade and wait until the server grants it."""
        assert self._transport is not None
        key = b64encode(urandom(16)).decode()
        self._transport.write(
            f"GET /v1/ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        await self._opened

    def _head_length(self, buffer: bytes) -> int:
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return 0
        if buffer.startswith(b"HTTP/1.1 101"):
            self._opened.set_result(None)
        else:
            self._opened.set_exception(ConnectionError(buffer[:end].decode(errors="replace")))
        return end + 4

    def _answer_ping(self, payload: bytes) -> None:
        assert self._transport is not None
        self._transport.write(_framed(payload, _PONG))


def _framed(payload: bytes, opcode: int = _TEXT) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((0x80 | opcode, 0x80 | length)) + _MASK + payload
    return struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length) + _MASK + payload


def _frame_at(buffer: bytes, at: int) -> tuple[int, int, int] | None:
    """Opcode, start and end of the frame at `at`; None if the frame is incomplete."""
    if len(buffer) < at + 2:
        return None
    length, start = buffer[at + 1], at + 2
    if length == 126:
        start += 2
        length = int.from_bytes(buffer[at + 2 : start])
    elif length == 127:
        start += 8
        length = int.from_bytes(buffer[at + 2 : start])
    end = start + length
    return (buffer[at] & 0x0F, start, end) if len(buffer) >= end and len(buffer) >= start else None
