"""A bad disk: what nats-server cannot read of a journal is noticed before anything is built on it."""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from exchange.commands import Tick
from streams import subjects, topology
from streams.audit.audit import audit
from streams.broker.connection import Connection
from streams.broker.embedded import EmbeddedServer
from streams.errors import Busy, PartitionStopped, Unavailable
from streams.leadership.stop_marks import StopMarks
from streams.recovery.recovery import answered_through, load
from streams.settings import StreamSettings
from streams.wire.codec import decode_facts
from tests.support.altered import flipped, plant_checkpoint, read_all, write
from tests.support.damaged import cut_a_megabyte, files_of, flip_a_bit, journal, last_of, make_exchange
from tests.support.exchange import open_venue, running_worker
from tests.support.nats import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping


ANSWERED = len(journal()) + 1


Pristine = tuple[Path, StreamSettings]
"""The store of a stopped exchange, and its settings."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pristine(tmp_path_factory: pytest.TempPathFactory) -> Pristine:
    """The store of a stopped exchange, and its settings."""
    store = tmp_path_factory.mktemp("exchange") / "store"
    return store, await make_exchange(store)


@pytest.fixture
def store(pristine: Pristine, tmp_path: Path) -> Path:
    """One's own copy of it."""
    return shutil.copytree(pristine[0], tmp_path / "store")


