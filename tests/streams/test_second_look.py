"""broker/second_look.py: a deposed leader's answer is no damage, and damage is found all the same; on virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from streams import subjects, topology
from streams.audit.audit import audit
from streams.broker.bucket import Bucket
from streams.broker.connection import Connection
from streams.broker.reader import Asks, StreamReader
from streams.broker.second_look import LOOK_INTERVAL, beyond_doubt, look_carefully, read_leader
from streams.errors import PartitionStopped, Unavailable
from streams.partition.partition import Partition
from streams.recovery.recovery import answered_through, load, replay
from streams.recovery.scrub import Scrub, look_at
from streams.venue import Venue
from tests.support.altered import LENGTH, plant_checkpoint, write
from tests.support.virtual import Stage

SECOND = 1_000_000_000
DEPOSED_SECONDS = 30.0
STREAMS = (subjects.journal_stream(0), subjects.events_stream(0), subjects.checkpoints_stream(0))


async def fill(connection: Connection, checkpoint: int = 0) -> None:
    """Journal and events of partition 0, and a checkpoint."""
    await write(connection)
    name = subjects.checkpoints_stream(0)
    await connection.api(f"STREAM.CREATE.{name}", {"name": name, "subjects": ["checkpoints.0.>"]})
    if checkpoint:
        await plant_checkpoint(connection, checkpoint, lambda _: None)


async def recovered(connection: Connection) -> Partition:
    """What a new leader knows."""
    answered = await answered_through(connection, 0)
    partition = await load(connection, 0, answered)
    async with StreamReader(connection, subjects.journal_stream(0), partition.sequence + 1) as reader:
        await replay(connection, partition, reader, answered)
    return partition


def depose(stage: Stage, stream: str, last: int) -> None:
    """Let a stream have a second leader for a while, that knows of messages through `last` and always answers first."""
    stage.broker.depose(stream)
    stage.broker.deposed[stream] = stage.broker.deposed[stream]._replace(last=last)

    def forget() -> None:
        stage.broker.deposed.pop(stream, None)

    stage.world.after(DEPOSED_SECONDS, forget)


@pytest.mark.parametrize(("stream", "last"), [*product(STREAMS[:2], (0, 12, LENGTH - 1)), (STREAMS[2], 0)])
def test_a_deposed_leader_makes_no_damage(stream: str, last: int) -> None:
    """Whichever stream has one, and however much it lacks: no look of who is to lead is a verdict, nor of an audit."""
    stage = Stage()

    async def act(connection: Connection) -> int:
        await fill(connection, checkpoint=16)
        depose(stage, stream, last)
        partition = await recovered_patiently(connection)
        await Scrub(connection, 0, LENGTH).run()
        assert (await audit(connection, 0, last=last)).clean
        return partition.sequence

    # What a deposed leader does not know of EVENTS is answered again by whoever leads, and stored once.
    assert stage.play(act) == (last if stream == STREAMS[1] else LENGTH)
    assert "checkpoint.damaged" not in stage.logged


async def recovered_patiently(connection: Connection) -> Partition:
    """A post begins anew after Unavailable."""
    while True:
        try:
            return await recovered(connection)
        except Unavailable:
            await asyncio.sleep(1)


def test_it_is_no_verdict_where_nobody_is_known_to_lead() -> None:
    """On the side that was cut off only the deposed leader is heard: after a while it is left to who looks later."""
    stage = Stage()

    async def act(connection: Connection) -> None:
        await fill(connection)
        depose(stage, STREAMS[0], 12)
        stage.network.deaf_to_true = True
        await answered_through(connection, 0)

    with pytest.raises(Unavailable, match="heard from a majority"):
        stage.play(act)
    assert "partition.in_doubt" in stage.logged


@pytest.mark.parametrize("deposed", [None, STREAMS[0]])
def test_a_journal_that_was_cut_short_is_found_whoever_answers(deposed: str | None) -> None:
    """Also while a deposed leader answers first, and while orders are still stored in it: the two looks agree."""
    stage = Stage()

    async def act(connection: Connection) -> None:
        await fill(connection)
        stage.broker.streams[STREAMS[0]].cut(16)
        if deposed:
            depose(stage, deposed, 14)
        storing = asyncio.create_task(store_on(connection))
        try:
            await answered_through(connection, 0)
        finally:
            storing.cancel()

    async def store_on(connection: Connection) -> None:
        for _ in range(5):
            await asyncio.sleep(LOOK_INTERVAL / 4)
            await connection.store(subjects.journal(0), b"an order that nobody can answer")

    with pytest.raises(PartitionStopped, match=f"the journal ends here, its events go on to {LENGTH}"):
        stage.play(act)


def test_a_lost_message_is_found_and_a_mark_for_it_stays() -> None:
    """The look at a mark believes nobody who does not know of the place: a stale answer does not open the partition."""
    stage = Stage()

    async def act(connection: Connection) -> None:
        await fill(connection)
        stage.broker.streams[STREAMS[0]].lose(14)
        for stream in STREAMS[:2]:
            depose(stage, stream, 9)
        assert await look_at(connection, 0, 14) == ""

        async def look(asks: Asks) -> None:
            if wrong := await look_at(asks, 0, 14):
                raise PartitionStopped(0, 14, wrong)

        await look_carefully(connection, 0, look)

    with pytest.raises(PartitionStopped, match="the journal has lost this message"):
        stage.play(act)


def test_a_directory_that_lags_is_no_mismatch() -> None:
    """A write that is refused says that there is a value; who does not know it is asked again, or says so."""
    stage = Stage()

    async def act(connection: Connection) -> Any:
        directory = subjects.bucket_stream(subjects.DIRECTORY)
        settings = replace(stage.settings, partitions=1)
        await topology.ensure(connection, settings)
        stage.broker.depose(directory)
        venue = Venue(connection, settings, 1)
        await Bucket(connection, subjects.DIRECTORY).put("symbol.ACME", "0")
        with pytest.raises(Unavailable, match="has not heard"):
            await venue.claim("ACME")
        stage.broker.deposed[directory] = stage.broker.deposed[directory]._replace(last=0)
        stage.world.after(DEPOSED_SECONDS, stage.broker.deposed.clear)
        await topology.ensure(connection, settings)
        return await venue.claim("ACME")

    assert stage.play(act) == 0
    assert "topology.waiting_for_nats" in stage.logged


def test_looks_that_never_agree_are_no_verdict() -> None:
    """Something is going on, and whoever looks later sees what came of it."""
    stage = Stage()
    looks: list[None] = []

    async def act(connection: Connection) -> None:
        async def look(_: object) -> None:
            looks.append(None)
            raise PartitionStopped(0, 1, "a" * len(looks))

        await fill(connection)
        await beyond_doubt(connection, 0, look)

    with pytest.raises(Unavailable, match="finds something else"):
        stage.play(act)


@pytest.mark.parametrize(
    ("replicas", "silent_seconds", "alone"),
    [
        (None, 0.0, True),
        ([], 0.0, True),
        ([1, 9], 1.0, False),
        ([0, 9], 9.0, False),
        ([0, 0], float("inf"), False),
        ([1, 2, 9, 9], 2.0, False),
    ],
)
def test_a_leader_is_as_old_as_its_majority(
    replicas: list[int] | None, silent_seconds: float | None, alone: bool
) -> None:
    """It counts itself; one that it has never heard from says 0."""
    told = [{"name": f"n{place}", "active": silent * SECOND} for place, silent in enumerate(replicas or [])]
    cluster = {} if replicas is None else {"cluster": {"leader": "n", "replicas": told}}
    leader = read_leader(cluster)
    assert (leader.silent_seconds, leader.alone) == (silent_seconds, alone)
