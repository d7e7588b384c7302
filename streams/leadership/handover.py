"""Handing a partition over to its standby, which is caught up before the leader lets go.

The leader asks the standby how far it is; when that is near enough it reads no more, waits until what it answered
is stored, writes the standby's id into the lease and tells it. If the word is lost, the standby reads the lease at its
next beat. Gateways go on storing commands meanwhile; the successor answers them.

What one worker asks another, on `worker.<id>`: an empty request is only "are you there"; all others are a
`WorkerRequest`.
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
"""To what sequence have you followed this partition?"""

LEAD: Final = "lead"
"""The lease is yours, by the write of this revision."""

GO: Final = "go"
"""Hand this partition over to its standby: an operator's wish."""

NOT_AT_ALL: Final = -1
LAG_MAX: Final = 64
"""Journal messages that a successor may have to catch up when the leader lets go."""

ANSWER_TIMEOUT: Final = 0.25
READY_INTERVAL: Final = 0.05
PATIENCE: Final = 5.0
"""How long a leader that could stay waits for its standby to be ready."""


class WorkerRequest(Struct, array_like=True):
    """A request to a worker about one partition."""

    what: str
    partition: int
    revision: int = 0


class Gone(Struct, array_like=True):
    """How a handover ended: `to` is NOBODY when the partition stayed, and `why` says why."""

    to: str
    why: str = ""

    def encode(self) -> bytes:
        """The answer to GO."""
        return msgspec.msgpack.encode(self)


_ask_decoder = msgspec.msgpack.Decoder(WorkerRequest)
_gone_decoder = msgspec.msgpack.Decoder(Gone)
_number_decoder = msgspec.msgpack.Decoder(int)


def read_ask(request: bytes) -> WorkerRequest:
    """Read a request to a worker; Undecodable if it is none."""
    return codec.decode(_ask_decoder, request)


def encode_number(number: int) -> bytes:
    """The answer to HOW_FAR."""
    return msgspec.msgpack.encode(number)


async def ask_how_far(connection: Connection, worker: str, partition: int) -> int:
    """The last sequence that a worker has followed a partition to; NOT_AT_ALL if it does not, or does not answer."""
    try:
        reply = await connection.request(subjects.worker(worker), _encode(HOW_FAR, partition), ANSWER_TIMEOUT)
        return codec.decode(_number_decoder, reply)
    except (Unavailable, Undecodable):
        return NOT_AT_ALL


async def ask_to_go(connection: Connection, worker: str, partition: int) -> Gone:
    """Have a worker hand over a partition that it leads, and say how it ended. Raises Unavailable."""
    reply = await connection.request(subjects.worker(worker), _encode(GO, partition), 2 * PATIENCE)
    try:
        return codec.decode(_gone_decoder, reply)
    except Undecodable as error:
        raise Unavailable(f"the answer of worker {worker} cannot be read: {error}") from error


async def hand_over(connection: Connection, leadership: Leadership, post: Post, patience: float) -> Gone:
    """Pass on what `post` leads as soon as its standby is ready, for which `patience` seconds are left."""
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
