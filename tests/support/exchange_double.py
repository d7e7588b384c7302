"""A stand-in for a gateway: it speaks the frames of docs/protocol.md and misbehaves on demand."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]
Answering = Callable[[Frame], Any]


class Refusal(Exception):
    """Raised by an answering function to answer with an error."""

    def __init__(self, code: str, **members: Any) -> None:
        super().__init__(code)
        self.body = {"code": code, "message": code, **members}


class Silence(Exception):
    """Raised by an answering function to give no answer."""


class ExchangeDouble:
    """Listens on a free port; `answers` maps methods to functions of their params, `snapshots` channels to frames."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Frame]] = []
        self.snapshots: dict[str, Callable[[], list[Frame]]] = {}
        self.answers: dict[str, Answering] = {name: lambda _: {} for name in ("login", "subscribe", "unsubscribe")}
        self.connections: deque[ServerConnection] = deque()
        self._arrived = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server: Server = await serve(self._serve, "127.0.0.1", 0, compression=None)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def send(self, *frames: Frame) -> None:
        """Give the newest connection channel messages."""
        for frame in frames:
            await self.connections[-1].send(json.dumps(frame))

    def drop(self) -> None:
        """Cut every connection without a word."""
        for connection in self.connections:
            connection.transport.abort()

    async def asked(self, method: str, times: int = 1) -> Frame:
        """Wait until a method has been asked so many times; the params of that time."""
        async with asyncio.timeout(5), self._arrived:
            await self._arrived.wait_for(lambda: len(self.all(method)) >= times)
        return self.all(method)[times - 1]

    async def subscribed(self, channel: str, times: int = 1) -> None:
        """Wait until a channel has been subscribed to so many times."""
        async with asyncio.timeout(5), self._arrived:
            await self._arrived.wait_for(lambda: self.subscriptions(channel) >= times)

    def all(self, method: str) -> list[Frame]:
        """The params of every request of a method."""
        return [params for name, params in self.requests if name == method]

    def subscriptions(self, channel: str) -> int:
        """How often a channel was subscribed to."""
        return sum(params["channel"] == channel for params in self.all("subscribe"))

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        with suppress(ConnectionClosed):
            await self._converse(connection)

    async def _converse(self, connection: ServerConnection) -> None:
        async for text in connection:
            request = json.loads(text)
            method, params = request["method"], request["params"]
            answer = self._answer(method, params)
            if answer is not None:
                await connection.send(json.dumps({"id": request["id"], **answer}))
            if method == "subscribe" and params["channel"] in self.snapshots:
                for frame in self.snapshots[params["channel"]]():
                    await connection.send(json.dumps(frame))
            async with self._arrived:
                self.requests.append((method, params))
                self._arrived.notify_all()

    def _answer(self, method: str, params: Frame) -> Frame | None:
        try:
            return {"result": self.answers[method](params), "journal": "7.0"}
        except Refusal as refusal:
            journal = {"journal": "123456789.499"} if method.startswith("order.") else {}
            return journal | {"error": refusal.body}
        except Silence:
            return None
