"""Scrub: looks for damage in messages that are never replayed, those before the checkpoint that a leader began from.

Message N of the journal, its events, and the chain before it give the chain in message N of EVENTS
(streams/partition/partition.py), so one reading of both streams finds lost or altered messages without carrying any
command out. A scrub runs beside a leader, once for each post that leads, at a bounded rate. A contradiction is
PartitionStopped, which names the sequence.

In a cluster each server's copy is read in turn (streams/recovery/replicas.py): damage in one copy alone is reported and
stops no partition.

Of very large events only time and chain are stored (streams/journal/event_writer.py): there the chain is not verified.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from streams import subjects
from streams.broker.connection import Connection
from streams.broker.reader import Asks, StreamMessage, read_message, read_timed, state_of
from streams.broker.second_look import beyond_doubt
from streams.errors import CopyAway, CopyDamaged, PartitionStopped, StreamGap, StreamTooShort, Unavailable, Undecodable
from streams.partition.partition import CHAIN_START, link
from streams.recovery.replicas import Copy, Proof, Proofs, copies_of, see_that_it_is_there
from streams.wire.codec import Sealed, decode_sealed, encode_events

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = structlog.get_logger()

MESSAGES_PER_SECOND: Final = 2_000
BYTES_PER_SECOND: Final = 8 * 2**20
"""Rate of both streams together: a few hundredths of a core and of a disk."""

PAUSE_MIN: Final = 0.05
"""Seconds; shorter pauses are accumulated."""

RETRY_INTERVAL: Final = 0.25
AWAY_INTERVAL: Final = 10.0
ATTEMPTS_MAX: Final = 3
"""Attempts in a row that find a server away; then the next server's copy is read."""

NO_EVENTS: Final = encode_events([])


class Scrub:
    """Scrub of partition `number` up to sequence `through`; `run` continues where it was canceled."""

    def __init__(
        self,
        connection: Connection,
        number: int,
        through: int,
        *,
        away_interval: float = AWAY_INTERVAL,
        retry_interval: float = RETRY_INTERVAL,
    ) -> None:
        self._away_interval = away_interval
        self._retry_interval = retry_interval
        self._connection = connection
        self._number = number
        self._through = through
        self._copies: list[Copy] | None = None
        self._links = Links()
        self._attempts = 0

    async def run(self) -> None:
        """Read all copies, one after the other. Raises PartitionStopped."""
        while self._copies is None:
            try:
                self._copies = await copies_of(self._connection, self._number) if self._through else []
            except Unavailable as error:
                await self._wait(error)
        while self._copies:
            await self._read_copy(self._copies[0])
            self._copies.pop(0)
            self._links, self._attempts = Links(), 0

    async def _read_copy(self, copy: Copy) -> None:
        began, first = time.monotonic(), self._links.next
        while self._links.next <= self._through:
            try:
                await self._read_on(copy)
            except CopyDamaged as damage:
                log.critical("partition.copy_damaged", partition=self._number, server=copy.name, error=str(damage))
                await self._record(copy, damage.sequence, str(damage))
                return
            except CopyAway as error:
                self._attempts += 1
                if self._attempts >= ATTEMPTS_MAX:
                    log.warning("partition.copy_not_read", partition=self._number, server=copy.name, error=str(error))
                    return
                await asyncio.sleep(self._away_interval)
            except Unavailable as error:
                await self._wait(error)
        seconds = round(time.monotonic() - began, 3)
        last = self._through
        log.info(
            "partition.scrubbed", partition=self._number, server=copy.name, first=first, last=last, seconds=seconds
        )
        await self._record(copy, last, "")

    async def _wait(self, error: Unavailable) -> None:
        log.info("partition.scrub_waits", partition=self._number, sequence=self._links.next, error=str(error))
        await asyncio.sleep(self._retry_interval)

    async def _record(self, copy: Copy, sequence: int, wrong: str) -> None:
        """Store a finding for `openbell doctor`."""
        try:
            await Proofs(self._connection).put(self._number, copy, Proof(sequence, wrong, time.time()))
        except Unavailable as error:
            log.info("partition.proof_not_kept", partition=self._number, server=copy.name, error=str(error))

    async def _read(self, copy: Copy) -> None:
        pace = ScrubPace()
        await see_that_it_is_there(self._connection, self._number, copy)
        async with copy.readers(self._connection, self._number, self._links.next) as (journal, events):
            while self._links.next <= self._through:
                message, stored = await anext(journal), await anext(events)
                self._links.compare(message, stored)
                await pace.keep(len(message.payload) + len(stored.payload))
                self._attempts = 0

    async def _read_on(self, copy: Copy) -> None:
        """Read a copy to its end, continuing behind messages that retention has dropped.

        PartitionStopped if the streams' leaders have the same damage, CopyDamaged if this copy alone has it.
        """
        try:
            await self._read(copy)
        except (StreamTooShort, StreamGap) as error:
            streams = (subjects.journal_stream(self._number), subjects.events_stream(self._number))
            held_from = max([(await state_of(self._connection, each)).first for each in streams])
            if self._links.next < held_from:
                self._links = Links(held_from)
                return
            await beyond_doubt(self._connection, self._number, partial(self._look, str(error)))
            if copy.name:
                raise CopyDamaged(self._number, self._links.next, f"on {copy.name}: {error}") from error
            raise Unavailable(f"{error}, it was said; but it does") from error

    async def _look(self, why: str, asks: Asks) -> None:
        last = (await state_of(asks, subjects.events_stream(self._number))).last
        wrong = await look_at(asks, self._number, self._links.next) if self._links.next <= last else why
        if wrong:
            raise PartitionStopped(self._number, self._links.next, wrong)


