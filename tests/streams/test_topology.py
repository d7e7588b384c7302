"""streams/topology.py and bucket.py: what exists in NATS."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from exchange.commands import Configure
from exchange.engine import SEMANTICS
from streams import subjects, topology
from streams.broker.answers import Stored
from streams.broker.bucket import ABSENT, Bucket
from streams.broker.reader import state_of
from streams.errors import ApiRefused, NotStored, TopologyMismatch, WrongSequence
from streams.wire.codec import decode_batch
from tests.support.history import stored
from tests.support.nats import until

if TYPE_CHECKING:
    from streams.broker.connection import Connection
    from streams.settings import StreamSettings


async def test_making_is_idempotent_and_may_be_done_by_several_at_once(
    connection: Connection, settings: StreamSettings
) -> None:
    """Five at once and one later: one Configure in each journal, nothing in the events."""
    await asyncio.gather(*(topology.ensure(connection, settings) for _ in range(5)))
    await topology.ensure(connection, settings)
    for partition in range(settings.partitions):
        assert (await state_of(connection, subjects.journal_stream(partition)))[:2] == (1, 1)
        assert (await state_of(connection, subjects.events_stream(partition))).last == 0


async def test_a_journal_opens_with_its_rules(connection: Connection, settings: StreamSettings) -> None:
    """The first message says which semantics and bounds hold."""
    await topology.ensure(connection, settings)
    payload = await stored(connection, subjects.journal_stream(0), 1)
    rules = Configure(SEMANTICS, 10_000, 100_000, 5_000_000_000, 100_000, 2_000_000, 200_000)
    assert decode_batch(payload).commands == [rules]


async def test_the_number_of_partitions_is_fixed(connection: Connection, settings: StreamSettings) -> None:
    """Another number later is refused with a sentence that says what to do, and nothing is made."""
    await topology.ensure(connection, settings)
    with pytest.raises(TopologyMismatch, match="has 2 partitions and OPENBELL_PARTITIONS says 3"):
        await topology.ensure(connection, replace(settings, partitions=3))
    with pytest.raises(ApiRefused):
        await state_of(connection, subjects.journal_stream(2))


async def test_nobody_can_delete_from_the_midst_of_a_journal(connection: Connection, settings: StreamSettings) -> None:
    """What goes is a beginning, up to a sequence that was named (trimming.py)."""
    await topology.ensure(connection, settings)
    for stream in (subjects.journal_stream(0), subjects.events_stream(0)):
        with pytest.raises(ApiRefused):
            await connection.api(f"STREAM.MSG.DELETE.{stream}", {"seq": 1})


async def test_an_exchange_of_an_older_version_goes_on(connection: Connection, settings: StreamSettings) -> None:
    """Its streams forbid purging, which nobody can take back, and have less room: they get the room and stay theirs."""
    for stream, subject in ((subjects.journal_stream(0), "orders.0"), (subjects.events_stream(0), "events.0")):
        older = {"name": stream, "subjects": [subject], "max_bytes": 4096, "deny_purge": True}
        common = {"storage": "file", "num_replicas": 1, "discard": "new", "deny_delete": True}
        await connection.api(f"STREAM.CREATE.{stream}", common | older)
    await topology.ensure(connection, settings)
    for stream in (subjects.journal_stream(0), subjects.events_stream(0)):
        config = (await connection.api(f"STREAM.INFO.{stream}"))["config"]
        assert (config["deny_purge"], config["max_age"]) == (True, 0)
        assert config["max_bytes"] >= settings.journal_max_bytes


async def test_a_full_journal_refuses_and_loses_nothing(connection: Connection, settings: StreamSettings) -> None:
    """At its limit a stream says no to what is new; what it holds stays."""
    await topology.ensure(connection, replace(settings, journal_max_bytes=4096))
    stored = await asyncio.gather(
        *(connection.store(subjects.journal(0), bytes(1000)) for _ in range(10)), return_exceptions=True
    )
    assert {type(outcome) for outcome in stored} == {Stored, NotStored}
    assert (await state_of(connection, subjects.journal_stream(0))).first == 1


async def test_a_journal_may_get_more_room_and_never_less(connection: Connection, settings: StreamSettings) -> None:
    """A larger setting is taken over, a smaller one is left alone."""
    for asked, kept in ((64, 64), (128, 128), (32, 128)):
        await topology.ensure(connection, replace(settings, journal_max_bytes=asked * 1024 * 1024))
        config = (await connection.api(f"STREAM.INFO.{subjects.journal_stream(0)}"))["config"]
        assert config["max_bytes"] == kept * 1024 * 1024


async def test_a_gateway_waits_for_the_streams(connection: Connection, settings: StreamSettings) -> None:
    """It takes the number of partitions from the exchange that exists, not from its own settings."""
    waiting = asyncio.create_task(topology.wait(connection))
    await topology.ensure(connection, settings)
    assert await asyncio.wait_for(waiting, 10) == settings.partitions


async def test_a_key_is_written_by_compare_and_set(connection: Connection, settings: StreamSettings) -> None:
    """Create only once; replace only what was seen; a revision that is not the current one is refused."""
    await topology.ensure(connection, settings)
    bucket = Bucket(connection, subjects.DIRECTORY)
    assert await bucket.get("symbol.A") == ABSENT
    await bucket.put("symbol.A", "0", revision=0)
    with pytest.raises(WrongSequence):
        await bucket.put("symbol.A", "1", revision=0)
    entry = await bucket.get("symbol.A")
    await bucket.put("symbol.A", "1", revision=entry.revision)
    with pytest.raises(WrongSequence):
        await bucket.put("symbol.A", "2", revision=entry.revision)
    assert {key: entry.value for key, entry in (await bucket.read_all()).items()} == {
        "partitions": "2",
        "symbol.A": "1",
    }


async def test_a_key_with_a_time_to_live_lapses_unless_it_is_renewed(
    connection: Connection, settings: StreamSettings
) -> None:
    """Renewing sets the time anew; without it the key is gone, and can be created again."""
    await topology.ensure(connection, settings)
    bucket = Bucket(connection, subjects.LEASES)
    assert await bucket.read_all() == {}
    await bucket.put("short", "x", revision=0, ttl_seconds=1)
    long = await bucket.put("long", "y", revision=0, ttl_seconds=1)
    await bucket.put("long", "y", revision=long.sequence, ttl_seconds=60)

    async def lapsed() -> bool:
        return "short" not in await bucket.read_all()

    await until(lapsed)
    assert set(await bucket.read_all()) == {"long"}
    await bucket.put("short", "z", revision=0)
