"""Cancel promises of a gateway: which orders are canceled when it ends, in the bucket SESSIONS, which outlives it.

A promise names an account and a session: the orders of that session, or with session "" all of the account. A promise
is stored before its client is answered. A live gateway carries its promises out itself; when its lease has lapsed, each
partition's leader does (streams/promises/orphaned_promises.py). The lease is in the same bucket, which is on disk, so
that a restart of the server loses none, and so that each beat proves that messages can be stored.

- `registered` names the gateways whose promises count (streams/promises/gateway_register.py). A gateway's name is new
  at each start of its process, so a gateway that was struck off never counts again.
- `promised.<gateway>.<shard>` has the promises of a shard's sessions that have not ended. The key is written over and
  never removed while its gateway is registered, since removed keys come back, and ended sessions must not.
- `lease.<gateway>` expires by itself, and so does any value of it that comes back.
- `swept.<gateway>.<partition>` is written by the partition's leader.

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
"""Seconds after a failed beat: a server that was just started stores nothing for a moment."""

SHARDS: Final = 32
"""Keys of a gateway's promises: a login writes its shard, three hundred promises with ten thousand sessions."""

Promise = tuple[str, str]
"""An account, and a session or "" for all of the account's orders."""

decoder: Final = msgspec.json.Decoder(dict[str, list[Promise]])


def lease_key(gateway: str) -> str:
    """Key of a gateway's lease: exists while the gateway lives."""
    return f"lease.{subjects.token(gateway)}"


def promised_key(gateway: str, shard: int) -> str:
    """Key of the promises to one shard's sessions."""
    return f"promised.{subjects.token(gateway)}.{shard}"


def swept_key(gateway: str, partition: int) -> str:
    """Key of the registration number for which this partition's leader has carried out the gateway's promises."""
    return f"swept.{subjects.token(gateway)}.{partition}"


def shard_of(session: str) -> int:
    """The shard of a session's promises."""
    return zlib.crc32(session.encode()) % SHARDS


class Shard:
    """Shard: the promises of some of a gateway's sessions, in one record. `saved`: the record equals `held`."""

    def __init__(self, bucket: Bucket, gateway: str, number: int) -> None:
        self.held: dict[str, list[Promise]] = {}
        self.saved = True
        self._record = Record(bucket, promised_key(gateway, number))
        self._one_at_a_time = asyncio.Lock()
        self._writes = 0
        self._failed = False

    async def save(self) -> None:
        """Store `held`. Unavailable if it is not known to be stored.

        All calls during a write share the next write, and its outcome.
        """
        self.saved = False
        writes_before = self._writes
        async with self._one_at_a_time:
            if self._writes == writes_before:
                await self._write()
            elif self._failed:
                raise Unavailable("a promise could not be written")

    def put_back(self, session: str, before: list[Promise] | None) -> None:
        """Restore a session's earlier promises; the record may differ from them until the next save."""
        if before is None:
            self.held.pop(session, None)
        else:
            self.held[session] = before
        self.saved = False

    async def _write(self) -> None:
        self._writes += 1
        self._failed = True
        self.saved = True  # a change of `held` during the write sets this to False again
        try:
            await self._record.write(msgspec.json.encode(self.held).decode())
            self._failed = False
        finally:
            self.saved = self.saved and not self._failed


class Promises:
    """Promises of one gateway. `run` must run for as long as the promises are to count."""

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
        """Whether only the last of the bucket's room is left, which is reserved for the gateways' leases."""

    @property
    def well(self) -> bool:
        """Whether the lease is valid: a beat was stored recently."""
        return self._renewed_at is not None and self._loop.time() - self._renewed_at < LEASE_TTL

    async def make(self, session: str, promises: list[Promise]) -> None:
        """Store a session's promises in place of its earlier ones. Unavailable if that fails."""
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
            # The client is answered that nothing has changed. If the write was stored, the next beat undoes it.
            if shard.held.get(session) is promises:  # the session may have ended meanwhile
                shard.put_back(session, before)
            raise

    async def forget(self, session: str) -> None:
        """Drop a session's promises: carried out, or never confirmed. Unavailable if that cannot be stored."""
        shard = self._shards[shard_of(session)]
        shard.held.pop(session, None)
        await shard.save()

    async def run(self) -> None:
        """Beat for ever, and at once after a reconnect."""
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
        """End the gateway's registration: without promises the leaders have nothing to cancel. Raises Unavailable."""
        if self._registered and all(shard.saved and not shard.held for shard in self._shards):
            await self._register.strike(self._gateway)

    async def _beat(self) -> bool:
        """Renew the lease; whether it was stored."""
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
        """Register anew after the lease had lapsed: leaders may have canceled, and struck this gateway off."""
        self._registered = False
        sessions = sum(len(shard.held) for shard in self._shards)
        if sessions:
            log.warning("promises.lapsed", sessions=sessions)
            await self._enter()
        await asyncio.gather(*[shard.save() for shard in self._shards if shard.held or not shard.saved])

    async def _save_the_rest(self) -> None:
        """Save the shards whose last write has failed."""
        await asyncio.gather(*[shard.save() for shard in self._shards if not shard.saved])

    async def _enter(self) -> None:
        async with self._entering:
            if not self._registered:
                await self._register.enter(self._gateway)
                self._registered = True
