"""An estimate of journal time between the journal's messages, in nanoseconds.

Journal time is nats-server's clock, but never less than the last message's. Here it runs on from what was last
learned by this machine's monotonic clock, so a stepped wall clock on our side does no harm, and one on the server's
side is learned.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from streams.broker.connection import Connection
from streams.broker.reader import state_of
from streams.errors import StreamError

ASK_INTERVAL = 5.0
"""How often an idle process looks at the server's clock; a laptop that slept is right again after this."""


class JournalClock:
    """Journal time, as well as one process can know it."""

    def __init__(self, monotonic: Callable[[], int] = time.monotonic_ns) -> None:
        self.monotonic = monotonic
        self._offset = time.time_ns() - monotonic()
        self._latest = 0

    def now(self) -> int:
        """Never less than the latest time that was seen in a journal."""
        now = self.monotonic() + self._offset
        return now if now > self._latest else self._latest

    def learn(self, at: int, sent: int, received: int) -> None:
        """A message was stored at journal time `at`, between the monotonic times `sent` and `received`.

        An `at` that does not move shows that the server's clock was set back and journal time stands still; there is
        nothing to learn from it but that.
        """
        if at > self._latest:
            self._latest = at
            self._offset = at - (sent + received) // 2

    def learn_server_time(self, now: int, sent: int, received: int) -> None:
        """The server's clock showed `now`, between the monotonic times `sent` and `received`."""
        self._offset = now - (sent + received) // 2


async def keep_time(connection: Connection, clock: JournalClock, stream: str) -> None:
    """Let `clock` learn the server's time, for ever; `stream` is any that exists."""
    while True:
        try:
            state = await state_of(connection, stream)
        except StreamError:  # away; the connection says so itself, and the clock runs on
            pass
        else:
            clock.learn_server_time(state.read_at, state.asked, state.answered)
        await asyncio.sleep(ASK_INTERVAL)
