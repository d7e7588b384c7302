"""The second look: no verdict of damage rests on one answer of nats-server.

A server that was cut off from its cluster takes itself for a stream's leader for some seconds more, and answers from
what it had then. Its journal "ends" before another server's events, and its messages "are gone". So a look, which is a
function that asks the streams and raises PartitionStopped where they contradict each other, raises only a doubt the
first time. It is damage if a look LOOK_INTERVAL later finds the same, and for that one

- all who take themselves for a stream's leader are heard, and a message is gone only if none of them has it;
- what a stream holds is believed only of a leader that has heard from a majority of the stream's servers since the
  first look ended. Followers answer one leader at a time, so nobody else led before that, and whatever was stored when
  the doubt came up is known to that leader.

Nothing is written: a message stored in a journal that was cut short would take a number that the events have answered.
A stream with one replica has nobody else who could answer, and is looked at again at once.

Where it cannot be known who leads there is no verdict: Unavailable, and somebody looks again later.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import structlog

from streams import subjects
from streams.broker.answers import read_api_answer
from streams.broker.connection import Connection
from streams.broker.reader import NO_SUCH_STREAM, Asks
from streams.errors import ApiRefused, PartitionFailed, PartitionStopped, Unavailable

log = structlog.get_logger()

LOOK_INTERVAL: Final = 3.0
"""Between two looks; a leader hears from its followers every second, also when there is nothing to store."""

ANSWERS_SECONDS: Final = 0.5
"""For so long the answers of all who lead, or think so, are collected."""

PROOF_TIMEOUT: Final = 20.0
"""For so long a second look is tried: an election takes up to 9 seconds."""

LOOKS_MAX: Final = 4
NANOSECONDS: Final = 1_000_000_000
INFO: Final = "STREAM.INFO."

Found = TypeVar("Found")
Look = Callable[[Asks], Awaitable[Found]]
"""Asks the streams, and raises PartitionStopped if they contradict each other; it may be done again."""


class StreamLeader(NamedTuple):
    """Who gave a STREAM.INFO: its server, "" where none is named; `silent_seconds` since it had heard from a majority.

    `alone`: there is no other replica.
    """

    server: str
    silent_seconds: float
    alone: bool


async def beyond_doubt(connection: Connection, number: int, look: Look[Found]) -> Found:
    """What `look` gives. PartitionStopped once a second look finds the same, Unavailable if there can be none.

    A fault of our own is no matter of looking, and is raised at once.
    """
    try:
        return await look(connection)
    except PartitionFailed:
        raise
    except PartitionStopped as stopped:
        doubt = stopped
    for _ in range(LOOKS_MAX - 1):
        log.warning("partition.in_doubt", partition=number, sequence=doubt.sequence, error=str(doubt))
        try:
            found = await look_carefully(connection, number, look)
        except PartitionFailed:
            raise
        except PartitionStopped as stopped:
            if _kind(stopped) == _kind(doubt):
                raise
            doubt = stopped
        else:
            log.warning("partition.doubt_ended", partition=number, sequence=doubt.sequence)
            return found
    raise Unavailable(f"each look at partition {number} finds something else, lately: {doubt}")


def _kind(stopped: PartitionStopped) -> str:
    """What was found, but for its numbers: orders may still be stored in a journal that was cut short."""
    return re.sub(r"\d+", "", str(stopped))


async def look_carefully(connection: Connection, number: int, look: Look[Found]) -> Found:
    """A later look, by what proved leaders say; Unavailable if none are proved in PROOF_TIMEOUT."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    if await _is_alone(connection, number):
        return await look(connection)
    await asyncio.sleep(LOOK_INTERVAL)
    while True:
        try:
            return await look(Careful(connection, began))
        except Unavailable:
            if loop.time() - began > PROOF_TIMEOUT:
                raise
            await asyncio.sleep(ANSWERS_SECONDS)


async def _is_alone(connection: Connection, number: int) -> bool:
    """Whether one server holds all streams of a partition, and nobody else can have answered."""
    streams = (subjects.journal_stream(number), subjects.events_stream(number), subjects.checkpoints_stream(number))
    return all([(await leader_of(connection, stream)).alone for stream in streams])


async def leader_of(connection: Asks, stream: str) -> StreamLeader:
    """Who answers for a stream now; of one that does not exist nobody can be wrong."""
    try:
        return read_leader(await connection.api(f"{INFO}{stream}"))
    except ApiRefused as error:
        if error.code != NO_SUCH_STREAM:
            raise
        return StreamLeader("", 0.0, alone=True)


def read_leader(information: Mapping[str, Any]) -> StreamLeader:
    """Who gave this STREAM.INFO."""
    cluster: dict[str, Any] = information.get("cluster") or {}
    replicas: list[dict[str, Any]] = cluster.get("replicas") or []
    server: str = cluster.get("leader") or ""
    if not replicas:
        return StreamLeader(server, 0.0, alone=True)
    # 0 is what it says of one that it has never heard from.
    silent = sorted((replica.get("active") or float("inf")) / NANOSECONDS for replica in replicas)
    others_needed = (len(replicas) + 1) // 2
    return StreamLeader(server, silent[others_needed - 1], alone=False)


class Careful:
    """The JetStream API, asked of everybody who leads or thinks so; `since`: by the loop's clock, when doubt began."""

    def __init__(self, connection: Connection, since: float) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._since = since

    async def api(self, subject: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Like `Connection.api`; Unavailable too if nobody who answers is proved to lead."""
        asked = self._loop.time()
        answers = await self._answers(subject, body)
        if subject.startswith(INFO):
            return self._proved(subject, answers, asked - self._since)
        good = [answer for answer in answers if "error" not in answer]
        if not good:
            # Whoever leads may have been silent; then its word on the stream is not heard either.
            await self.api(INFO + subject.rpartition(".")[2])
        return read_api_answer(subject, (good or answers)[0])

    async def _answers(self, subject: str, body: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = []
        payload = json.dumps(body).encode() if body else b""
        with self._connection.replies(lambda _, reply, __, ___: answers.append(json.loads(reply or b"{}"))) as inbox:
            self._connection.publish(f"$JS.API.{subject}", payload, inbox)
            await asyncio.sleep(ANSWERS_SECONDS)
        if not any(answers):
            raise Unavailable(f"{subject} was not answered in {ANSWERS_SECONDS} s")
        return [answer for answer in answers if answer]

    def _proved(self, subject: str, answers: list[dict[str, Any]], elapsed: float) -> dict[str, Any]:
        proved = [
            answer
            for answer in answers
            if "error" in answer or (leader := read_leader(answer)).alone or leader.silent_seconds < elapsed
        ]
        if not proved:
            raise Unavailable(f"{subject}: nobody who answers is known to have heard from a majority lately")
        return read_api_answer(subject, max(proved, key=lambda answer: answer.get("state", {}).get("last_seq", 0)))
