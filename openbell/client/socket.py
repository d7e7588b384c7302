"""One WebSocket to the exchange: requests with their answers, and frames for the feeds. It lives once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from itertools import count
from typing import Any

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from openbell.client.errors import ConnectionLost, request_error

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a request; `journal` is the command's place, "" when there was none."""

    result: Any
    journal: str


class Socket:
    """A connected WebSocket."""

    def __init__(self, transport: ClientConnection) -> None:
        self._transport = transport
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self.ended = False
        self.heard_at = asyncio.get_running_loop().time()
        """When the last frame came, on the loop's clock."""

    async def ask(self, method: str, params: dict[str, Any]) -> Answer:
        """Send a request and wait for its answer.

        Raises:
            RequestError: the answer is an error.
            ConnectionLost: the connection ended first; whether the request was carried out is unknown.
        """
        if self.ended:
            raise ConnectionLost("the connection has ended")
        number = next(self._numbers)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            await self._transport.send(json.dumps({"id": number, "method": method, "params": params}))
            return await future
        except ConnectionClosed as closed:
            raise ConnectionLost(str(closed)) from closed
        finally:
            self._waiting.pop(number, None)

    async def read(self, take: Callable[[dict[str, Any]], None]) -> None:
        """Hand every channel message to `take` and every answer to who asked, until the connection ends.

        Raises:
            ConnectionLost: always, when it has ended.
        """
        loop = asyncio.get_running_loop()
        try:
            async for text in self._transport:
                self.heard_at = loop.time()
                frame = json.loads(text)
                if "channel" in frame:
                    take(frame)
                else:
                    self._answer(frame)
            raise ConnectionLost("the exchange closed the connection")
        except ConnectionClosed as closed:
            raise ConnectionLost(str(closed)) from closed
        finally:
            self._end()

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Do some work beside, for as long as the connection lasts."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault is not None and not isinstance(fault, ConnectionLost):
            log.error("client.work_failed", exc_info=fault)

    def _answer(self, frame: dict[str, Any]) -> None:
        future = self._waiting.get(frame.get("id", 0))
        if future is None or future.done():
            log.warning("client.answer_unexpected", error=frame.get("error"))
        elif "error" in frame:
            future.set_exception(request_error(frame["error"]))
        else:
            future.set_result(Answer(frame["result"], frame.get("journal") or ""))

    def _end(self) -> None:
        self.ended = True
        for task in self._tasks:
            task.cancel()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionLost("the connection ended before the answer came"))
