"""What a gateway has promised to cancel, kept where it outlives the gateway: the bucket SESSIONS.

A promise names an account and a session: the orders of that session, or with session "" all of the account. It is
stored before a client hears of it. While the gateway lives it keeps its promises itself; when its lease has lapsed,
each partition's leader does (orphaned_promises.py). The lease is in the same bucket, which is on disk, so that a
restart of the server loses none, and so that each beat tells whether anything can be stored at all.

- `registered` names the gateways whose promises count (gateway_register.py). A gateway's name is new at each start of
  its process, so one that was struck off never counts again.
- `promised.<gateway>.<shard>` holds the promises of the sessions of one shard that have not ended. It is written over
  and never removed while its gateway is registered, since removed keys come back: no session that has ended does.
- `lease.<gateway>` lapses by itself, and so does whatever comes back of it.
- `swept.<gateway>.<partition>` is the leader's.

Times are seconds.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from streams import subjects
from streams.broker.bucket import Bucket
from streams.broker.record import Record
from streams.errors import NotStored, StoreUnknown, Unavailable
from streams.promises.gateway_register import GatewayRegister

if TYPE_CHECKING:
    from streams.broker.connection import Connection

log = structlog.get_logger()

LEASE_TTL: Final = 4.0
BEAT_INTERVAL: Final = 1.0
RETRY_INTERVAL: Final = 0.5
"""After a beat that failed: a server that was just started takes nothing for a moment."""

SHARDS: Final = 32
"""Keys of a gateway's promises: a login writes those of its shard, three hundred where ten thousand are logged in."""

Promise = tuple[str, str]
"""An account, and a session or "" for all of the account's orders."""

decoder: Final = msgspec.json.Decoder(dict[str, list[Promise]])


def lease_key(gateway: str) -> str:
    """Exists while the gateway lives."""
    return f"lease.{subjects.token(gateway)}"


def promised_key(gateway: str, shard: int) -> str:
    """Holds the promises to the sessions of one shard, by session."""
    return f"promised.{subjects.token(gateway)}.{shard}"


def swept_key(gateway: str, partition: int) -> str:
    """Holds the gateway's number in the register whose promises this partition's leader has kept."""
    return f"swept.{subjects.token(gateway)}.{partition}"


def shard_of(session: str) -> int:
    """Where a session's promises stand."""
    return zlib.crc32(session.encode()) % SHARDS


class Shard:
    """The promises of some of a gateway's sessions, in one record. `saved` is whether the record holds what is held."""

    def __init__(self, bucket: Bucket, gateway: str, number: int) -> None:
        self.held: dict[str, list[Promise]] = {}
        self.saved = True
        self._record = Record(bucket, promised_key(gateway, number))
        self._one_at_a_time = asyncio.Lock()
        self._writes = 0
        self._failed = False

    async def save(self) -> None:
        """Store what is held now. Unavailable if that is not known to be done.

        All who come while a write is under way share the next one, and its end.
        """
        self.saved = False
        writes_before = self._writes
        async with self._one_at_a_time:
            if self._writes == writes_before:
                await self._write()
            elif self._failed:
                raise Unavailable("a promise could not be written")

    def put_back(self, session: str, before: list[Promise] | None) -> None:
        """Hold of a session what was held before; the record may say otherwise until the next save."""
        if before is None:
            self.held.pop(session, None)
        else:
            self.held[session] = before
        self.saved = False

    async def _write(self) -> None:
        self._writes += 1
        self._failed = True
        self.saved = True  # whoever changes what is held during the write takes this back
        try:
            await self._record.write(msgspec.json.encode(self.held).decode())
            self._failed = False
        finally:
            self.saved = self.saved and not self._failed


class Promises:
    """One gateway's. `run` has to run for as long as they are to hold."""

    def __init__(self, connection: Connection, gateway: str) -> None:
        self._connection = connection
        self._gateway = gateway
        self.beat_interval = BEAT_INTERVAL
        self.retry_interval = RETRY_INTERVAL
        self._bucket = Bucket(connection, subjects.SESSIONS)
        self._loop = asyncio.get_running_loop()
        self._register = GatewayRegister(self._bucket)
        self._shards = [Shard(self._bucket, gateway, number) for number in range(SHARDS)]
        self._renewed_at: float | None = None
        self._registered = False
        self._entering = asyncio.Lock()
        self._wake = asyncio.Event()
        self.full = False
        """Whether only the last of the bucket's room is left, which is kept for the gateways' leases."""

    @property
    def well(self) -> bool:
        """Whether the lease holds: something was stored not long ago."""
        return self._renewed_at is not None and self._loop.time() - self._renewed_at < LEASE_TTL

    async def make(self, session: str, promises: list[Promise]) -> None:
        """Store all that a session was promised, in place of what it was before. Unavailable if that fails."""
        if not self._connection.connected or not self.well:
            raise Unavailable("promises cannot be stored now")
        if self.full:
            raise Unavailable("there is no room for more promises")
        shard = self._shards[shard_of(session)]
        before = shard.held.get(session)
        shard.held[session] = promises
        try:
            await self._enter()
            await shard.save()
        except Unavailable:
            # The client hears that nothing has changed. What may stand there all the same, the next beat puts right.
            if shard.held.get(session) is promises:  # the session may have ended meanwhile
                shard.put_back(session, before)
            raise

    async def forget(self, session: str) -> None:
        """A session's promises are kept, or were never heard of. Unavailable if that cannot be stored."""
        shard = self._shards[shard_of(session)]
        shard.held.pop(session, None)
        await shard.save()

    async def run(self) -> None:
        """Beat for ever, and at once when NATS is back."""
        forget_reconnects = self._connection.on_reconnect(self._wake.set)
        try:
            while True:
                self._wake.clear()
                stored = await self._beat()
                try:
                    async with asyncio.timeout(self.beat_interval if stored else self.retry_interval):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            forget_reconnects()

    async def leave(self) -> None:
        """End in good order: with no promise left there is nothing for the leaders to do. Raises Unavailable."""
        if self._registered and all(shard.saved and not shard.held for shard in self._shards):
            await self._register.strike(self._gateway)

    async def _beat(self) -> bool:
        """Whether it was stored."""
        began = self._loop.time()
        lapsed = not self.well
        try:
            await self._renew_lease()
            await (self._make_all_again() if lapsed else self._save_the_rest())
        except Unavailable as error:
            if not lapsed:
                log.info("promises.no_beat", error=str(error))
            return False
        self._connection.failover.stored()
        self._renewed_at = began
        return True

    async def _renew_lease(self) -> None:
        try:
            await self._bucket.put(lease_key(self._gateway), self._gateway, None, LEASE_TTL)
        except (NotStored, StoreUnknown) as error:
            raise Unavailable(f"the lease could not be renewed: {error}") from error

    async def _make_all_again(self) -> None:
        """The lease had lapsed: leaders may have kept the promises, and struck this gateway off."""
        self._registered = False
        sessions = sum(len(shard.held) for shard in self._shards)
        if sessions:
            log.warning("promises.lapsed", sessions=sessions)
            await self._enter()
        await asyncio.gather(*[shard.save() for shard in self._shards if shard.held or not shard.saved])

    async def _save_the_rest(self) -> None:
        """Store what a failed write has left open."""
        await asyncio.gather(*[shard.save() for shard in self._shards if not shard.saved])

    async def _enter(self) -> None:
        async with self._entering:
            if not self._registered:
                await self._register.enter(self._gateway)
                self._registered = True
