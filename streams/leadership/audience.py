"""Audience: which subjects have subscribers, as nats-server reports it; under load the others are not rendered.

A message published with a reply subject comes back as "no responders" when it has no subscriber. The audience probes
each subject so once a round. PRINTED_PER_ROUND messages of a round are rendered without a subscriber, so a quiet market
is always published whole, and on a busy one a new subscriber is noticed within two rounds. A client that follows a
subject from a snapshot misses nothing: it subscribes before it queries, and `listen_again` comes before the snapshot.
"""

from __future__ import annotations

import asyncio

from streams.broker.connection import Connection
from streams.broker.headers import NO_RESPONDERS, status_of

ROUND = 0.05
PRINTED_PER_ROUND = 20

SUBJECTS_MAX = 10_000
"""Subjects probed in one round; messages of further subjects are rendered and published without a probe."""


class Audience:
    """Audience of one leader. `run` must run for as long as the leader publishes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._inbox = ""
        self._round = 0
        self._asked: set[str] = set()
        self._unheard: set[str] = set()
        self._silent: set[str] = set()
        self._room = PRINTED_PER_ROUND

    def hears(self, subject: str) -> bool:
        """Whether the next message for a subject is to be rendered and published."""
        if subject not in self._silent:
            return True
        self._room -= 1
        return self._room >= 0

    def publish(self, subject: str, payload: bytes) -> None:
        """Publish, and probe for subscribers unless the subject was probed in this round."""
        if subject in self._asked or not self._inbox or len(self._asked) >= SUBJECTS_MAX:
            self._connection.publish(subject, payload)
        else:
            self._asked.add(subject)
            self._connection.publish(subject, payload, f"{self._inbox}.{self._round}.{subject}")

    def listen_again(self) -> None:
        """Presume a subscriber for every subject: a client may be about to follow one."""
        self._silent.clear()
        self._begin_round()

    async def run(self) -> None:
        """Run one round after the other, for ever."""
        inbox = self._connection.new_inbox()
        subscription = await self._connection.listen(f"{inbox}.>", self._receive)
        self._inbox = inbox
        try:
            while True:
                await asyncio.sleep(ROUND)
                self._end_round()
        finally:
            self._inbox = ""
            await subscription.close()

    def _end_round(self) -> None:
        self._silent = self._unheard.copy()
        self._begin_round()

    def _begin_round(self) -> None:
        self._round += 1
        self._room = PRINTED_PER_ROUND
        self._asked.clear()
        self._unheard.clear()

    def _receive(self, subject: str, _: bytes, __: str, headers: bytes) -> None:
        # An answer to a probe of an earlier round may be older than a subscriber that has come since.
        asked_in, _point, about = subject[len(self._inbox) + 1 :].partition(".")
        if status_of(headers) == NO_RESPONDERS and asked_in == str(self._round):
            self._unheard.add(about)
            self._silent.add(about)