@asynccontextmanager
async def served(store: Path, settings: StreamSettings) -> AsyncIterator[tuple[Connection, StreamSettings]]:
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
async def test_a_damaged_journal_keeps_its_partition_shut(pristine: Pristine, store: Path, case: str) -> None:
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

            def stopped() -> list[Mapping[str, Any]]:
                return [entry for entry in logs if entry["event"] == "partition.stopped"]

            await until(stopped, 30)
            [entry] = stopped()
            assert entry["partition"] == 0
            assert f"sequence {found.finding.sequence}" in entry["error"]
            assert await read_all(connection, subjects.events_stream(0)) == before
            assert await last_of(connection, subjects.events_stream(0)) == ANSWERED


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def covered(pristine: Pristine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same exchange with a checkpoint of all that it has answered."""
    store = shutil.copytree(pristine[0], tmp_path_factory.mktemp("covered") / "store")
    async with served(store, pristine[1]) as (connection, settings):
        await topology.ensure(connection, settings)
        await plant_checkpoint(connection, ANSWERED, lambda _: None)
    return store


def named(logs: Iterable[Mapping[str, Any]], event: str) -> list[Mapping[str, Any]]:
    """The lines of one event."""
    return [entry for entry in logs if entry["event"] == event]


async def test_damage_behind_a_checkpoint_shuts_the_partition_for_everybody(
    pristine: Pristine, covered: Path, tmp_path: Path
) -> None:
    """Found beside the leader; no other worker leads after that, before or after a restart, until it is mended."""
    store = shutil.copytree(covered, tmp_path / "store")
    flip_a_bit(files_of(store, subjects.journal_stream(0))[0])
    async with served(store, pristine[1]) as (connection, settings):
        before = await read_all(connection, subjects.events_stream(0))
        async with open_venue(settings) as venue:
            with capture_logs() as logs:
                async with running_worker(settings):
                    await until(lambda: named(logs, "partition.stopped"), 30)
                    await until(lambda: venue.is_stopped(0))
                [stopped] = named(logs, "partition.stopped")
                assert len(named(logs, "partition.leading")) == 1
            with pytest.raises(Busy):
                venue.submit(0, Tick())
            with pytest.raises(Busy):
                venue.send(0, Tick(), lambda _: None)
            with pytest.raises(Unavailable, match="has stopped"):
                await venue.query(0, "instruments")
            with capture_logs() as logs:
                async with running_worker(settings):
                    await until(lambda: named(logs, "partition.stopped"), 30)
                assert named(logs, "partition.leading") == []
        found = (await audit(connection, 0)).finding
        assert found is not None
        assert f"sequence {found.sequence}:" in stopped["error"]
        assert await read_all(connection, subjects.events_stream(0)) == before
    async with served(store, pristine[1]) as (_, settings):
        with capture_logs() as logs:
            async with running_worker(settings):
                await until(lambda: named(logs, "partition.stopped"), 30)
            assert named(logs, "partition.leading") == []
            assert named(logs, "partition.stopped")[0]["error"] == stopped["error"]


async def test_a_store_that_was_mended_opens_by_itself(pristine: Pristine, covered: Path, tmp_path: Path) -> None:
    """A mark is a claim: whoever is to lead looks at the place, and takes it back where nothing is wrong."""
    store = shutil.copytree(covered, tmp_path / "store")
    async with served(store, pristine[1]) as (connection, settings):
        await StopMarks(connection).put(PartitionStopped(0, 40, "a mark that was left"))
        with capture_logs() as logs:
            async with open_venue(settings) as venue, running_worker(settings):
                await until(lambda: named(logs, "partition.leading"), 30)
                await until(lambda: not venue.is_stopped(0))
                await StopMarks(connection).put(PartitionStopped(0, 41, "an error of an audit"))
                await until(lambda: len(named(logs, "partition.mark_taken_back")) == 2)
                await until(lambda: not venue.is_stopped(0))
                await venue.submit(0, Tick())
        assert named(logs, "partition.stopped") == []


async def test_a_hole_keeps_the_partition_shut_even_behind_a_checkpoint(connection: Connection) -> None:
    """What a leader need not read may be lost all the same: it asks before it leads."""
    await write(connection)
    for sequence in (5, 6):
        await connection.api("STREAM.MSG.DELETE.ORDERS_0", {"seq": sequence})
    with pytest.raises(PartitionStopped, match="has lost this message and 1 others") as stopped:
        await answered_through(connection, 0)
    assert stopped.value.sequence == 5


async def test_a_journal_that_was_filled_up_again_keeps_the_partition_shut(connection: Connection) -> None:
    """Cut short and written on, it is long enough for its checkpoint, and not the one that it was made of."""
    await write(connection, journal=flipped(12))
    await connection.api("STREAM.CREATE.CHECKPOINTS_0", {"name": "CHECKPOINTS_0", "subjects": ["checkpoints.0.>"]})
    chain = decode_facts((await read_all(connection, subjects.events_stream(0)))[11].payload).chain
    await plant_checkpoint(connection, 12, lambda partition: setattr(partition, "chain", chain))
    with pytest.raises(PartitionStopped, match="another message than the journal has") as stopped:
        await load(connection, 0, 24)
    assert stopped.value.sequence == 12


async def test_damaged_events_are_found_too(pristine: Pristine, store: Path) -> None:
    """The journal is whole, and still the audit does not call such an exchange clean."""
    flip_a_bit(files_of(store, subjects.events_stream(0))[0])
    async with served(store, pristine[1]) as (connection, _):
        found = await audit(connection, 0)
    assert found.finding is not None
    assert found.finding.where == "events"


async def test_events_that_lost_their_end_keep_the_partition_shut(pristine: Pristine, store: Path) -> None:
    """Their numbers are taken and nobody can store them again: the audit names the first, the worker does not lead."""
    path = files_of(store, subjects.events_stream(0))[0]
    os.truncate(path, path.stat().st_size - 400)
    with capture_logs() as logs:
        async with served(store, pristine[1]) as (connection, settings), running_worker(settings):
            found = await audit(connection, 0)

            def stopped() -> list[Mapping[str, Any]]:
                return [entry for entry in logs if entry["event"] == "partition.stopped"]

            await until(stopped, 30)
    assert found.finding is not None
    assert found.finding.where == "events"
    assert f"sequence {found.finding.sequence}" in stopped()[0]["error"]
