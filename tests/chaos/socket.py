"""One WebSocket of a trader: requests matched with answers, everything else handed on. It lives once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import count
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

Frame = dict[str, Any]

OPEN_SECONDS = 3.0
PING_SECONDS = 2.0
"""A gateway that is frozen does not answer pings, and a client may look for another."""

FRAME_BYTES_MAX = 64 * 2**20


class Lost(Exception):
    """The connection ended before the answer came, or could not be made."""


class Socket:
    """See the module. `hear` is given each frame that is no answer."""

    def __init__(self, transport: ClientConnection, hear: Callable[[Frame], None]) -> None:
        self._transport = transport
        self._hear = hear
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Frame]] = {}
        self.ended = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, url: str, hear: Callable[[Frame], None]) -> Self:
        """Connect; Lost if that does not work in time."""
        try:
            transport = await connect(
                url.replace("http", "ws", 1) + "/v1/ws",
                open_timeout=OPEN_SECONDS,
                ping_interval=PING_SECONDS,
                ping_timeout=PING_SECONDS,
                close_timeout=1.0,
                max_size=FRAME_BYTES_MAX,
                compression=None,
                proxy=None,
            )
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed, EOFError) as error:
            raise Lost(str(error)) from error
        return cls(transport, hear)

    async def ask(self, method: str, params: dict[str, Any]) -> Frame:
        """Send a request and give the whole answer, success or error."""
        if self.ended.is_set():
            raise Lost("the connection has ended")
        number = next(self._numbers)
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await self._transport.send(json.dumps({"id": number, "method": method, "params": params}))
            return await answer
        except ConnectionClosed as closed:
            raise Lost(str(closed)) from closed
        finally:
            self._waiting.pop(number, None)

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
                    waiting = self._waiting.get(frame.get("id", 0))
                    if waiting is not None and not waiting.done():
                        waiting.set_result(frame)
        except ConnectionClosed:
            pass
        finally:
            self.ended.set()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(Lost("the connection ended before the answer"))
