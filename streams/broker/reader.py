"""Stream reader: the state of a stored stream, one message of it, or all its messages in order.

`StreamReader` yields every message exactly once, in order, from a sequence on, without end. It keeps one or two pulls
of PULL_MESSAGES outstanding at an ephemeral consumer without acknowledgements, and creates a new consumer behind the
last message it yielded after silence, a refused pull, a reconnect or a gap. Times are seconds unless in ns.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol, Self

import structlog

from streams.broker.client import SubjectSubscription
from streams.broker.connection import Connection
from streams.broker.headers import HEARTBEAT, PULL_EXPIRED, header_value, status_of
from streams.errors import ApiRefused, CopyAway, StreamGap, StreamTooShort, Unavailable

log = structlog.get_logger()

PULL_MESSAGES = 256
PULL_EXPIRES = 30.0
IDLE_HEARTBEAT = 1.0
SILENCE_MAX = 3.0
"""After so long without even a heartbeat the consumer counts as lost."""

INACTIVE_CONSUMER_KEPT = 30.0
RETRY_INTERVAL = 0.25
PLACEMENTS_MAX = 30
"""After so many consumers in a row on other servers than the wanted one (by chance 1 in 200,000 with three servers),
the wanted server counts as away."""

GAPS_MAX = 3
"""A message that so many consumers of one server have skipped is gone from the stream, not lost on its way."""

NO_SUCH_MESSAGE = 10037
NO_SUCH_STREAM = 10059
NANOSECONDS = 1_000_000_000


class Asks(Protocol):
    """A caller of the JetStream API: a Connection, or a careful one (streams/broker/second_look.py)."""

    async def api(self, subject: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """As `Connection.api`."""


class StreamState(NamedTuple):
    """State of a stream: it has all sequences from `first` to `last` but `gone` of them.

    `read_at` is the server's clock, ns; `asked` and `answered` are ours (monotonic, ns).
    """

    first: int
    last: int
    gone: int
    read_at: int
    asked: int
    answered: int


class StreamMessage(NamedTuple):
    """One stored message; `stored_at` in ns, `behind` is how many more the stream had when this one was sent."""

    sequence: int
    stored_at: int
    behind: int
    payload: bytes


async def state_of(connection: Asks, stream: str) -> StreamState:
    """A stream's state, from its JetStream leader."""
    asked = time.monotonic_ns()
    information = await connection.api(f"STREAM.INFO.{stream}")
    state = information["state"]
    return StreamState(
        state["first_seq"],
        state["last_seq"],
        state.get("num_deleted", 0),
        _nanoseconds(information["ts"]),
        asked,
        time.monotonic_ns(),
    )


async def first_gone(connection: Asks, stream: str, start: int) -> int:
    """The first sequence from `start` on that a stream has lost from its midst or, damaged, from its end; 0 if none.

    A server that finds a damaged file drops the messages that it cannot read and keeps their sequences, also those at
    the end, where a reader would wait for ever.
    """
    information = await connection.api(f"STREAM.INFO.{stream}", {"deleted_details": True})
    gone: list[int] = information["state"].get("deleted") or []
    return min((sequence for sequence in gone if sequence >= start), default=0)


async def read_message(connection: Asks, stream: str, sequence: int) -> bytes | None:
    """One message's payload, from the stream's leader; None if the stream does not have it."""
    found = await read_timed(connection, stream, sequence)
    return None if found is None else found[0]


async def read_timed(connection: Asks, stream: str, sequence: int) -> tuple[bytes, int] | None:
    """One message's payload and the time it was stored, ns; None if the stream does not have it."""
    try:
        answer = await connection.api(f"STREAM.MSG.GET.{stream}", {"seq": sequence})
    except ApiRefused as error:
        if error.code == NO_SUCH_MESSAGE:
            return None
        raise
    message = answer["message"]
    return base64.b64decode(message.get("data", "")), _exact(message["time"])