class Links:
    """Chain of one copy, followed from sequence `start` on; `before` is the message before `start`, None if unknown."""

    def __init__(self, start: int = 1, before: Sealed | None = None) -> None:
        self.next = start
        self.before = before

    def compare(self, message: StreamMessage, stored: StreamMessage) -> None:
        """Compare the next message of the journal and its events. StreamGap if they do not continue the chain."""
        sealed, first = _sealed(stored.payload), message.sequence == 1
        if wrong := _contradiction(self.before, message.payload, message.stored_at, sealed, first=first):
            raise StreamGap(wrong)
        self.next, self.before = message.sequence + 1, sealed


class ScrubPace:
    """Rate limiter of a scrub."""

    def __init__(
        self, clock: Callable[[], float] | None = None, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._clock = clock or asyncio.get_running_loop().time
        self._sleep = sleep
        self._due = self._clock()

    async def keep(self, size: int) -> None:
        """Count a message of `size` bytes, and pause where the rate is exceeded."""
        self._due = max(self._due, self._clock() - PAUSE_MIN)
        self._due += max(1 / MESSAGES_PER_SECOND, size / BYTES_PER_SECOND)
        ahead = self._due - self._clock()
        await self._sleep(ahead if ahead > PAUSE_MIN else 0)


async def look_at(asks: Asks, number: int, sequence: int) -> str:
    """What is wrong at one sequence of a partition; "" if nothing, or it is unknown (trimmed, unanswered)."""
    journal, events = subjects.journal_stream(number), subjects.events_stream(number)
    states = [await state_of(asks, stream) for stream in (journal, events)]
    if not max(state.first for state in states) <= sequence <= states[1].last:
        return ""
    message = await read_timed(asks, journal, sequence)
    if message is None:
        return "the journal has lost this message"
    stored = await read_message(asks, events, sequence)
    if stored is None:
        return "the events have lost this message"
    before = _sealed(await read_message(asks, events, sequence - 1) if sequence > 1 else None)
    payload, stored_at = message
    return _contradiction(before, payload, stored_at, _sealed(stored), first=sequence == 1)


async def follows(asks: Asks, number: int, chain: bytes, sequence: int) -> str:
    """How the messages at a sequence, which both streams have, do not follow from a chain; "" if they do."""
    message = await read_message(asks, subjects.journal_stream(number), sequence)
    if message is None:
        return "the journal has lost this message"
    stored = _sealed(await read_message(asks, subjects.events_stream(number), sequence))
    return "its events cannot be read" if stored is None else _breaks(chain, message, stored)


def _contradiction(before: Sealed | None, message: bytes, stored_at: int, stored: Sealed | None, *, first: bool) -> str:
    """How a message of EVENTS does not fit the journal's and the one before it; `before` is None if unknown."""
    if stored is None:
        return "its events cannot be read"
    chain = CHAIN_START if first else before.chain if before else None
    if chain is not None and (wrong := _breaks(chain, message, stored)):
        return wrong
    if stored.at != max(stored_at, before.at if before else stored.at):
        return "its events have another time than the journal's message"
    return ""


def _breaks(chain: bytes, message: bytes, stored: Sealed) -> str:
    """How a message of EVENTS does not link the journal's to the chain before it."""
    if (
        stored.events != NO_EVENTS
        and link(chain, stored.at, message, stored.events, stored.answered_at) != stored.chain
    ):
        return "its events answer another message than the journal has"
    return ""


def _sealed(stored: bytes | None) -> Sealed | None:
    try:
        return None if stored is None else decode_sealed(stored)
    except Undecodable:
        return None
