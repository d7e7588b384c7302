"""Orphaned promises: each partition's leader cancels the orders that a dead gateway has promised to cancel.

- Only promises of registered gateways count (streams/promises/gateway_register.py). A gateway counts as dead when its
  lease was missing at every read for GRACE, without a break of our own connection in between.
- A read may be answered by a copy of the bucket that is cut off, and sees no lease renewed. So the leader first writes
  a claim, which only a majority can store, and reads again, from a copy that has the claim: promises are carried out
  only if the lease is missing there too, and the gateway is registered under the same number.
- The leader then journals a CancelAll for each promise and marks the gateway as swept; a repeat, by a successor that
  did not read the mark, finds nothing more to cancel. A gateway that comes back meanwhile is not swept any more: it
  registers anew, under another number, and writes all its promises again.
- When every partition has written its mark, the first leader that reads this strikes the gateway off the register.

Times are seconds.
"""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from exchange.commands import CancelAll
from streams import subjects
from streams.broker.bucket import ABSENT, Bucket, BucketEntry
from streams.errors import StreamError, Unavailable
from streams.promises import cancel_promises, former_promises, gateway_register
from streams.promises.cancel_promises import LEASE_TTL, Promise, lease_key, swept_key
from streams.promises.gateway_register import REGISTER_KEY, GatewayRegister
from streams.promises.leftovers import Leftovers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streams.broker.connection import Connection
    from streams.journal.writer import Appends

log = structlog.get_logger()

LOOK_INTERVAL: Final = 1.0
GRACE: Final = LEASE_TTL
COMMANDS_AT_ONCE: Final = 500
"""Cancels that wait for the journal at a time, so that clients' commands are stored in between."""

CLAIM: Final = "claim"
REASON: Final = "disconnected"


async def run(connection: Connection, partitions: int, partition: int, journal: Appends) -> None:
    """Sweep dead gateways in this partition, for ever; partition 0 removes their leftovers, too."""
    orphans = Orphans(connection, partitions, partition, journal)
    leftovers = Leftovers(connection)
    forget_reconnects = connection.on_reconnect(orphans.start_over)
    try:
        while True:
            await asyncio.sleep(LOOK_INTERVAL)
            try:
                await orphans.sweep_all()
                if partition == 0:
                    await leftovers.sweep()
            except StreamError as error:
                log.info("orphans.not_looked", partition=partition, error=str(error))
    finally:
        forget_reconnects()


class Orphans:
    """Orphaned promises in one partition. `missing`: since when each gateway's lease has been missing."""

    def __init__(self, connection: Connection, partitions: int, partition: int, journal: Appends) -> None:
        self.missing: dict[str, float] = {}
        self._bucket = Bucket(connection, subjects.SESSIONS)
        self._register = GatewayRegister(self._bucket)
        self._partitions = partitions
        self._partition = partition
        self._journal = journal
        self.grace = GRACE
        self.commands_at_once = COMMANDS_AT_ONCE
        self._loop = asyncio.get_running_loop()

    def start_over(self) -> None:
        """Count absences anew: our own connection was broken, and so may the gateways' have been."""
        self.missing = {}

    async def sweep_all(self) -> None:
        """Sweep every dead gateway. Raises StreamError; the next call does the rest."""
        entries = await self._bucket.read_all(REGISTER_KEY, "lease.*", "gateway.*")
        registered = _numbers(entries)
        now = self._loop.time()
        lapsed = [gateway for gateway in registered if not _lives(gateway, entries)]
        self.missing = {gateway: self.missing.get(gateway, now) for gateway in lapsed}
        for gateway in lapsed:
            if now - self.missing.get(gateway, now) >= self.grace:
                await self.sweep(gateway, registered[gateway])

    async def sweep(self, gateway: str, number: int) -> None:
        """Carry out the promises of a dead gateway, unless it is back or has registered anew."""
        swept = await self._bucket.read_all(f"swept.{gateway}.*")
        current = {key for key, entry in swept.items() if entry.value == str(number)}
        mark = swept_key(gateway, self._partition)
        if mark not in current:
            claim = await self._bucket.put(mark, CLAIM)
            await self._keep_promises(gateway, number, claim.sequence)
        elif len(current) == self._partitions:
            await self._register.strike(gateway, number)
            await former_promises.remove(self._bucket, gateway, number)

    async def _keep_promises(self, gateway: str, number: int, claimed: int) -> None:
        made = await self.promises_of(gateway, number, claimed)
        wanted = list(dict.fromkeys(promise for of_session in made or () for promise in of_session))
        for some in _parts(wanted, self.commands_at_once):
            if await self.promises_of(gateway, number, claimed) is None:
                return
            commands = [CancelAll(account, session=session, reason=REASON) for account, session in some]
            await asyncio.gather(*[self._journal.append(command) for command in commands])
        if made is not None:
            await self._bucket.put(swept_key(gateway, self._partition), str(number))
            told = {"partition": self._partition, "gateway": gateway, "sessions": len(made)}
            log.info("orphans.swept", **told, canceled_for=len(wanted))

    async def promises_of(self, gateway: str, number: int, claimed: int) -> list[list[Promise]] | None:
        """Promises of a dead gateway, by session; None if it is alive, or has registered anew.

        Unavailable if the copy of the bucket that answers does not have our claim.
        """
        mark = swept_key(gateway, self._partition)
        keys = (REGISTER_KEY, lease_key(gateway), mark, f"promised.{gateway}.*", f"gateway.{gateway}")
        entries = await self._bucket.read_all(*keys)
        if entries.get(mark, ABSENT).revision < claimed:
            raise Unavailable("the copy of the bucket that answered is not up to date")
        if _lives(gateway, entries) or _numbers(entries).get(gateway) != number:
            return None
        made = [_read(entry) for key, entry in entries.items() if key.startswith("promised.")]
        return [*(of_session for held in made for of_session in held.values())] + (
            await former_promises.of_sessions(self._bucket, gateway) if f"gateway.{gateway}" in entries else []
        )


def _numbers(entries: Mapping[str, BucketEntry]) -> dict[str, int]:
    """The gateways whose promises count, with their registration numbers."""
    return former_promises.numbers(entries) | gateway_register.read(entries.get(REGISTER_KEY, ABSENT)).numbers


def _lives(gateway: str, entries: Mapping[str, BucketEntry]) -> bool:
    return bool(entries.get(lease_key(gateway), ABSENT).value)


def _read(entry: BucketEntry) -> dict[str, list[Promise]]:
    try:
        return cancel_promises.decoder.decode(entry.value) if entry.value else {}
    except msgspec.MsgspecError:
        log.exception("orphans.unreadable", value=entry.value[:200])
        return {}


def _parts(wanted: Iterable[Promise], at_once: int) -> Iterable[list[Promise]]:
    rest = iter(wanted)
    while some := list(islice(rest, at_once)):
        yield some
