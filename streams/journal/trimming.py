"""Trimming: drops the oldest messages of a journal or its events: all before a sequence, and no others.

- A purge up to a sequence drops the same messages whenever the server carries it out, once or twice, late or in the
  midst of a crash.
- Streams made before version 3 of the rules forbid purging, and JetStream never lifts that. There a limit of age is set
  for a moment, which trims, and reset at once. Left behind by a dead leader the limit would drop unanswered messages,
  so every new leader resets it first, and it is never so short that a request which the server carries out LATE_SECONDS
  late could drop messages that checkpoints need.

Times: nanoseconds of the server's clock, but constants are seconds.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog

from exchange.units import SECOND
from streams.broker.connection import Connection
from streams.broker.reader import NO_SUCH_MESSAGE
from streams.errors import ApiRefused, Unavailable
from streams.journal.capacity import nanoseconds

log = structlog.get_logger()

LATE_SECONDS: Final = 60
RETRY_INTERVAL: Final = 0.5


async def trim(connection: Connection, stream: str, keep_from: int, needed_from: int) -> None:
    """Drop the messages before sequence `keep_from`; those from `needed_from`, which is not less, must stay.

    Raises Unavailable: then the trim may be done, now or later. ApiRefused if a person has to look.
    """
    config: dict[str, Any] = (await connection.api(f"STREAM.INFO.{stream}"))["config"]
    if config["deny_purge"]:
        await _drop_old(connection, stream, config, keep_from, needed_from)
    else:
        await connection.api(f"STREAM.PURGE.{stream}", {"seq": keep_from})


async def take_limit_back(connection: Connection, stream: str) -> None:
    """Reset the limit of age, so that the stream drops nothing by itself; retries without limit."""
    while True:
        try:
            config = (await connection.api(f"STREAM.INFO.{stream}"))["config"]
            if config["max_age"]:
                await connection.api(f"STREAM.UPDATE.{stream}", config | {"max_age": 0})
        except Unavailable as error:
            log.warning("journal.age_limit_unknown", stream=stream, error=str(error))
            await asyncio.sleep(RETRY_INTERVAL)
        else:
            return


async def stored_at(connection: Connection, stream: str, sequence: int) -> int | None:
    """When a message was stored; None if the stream does not have it."""
    try:
        answer = await connection.api(f"STREAM.MSG.GET.{stream}", {"seq": sequence})
    except ApiRefused as error:
        if error.code == NO_SUCH_MESSAGE:
            return None
        raise
    return nanoseconds(answer["message"]["time"])


async def first_since(connection: Connection, stream: str, first: int, last: int, at: int) -> int:
    """The first sequence from `first` to `last` that was stored at `at` or later; `last` if none was.

    A missing message counts as old.
    """
    while first < last:
        middle = (first + last) // 2
        stored = await stored_at(connection, stream, middle)
        if stored is None or stored < at:
            first = middle + 1
        else:
            last = middle
    return first


async def _drop_old(
    connection: Connection, stream: str, config: dict[str, Any], keep_from: int, needed_from: int
) -> None:
    kept, needed = [await stored_at(connection, stream, sequence) for sequence in (keep_from, needed_from)]
    if kept is None or needed is None:
        return
    now = nanoseconds((await connection.api(f"STREAM.INFO.{stream}"))["ts"])
    age = now - min(kept, needed - int(LATE_SECONDS * SECOND))
    try:
        limit = max(age, config["duplicate_window"])
        await connection.api(f"STREAM.UPDATE.{stream}", config | {"max_age": limit})
    finally:
        await take_limit_back(connection, stream)
