"""What a gateway has promised to cancel, kept where it outlives the gateway: the bucket SESSIONS.

A promise names an account and a session: the orders of that session, or with session "" all of the account. It is
stored before a client hears of it. While the gateway lives it keeps its promises itself; when its lease has lapsed,
each partition's leader does (orphans.py). The lease is in the same bucket, which is on disk, so that a restart of the
server loses none, and so that each beat tells whether anything can be stored at all.

Keys: `lease.<gateway>` lapses by itself; `gateway.<gateway>` exists while there may be promises, its revision is that
of the last time when the gateway wrote all of them; `session.<gateway>.<shard>.<session>` holds a session's;
`swept.<gateway>.<partition>` is the leader's. A key without a value is on its way out. Times are seconds.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import Final

import msgspec
import structlog

from streams import subjects
from streams.bucket import Bucket
from streams.connection import Connection
from streams.errors import NotStored, StoreUnknown, Unavailable

log = structlog.get_logger()

LEASE_TTL: Final = 4.0
BEAT_INTERVAL: Final = 1.0
RETRY_INTERVAL: Final = 0.5
"""After a beat that failed: a server that was just started takes nothing for a moment."""

REMOVED_TTL: Final = 1.0
"""How long a removed key still stands, empty; it cannot be shorter."""

SHARDS: Final = 32
"""A bucket gives up to 1,024 keys at once: so many times that can be read of a gateway's sessions."""

Promise = tuple[str, str]
"""An account, and a session or "" for all of the account's orders."""

decoder: Final = msgspec.json.Decoder(list[Promise])


def lease_key(gateway: str) -> str:
    """Exists while the gateway lives."""
    return f"lease.{subjects.token(gateway)}"


def gateway_key(gateway: str) -> str:
    """Exists while there may be promises of the gateway."""
    return f"gateway.{subjects.token(gateway)}"


def session_key(gateway: str, session: str) -> str:
    """Holds the promises to one session."""
    shard = zlib.crc32(session.encode()) % SHARDS
    return f"session.{subjects.token(gateway)}.{shard}.{subjects.token(session)}"


def swept_key(gateway: str, partition: int) -> str:
    """Holds the revision of the gateway's key whose promises this partition's leader has kept."""
    return f"swept.{subjects.token(gateway)}.{partition}"


class Promises:
    """One gateway's. `run` has to run for as long as they are to hold."""

    def __init__(self, connection: Connection, gateway: str) -> None:
        self._connection = connection
        self._gateway = gateway
        self._bucket = Bucket(connection, subjects.SESSIONS)
        self._loop = asyncio.get_running_loop()
        self._held: dict[str, list[Promise]] = {}
        self._leaving: set[str] = set()
        self._renewed_at: float | None = None
        self._registered = False
        self._wake = asyncio.Event()

    @property
    def well(self) -> bool:
        """Whether the lease holds: something was stored not long ago."""
        return self._renewed_at is not None and self._loop.time() - self._renewed_at < LEASE_TTL

    async def make(self, session: str, promises: list[Promise]) -> None:
        """Store all that a session was promised, in place of what it was before. Unavailable if that fails."""
        if not self._connection.connected or not self.well:
            raise Unavailable("promises cannot be stored now")
        self._held[session] = promises
        if not self._registered:
            await self._register()
        if self._held.get(session) is promises:  # the session may have ended meanwhile
            await self._put(session_key(self._gateway, session), _encode(promises))

    async def forget(self, session: str) -> None:
        """A session's promises are kept, or were never heard of. Unavailable if that cannot be stored."""
        self._held.pop(session, None)
        self._leaving.add(session)
        await self._put(session_key(self._gateway, session), "", REMOVED_TTL)
        self._leaving.discard(session)

    async def run(self) -> None:
        """Beat for ever, and at once when NATS is back."""
        forget_reconnects = self._connection.on_reconnect(self._wake.set)
        try:
            while True:
                self._wake.clear()
                stored = await self._beat()
                try:
                    async with asyncio.timeout(BEAT_INTERVAL if stored else RETRY_INTERVAL):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            forget_reconnects()

    async def leave(self) -> None:
        """End in good order: with no promise left there is nothing for the leaders to do. Raises Unavailable."""
        if self._registered and not self._held and not self._leaving:
            await self._put(gateway_key(self._gateway), "", REMOVED_TTL)
            await self._put(lease_key(self._gateway), "", REMOVED_TTL)

    async def _beat(self) -> bool:
        """Whether it was stored."""
        began = self._loop.time()
        lapsed = not self.well
        try:
            await self._put(lease_key(self._gateway), self._gateway, LEASE_TTL)
            if lapsed:
                await self._make_all_again()
        except Unavailable as error:
            if not lapsed:
                log.info("promises.no_beat", error=str(error))
            return False
        self._renewed_at = began
        return True

    async def _make_all_again(self) -> None:
        """The lease had lapsed: leaders may have kept the promises, and removed them."""
        self._registered = False
        if self._held:
            log.warning("promises.lapsed", sessions=len(self._held))
            await self._register()
        for session, promises in list(self._held.items()):
            if session in self._held:
                await self._put(session_key(self._gateway, session), _encode(promises))

    async def _register(self) -> None:
        await self._put(gateway_key(self._gateway), self._gateway)
        self._registered = True

    async def _put(self, key: str, value: str, ttl_seconds: float | None = None) -> None:
        try:
            await self._bucket.put(key, value, None, ttl_seconds)
        except (NotStored, StoreUnknown) as error:
            raise Unavailable(f"{key} could not be written: {error}") from error


def _encode(promises: list[Promise]) -> str:
    return msgspec.json.encode(promises).decode()