class StreamReader:
    """Stream reader. `async with StreamReader(…) as reader: async for message in reader`.

    Raises StreamTooShort if the stream ends before `start` - 1, StreamGap if a message is gone: one server's claim, to
    be confirmed by a second look (streams/broker/second_look.py). CopyAway if `server` does not give its copy.

    `server`: whose copy is read, in a cluster; "" is any. A consumer with one replica reads the copy of the server that
    it is placed on, and the cluster names that server: if it is another, the next consumer is tried.
    """

    def __init__(
        self, connection: Connection, stream: str, start: int, server: str = "", silence_max: float = SILENCE_MAX
    ) -> None:
        self._silence_max = silence_max
        self._connection = connection
        self._stream = stream
        self._server = server
        self._expected = start  # the next sequence to yield …
        self._arriving = start  # … and to receive from the consumer
        self._arrived: deque[StreamMessage] = deque()
        self._something = asyncio.Event()
        self._stopped = False
        self._consumer = ""
        self._subscription: SubjectSubscription | None = None
        self._inbox = ""
        self._fresh = False
        self._gap = False
        self._gaps = 0  # gaps in this server's copy alone, in a row at the same place
        self._hole = 0  # the first message that the stream is known to have lost
        self._outstanding = 0
        self._forget_reconnects: Callable[[], None] | None = None

    async def __aenter__(self) -> Self:
        self._forget_reconnects = self._connection.on_reconnect(self._lose_consumer)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._forget_reconnects is not None:
            self._forget_reconnects()
        await self._delete_consumer()

    def __aiter__(self) -> Self:
        return self

    def stop(self) -> None:
        """End the iteration once all arrived messages are yielded."""
        self._stopped = True
        self._something.set()

    async def __anext__(self) -> StreamMessage:
        while not self._arrived:
            if self._expected == self._hole:
                raise StreamGap(f"{self._stream} does not hold sequence {self._expected}")
            if self._stopped:
                raise StopAsyncIteration
            self._something.clear()
            if not self._consumer:
                await self._try_to_make_consumer()
            try:
                async with asyncio.timeout(self._silence_max):
                    await self._something.wait()
            except TimeoutError:
                log.warning("stream.silent", stream=self._stream, expected=self._expected)
                self._lose_consumer()
        message = self._arrived.popleft()
        self._expected, self._gaps = message.sequence + 1, 0
        if self._consumer and self._outstanding <= PULL_MESSAGES // 2 and len(self._arrived) < PULL_MESSAGES:
            self._pull()
        return message

    async def _try_to_make_consumer(self) -> None:
        await self._connection.wait_connected()
        try:
            await self._make_consumer()
        except Unavailable as error:
            log.warning("stream.unavailable", stream=self._stream, error=str(error))
            await asyncio.sleep(RETRY_INTERVAL)
            self._something.set()

    async def _make_consumer(self) -> None:
        await self._delete_consumer()
        await self._check_start()
        await self._check_gap()
        self._inbox = self._connection.new_inbox()
        self._arriving = self._expected
        self._fresh = True
        self._outstanding = 0
        self._subscription = await self._connection.listen(self._inbox, self._receive)
        for _ in range(PLACEMENTS_MAX):
            name = self._connection.new_inbox().rpartition(".")[2]
            placed = (await self._connection.api(*self._create(name))).get("cluster") or {}
            if self._server in ("", placed.get("leader")):
                break
            self._connection.publish(f"$JS.API.CONSUMER.DELETE.{self._stream}.{name}", b"")
        else:
            raise CopyAway(f"{self._server} gives nobody its copy of {self._stream}")
        self._consumer = name
        self._pull()

    def _create(self, name: str) -> tuple[str, dict[str, Any]]:
        """The request that creates a consumer: subject and body."""
        config = {
            "name": name,
            "ack_policy": "none",
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self._expected,
            "inactive_threshold": int(INACTIVE_CONSUMER_KEPT * NANOSECONDS),
            "mem_storage": True,
            "num_replicas": 1,
        }
        return f"CONSUMER.CREATE.{self._stream}.{name}", {"stream_name": self._stream, "config": config}

    async def _check_start(self) -> None:
        state = await state_of(self._connection, self._stream)
        if self._expected > state.last + 1:
            raise StreamTooShort(f"{self._stream} ends at {state.last}; reading was to go on at {self._expected}")
        if state.first > self._expected:
            raise StreamGap(f"{self._stream} begins at {state.first}; reading was to go on at {self._expected}")
        self._hole = await first_gone(self._connection, self._stream, self._expected) if state.gone else 0

    async def _check_gap(self) -> None:
        """StreamGap if the message at a gap is gone from the stream, and was not just lost on its way to us."""
        self._gaps += self._gap
        if self._server and self._gaps >= GAPS_MAX:
            raise StreamGap(f"{self._stream} does not hold sequence {self._expected}")
        if (
            self._gap
            and not self._server
            and await read_message(self._connection, self._stream, self._expected) is None
        ):
            raise StreamGap(f"{self._stream} does not hold sequence {self._expected}")
        self._gap = False

    async def _delete_consumer(self) -> None:
        if self._subscription is not None:
            await self._subscription.close()
            self._subscription = None
        if self._consumer:
            self._connection.publish(f"$JS.API.CONSUMER.DELETE.{self._stream}.{self._consumer}", b"")
            self._consumer = ""

    def _lose_consumer(self) -> None:
        self._consumer = ""
        self._something.set()

    def _pull(self) -> None:
        self._outstanding += PULL_MESSAGES
        body = {
            "batch": PULL_MESSAGES,
            "expires": int(PULL_EXPIRES * NANOSECONDS),
            "idle_heartbeat": int(IDLE_HEARTBEAT * NANOSECONDS),
        }
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}"
        self._connection.publish(subject, json.dumps(body).encode(), self._inbox)

    def _receive(self, subject: str, payload: bytes, reply: str, headers: bytes) -> None:
        if subject == self._inbox:
            self._receive_status(status_of(headers), headers)
        elif self._consumer:
            self._receive_message(payload, reply)
        self._something.set()

    def _receive_status(self, status: int, headers: bytes) -> None:
        if status == PULL_EXPIRED:
            self._outstanding -= int(header_value(headers, "Nats-Pending-Messages") or 0)
            if self._consumer and self._outstanding <= PULL_MESSAGES // 2:
                self._pull()
        elif status == HEARTBEAT:
            # A lost message shows as a gap before the next one; the last has no next one, so heartbeats reveal it.
            self._find_gap(int(header_value(headers, "Nats-Last-Stream") or 0) + 1)
        else:
            log.warning("stream.pull_ended", stream=self._stream, status=status)
            self._consumer = ""

    def _receive_message(self, payload: bytes, reply: str) -> None:
        self._outstanding -= 1
        sequence, stored_at, behind = _position(reply)
        if sequence == self._arriving:
            self._arriving += 1
            self._arrived.append(StreamMessage(sequence, stored_at, behind, payload))
        elif not self._find_gap(sequence):
            log.warning("stream.repeated", stream=self._stream, expected=self._arriving, got=sequence)
            self._consumer = ""
        self._fresh = False

    def _find_gap(self, sequence: int) -> bool:
        """Whether a message before `sequence` has not arrived: it was lost on its way, or is gone from the stream."""
        if not self._consumer or sequence <= self._arriving:
            return False
        log.warning("stream.gap", stream=self._stream, expected=self._arriving, got=sequence)
        self._gap = self._fresh
        self._consumer = ""
        return True


def _position(reply: str) -> tuple[int, int, int]:
    """Sequence, time (ns) and number left, from $JS.ACK.[domain.account.]stream.consumer.tries.sequence.n.time.left."""
    tokens = reply.split(".")
    stream = 2 if len(tokens) == 9 else 4
    return int(tokens[stream + 3]), int(tokens[stream + 5]), int(tokens[stream + 6])


def _exact(timestamp: str) -> int:
    """Unix time in ns, exact, of a UTC time as the server prints it."""
    whole, _, fraction = timestamp.removesuffix("Z").partition(".")
    seconds = round(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return seconds * NANOSECONDS + int(fraction.ljust(9, "0"))


def _nanoseconds(timestamp: str) -> int:
    """Unix time in ns of an RFC 3339 time, exact to the microsecond."""
    return round(datetime.fromisoformat(timestamp).timestamp() * 1_000_000) * 1_000
