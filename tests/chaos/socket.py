"""One WebSocket of a trader: requests matched with answers, everything else handed on. It lives once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from openbell.client.asking import Asking, Frame
from openbell.client.errors import ConnectionLost as Lost

__all__ = ["Frame", "Lost", "Socket"]

OPEN_SECONDS = 3.0
PING_SECONDS = 2.0
"""A gateway that is frozen does not answer pings, and a client may look for another."""

FRAME_BYTES_MAX = 64 * 2**20


class Socket:
    """See the module. `hear` is given each frame that is no answer."""

    def __init__(self, transport: ClientConnection, hear: Callable[[Frame], None]) -> None:
        self._transport = transport
        self._hear = hear
        self._asking = Asking(transport)
        self.ended = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, url: str, hear: Callable[[Frame], None], ping_seconds: float = PING_SECONDS) -> Self:
        """Connect; Lost if that does not work in time. A pong may take `ping_seconds`."""
        try:
            transport = await connect(
                url.replace("http", "ws", 1) + "/v1/ws",
                open_timeout=OPEN_SECONDS,
                ping_interval=ping_seconds,
                ping_timeout=ping_seconds,
                close_timeout=1.0,
                max_size=FRAME_BYTES_MAX,
                compression=None,
                proxy=None,
            )
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed, EOFError) as error:
            raise Lost(str(error)) from error
        return cls(transport, hear)

    async def ask(self, method: str, params: dict[str, Any]) -> Frame:
        """Send a request and give the whole answer, success or error. Raises Lost."""
        return await self._asking.ask(method, params)

    async def close(self) -> None:
        """Say goodbye and hang up."""
        await self._transport.close()
        await self._reader

    def abort(self) -> None:
        """Hang up without a word."""
        self._transport.transport.abort()

    async def _read(self) -> None:
        try:
            async for text in self._transport:
                frame = json.loads(text)
                if "channel" in frame:
                    self._hear(frame)
                else:
                    self._asking.take(frame)
        except ConnectionClosed:
            pass
        finally:
            self.ended.set()
            self._asking.end()
