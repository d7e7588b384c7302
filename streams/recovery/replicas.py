"""Replicas of a partition: each server's copy of the partition's journal and events.

A stream's leader answers from its own copy, and any other server may lead next. So each copy is read by itself
(streams/recovery/scrub.py, streams/audit/audit.py), through consumers on its own server, without moving the streams'
leaders. The findings are stored in the bucket DIRECTORY as `copy.<partition>.<server>`, for `openbell doctor`.

Without a cluster there is one copy, and its server has no name ("").
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, NamedTuple

import msgspec

from streams import subjects
from streams.broker.bucket import Bucket, decoded
from streams.broker.connection import Connection
from streams.broker.reader import Asks, StreamReader
from streams.errors import CopyAway, NotStored, StoreUnknown, Unavailable

PREFIX: Final = "copy."


class Copy(NamedTuple):
    """Copy of journal and events on one server; `name` is the server's, or "" without a cluster."""

    name: str
    journal: str
    events: str

    @asynccontextmanager
    async def readers(
        self, connection: Connection, number: int, start: int
    ) -> AsyncIterator[tuple[StreamReader, StreamReader]]:
        """Readers of this copy's journal and events from a sequence on."""
        async with AsyncExitStack() as stack:
            journal = StreamReader(connection, subjects.journal_stream(number), start, self.journal)
            events = StreamReader(connection, subjects.events_stream(number), start, self.events)
            yield await stack.enter_async_context(journal), await stack.enter_async_context(events)


ANY: Final = Copy("", "", "")


class Proof(NamedTuple):
    """Finding in a copy: whole up to `sequence`, or wrong there; `at` is wall clock time, seconds."""

    sequence: int
    wrong: str
    at: float


decoder: Final = msgspec.json.Decoder(tuple[int, str, float])


async def copies_of(asks: Asks, number: int) -> list[Copy]:
    """All copies of a partition, that of the journal's leader first."""
    journal = await servers_of(asks, subjects.journal_stream(number))
    events = await servers_of(asks, subjects.events_stream(number))
    if len(journal) <= 1 and len(events) <= 1:
        return [ANY]
    return [
        Copy(server, server if server in journal else "", server if server in events else "")
        for server in dict.fromkeys([*journal, *events])
    ]


async def servers_of(asks: Asks, stream: str) -> list[str]:
    """The servers that have a copy of a stream, its leader first."""
    cluster: dict[str, Any] = (await asks.api(f"STREAM.INFO.{stream}")).get("cluster") or {}
    others = sorted(replica["name"] for replica in cluster.get("replicas") or [])
    return [cluster["leader"], *others] if cluster.get("leader") else others


async def see_that_it_is_there(asks: Asks, number: int, copy: Copy) -> None:
    """Raise CopyAway if the cluster reports that the server of a copy is offline."""
    for stream, server in (
        (subjects.journal_stream(number), copy.journal),
        (subjects.events_stream(number), copy.events),
    ):
        cluster: dict[str, Any] = (await asks.api(f"STREAM.INFO.{stream}")).get("cluster") or {}
        away = [replica["name"] for replica in cluster.get("replicas") or [] if replica.get("offline")]
        if server and server in away:
            raise CopyAway(f"{server} is away")


class Proofs:
    """The last finding in each copy."""

    def __init__(self, connection: Connection) -> None:
        self._bucket = Bucket(connection, subjects.DIRECTORY)

    async def put(self, number: int, copy: Copy, proof: Proof) -> None:
        """Store a finding. Unavailable if it cannot be stored."""
        if not copy.name:
            return
        try:
            await self._bucket.put(key_of(number, copy.name), msgspec.json.encode(proof).decode())
        except (NotStored, StoreUnknown) as error:
            raise Unavailable(f"the proof of {copy.name} could not be kept: {error}") from error

    async def all(self) -> dict[tuple[int, str], Proof]:
        """All findings by partition and server. Unavailable without an answer, or if one is unreadable."""
        entries = await self._bucket.read_all(f"{PREFIX}>")
        return {place_of(key): Proof(*decoded(decoder, key, entry)) for key, entry in entries.items() if entry.value}


def key_of(number: int, server: str) -> str:
    """A copy's key in the bucket; servers may have any name."""
    return f"{PREFIX}{number}.{server.encode().hex()}"


def place_of(key: str) -> tuple[int, str]:
    """The partition and the server of a key."""
    number, _, server = key.removeprefix(PREFIX).partition(".")
    return int(number), bytes.fromhex(server).decode()


def unproved(copies: Iterable[Copy], number: int, proofs: dict[tuple[int, str], Proof]) -> list[str]:
    """The servers whose copies have not been read yet."""
    return [copy.name for copy in copies if copy.name and (number, copy.name) not in proofs]
