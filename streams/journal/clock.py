"""Journal clock: an estimate of journal time between the journal's messages, in nanoseconds.

Journal time is nats-server's clock, but never less than the last message's. The estimate runs on by this machine's
monotonic clock, so a step of our wall clock does no harm, and a step of the server's clock is learned.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from streams.broker.connection import Connection
from streams.broker.reader import state_of
from streams.errors import StreamError

ASK_INTERVAL = 5.0
"""Seconds between two reads of the server's clock by an idle process; a laptop that slept is right again then."""


class JournalClock:
    """Journal clock of one process."""

    def __init__(self, monotonic: Callable[[], int] = time.monotonic_ns) -> None:
        self.monotonic = monotonic
        self._offset = time.time_ns() - monotonic()
        self._latest = 0

    def now(self) -> int:
        """Journal time now, never less than the latest time seen in a journal."""
        now = self.monotonic() + self._offset
        return now if now > self._latest else self._latest

    def learn(self, at: int, sent: int, received: int) -> None:
        """Learn from a message stored at journal time `at`, between the monotonic times `sent` and `received`.

        An `at` that does not move shows only that the server's clock was set back and journal time stands still.
        """
        if at > self._latest:
            self._latest = at
            self._offset = at - (sent + received) // 2

    def learn_server_time(self, now: int, sent: int, received: int) -> None:
        """Learn that the server's clock showed `now`, between the monotonic times `sent` and `received`."""
        self._offset = now - (sent + received) // 2


async def keep_time(connection: Connection, clock: JournalClock, stream: str) -> None:
    """Have `clock` learn the server's time, for ever, from the state of any existing `stream`."""
    while True:
        try:
            state = await state_of(connection, stream)
        except StreamError:  # NATS is away: the connection logs it, and the clock runs on
            pass
        else:
            clock.learn_server_time(state.read_at, state.asked, state.answered)
        await asyncio.sleep(ASK_INTERVAL)
