"""Looking for damage where nobody replays: behind the checkpoint that a leader began from.

Message N of the journal, what it did, and the chain before it give the chain that message N of EVENTS carries
(partition.py), so one reading of both streams finds what is lost or altered without carrying any command out. It is
done beside a leader, once for each post that leads, no quicker than a bounded rate. Whatever does not fit is
PartitionStopped, which names the sequence.

Of very large events only time and chain are stored (event_stream.py): there the chain is taken as it stands.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

import structlog

from streams import subjects
from streams.codec import Sealed, Undecodable, decode_sealed, encode_events
from streams.connection import Connection
from streams.errors import PartitionStopped, StreamGap, StreamTooShort, Unavailable
from streams.partition import CHAIN_START, link
from streams.stream import StreamMessage, StreamReader, read_message, state_of

log = structlog.get_logger()

MESSAGES_PER_SECOND: Final = 2_000
BYTES_PER_SECOND: Final = 8 * 2**20
"""Of both streams together: a few hundredths of a core and of a disk."""

PAUSE_MIN: Final = 0.05
"""Shorter pauses are saved up."""

RETRY_INTERVAL: Final = 0.25

NO_EVENTS: Final = encode_events([])


class Scrub:
    """Reads what partition `number` held through sequence `through`; `run` goes on where it was when it ended."""

    def __init__(self, connection: Connection, number: int, through: int) -> None:
        self._connection = connection
        self._number = number
        self._through = through
        self._journal = subjects.journal_stream(number)
        self._events = subjects.events_stream(number)
        self._next = 1
        self._before: Sealed | None = None

    async def run(self) -> None:
        """Read it all. Raises PartitionStopped."""
        began, first = time.monotonic(), self._next
        while self._next <= self._through:
            try:
                await self._read_on()
            except Unavailable as error:
                log.info("partition.scrub_waits", partition=self._number, sequence=self._next, error=str(error))
                await asyncio.sleep(RETRY_INTERVAL)
        if first <= self._through:
            seconds = round(time.monotonic() - began, 3)
            log.info("partition.scrubbed", partition=self._number, first=first, last=self._through, seconds=seconds)

    async def _read(self) -> None:
        pace = Pace()
        async with (
            StreamReader(self._connection, self._journal, self._next) as journal,
            StreamReader(self._connection, self._events, self._next) as events,
        ):
            while self._next <= self._through:
                message, stored = await anext(journal), await anext(events)
                self._check(message, stored)
                await pace.keep(len(message.payload) + len(stored.payload))

    def _check(self, message: StreamMessage, stored: StreamMessage) -> None:
        sealed = _sealed(stored.payload)
        if wrong := _contradiction(self._before, message.payload, sealed, first=message.sequence == 1):
            raise PartitionStopped(self._number, message.sequence, wrong)
        assert sealed is not None, "it contradicts nothing"
        if sealed.at != max(message.stored_at, self._before.at if self._before else sealed.at):
            why = "its events have another time than the journal's message"
            raise PartitionStopped(self._number, message.sequence, why)
        self._next, self._before = message.sequence + 1, sealed

    async def _read_on(self) -> None:
        """Read until the end, or to where retention has dropped what was to come; then from behind that."""
        try:
            await self._read()
        except StreamTooShort as error:
            raise PartitionStopped(self._number, self._next, str(error)) from error
        except StreamGap as error:
            held_from = max([(await state_of(self._connection, each)).first for each in (self._journal, self._events)])
            if self._next < held_from:
                self._next, self._before = held_from, None
            elif wrong := await look_at(self._connection, self._number, self._next):
                raise PartitionStopped(self._number, self._next, wrong) from error
            else:
                raise Unavailable(f"{error}, it was said; but it does") from error


class Pace:
    """Holds a reader back to the bounded rate."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()

    async def keep(self, size: int) -> None:
        """One message of so many bytes was read."""
        self._due = max(self._due, self._loop.time() - PAUSE_MIN)
        self._due += max(1 / MESSAGES_PER_SECOND, size / BYTES_PER_SECOND)
        ahead = self._due - self._loop.time()
        await asyncio.sleep(ahead if ahead > PAUSE_MIN else 0)


async def look_at(connection: Connection, number: int, sequence: int) -> str:
    """What is wrong at one sequence of a partition; "" if nothing, or nothing can be said (trimmed, unanswered)."""
    journal, events = subjects.journal_stream(number), subjects.events_stream(number)
    states = [await state_of(connection, stream) for stream in (journal, events)]
    if not max(state.first for state in states) <= sequence <= states[1].last:
        return ""
    message = await read_message(connection, journal, sequence)
    if message is None:
        return "the journal has lost this message"
    stored = await read_message(connection, events, sequence)
    if stored is None:
        return "the events have lost this message"
    before = await read_message(connection, events, sequence - 1) if sequence > 1 else None
    return _contradiction(_sealed(before), message, _sealed(stored), first=sequence == 1)


def _contradiction(before: Sealed | None, message: bytes, stored: Sealed | None, *, first: bool) -> str:
    """How a message of EVENTS does not fit the journal's and the one before it; `before` is None if it is unknown."""
    if stored is None:
        return "its events cannot be read"
    chain = CHAIN_START if first else before.chain if before else None
    if chain is None or stored.events == NO_EVENTS:
        return ""
    if link(chain, stored.at, message, stored.events) != stored.chain:
        return "its events answer another message than the journal has"
    return ""


def _sealed(stored: bytes | None) -> Sealed | None:
    try:
        return None if stored is None else decode_sealed(stored)
    except Undecodable:
        return None
