"""A bad disk: what nats-server cannot read of a journal is noticed before anything is built on it."""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from streams import subjects
from streams.auditing import audit
from streams.codec import decode_facts
from streams.connection import Connection
from streams.embedded import EmbeddedServer
from streams.errors import PartitionStopped
from streams.recovery import answered_through, load
from tests.support.altered import flipped, plant_checkpoint, read_all, write
from tests.support.damaged import cut_a_megabyte, files_of, flip_a_bit, journal, last_of, make_exchange
from tests.support.exchange import running_worker
from tests.support.nats import until

ANSWERED = len(journal()) + 1


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pristine(tmp_path_factory):
    """The store of a stopped exchange, and its settings."""
    store = tmp_path_factory.mktemp("exchange") / "store"
    return store, await make_exchange(store)


@pytest.fixture
def store(pristine, tmp_path):
    """One's own copy of it."""
    return shutil.copytree(pristine[0], tmp_path / "store")


@asynccontextmanager
async def served(store, settings):
    """A server on a store, and a connection to it."""
    server = await EmbeddedServer.start(store, log_file=store.with_suffix(".log"))
    settings = replace(settings, nats_url=server.url)
    connection = await Connection.open(settings, "test")
    try:
        yield connection, settings
    finally:
        await connection.close()
        await server.stop()


DAMAGE = {
    "a bit in the first file": (flip_a_bit, 0),
    "a bit in the last file": (flip_a_bit, -1),
    "a megabyte of the first file": (cut_a_megabyte, 0),
    "a megabyte of the last file": (cut_a_megabyte, -1),
}


@pytest.mark.parametrize("case", DAMAGE)
async def test_a_damaged_journal_keeps_its_partition_shut(pristine, store, case):
    """Audit and worker name the sequence; nothing is answered behind it, and the events stay as they were."""
    damage, place = DAMAGE[case]
    files = files_of(store, subjects.journal_stream(0))
    assert len(files) > 1
    damage(files[place])
    with capture_logs() as logs:
        async with served(store, pristine[1]) as (connection, settings), running_worker(settings):
            found = await audit(connection, 0)
            assert found.finding is not None
            assert found.finding.where == "journal"
            assert 1 < found.finding.sequence <= ANSWERED
            before = await read_all(connection, subjects.events_stream(0))

            def stopped():
                return [entry for entry in logs if entry["event"] == "partition.stopped"]

            await until(stopped, 30)
            [entry] = stopped()
            assert entry["partition"] == 0
            assert f"sequence {found.finding.sequence}" in entry["error"]
            assert await read_all(connection, subjects.events_stream(0)) == before
            assert await last_of(connection, subjects.events_stream(0)) == ANSWERED


async def test_a_hole_keeps_the_partition_shut_even_behind_a_checkpoint(connection):
    """What a leader need not read may be lost all the same: it asks before it leads."""
    await write(connection)
    for sequence in (5, 6):
        await connection.api("STREAM.MSG.DELETE.ORDERS_0", {"seq": sequence})
    with pytest.raises(PartitionStopped, match="has lost this message and 1 others") as stopped:
        await answered_through(connection, 0)
    assert stopped.value.sequence == 5


async def test_a_journal_that_was_filled_up_again_keeps_the_partition_shut(connection):
    """Cut short and written on, it is long enough for its checkpoint, and not the one that it was made of."""
    await write(connection, journal=flipped(12))
    await connection.api("STREAM.CREATE.CHECKPOINTS_0", {"name": "CHECKPOINTS_0", "subjects": ["checkpoints.0.>"]})
    chain = decode_facts((await read_all(connection, subjects.events_stream(0)))[11].payload).chain
    await plant_checkpoint(connection, 12, lambda partition: setattr(partition, "chain", chain))
    with pytest.raises(PartitionStopped, match="another message than the journal has") as stopped:
        await load(connection, 0, 24)
    assert stopped.value.sequence == 12


async def test_damaged_events_are_found_too(pristine, store):
    """The journal is whole, and still the audit does not call such an exchange clean."""
    flip_a_bit(files_of(store, subjects.events_stream(0))[0])
    async with served(store, pristine[1]) as (connection, _):
        found = await audit(connection, 0)
    assert found.finding is not None
    assert found.finding.where == "events"


async def test_events_that_lost_their_end_keep_the_partition_shut(pristine, store):
    """Their numbers are taken and nobody can store them again: the audit names the first, the worker does not lead."""
    path = files_of(store, subjects.events_stream(0))[0]
    os.truncate(path, path.stat().st_size - 400)
    with capture_logs() as logs:
        async with served(store, pristine[1]) as (connection, settings), running_worker(settings):
            found = await audit(connection, 0)

            def stopped():
                return [entry for entry in logs if entry["event"] == "partition.stopped"]

            await until(stopped, 30)
    assert found.finding is not None
    assert found.finding.where == "events"
    assert f"sequence {found.finding.sequence}" in stopped()[0]["error"]
