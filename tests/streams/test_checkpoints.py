"""streams/recovery/checkpoints.py and checkpoint_maker.py: a partition's state in a stream, whole or not at all."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from msgspec.structs import replace as altered
from structlog.testing import capture_logs

from exchange.commands import Tick
from streams import subjects
from streams.broker.reader import state_of
from streams.errors import CheckpointDamaged, ChildFailed, PartitionStopped
from streams.partition.state import partition_parts
from streams.publication.rendering import print_time
from streams.recovery.checkpoint_maker import LAST_COMMANDS_MIN, CheckpointMaker
from streams.recovery.checkpoints import CHECKPOINTS_KEPT, Checkpoints, Manifest, chunks_of, parts_in
from streams.recovery.fork import in_child
from streams.recovery.recovery import load
from streams.wire import codec
from tests.support.exchange import ask, listing, open_venue, running_worker, sell
from tests.support.led import Led
from tests.support.nats import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streams.broker.connection import Connection
    from streams.settings import StreamSettings


@pytest_asyncio.fixture
async def led(connection: Connection, settings: StreamSettings) -> Led:
    led = await Led(connection, settings).begin()
    await led.send(listing("ACME"))
    return led


async def test_a_restart_is_a_checkpoint_and_a_tail(led: Led) -> None:
    """The new leader has the chain, the reports and every other byte of the state that the first one has."""
    await led.trade(5)
    manifest = await led.make()
    await led.trade(3)
    loaded, partition = await led.recovered()
    assert loaded == manifest.sequence == led.partition.sequence - 3
    assert partition.chain == led.partition.chain
    assert list(partition_parts(partition, packed=False)) == list(partition_parts(led.partition, packed=False))


async def test_a_checkpoint_says_what_it_was_made_of(led: Led) -> None:
    """Its manifest names the moment, and its chunks give the state of that moment, although trading went on."""
    await led.trade(2)
    then = led.partition
    sequence, at, chain, commands = then.sequence, then.at, then.chain, then.commands
    state = list(chunks_of(partition_parts(then)))
    making = asyncio.create_task(led.make())
    await asyncio.sleep(0)
    await led.trade(2)
    manifest = await making
    assert (manifest.sequence, manifest.at, manifest.chain, manifest.commands) == (sequence, at, chain, commands)
    assert await led.checkpoints.read(manifest) == state
    assert led.partition.sequence == sequence + 2


async def test_trading_goes_on_while_a_checkpoint_is_made(led: Led) -> None:
    """Whoever answers waits for the fork, and for nothing that comes after it."""
    await led.trade(20)
    making = asyncio.create_task(led.make(chunk_bytes=1_000))
    answered = 0
    while not making.done():
        await led.trade()
        answered += 1
    manifest = await making
    assert len(manifest.chunks) > 5
    assert answered > 5
    assert manifest.sequence < led.partition.sequence


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda manifest: altered(manifest, chunks=[*manifest.chunks, 999]), "chunk 2 of 2 is gone"),
        (lambda manifest: altered(manifest, chunks=[manifest.chunks[0] + 1]), "another digest"),
        (lambda manifest: altered(manifest, digest=b"x" * 16), "another digest"),
    ],
)
async def test_a_damaged_checkpoint_is_told_from_a_whole_one(
    led: Led, damage: Callable[[Manifest], Manifest], why: str
) -> None:
    """A lost, a changed or an unknown chunk, and it is not used; the one before is."""
    await led.trade()
    good = await led.make()
    await led.trade()
    bad = damage(await led.make())
    await led.checkpoints.store_manifest(bad)
    await led.checkpoints.store_manifest(altered(bad, sequence=bad.sequence, chunks=bad.chunks))
    with pytest.raises(CheckpointDamaged, match=why):
        await led.checkpoints.read(bad)
    newest, before = (await led.checkpoints.all())[0], (await led.checkpoints.all())[2]
    assert newest == bad
    loaded, partition = await led.recovered()
    assert loaded == before.sequence > good.sequence
    assert partition.chain == led.partition.chain


async def test_a_checkpoint_of_another_version_is_not_called_damaged(led: Led) -> None:
    """After an upgrade, or on the way back, older ones are of another form: the one that can be read is used."""
    await led.trade()
    good = await led.make()
    await led.checkpoints.store_manifest(altered(good, form=99))
    await led.connection.store(subjects.checkpoint_manifests(0), codec.encode([2, "of a later version"]))
    with capture_logs() as logs:
        assert (await led.recovered())[0] == good.sequence
    said = [entry for entry in logs if "checkpoint" in entry["event"]]
    assert {entry["event"] for entry in said} == {"checkpoint.not_used"}
    assert all("another version made it" in entry["error"] for entry in said)


async def test_chunks_without_a_manifest_are_no_checkpoint(led: Led) -> None:
    """The leader died while it was making one: nobody knows of it."""
    await led.trade()
    await led.checkpoints.store_chunk(b"half of one")
    assert await led.checkpoints.all() == []
    loaded, partition = await led.recovered()
    assert (loaded, partition.chain) == (0, led.partition.chain)


async def test_a_manifest_that_cannot_be_read_is_passed_over(led: Led) -> None:
    """It counts as no checkpoint, and the one before is used."""
    await led.trade()
    good = await led.make()
    await led.connection.store(subjects.checkpoint_manifests(0), b"rubbish")
    assert await led.checkpoints.all() == [good]
    assert (await led.recovered())[0] == good.sequence


async def test_a_checkpoint_of_another_history_is_not_used(led: Led) -> None:
    """Its chain is not what EVENTS has at its sequence."""
    await led.trade()
    good = await led.make()
    await led.checkpoints.store_manifest(altered(good, chain=b"y" * 16))
    await led.trade()
    foreign, _ = await led.checkpoints.all()
    assert foreign.chain == b"y" * 16
    assert (await led.recovered())[1].chain == led.partition.chain


async def test_a_checkpoint_of_what_is_not_answered_yet_waits(led: Led) -> None:
    """EVENTS may have lost its end: then an older checkpoint serves, and the rest is answered again."""
    await led.trade()
    good = await led.make()
    await led.trade()
    await led.make()
    partition = await load(led.connection, 0, led.partition.sequence - 1)
    assert partition.sequence == good.sequence


async def test_a_checkpoint_beyond_the_journals_end_stops_the_partition(led: Led) -> None:
    """Commands that were carried out are in no journal: somebody lost the end of it."""
    await led.trade()
    manifest = await led.make()
    await led.checkpoints.store_manifest(altered(manifest, sequence=manifest.sequence + 7))
    with pytest.raises(PartitionStopped, match="the journal ends here") as stopped:
        await led.recovered()
    assert stopped.value.sequence == manifest.sequence


async def test_only_the_last_few_are_kept(led: Led) -> None:
    """Older manifests and chunks are dropped from the stream."""
    made = []
    for _ in range(CHECKPOINTS_KEPT + 2):
        await led.trade()
        made.append(await led.make())
    assert await led.checkpoints.all() == made[: -CHECKPOINTS_KEPT - 1 : -1]
    assert (await state_of(led.connection, subjects.checkpoints_stream(0))).first == made[-CHECKPOINTS_KEPT].chunks[0]


async def test_what_does_not_restore_gets_no_manifest(led: Led) -> None:
    """A checkpoint is loaded before it counts: here one order is there twice, and once after that."""
    await led.trade()
    orders = led.partition.engine.orders
    orders[999] = orders[1]
    await CheckpointMaker(led.connection, led.settings, led.partition).make()
    assert await led.checkpoints.all() == []


async def test_a_child_that_fails_says_so() -> None:
    """The parent goes on, and hears how its child ended."""

    def fail() -> None:
        raise ValueError("on purpose")

    with pytest.raises(ChildFailed, match="ended with 1"):
        await in_child(fail, [])


async def test_a_child_nobody_waits_for_is_ended(tmp_path: Path) -> None:
    """It leaves nothing running behind."""
    path = tmp_path / "child"

    def work() -> None:
        path.write_text(str(os.getpid()))
        signal.pause()

    waiting = asyncio.create_task(in_child(work, []))
    await until(lambda: path.exists() and path.read_text())
    waiting.cancel()
    await asyncio.wait([waiting])
    with pytest.raises(ProcessLookupError):
        os.kill(int(path.read_text()), 0)


async def test_a_child_holds_none_of_our_connections(connection: Connection) -> None:
    """A connection that is closed is closed at once, also while a child lives."""
    reading, writing = os.pipe()
    waiting = asyncio.create_task(in_child(signal.pause, []))
    await asyncio.sleep(0)
    os.close(writing)
    assert await asyncio.get_running_loop().run_in_executor(None, os.read, reading, 1) == b""
    waiting.cancel()
    await asyncio.wait([waiting])
    os.close(reading)


async def test_parts_make_chunks_of_bounded_size(led: Led) -> None:
    """However many parts there are, nothing has to be held or sent as a whole."""
    parts = [("orders", [[number, "x" * 1_000] for number in range(100)]) for _ in range(20)]
    chunks = list(chunks_of(parts))
    assert 7 < len(chunks) < 12
    assert [part for chunk in chunks for part in parts_in(chunk)] == parts


async def test_a_leader_makes_checkpoints_as_it_goes(settings: StreamSettings, connection: Connection) -> None:
    """One after so many commands, and orders are answered meanwhile."""
    often = replace(settings, checkpoint_commands=20, partitions=1)
    async with running_worker(often), open_venue(often) as venue:
        checkpoints = Checkpoints(connection, 0)
        assert (await venue.submit(0, listing("ACME"))).code == ""

        async def trade_on() -> bool:
            await venue.submit(0, sell("anna", "ACME", 3, 100, subjects.new_id()))
            return len(await checkpoints.all()) >= 2

        await until(trade_on)
        newest, before = (await checkpoints.all())[:2]
        assert newest.commands - before.commands >= 20


async def test_making_takes_a_tenth_of_the_time_at_most(led: Led) -> None:
    """However much is traded meanwhile: after one that took two seconds the next is due in eighteen."""
    made, began, logged, ended, early, due = 0.0, 100.0, 102.0, 102.0, 119.9, 120.0
    clock = iter([made, began, logged, ended, early, due])
    often = replace(led.settings, checkpoint_commands=1)
    maker = CheckpointMaker(led.connection, often, led.partition, monotonic=lambda: next(clock))
    await maker.make()
    await led.trade()
    assert [maker.is_due(), maker.is_due()] == [False, True]


async def test_a_leader_tells_of_the_newest_checkpoint(settings: StreamSettings, connection: Connection) -> None:
    """None before the first; then of which message it is and of when, also who did not make it."""
    often = replace(settings, checkpoint_commands=3, partitions=1)
    checkpoints = Checkpoints(connection, 0)
    async with running_worker(often), open_venue(often) as venue:
        assert (await ask(venue, 0, "partition"))["checkpoint"] is None
        for symbol in ("ACME", "BIRCH", "COBALT"):
            assert (await venue.submit(0, listing(symbol))).code == ""

        async def told() -> Any:
            return (await ask(venue, 0, "partition"))["checkpoint"]

        await until(told)
        [manifest] = await checkpoints.all()
        made = {"sequence": manifest.sequence, "time": json.loads(print_time(manifest.at))}
        assert await told() == made
    async with running_worker(replace(settings, partitions=1)), open_venue(settings) as venue:
        await until(told)
        assert await told() == made


async def test_a_worker_that_ends_leaves_a_checkpoint(settings: StreamSettings, connection: Connection) -> None:
    """When nobody takes over, whoever starts next has nothing to replay; a few commands are not worth it."""
    alone = replace(settings, partitions=1)
    async with running_worker(alone), open_venue(alone) as venue:
        await venue.submit(0, listing("ACME"))
    assert await Checkpoints(connection, 0).all() == []
    async with running_worker(alone), open_venue(alone) as venue:
        await asyncio.gather(*(venue.submit(0, Tick()) for _ in range(LAST_COMMANDS_MIN)))
    [manifest] = await Checkpoints(connection, 0).all()
    assert manifest.sequence == (await state_of(connection, subjects.journal_stream(0))).last
