"""Asking: requests on one WebSocket, each matched with its answer by number, in whatever order answers come."""

from __future__ import annotations

import asyncio
import json
from itertools import count
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed

from openbell.client.errors import ConnectionLost

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

Frame = dict[str, Any]


class Asking:
    """The open requests of one WebSocket, whose reader passes every answer to `take`, and calls `end` last."""

    def __init__(self, transport: ClientConnection) -> None:
        self._transport = transport
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Frame]] = {}
        self.ended = False

    async def ask(self, method: str, params: dict[str, Any]) -> Frame:
        """Send a request and return the whole answer, success or error.

        Raises:
            ConnectionLost: the connection ended first; whether the request was carried out is unknown.
        """
        if self.ended:
            raise ConnectionLost("the connection has ended")
        number = next(self._numbers)
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await self._transport.send(json.dumps({"id": number, "method": method, "params": params}))
            return await answer
        except ConnectionClosed as closed:
            raise ConnectionLost(str(closed)) from closed
        finally:
            self._waiting.pop(number, None)

    def take(self, frame: Frame) -> bool:
        """Pass an answer to its request; False if no request waits for the answer."""
        answer = self._waiting.get(frame.get("id", 0))
        if answer is None or answer.done():
            return False
        answer.set_result(frame)
        return True

    def end(self) -> None:
        """Fail all open requests: no answer will come."""
        self.ended = True
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionLost("the connection ended before the answer came"))
                answer.exception()  # seen: the asker may have failed to send, or may have gone
