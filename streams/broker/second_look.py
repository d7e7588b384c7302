"""Second look: no verdict of damage rests on one answer of nats-server.

A server that was cut off from its cluster believes for some seconds more that it leads a stream, and answers from its
old copy. Its journal "ends" before another server's events, and its messages "are gone". So a look, a function that
reads the streams and raises PartitionStopped where they contradict each other, raises only a doubt the first time. It
is damage if a look LOOK_INTERVAL later finds the same, and for the second look

- all servers that believe they lead a stream are heard, and a message is gone only if none of them has it;
- a stream's state is believed only of a leader that has heard from a majority of the stream's servers since the first
  look ended. Followers answer one leader at a time, so no other server led before that, and the leader has every
  message that was stored when the doubt arose.

Nothing is written: a message stored in a truncated journal would take a sequence that the events have answered. A
stream with one replica has no other server that could answer, and is read again at once.

If no leader can be proved there is no verdict: Unavailable, and the caller looks again later.
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
"""Seconds between two looks; a leader hears from its followers every second, also when nothing is stored."""

ANSWERS_SECONDS: Final = 0.5
"""Seconds for which the answers of all servers that believe they lead are collected."""

PROOF_TIMEOUT: Final = 20.0
"""Seconds for which a second look is tried: an election takes up to 9."""

LOOKS_MAX: Final = 4
NANOSECONDS: Final = 1_000_000_000
INFO: Final = "STREAM.INFO."

Found = TypeVar("Found")
Look = Callable[[Asks], Awaitable[Found]]
"""Reads the streams, and raises PartitionStopped if they contradict each other; may be called again."""


class StreamLeader(NamedTuple):
    """Stream leader: the server that gave a STREAM.INFO, "" if unnamed; `silent_seconds` since it heard a majority.

    `alone`: there is no other replica.
    """

    server: str
    silent_seconds: float
    alone: bool


async def beyond_doubt(connection: Connection, number: int, look: Look[Found]) -> Found:
    """The result of `look`. PartitionStopped once a second look finds the same, Unavailable if none is possible.

    PartitionFailed, a fault of our own, is raised at once: a second look would not change it.
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
    """The finding without its numbers, which change while orders are still stored in a truncated journal."""
    return re.sub(r"\d+", "", str(stopped))


async def look_carefully(connection: Connection, number: int, look: Look[Found]) -> Found:
    """A second look, which believes proved leaders only; Unavailable if none is proved in PROOF_TIMEOUT."""
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
    """Whether one server has all streams of a partition, so that no other can have answered."""
    streams = (subjects.journal_stream(number), subjects.events_stream(number), subjects.checkpoints_stream(number))
    return all([(await leader_of(connection, stream)).alone for stream in streams])


async def leader_of(connection: Asks, stream: str) -> StreamLeader:
    """The leader of a stream now; a stream that does not exist has one replica, which cannot be wrong."""
    try:
        return read_leader(await connection.api(f"{INFO}{stream}"))
    except ApiRefused as error:
        if error.code != NO_SUCH_STREAM:
            raise
        return StreamLeader("", 0.0, alone=True)


def read_leader(information: Mapping[str, Any]) -> StreamLeader:
    """The leader that gave this STREAM.INFO."""
    cluster: dict[str, Any] = information.get("cluster") or {}
    replicas: list[dict[str, Any]] = cluster.get("replicas") or []
    server: str = cluster.get("leader") or ""
    if not replicas:
        return StreamLeader(server, 0.0, alone=True)
    # The server reports 0 for a replica that it has never heard from.
    silent = sorted((replica.get("active") or float("inf")) / NANOSECONDS for replica in replicas)
    others_needed = (len(replicas) + 1) // 2
    return StreamLeader(server, silent[others_needed - 1], alone=False)


class Careful:
    """JetStream API of all servers that believe they lead; `since`: when the doubt began, by the loop's clock."""

    def __init__(self, connection: Connection, since: float) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._since = since

    async def api(self, subject: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Like `Connection.api`; Unavailable also if no server that answers is proved to lead."""
        asked = self._loop.time()
        answers = await self._answers(subject, body)
        if subject.startswith(INFO):
            return self._proved(subject, answers, asked - self._since)
        good = [answer for answer in answers if "error" not in answer]
        if not good:
            # The leader may not have answered; then its answer about the stream is missing, too.
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
