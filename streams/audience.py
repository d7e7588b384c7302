"""Who listens, as the server tells: what nobody would hear need not be printed.

A message published with a reply subject comes back as "nobody listens" when it has no subscriber. That is asked of
each subject once in PROBE_INTERVAL; until the next round, what belongs there is counted and not printed, so the first
message of a round always leaves. Nobody who follows a subject misses anything by it: whoever asks for a snapshot is
listening already, and `listen_again` comes before the snapshot is made.
"""

from __future__ import annotations

import asyncio

from streams.connection import Connection
from streams.headers import NO_RESPONDERS, status_of

PROBE_INTERVAL = 0.05
PROBES_MAX = 10_000
"""Subjects asked about in one round; what is published beyond that is printed unasked."""


class Audience:
    """What one leader knows of its listeners. `run` has to run for as long as it publishes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._inbox = ""
        self._silent: set[str] = set()
        self._asked: set[str] = set()
        self._round = 0

    def hears(self, subject: str) -> bool:
        """Whether somebody may listen to a subject."""
        return subject not in self._silent

    def publish(self, subject: str, payload: bytes) -> None:
        """Publish, and ask whether anybody heard, unless that was asked in this round."""
        if subject in self._asked or not self._inbox or len(self._asked) >= PROBES_MAX:
            self._connection.publish(subject, payload)
        else:
            self._asked.add(subject)
            self._connection.publish(subject, payload, f"{self._inbox}.{self._round}.{subject}")

    def listen_again(self) -> None:
        """Presume listeners everywhere: somebody begins to follow something."""
        self._silent.clear()
        self._asked.clear()
        self._round += 1

    async def run(self) -> None:
        """Begin a new round every PROBE_INTERVAL, for ever."""
        inbox = self._connection.new_inbox()
        subscription = await self._connection.listen(f"{inbox}.>", self._receive)
        self._inbox = inbox
        try:
            while True:
                await asyncio.sleep(PROBE_INTERVAL)
                self.listen_again()
        finally:
            self._inbox = ""
            await subscription.close()

    def _receive(self, subject: str, _: bytes, __: str, headers: bytes) -> None:
        # An answer to a question of an earlier round may be older than a listener that has come since.
        asked_in, _point, about = subject[len(self._inbox) + 1 :].partition(".")
        if status_of(headers) == NO_RESPONDERS and asked_in == str(self._round):
            self._silent.add(about)
