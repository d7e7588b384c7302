"""Server failover: leaves a nats-server that stores nothing of ours for another of its cluster.

A server that is cut off from its cluster keeps its clients and answers their pings. Only a stored message, a lease
renewed at every beat, shows that the server is of use. When none was stored for PATIENCE, and the cluster does not
answer through this server either, the connection moves to the next server. A cluster that answers may be electing a
stream's leader, which takes five to eight seconds through any server: then the move waits for ELECTION_PATIENCE more.
Each move in vain doubles the patience, so a cluster that is down as a whole is not flooded with connections.
With only one server the connection never moves. Times are seconds.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

from streams.errors import StreamError

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()

PATIENCE: Final = 3.0
PATIENCE_MAX: Final = 30.0
ELECTION_PATIENCE: Final = 4.0
"""With PATIENCE less than the silence after which a gateway's promises are carried out for it."""

LOOK_INTERVAL: Final = 0.5
ANSWER_TIMEOUT: Final = 1.0
FROZEN_SECONDS: Final = 1.0
"""A check that runs so much too late says nothing about the server: this process was frozen."""


class Movable(Protocol):
    """The part of a connection that failover needs: leaving its server for another."""

    name: str

    def on_reconnect(self, callback: Callable[[], None]) -> object:
        """Call `callback` after each new connection."""

    def can_move(self) -> bool:
        """Whether there is another server, and this one is connected."""

    async def move(self) -> None:
        """Connect to the next server."""

    async def api(self, subject: str) -> Any:  # noqa: ANN401 - an answer of JetStream's API, not read here
        """Ask JetStream. Raises StreamError."""


class Failover:
    """Failover of one connection. `run` must run, and the task that beats calls `stored` after each stored beat."""

    def __init__(self, connection: Movable) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._patience = PATIENCE
        self._since = self._loop.time()
        connection.on_reconnect(self._begin)

    def stored(self) -> None:
        """Record that a message was stored, or that JetStream has answered."""
        self._patience = PATIENCE
        self._begin()

    async def run(self) -> None:
        """Check every LOOK_INTERVAL whether messages are stored, for ever."""
        self._begin()
        while True:
            due = self._loop.time() + LOOK_INTERVAL
            await asyncio.sleep(LOOK_INTERVAL)
            if self._loop.time() > due + FROZEN_SECONDS:
                self._begin()
            await self.refresh()

    async def refresh(self) -> None:
        """Move to the next server if nothing was stored for too long."""
        silence = self._loop.time() - self._since
        if silence < self._patience or not self._connection.can_move():
            return
        if silence < self._patience + ELECTION_PATIENCE and await self._cluster_answers():
            return
        log.warning("connection.moved", name=self._connection.name, after_seconds=round(silence, 3))
        self._patience = min(self._patience * 2, PATIENCE_MAX)
        self._begin()
        await self._connection.move()

    async def _cluster_answers(self) -> bool:
        """Whether JetStream's meta leader answers through this server."""
        try:
            await asyncio.wait_for(self._connection.api("INFO"), ANSWER_TIMEOUT)
        except (StreamError, TimeoutError):
            return False
        return True

    def _begin(self) -> None:
        self._since = self._loop.time()


def in_turn(servers: list[str], name: str) -> list[str]:
    """The servers, rotated by the number at the end of the process's name, by chance without one."""
    number = re.search(r"\d+$", name)
    first = int(number.group()) if number else secrets.randbelow(len(servers))
    return [servers[(first + place) % len(servers)] for place in range(len(servers))]
