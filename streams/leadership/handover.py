"""Handover of a partition from its leader to its standby, which has caught up before the leader steps down.

The leader asks the standby for the last sequence it followed. When that is near enough the leader stops reading, waits
until all its answers are stored, writes the standby's id into the lease and sends it LEAD. If LEAD is lost, the standby
reads the lease at its next beat. Gateways go on storing commands meanwhile; the successor answers them.

Requests between workers, on `worker.<id>`: an empty one is a ping; all others are a `WorkerRequest`. Times are seconds.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from msgspec import Struct

from streams import subjects
from streams.broker.connection import Connection
from streams.errors import Unavailable, Undecodable
from streams.leadership.leases import Leadership
from streams.leadership.partition_runner import Post
from streams.leadership.roster import NOBODY
from streams.wire import codec

HOW_FAR: Final = "how_far"
"""Request: the last sequence that the worker has followed the partition to."""

LEAD: Final = "lead"
"""Request: lead the partition; the lease was passed on with the write of `revision`."""

GO: Final = "go"
"""Request of an operator: hand the partition over to its standby."""

NOT_AT_ALL: Final = -1
LAG_MAX: Final = 64
"""Journal messages that a successor may be behind when the leader steps down."""

ANSWER_TIMEOUT: Final = 0.25
READY_INTERVAL: Final = 0.05
PATIENCE: Final = 5.0
"""Seconds that a leader that could stay waits for its standby to be ready."""


class WorkerRequest(Struct, array_like=True):
    """A request to a worker about one partition."""

    what: str
    partition: int
    revision: int = 0


class Gone(Struct, array_like=True):
    """Outcome of a handover: the successor `to`, or NOBODY if the partition stayed, and `why`."""

    to: str
    why: str = ""

    def encode(self) -> bytes:
        """The answer to GO, encoded."""
        return msgspec.msgpack.encode(self)


_ask_decoder = msgspec.msgpack.Decoder(WorkerRequest)
_gone_decoder = msgspec.msgpack.Decoder(Gone)
_number_decoder = msgspec.msgpack.Decoder(int)


def read_ask(request: bytes) -> WorkerRequest:
    """Decode a request to a worker; Undecodable if the bytes are none."""
    return codec.decode(_ask_decoder, request)


def encode_number(number: int) -> bytes:
    """The answer to HOW_FAR, encoded."""
    return msgspec.msgpack.encode(number)


async def ask_how_far(connection: Connection, worker: str, partition: int) -> int:
    """The last sequence that a worker has followed a partition to; NOT_AT_ALL if it does not follow or answer."""
    try:
        reply = await connection.request(subjects.worker(worker), _encode(HOW_FAR, partition), ANSWER_TIMEOUT)
        return codec.decode(_number_decoder, reply)
    except (Unavailable, Undecodable):
        return NOT_AT_ALL


async def ask_to_go(connection: Connection, worker: str, partition: int) -> Gone:
    """Have a worker hand over a partition that it leads; returns the outcome. Raises Unavailable."""
    reply = await connection.request(subjects.worker(worker), _encode(GO, partition), 2 * PATIENCE)
    try:
        return codec.decode(_gone_decoder, reply)
    except Undecodable as error:
        raise Unavailable(f"the answer of worker {worker} cannot be read: {error}") from error


async def hand_over(connection: Connection, leadership: Leadership, post: Post, patience: float) -> Gone:
    """Hand over the partition of `post` as soon as its standby is ready, within `patience` seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while not (successor := await _ready_successor(connection, leadership, post)):
        if not post.leads:
            return Gone(NOBODY, "the partition is not led here any more")
        if not leadership.has_colleagues or loop.time() >= deadline:
            return Gone(NOBODY, "no standby is ready to lead")
        await asyncio.sleep(READY_INTERVAL)
    await post.step_down()
    revision = await leadership.pass_on(post.number, successor)
    if not revision:
        return Gone(NOBODY, "the lease could not be written")
    connection.publish(subjects.worker(successor), _encode(LEAD, post.number, revision))
    await leadership.stand_by(post.number)
    return Gone(successor)


async def _ready_successor(connection: Connection, leadership: Leadership, post: Post) -> str:
    standby = leadership.roster.standby_of(post.number)
    if standby == NOBODY:
        return NOBODY
    followed = await ask_how_far(connection, standby, post.number)
    return standby if followed != NOT_AT_ALL and followed + LAG_MAX >= post.sequence else NOBODY


def _encode(what: str, partition: int, revision: int = 0) -> bytes:
    return msgspec.msgpack.encode(WorkerRequest(what, partition, revision))
