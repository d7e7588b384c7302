"""Buckets and deaths of a server: what is relied on, of nats-server and of the one in memory (tests/support/broker)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streams.broker.bucket import ABSENT, Bucket
from streams.broker.connection import Connection
from streams.broker.reader import StreamReader
from streams.errors import (
    WrongSequence,
)
from streams.topology import DUPLICATE_WINDOW
from tests.support.contract import (
    NANOSECONDS,
    api_refusal,
    make_bucket,
    make_stream,
    take,
)
from tests.support.nats import until

if TYPE_CHECKING:
    from tests.support.contract import MortalServer


async def test_a_key_is_written_by_whoever_saw_it_last(connection: Connection) -> None:
    """0 creates, another's revision is refused, none overwrites; what is read is the last value of each."""
    bucket = await make_bucket(connection)
    assert await bucket.get("a") == ABSENT
    assert await bucket.read_all() == {}
    first = await bucket.put("a", "1", 0)
    for stale in (0, first.sequence + 5):
        with pytest.raises(WrongSequence):
            await bucket.put("a", "x", stale)
    await bucket.put("b.c", "2", 0)
    await bucket.put("a", "3", first.sequence)
    await bucket.put("b.c", "4")
    assert {key: entry.value for key, entry in (await bucket.read_all()).items()} == {"a": "3", "b.c": "4"}
    assert (await bucket.get("a")).value == "3"


async def test_keys_can_be_read_a_few_at_a_time(connection: Connection) -> None:
    """Those of a pattern, in the order in which they were written last, from a revision on."""
    bucket = await make_bucket(connection)
    for key in ("a.1", "b.1", "a.2", "a.3", "a.1"):
        last = await bucket.put(key, "x")
    assert list(await bucket.read_on("a.>", 1, 2)) == ["a.2", "a.3"]
    assert await bucket.read_on("a.>", last.sequence, 2) == {"a.1": ("x", last.sequence)}
    assert await bucket.read_on("a.>", last.sequence + 1, 2) == {}
    assert list(await bucket.read_all("b.*", "a.2", "c")) == ["b.1", "a.2"]


async def test_a_key_lapses_unless_it_is_renewed(connection: Connection) -> None:
    """After its time to live it is absent and may be created again; each write states it anew."""
    bucket = await make_bucket(connection, "memory")
    await bucket.put("a", "1", 0, ttl_seconds=1)
    await bucket.put("b", "1", 0, ttl_seconds=1)
    await bucket.put("b", "2", ttl_seconds=60)
    await until(lambda: _absent(bucket, "a"))
    assert (await bucket.get("b")).value == "2"
    assert list(await bucket.read_all()) == ["b"]
    await bucket.put("a", "2", 0, ttl_seconds=60)
    assert (await bucket.get("a")).value == "2"


async def _absent(bucket: Bucket, key: str) -> bool:
    return await bucket.get(key) == ABSENT


# A server that dies


async def test_a_killed_server_has_all_that_it_acknowledged_and_forgets_what_was_in_memory(
    mortal: MortalServer,
) -> None:
    """Files, numbers and ids are there again; a stream in memory is not, nor is any consumer; readers go on."""
    connection = await mortal.connect("test")
    await make_stream(connection, duplicate_window=int(DUPLICATE_WINDOW * NANOSECONDS))
    await connection.api("STREAM.CREATE.M", {"name": "M", "subjects": ["m"], "storage": "memory"})
    await connection.store("s.1", b"1", "a")
    back = []
    connection.on_reconnect(lambda: back.append(1))
    async with StreamReader(connection, "S", 1) as reader:
        await take(reader, 1)
        await mortal.restart()
        await until(lambda: back)
        assert await connection.store("s.1", b"1", "a") == (1, True)
        assert (await connection.store("s.1", b"2", "b")).sequence == 2
        assert [message.payload for message in await take(reader, 1)] == [b"2"]
    assert await api_refusal(connection, "STREAM.INFO.M") == 10059
    await connection.close()


async def test_a_removed_key_comes_back_and_one_that_is_written_over_does_not(mortal: MortalServer) -> None:
    """Whatever removes it (nats-server issue 8505): with what it held before, unless that had its own time to live."""
    connection = await mortal.connect("test")
    bucket = await make_bucket(connection)
    purge = "STREAM.PURGE.KV_B"
    for value in ("1", "2"):
        for key in ("emptied", "purged", "over", "mortal"):
            await bucket.put(key, value, None, 2.0 if key == "mortal" else None)
        await bucket.put("other", value)
    await bucket.put("emptied", "", None, 1.0)
    await bucket.put("over", "")
    await connection.api(purge, {"filter": "$KV.B.purged"})
    await until(lambda: _absent(bucket, "emptied"))
    await until(lambda: _absent(bucket, "mortal"))
    assert set(await bucket.read_all()) == {"over", "other"}
    await bucket.put("other", "3")
    back = []
    connection.on_reconnect(lambda: back.append(1))
    await mortal.restart()
    await until(lambda: back)
    await until(lambda: _absent(bucket, "mortal"))  # it may be there again, for a moment
    held = {key: entry.value for key, entry in (await bucket.read_all()).items()}
    assert held == {"emptied": "2", "purged": "1", "over": "", "other": "3"}
    await connection.close()
