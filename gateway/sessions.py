"""Sessions: the connections of this gateway process, counted, bounded, ticked once a second, and listed for operators.

Bounds: `connections_per_address`, `connections_per_account`, `connections_max`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Protocol

from gateway.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from gateway.settings import GatewaySettings

TICK_SECONDS: Final = 1.0


class Connected(Protocol):
    """A connection as `Sessions` uses it."""

    def tick(self) -> None:
        """Each second: time out, ping, send heartbeats."""

    def go_away(self) -> None:
        """Answer the requests under way, then close."""

    def described(self) -> dict[str, Any]:
        """The connection as operators see it."""
        ...


class Sessions:
    """The open connections. The cancels that ended sessions have promised run in `tasks`."""

    def __init__(self, settings: GatewaySettings, tasks: asyncio.TaskGroup) -> None:
        self._settings = settings
        self._tasks = tasks
        self._connected: dict[Connected, str] = {}
        self._addresses: Counter[str] = Counter()
        self._accounts: Counter[str] = Counter()
        self.promises_at_work: set[asyncio.Task[None]] = set()
        """The cancels under way for sessions that have ended."""
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Tick every connection, until canceled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            for connected in list(self._connected):
                connected.tick()

    def enter(self, connected: Connected, address: str) -> None:
        """Add a connection from an address; ApiError `too_many`."""
        if len(self._connected) >= self._settings.connections_max:
            raise ApiError("too_many", "this gateway has too many connections")
        if self._addresses[address] >= self._settings.connections_per_address:
            raise ApiError("too_many", "too many connections from this address")
        self._connected[connected] = address
        self._addresses[address] += 1

    def leave(self, connected: Connected) -> None:
        """Remove a connection that has ended."""
        address = self._connected.pop(connected, None)
        if address is not None:
            _take_one(self._addresses, address)
            self._changed.set()

    def enter_account(self, account: str) -> None:
        """Count a session's login; ApiError `too_many`."""
        if self._accounts[account] >= self._settings.connections_per_account:
            raise ApiError("too_many", "too many connections of this account")
        self._accounts[account] += 1

    def leave_account(self, account: str) -> None:
        """Uncount a session that ended or logged in as another."""
        _take_one(self._accounts, account)

    def keep_promise(self, work: Coroutine[Any, Any, None]) -> None:
        """Run the cancels that an ended session has promised; `drain` waits for them."""
        task = self._tasks.create_task(work)
        self.promises_at_work.add(task)
        task.add_done_callback(self._kept)

    def described(self) -> list[dict[str, Any]]:
        """Every session of this process."""
        return [connected.described() for connected in self._connected]

    async def drain(self) -> None:
        """Close all connections; wait for them and for their promised cancels, `drain_seconds` at most."""
        for connected in list(self._connected):
            connected.go_away()
        try:
            async with asyncio.timeout(self._settings.drain_seconds):
                while self._connected or self.promises_at_work:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass

    def _kept(self, task: asyncio.Task[None]) -> None:
        self.promises_at_work.discard(task)
        self._changed.set()


def _take_one(counts: Counter[str], name: str) -> None:
    counts[name] -= 1
    if counts[name] <= 0:
        del counts[name]
