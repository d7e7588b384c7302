"""The register of the gateways whose promises count: one key of the bucket SESSIONS, never removed.

nats-server brings removed keys back: after an unclean stop a key that was removed, by whatever means, holds what it
held before its last value (docs/decisions, 115). What survives is the newest value of a key that is only written over.
So it is the content of this one key, and not the presence of any, that says whose promises are to be kept. A gateway
that is not in it has ended, and what is left of its keys, or comes back, means nothing.

A gateway stands there with a number, a new one each time it registers, and is entered before its first promise is
stored. Everybody changes the register by compare-and-set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import structlog

from streams.broker.bucket import Bucket, BucketEntry
from streams.errors import NotStored, StoreUnknown, Unavailable, WrongSequence

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()

REGISTER_KEY: Final = "registered"
ATTEMPTS_MAX: Final = 20
"""So many others may be quicker, one after the other."""

decoder: Final = msgspec.json.Decoder(dict[str, int])


class Registered(NamedTuple):
    """The gateways with their numbers, as of a revision of the key."""

    numbers: dict[str, int]
    revision: int


class GatewayRegister:
    """See the module."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def enter(self, gateway: str) -> None:
        """Have a gateway's promises count, under a new number. Unavailable if that is not known to be done."""
        await self._change(lambda now: now.numbers | {gateway: now.revision + 1})

    async def strike(self, gateway: str, number: int | None = None) -> None:
        """Have a gateway's promises count no more, whatever its number is, or only if it is this one still."""

        def without(now: Registered) -> dict[str, int]:
            keep = number is not None and now.numbers.get(gateway) != number
            return now.numbers if keep else {name: each for name, each in now.numbers.items() if name != gateway}

        await self._change(without)

    async def _change(self, change: Callable[[Registered], dict[str, int]]) -> None:
        for _ in range(ATTEMPTS_MAX):
            now = read(await self._bucket.get(REGISTER_KEY))
            numbers = change(now)
            if numbers == now.numbers:
                return
            try:
                await self._bucket.put(REGISTER_KEY, msgspec.json.encode(numbers).decode(), now.revision)
            except WrongSequence:
                continue
            except (NotStored, StoreUnknown) as error:
                raise Unavailable(f"the register of gateways could not be written: {error}") from error
            return
        raise Unavailable("the register of gateways is written by too many")


def read(entry: BucketEntry) -> Registered:
    """What the key holds. Unavailable if that cannot be read: nobody's promises are kept by guess."""
    try:
        return Registered(decoder.decode(entry.value) if entry.value else {}, entry.revision)
    except msgspec.MsgspecError as error:
        log.exception("register.unreadable", value=entry.value[:200])
        raise Unavailable("the register of gateways cannot be read") from error
