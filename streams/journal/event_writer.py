"""Event writer: stores the leader's messages in `EVENTS_<p>`, message N only at sequence N, and so at most once.

Messages are sent as they come, each expecting the one before it, at most UNACKNOWLEDGED_MAX without an acknowledgement;
beyond that `publish` waits. After a refused or unacknowledged message nothing new is sent until the stream has been
read: a message there must equal ours byte for byte (an acknowledgement was lost, or another leader computed the same),
the rest is sent again. Another answer in our place is Overtaken; messages already sent behind it may be stored, and
their chain reveals it to the next leader (streams/recovery/recovery.py).

Placements are refused before the events are full (streams/journal/capacity.py), but one command may have very many
events. A full stream of events would stop every answer, cancels and halts included, so the leader enlarges the stream
itself, and logs it: using more of the disk is the smaller evil.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

import structlog

from exchange.units import SECOND
from streams import subjects
from streams.broker.answers import Stored
from streams.broker.connection import Connection
from streams.broker.reader import read_message, state_of
from streams.errors import ApiRefused, NotStored, Overtaken, StoreUnknown, Unavailable
from streams.journal.capacity import STREAM_FULL, enlarge, measure
from streams.wire.codec import decode_sealed, encode_events, encode_facts

log = structlog.get_logger()

UNACKNOWLEDGED_MAX = 64
STORE_TIMEOUT = 2.0
"""Seconds after which the stream is read. A broken connection is noticed at once; but a cluster whose stream has lost
its leader is silent, and after UNACKNOWLEDGED_MAX messages the partition waits for it."""

RETRY_INTERVAL = 0.25

RUN_AHEAD = SECOND
"""Journal time behind the last acknowledged message up to which a message may be answered before its events are stored
(streams/leadership/resumption.py)."""

NEVER = -(2**62)

EVENTS_BYTES_MAX = 8_000_000
"""A little less than the max_payload of nats/server.conf. One order may make 10,000 trades, about 1.3 MB of events,
but one journal message may hold several such orders."""


def as_stored(events: bytes) -> bytes:
    """The message as stored in EVENTS: whole, or, above EVENTS_BYTES_MAX, its time and chain without the events.

    A partition must not stop because an order swept a very long book. The chain still covers the events, and replaying
    the journal gives them again.
    """
    if len(events) <= EVENTS_BYTES_MAX:
        return events
    sealed = decode_sealed(events)
    return encode_facts(sealed.at, sealed.chain, encode_events([]), sealed.answered_at)


class Unsettled(NamedTuple):
    """A message that is not yet known to be stored."""

    sequence: int
    at: int
    payload: bytes
    stored: asyncio.Future[Stored] | None


class EventStream:
    """Event writer of one leader. `run` must run for as long as events are published."""

    def __init__(self, connection: Connection, partition: int, unacknowledged_max: int = UNACKNOWLEDGED_MAX) -> None:
        self._connection = connection
        self._partition = partition
        self._subject = subjects.events(partition)
        self._stream = subjects.events_stream(partition)
        self._unsettled: deque[Unsettled] = deque()
        self._room = asyncio.Semaphore(unacknowledged_max)
        self._something = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self.mending = False
        """Whether a message was refused or not acknowledged, and the stream is being read."""
        self.acknowledged_at = NEVER
        """Journal time of the last message that was acknowledged to this leader."""
        self.found_at = NEVER
        """Journal time of the last message found stored without an acknowledgement, maybe by another leader."""

    @property
    def unsettled(self) -> int:
        """How many messages are sent and not yet known to be stored."""
        return len(self._unsettled)

    async def publish(self, sequence: int, at: int, payload: bytes) -> None:
        """Send the message for sequence `sequence`; calls come in order, without a gap."""
        await self._room.acquire()
        stored = None if self.mending else self._store(sequence, payload)
        self._unsettled.append(Unsettled(sequence, at, payload, stored))
        self._settled.clear()
        self._something.set()

    def may_run_ahead(self, at: int) -> bool:
        """Whether a message of this journal time may be answered before its events are stored."""
        return at <= self.acknowledged_at + RUN_AHEAD

    async def settle(self) -> None:
        """Wait until all published messages are stored."""
        await self._settled.wait()

    async def run(self) -> None:
        """Process the acknowledgements, for ever. Raises Overtaken."""
        while True:
            await self._something.wait()
            stored = self._unsettled[0].stored
            assert stored is not None, "while nothing is mended all is sent"
            try:
                await stored
            except (StoreUnknown, NotStored) as error:
                await self._mend(error)
            else:
                self._take_acknowledgement()

    async def _mend(self, why: StoreUnknown | NotStored) -> None:
        """Compare the unsettled messages with the stream, and send missing ones again, until all are stored."""
        self.mending = True
        log.warning(
            "events.mending",
            partition=self._partition,
            sequence=self._unsettled[0].sequence,
            through=self._unsettled[-1].sequence,
            error=str(why),
        )
        while self._unsettled:
            await self._connection.wait_connected()
            try:
                await self._compare()
                await self._send_again()
            except (Unavailable, StoreUnknown, NotStored) as error:
                if isinstance(error, NotStored) and error.code == STREAM_FULL and await self._make_room():
                    continue
                log.warning("events.waiting", partition=self._partition, error=str(error))
                await asyncio.sleep(RETRY_INTERVAL)
        self.mending = False

    async def _make_room(self) -> bool:
        """Enlarge the stream by a tenth, or by the largest message; whether that is done."""
        try:
            size_max = (await measure(self._connection, self._stream)).size_max
            enlarged = size_max + max(size_max // 10, EVENTS_BYTES_MAX)
            await enlarge(self._connection, self._stream, enlarged)
        except (Unavailable, ApiRefused) as error:
            log.critical("events.full", partition=self._partition, error=str(error))
            return False
        log.critical("events.enlarged", partition=self._partition, bytes_before=size_max, bytes_now=enlarged)
        return True

    async def _compare(self) -> None:
        last = (await state_of(self._connection, self._stream)).last
        while self._unsettled and self._unsettled[0].sequence <= last:
            sequence, at, payload, _ = self._unsettled[0]
            if await read_message(self._connection, self._stream, sequence) != payload:
                raise Overtaken(self._partition, sequence)
            self.found_at = at
            self._forget_first()

    async def _send_again(self) -> None:
        again = [self._store(message.sequence, message.payload) for message in self._unsettled]
        for stored in again:
            await stored
            self._take_acknowledgement()

    def _store(self, sequence: int, payload: bytes) -> asyncio.Future[Stored]:
        stored = self._connection.store(
            self._subject, payload, expected_last_sequence=sequence - 1, timeout_seconds=STORE_TIMEOUT
        )
        stored.add_done_callback(_look_at)
        return stored

    def _take_acknowledgement(self) -> None:
        self.acknowledged_at = self._unsettled[0].at
        self._forget_first()

    def _forget_first(self) -> None:
        self._unsettled.popleft()
        self._room.release()
        if not self._unsettled:
            self._something.clear()
            self._settled.set()


def _look_at(stored: asyncio.Future[Stored]) -> None:
    """Retrieve a failure: behind a refused message all others fail too, and only the first is examined."""
    if not stored.cancelled():
        stored.exception()
