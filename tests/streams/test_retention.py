"""streams/retention.py: old messages go only when checkpoints stand for them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import pytest_asyncio
from msgspec.structs import replace as altered

from streams import subjects, topology
from streams.checkpoints import Checkpoints
from streams.errors import PartitionStopped
from streams.recovery import load
from streams.retention import Retention
from streams.stream import state_of
from tests.support.exchange import listing
from tests.support.led import Led
from tests.support.nats import until

SECOND = 1_000_000_000
RETENTION_SECONDS = 4.0


@pytest_asyncio.fixture
async def old(connection, settings, monkeypatch):
    """A partition with messages that are older than the retention, which is far below what may be set."""
    monkeypatch.setattr(topology, "DUPLICATE_WINDOW", 1.0)
    monkeypatch.setattr("streams.settings.JOURNAL_RETENTION_MIN", 1.0)
    led = await Led(connection, replace(settings, journal_retention_seconds=RETENTION_SECONDS)).begin()
    await led.send(listing("ACME"))
    await led.trade(3)

    async def is_old():
        state = await state_of(connection, subjects.journal_stream(0))
        return state.read_at - led.partition.at > RETENTION_SECONDS * SECOND

    await until(is_old)
    return led


async def firsts(led):
    """Where the journal begins, where the events do, and that neither has a limit of age."""
    found = []
    for stream in (subjects.journal_stream(0), subjects.events_stream(0)):
        information = await led.connection.api(f"STREAM.INFO.{stream}")
        assert information["config"]["max_age"] == 0
        found.append(information["state"]["first_seq"])
    return found


async def test_what_two_young_checkpoints_cover_is_dropped(old):
    """The rest stays, no limit of age is left behind, and a restart comes to the same."""
    young = old.partition.sequence + 1
    await old.trade()
    await old.make()
    await old.trade()
    newest = await old.make()
    await Retention(old.connection, old.settings, 0).trim()
    assert await firsts(old) == [young, young]
    loaded, partition = await old.recovered()
    assert (loaded, partition.chain) == (newest.sequence, old.partition.chain)


async def test_one_checkpoint_is_not_enough(old):
    """It may be damaged, and then the journal is needed from its beginning."""
    await old.trade()
    await old.make()
    await Retention(old.connection, old.settings, 0).trim()
    assert await firsts(old) == [1, 1]


async def test_checkpoints_that_are_too_old_cover_nothing(old):
    """What came after them might go with what came before."""
    await old.make()
    await old.make()
    await Retention(old.connection, old.settings, 0).trim()
    assert await firsts(old) == [1, 1]


async def test_a_trimmed_journal_without_a_good_checkpoint_stops_the_partition(old):
    """Nobody can know what the dropped commands did."""
    for _ in range(2):
        await old.trade()
        await old.make()
    await Retention(old.connection, old.settings, 0).trim()
    checkpoints = Checkpoints(old.connection, 0)
    for manifest in await checkpoints.all():
        await checkpoints.store_manifest(altered(manifest, digest=b"not it"))
    stream = subjects.checkpoints_stream(0)
    before_the_bad = (await state_of(old.connection, stream)).last - 1
    await old.connection.api(f"STREAM.PURGE.{stream}", {"seq": before_the_bad})
    with pytest.raises(PartitionStopped, match="the journal begins at"):
        await load(old.connection, 0, old.partition.sequence)


async def test_a_limit_that_was_left_behind_is_taken_back(old):
    """The leader that set it died before it could."""
    keeps = Retention(old.connection, replace(old.settings, journal_retention_seconds=0), 0)
    config = (await old.connection.api(f"STREAM.INFO.{subjects.events_stream(0)}"))["config"]
    hour = 3_600 * SECOND
    await old.connection.api(f"STREAM.UPDATE.{subjects.events_stream(0)}", config | {"max_age": hour})
    await keeps.run()
    assert await firsts(old) == [1, 1]
