"""Record: one key of a bucket that one process writes over and over, each write naming the revision before.

So a write that arrives late, from a broken connection, changes nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from streams.errors import NotStored, StoreUnknown, Unavailable, WrongSequence

if TYPE_CHECKING:
    from streams.broker.bucket import Bucket

ATTEMPTS_MAX: Final = 3
"""Attempts: after a refusal the revision is read first; others write or remove the key only when it is not in use."""


class Record:
    """Record: one key."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        self._bucket = bucket
        self._key = key
        self._revision = 0
        self._in_doubt = False
        self._one_at_a_time = asyncio.Lock()

    async def write(self, value: str) -> None:
        """Store a value in place of the last one. Unavailable if it is not known to be stored."""
        async with self._one_at_a_time:
            for _ in range(ATTEMPTS_MAX):
                if await self._try_to_write(value):
                    return
        raise Unavailable(f"{self._key} is written by others as well")

    async def _try_to_write(self, value: str) -> bool:
        if self._in_doubt:
            self._revision = (await self._bucket.get(self._key)).revision
        self._in_doubt = True
        try:
            stored = await self._bucket.put(self._key, value, self._revision)
        except WrongSequence:
            return False
        except (NotStored, StoreUnknown) as error:
            raise Unavailable(f"{self._key} could not be written: {error}") from error
        self._revision, self._in_doubt = stored.sequence, False
        return True
