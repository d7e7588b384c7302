"""Leftovers: keys of gateways that are not registered any more, which mean nothing and only take room.

A key is a leftover if its gateway is not in the register, and the register was written after the key: a gateway is
entered before its first key is written. A leftover is removed unless it has been written since. One that comes back is
found again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from streams import subjects
from streams.broker.bucket import Bucket
from streams.errors import WrongSequence
from streams.promises import gateway_register
from streams.promises.gateway_register import REGISTER_KEY

if TYPE_CHECKING:
    from streams.broker.bucket import BucketEntry
    from streams.broker.connection import Connection
    from streams.promises.gateway_register import Registered

KEYS: Final = ("promised.>", "swept.>")
KEYS_AT_ONCE: Final = 50
READS_MAX: Final = 10
"""Reads in one sweep: enough that gateways which restart again and again leave no more keys than are removed."""

LOOKS_BETWEEN: Final = 10
"""Calls of `sweep` of which one sweeps."""

REMOVED_TTL: Final = 1.0
"""Seconds that a removed key still exists, empty; the least that NATS allows."""


class Leftovers:
    """Sweep of leftovers: reads a few keys at a time, in the order of writing, and wraps around behind the last."""

    def __init__(
        self, connection: Connection, looks_between: int = LOOKS_BETWEEN, keys_at_once: int = KEYS_AT_ONCE
    ) -> None:
        self._bucket = Bucket(connection, subjects.SESSIONS)
        self._looks_between = looks_between
        self._keys_at_once = keys_at_once
        self._looks = 0
        self._next = dict.fromkeys(KEYS, 1)

    async def sweep(self) -> None:
        """Remove some leftovers. Raises StreamError; the next sweep does the rest."""
        self._looks += 1
        if self._looks % self._looks_between == 0:
            for keys in KEYS:
                for _ in range(READS_MAX):
                    if not await self._look_at(keys):
                        break

    async def _look_at(self, keys: str) -> bool:
        """Check the next few keys; whether there may be more."""
        found = await self._bucket.read_on(keys, self._next[keys], self._keys_at_once)
        registered = gateway_register.read(await self._bucket.get(REGISTER_KEY))
        left = {key: entry for key, entry in found.items() if _is_left(key, entry, registered)}
        await asyncio.gather(*[self._remove(key, entry) for key, entry in left.items()])
        more = len(found) == self._keys_at_once
        self._next[keys] = max(entry.revision for entry in found.values()) + 1 if more else 1
        return more

    async def _remove(self, key: str, entry: BucketEntry) -> None:
        try:
            await self._bucket.put(key, "", entry.revision, REMOVED_TTL)
        except WrongSequence:
            return


def _is_left(key: str, entry: BucketEntry, registered: Registered) -> bool:
    gateway = key.split(".")[1]
    return bool(entry.value) and entry.revision < registered.revision and gateway not in registered.numbers
