"""One connection of one account to the exchange under test: questions, their answers, and what comes unasked."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

ANSWER_SECONDS = 20.0
PATIENCE_SECONDS = 20.0
POLL_SECONDS = 0.02

FOR_NOW = frozenset({"unavailable", "busy", "outcome_unknown"})
"""Codes after which a client asks again; every request here is safe to repeat."""

Number = str | int
Json = dict[str, Any]


class Refusal(Exception):
    """The exchange refused; `code` says why."""

    def __init__(self, error: Json) -> None:
        super().__init__(error)
        self.code: str = error["code"]
        self.field: str = error.get("field", "")


def plain(number: str | None) -> str:
    """A decimal as people write it: no trailing zeros, "-" for none."""
    if number is None:
        return "-"
    return number.rstrip("0").rstrip(".") if "." in number else number


async def repeated(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Ask until the answer is definite: while a partition changes its leader, and only then, one may have to wait."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                return await ask()
            except Refusal as refusal:
                if refusal.code not in FOR_NOW:
                    raise
            await asyncio.sleep(POLL_SECONDS)


class Line:
    """One account's WebSocket: requests, and the private reports that come in between."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.reports: list[Json] = []
        self.frames: list[Json] = []
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._reader = asyncio.create_task(self._read())

    async def ask(self, method: str, **params: Any) -> Any:
        """One request, repeated until the answer is definite; Refusal if it is refused."""
        return await repeated(lambda: self._ask(method, params))

    async def _ask(self, method: str, params: Json) -> Any:
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(json.dumps({"id": number, "method": method, "params": params}))
        frame = await asyncio.wait_for(answer, ANSWER_SECONDS)
        if "error" in frame:
            raise Refusal(frame["error"])
        return frame["result"]

    async def close(self) -> None:
        """Hang up."""
        self._reader.cancel()
        await self._socket.close()

    async def _read(self) -> None:
        async for message in self._socket:
            frame = json.loads(message.data)
            if "id" in frame:
                self._waiting.pop(frame["id"]).set_result(frame)
            elif frame.get("channel") == "orders" and frame["type"] == "update":
                self.reports.append(frame)
            else:
                self.frames.append(frame)
