"""Former promises: those of gateways from before docs/decisions/0115-…, which a data directory may still have.

Each session had a key, `session.<gateway>.<shard>.<session>`, for as long as there was a key `gateway.<gateway>`, and
the keys were removed. Removed keys come back, and cannot be told from promises that are owed. So of these promises
those to a session are carried out, which find nothing to cancel a second time, since a session's name is never used
again. Those to a whole account are not: the account's orders may be of today.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from streams.broker.bucket import Bucket, BucketEntry
from streams.promises.cancel_promises import SHARDS, Promise

if TYPE_CHECKING:
    from collections.abc import Mapping

log = structlog.get_logger()

PREFIX: Final = "gateway."
REMOVED_TTL: Final = 1.0
"""Seconds that a removed key still exists, empty; the least that NATS allows."""

decoder: Final = msgspec.json.Decoder(list[Promise])


def numbers(entries: Mapping[str, BucketEntry]) -> dict[str, int]:
    """The gateways with a key among the entries, and each key's revision."""
    return {
        key.removeprefix(PREFIX): entry.revision
        for key, entry in entries.items()
        if key.startswith(PREFIX) and entry.value
    }


async def of_sessions(bucket: Bucket, gateway: str) -> list[list[Promise]]:
    """A gateway's promises to each of its sessions, without those to a whole account."""
    made = [_read(entry) for entry in (await _entries(bucket, gateway)).values()]
    accounts = sorted({account for of_session in made for account, session in of_session if not session})
    for account in accounts:
        log.warning("orphans.not_owed", gateway=gateway, account=account)
    return [[(account, session) for account, session in of_session if session] for of_session in made]


async def remove(bucket: Bucket, gateway: str, number: int) -> None:
    """Remove a gateway's keys that are unchanged since its promises were carried out. Raises StreamError."""
    registration = await bucket.get(PREFIX + gateway)
    if registration.revision == number and registration.value:
        for key, entry in (await _entries(bucket, gateway)).items():
            await bucket.put(key, "", entry.revision, REMOVED_TTL)
        await bucket.put(PREFIX + gateway, "", number, REMOVED_TTL)


async def _entries(bucket: Bucket, gateway: str) -> dict[str, BucketEntry]:
    found: dict[str, BucketEntry] = {}
    for shard in range(SHARDS):
        found |= await bucket.read_all(f"session.{gateway}.{shard}.*")
    return {key: entry for key, entry in found.items() if entry.value}


def _read(entry: BucketEntry) -> list[Promise]:
    try:
        return decoder.decode(entry.value)
    except msgspec.MsgspecError:
        log.exception("orphans.unreadable", value=entry.value[:200])
        return []
