"""Keeping the promises of gateways that are gone: each partition's leader cancels what they would have canceled.

A gateway is taken for gone when its lease was missing at every look for GRACE, without a break of our own connection
in between. The leader then journals a CancelAll for each promise and marks the gateway as swept; a repeat, by a
successor who did not see the mark, finds nothing more to cancel. When every partition has made its mark, whoever sees
it first removes the promises, each only if it is older than the marks: a gateway that comes back writes all of them
anew (promises.py). Times are seconds.
"""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from exchange.commands import CancelAll
from streams import promises, subjects
from streams.bucket import Bucket, Entry
from streams.connection import Connection
from streams.errors import StreamError
from streams.journal import Journal
from streams.promises import LEASE_TTL, REMOVED_TTL, SHARDS, Promise, gateway_key, lease_key, swept_key

if TYPE_CHECKING:
    from collections.abc import Iterable

log = structlog.get_logger()

LOOK_INTERVAL: Final = 1.0
GRACE: Final = LEASE_TTL
COMMANDS_AT_ONCE: Final = 500
"""Cancels that wait for the journal at a time: clients' commands go between."""

REASON: Final = "disconnected"


async def run(connection: Connection, partitions: int, partition: int, journal: Journal) -> None:
    """Look for gateways that are gone, for ever, and cancel for them in this partition."""
    orphans = Orphans(connection, partitions, partition, journal)
    forget_reconnects = connection.on_reconnect(orphans.start_over)
    try:
        while True:
            await asyncio.sleep(LOOK_INTERVAL)
            try:
                await orphans.look()
            except StreamError as error:
                log.info("orphans.not_looked", partition=partition, error=str(error))
    finally:
        forget_reconnects()


class Orphans:
    """What one leader knows of the gateways. `missing`: since when each one's lease has not been seen."""

    def __init__(self, connection: Connection, partitions: int, partition: int, journal: Journal) -> None:
        self.missing: dict[str, float] = {}
        self._bucket = Bucket(connection, subjects.SESSIONS)
        self._partitions = partitions
        self._partition = partition
        self._journal = journal
        self._loop = asyncio.get_running_loop()

    def start_over(self) -> None:
        """Our own connection was away: the gateways may have been as well."""
        self.missing = {}

    async def look(self) -> None:
        """Do what there is to do now. Raises StreamError; the next look does the rest."""
        leases = await self._bucket.read_all("lease.*")
        gateways = {entry.value: entry for entry in (await self._bucket.read_all("gateway.*")).values() if entry.value}
        now = self._loop.time()
        lapsed = [gateway for gateway in gateways if not leases.get(lease_key(gateway), Entry("", 0)).value]
        self.missing = {gateway: self.missing.get(gateway, now) for gateway in lapsed}
        for gateway in lapsed:
            if now - self.missing.get(gateway, now) >= GRACE:
                await self._sweep(gateway, gateways[gateway])

    async def _sweep(self, gateway: str, registered: Entry) -> None:
        swept = await self._bucket.read_all(f"swept.{gateway}.*")
        current = {key: entry for key, entry in swept.items() if entry.value == str(registered.revision)}
        if swept_key(gateway, self._partition) not in current:
            made = await self._promises_of(gateway)
            count = await self._keep(list(made.values()))
            await self._bucket.put(swept_key(gateway, self._partition), str(registered.revision))
            log.info(
                "orphans.swept", partition=self._partition, gateway=gateway, sessions=len(made), canceled_for=count
            )
        elif len(current) == self._partitions:
            # What was written after the first mark was not seen by all who made one: the gateway has come back.
            first_mark = min(entry.revision for entry in current.values())
            made = await self._promises_of(gateway)
            await self._remove({key: entry for key, entry in made.items() if entry.revision < first_mark})
            await self._remove({gateway_key(gateway): registered})
            await self._remove(swept)

    async def _promises_of(self, gateway: str) -> dict[str, Entry]:
        """The entries of a gateway's sessions by key."""
        found: dict[str, Entry] = {}
        for shard in range(SHARDS):
            found |= await self._bucket.read_all(f"session.{gateway}.{shard}.*")
        return {key: entry for key, entry in found.items() if entry.value}

    async def _keep(self, entries: list[Entry]) -> int:
        """Cancel what was promised, and wait until it is done; how many promises that were."""
        wanted = dict.fromkeys(promise for entry in entries for promise in _read(entry))
        for some in _parts(wanted):
            commands = [CancelAll(account, session=session, reason=REASON) for account, session in some]
            await asyncio.gather(*[self._journal.append(command) for command in commands])
        return len(wanted)

    async def _remove(self, entries: dict[str, Entry]) -> None:
        """Remove keys that are still as they were read."""
        for key, entry in entries.items():
            await self._bucket.put(key, "", entry.revision, REMOVED_TTL)


def _read(entry: Entry) -> list[Promise]:
    try:
        return promises.decoder.decode(entry.value)
    except msgspec.MsgspecError:
        log.exception("orphans.unreadable", value=entry.value[:200])
        return []


def _parts(wanted: Iterable[Promise]) -> Iterable[list[Promise]]:
    rest = iter(wanted)
    while some := list(islice(rest, COMMANDS_AT_ONCE)):
        yield some
