"""Socket: one WebSocket to the exchange, requests with their answers, and frames for the feeds. No reconnects."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from openbell.client.asking import Asking
from openbell.client.errors import ConnectionLost, Unreadable, request_error

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request; `journal` is the command's place, "" without a command."""

    result: Any
    journal: str


class Socket:
    """A connected WebSocket."""

    def __init__(self, transport: ClientConnection) -> None:
        self._transport = transport
        self._asking = Asking(transport)
        self._tasks: set[asyncio.Task[object]] = set()
        self.heard_at = asyncio.get_running_loop().time()
        """The time of the last frame, on the loop's clock."""

    @property
    def ended(self) -> bool:
        """Whether the socket can send no more requests."""
        return self._asking.ended

    async def ask(self, method: str, params: dict[str, Any]) -> Answer:
        """Send a request and wait for its answer.

        Raises:
            RequestError: the answer is an error.
            ConnectionLost: the connection ended first; whether the request was carried out is unknown.
        """
        frame = await self._asking.ask(method, params)
        if "error" in frame:
            raise request_error(frame["error"])
        return Answer(frame["result"], frame.get("journal") or "")

    async def read(self, take: Callable[[dict[str, Any]], None]) -> None:
        """Pass every channel message to `take` and every answer to its request, until the connection ends.

        Raises:
            ConnectionLost: always, when it has ended.
            Unreadable: the other end does not speak the protocol.
        """
        loop = asyncio.get_running_loop()
        try:
            async for text in self._transport:
                self.heard_at = loop.time()
                frame = _frame(text)
                if "channel" in frame:
                    take(frame)
                elif not self._asking.take(frame):
                    log.warning("an answer that nobody waits for: %s", frame.get("error"))
            raise ConnectionLost("the exchange closed the connection")
        except ConnectionClosed as closed:
            raise ConnectionLost(str(closed)) from closed
        finally:
            self._end()

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Run work in a task that ends with the connection."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault is not None and not isinstance(fault, ConnectionLost):
            log.error("work on the connection failed", exc_info=fault)

    def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._asking.end()


def _frame(text: str | bytes) -> dict[str, Any]:
    """A frame, checked for what all frames have.

    Raises:
        Unreadable: it is no JSON object, or a message of a channel that does not say its type.
    """
    try:
        frame = json.loads(text)
    except ValueError as broken:
        raise Unreadable("what came is not JSON: is this an exchange?") from broken
    if not isinstance(frame, dict) or ("channel" in frame and "type" not in frame):
        raise Unreadable(f"what came is no message of the protocol: {text[:100]!r}")
    return frame
