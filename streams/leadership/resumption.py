"""Late answers: a message answered long after it was stored is marked, and its age counts up to the mark's time.

All workers may be gone for a minute, or one may hang, while gateways still store orders. Executed when a leader comes
back, the orders would meet another market than they were sent to. So a leader that finds a message older than
`command_age_max` journals `Resume`, and marks each earlier message that was stored more than `command_age_max` before
the `Resume` with the time of the `Resume`: the engine refuses its placements and amendments (`too_late`), and carries
out its cancels. The mark is stored with the answer in EVENTS, is part of the chain, and is used by every replay.

No message that was answered to a client may be answered otherwise. A leader answers before EVENTS has the answer
(docs/decisions/0002-…), and may die in between. Three rules ensure that no other leader has answered a marked message:

1. A leader answers ahead of EVENTS, and sends a second message there before the first is acknowledged, only within
   RUN_AHEAD of journal time behind the last message that was acknowledged to itself, and while it is sure of its lease.
2. Otherwise it waits until all earlier events are stored, stores the message's events alone, and answers then.
3. A leader that is sure of its lease marks messages, one at a time as in 2, and only those more than RUN_AHEAD behind
   the last one that another may have stored.

Journal time is in nanoseconds. docs/decisions/0110-age-at-the-answer.md argues it at length.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from exchange.commands import Resume
from exchange.semantics import AGE_AT_ANSWER
from streams import subjects
from streams.broker.reader import read_timed
from streams.errors import ApiRefused, NotSent, NotStored, StoreUnknown, Unavailable
from streams.journal.event_writer import RUN_AHEAD
from streams.wire.codec import encode_batch, encode_command

if TYPE_CHECKING:
    from streams.broker.connection import Connection
    from streams.broker.reader import StreamMessage
    from streams.journal.clock import JournalClock
    from streams.journal.event_writer import EventStream
    from streams.leadership.lease_doubt import Certainty
    from streams.partition.partition import Partition

log = structlog.get_logger()

RETRY_INTERVAL: Final = 0.25
RESUME_INTERVAL: Final = 2.0
"""Seconds between two Resumes of one leader: keeps them few if our clock is wrong or the leader falls ever behind."""

SURE_SECONDS: Final = 2.0
"""Seconds to wait for a sure lease, which is written four times in this; an unsure leader marks nothing."""

RETRY_SECONDS_MAX: Final = 60.0
"""Well inside the journal's duplicate window (streams/topology.py); after that messages are answered as if in time."""


class Resumption:
    """Late answers of one leader. Made when the partition has caught up with EVENTS."""

    def __init__(
        self,
        connection: Connection,
        partition: Partition,
        events: EventStream,
        certainty: Certainty,
        clock: JournalClock,
        origin: str,
    ) -> None:
        self._connection = connection
        self._partition = partition
        self._events = events
        self._certainty = certainty
        self._clock = clock
        self._origin = origin
        self._begun_at = partition.at
        self._resumed = 0  # the sequence of our last Resume …
        self._resumed_at = 0  # … and its journal time
        self._resume_from = 0.0

    def may_concern(self, message: StreamMessage) -> bool:
        """Whether a message seems older than `command_age_max`, so that `answered_at` decides.

        Ages are of journal time, which never steps back: a server's clock that steps back makes no message old.
        """
        age_max = self._partition.engine.command_age_max
        return self._clock.now() - max(self._partition.at, message.stored_at) > age_max

    async def answered_at(self, message: StreamMessage) -> int:
        """Journal time at which such a message is answered; 0 if it is answered as if in time."""
        engine, at = self._partition.engine, max(self._partition.at, message.stored_at)
        loop = asyncio.get_running_loop()
        if engine.semantics < AGE_AT_ANSWER or (message.sequence > self._resumed and loop.time() < self._resume_from):
            return 0
        await self._events.settle()
        if at <= max(self._begun_at, self._events.found_at) + RUN_AHEAD:
            return 0
        if message.sequence > self._resumed:
            self._resume_from = loop.time() + RESUME_INTERVAL
            await self._resume(message.sequence - 1)
        if message.sequence > self._resumed or self._resumed_at - at <= engine.command_age_max:
            return 0
        return self._resumed_at if await self._is_sure() else 0

    async def _is_sure(self) -> bool:
        """Whether no other worker can lead now; False after SURE_SECONDS, because going on is better than waiting."""
        try:
            async with asyncio.timeout(SURE_SECONDS):
                await self._certainty.wait_sure()
        except TimeoutError:
            return False
        return True

    async def _resume(self, after: int) -> None:
        """Journal a Resume, and read back the time it was stored."""
        number = self._partition.number
        loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
        payload = encode_batch(self._origin, 0, [encode_command(Resume(after))])
        message_id = f"{self._origin}-{number}-resume-{after}"
        while loop.time() - began < RETRY_SECONDS_MAX:
            try:
                stored = await self._connection.store(subjects.journal(number), payload, message_id)
                found = await read_timed(self._connection, subjects.journal_stream(number), stored.sequence)
            except (StoreUnknown, NotSent, Unavailable) as error:
                log.warning("partition.resume_waits", partition=number, error=str(error))
            except (NotStored, ApiRefused) as error:
                log.warning("partition.not_resumed", partition=number, error=str(error))
                return
            else:
                if found is not None and found[0] == payload:
                    self._resumed, self._resumed_at = stored.sequence, found[1]
                    log.warning("partition.resumed", partition=number, after=after, before=stored.sequence)
                    return
            await asyncio.sleep(RETRY_INTERVAL)
        log.warning("partition.not_resumed", partition=number, error=f"not stored within {RETRY_SECONDS_MAX:.0f} s")
