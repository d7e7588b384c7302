"""Gateway register: the gateways whose promises count, in one key of the bucket SESSIONS, never removed.

nats-server brings removed keys back: after an unclean stop a key that was removed, by any means, may have the value
before its last one (docs/decisions/0115-…). The newest value of a key that is only written over survives. So the value
of this one key, and not the presence of any other, says whose promises count. A gateway that is not in the register has
ended, and its remaining keys, or those that come back, mean nothing.

A gateway is entered before its first promise is stored, with a number that is new at each registration. The register is
changed by compare-and-set only.
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
"""Compare-and-sets tried: so many other writers may come first, one after the other."""

decoder: Final = msgspec.json.Decoder(dict[str, int])


class Registered(NamedTuple):
    """Content of the register: the gateways with their numbers, and the key's revision."""

    numbers: dict[str, int]
    revision: int


class GatewayRegister:
    """Gateway register."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def enter(self, gateway: str) -> None:
        """Register a gateway under a new number, so its promises count. Unavailable if not known to be stored."""
        await self._change(lambda now: now.numbers | {gateway: now.revision + 1})

    async def strike(self, gateway: str, number: int | None = None) -> None:
        """Strike a gateway off, so its promises count no more; with `number` only if it is registered under that."""

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
    """Decode the register. Unavailable if the key is unreadable: no promise is carried out by guess."""
    try:
        return Registered(decoder.decode(entry.value) if entry.value else {}, entry.revision)
    except msgspec.MsgspecError as error:
        log.exception("register.unreadable", value=entry.value[:200])
        raise Unavailable("the register of gateways cannot be read") from error
