"""A session that only listens: what came on each channel, when, and whether anything was missing."""

from __future__ import annotations

import asyncio
from typing import Any, Self

from tests.chaos.ledger import Frame, digest
from tests.chaos.socket import Lost, Socket

ANSWER_SECONDS = 10.0
PING_SECONDS = 30.0
"""A pong waits behind the frames that were sent before it, and there may be very many."""


class Listener:
    """See the module. `statuses` are the phases told, each with its time; `reports` are kept by number, as digests."""

    def __init__(self) -> None:
        self.reports: dict[int, bytes] = {}
        self.statuses: list[tuple[str, float]] = []
        self.last: dict[str, int] = {}
        """The number of the last frame, by channel."""

        self.heard_at: dict[str, float] = {}
        self.snapshots: dict[str, int] = {}
        self.gaps: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._socket: Socket

    @classmethod
    async def open(cls, url: str, token: str, *channels: dict[str, Any]) -> Self:
        """Log in and follow these channels, each given as `subscribe` wants it. Raises Lost."""
        listener = cls()
        listener._socket = await Socket.open(url, listener._hear, PING_SECONDS)
        await listener.ask("login", {"token": token})
        for channel in channels:
            await listener.ask("subscribe", channel)
        return listener

    async def ask(self, method: str, params: dict[str, Any]) -> Frame:
        """The result of a request that must succeed."""
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = await self._socket.ask(method, params)
        if "error" in answer:
            raise Lost(str(answer["error"]))
        result: Frame = answer["result"]
        return result

    @property
    def lost(self) -> bool:
        """Whether the gateway, or the way to it, has ended the session."""
        return self._socket.ended.is_set()

    async def close(self) -> None:
        """Hang up."""
        await self._socket.close()

    def _hear(self, frame: Frame) -> None:
        channel = frame["channel"]
        if "seq" not in frame:
            return
        self.heard_at[channel] = self._loop.time()
        if frame["type"] == "snapshot":
            self.snapshots[channel] = self.snapshots.get(channel, 0) + 1
        elif frame["prev"] != self.last[channel]:
            self.gaps.append(f"{channel}: {frame['seq']} after {self.last[channel]}")
        self.last[channel] = frame["seq"]
        if channel == "status":
            self.statuses.append((frame["phase"], self._loop.time()))
        elif channel == "orders" and frame["type"] == "update":
            self.reports[frame["seq"]] = digest({key: frame[key] for key in frame.keys() - {"prev", "type"}})
