"""streams/leadership.py: who leads what."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest_asyncio

from streams import subjects, topology
from streams.bucket import Bucket
from streams.leadership import Leadership, lease_key
from tests.support.nats import until


@pytest_asyncio.fixture
async def four(settings, connection):
    """Four partitions and short leases."""
    settings = replace(settings, partitions=4, lease_ttl_seconds=1.0)
    await topology.ensure(connection, settings)
    return settings


async def beat_all(*workers):
    for worker in workers:
        await worker.beat()


async def beat_until(condition, worker):
    async def reached():
        await worker.beat()
        return condition()

    await until(reached)


async def test_a_worker_alone_leads_everything(connection, four):
    """The first beat takes every partition, the next ones keep them."""
    anna = Leadership(connection, four, "anna")
    await beat_all(anna, anna, anna)
    assert anna.held == {0, 1, 2, 3}
    assert anna.surplus() == []


async def test_a_new_worker_gets_its_share(connection, four):
    """The first lets go of what is above the fair share; what it releases the second takes; nobody has both."""
    anna, boris = Leadership(connection, four, "anna"), Leadership(connection, four, "boris")
    await beat_all(anna, boris, anna)
    assert boris.held == set()
    assert anna.surplus() == [2, 3]
    for partition in anna.surplus():
        await anna.release(partition)
    await beat_all(boris, anna)
    assert (anna.held, boris.held) == ({0, 1}, {2, 3})


async def test_workers_that_start_together_share_without_overlap(connection, four):
    """However the beats interleave, each partition has one leader and everyone at most the fair share."""
    workers = [Leadership(connection, four, name) for name in ("anna", "boris", "carla")]

    async def shared():
        await asyncio.gather(*(worker.beat() for worker in workers))
        held = sorted(partition for worker in workers for partition in worker.held)
        assert len(held) == len(set(held))
        for worker in workers:
            for partition in worker.surplus():
                await worker.release(partition)
        return held == [0, 1, 2, 3] and max(len(worker.held) for worker in workers) <= 2

    await until(shared)


async def test_a_dead_workers_partitions_are_taken_over_when_its_leases_lapse(connection, four):
    """Without its beats the leases and the registration disappear by themselves."""
    anna, boris = Leadership(connection, four, "anna"), Leadership(connection, four, "boris")
    await beat_all(anna, boris)
    assert boris.held == set()
    await beat_until(lambda: boris.held == {0, 1, 2, 3}, boris)


async def test_a_lease_that_another_holds_is_lost(connection, four):
    """Who slept longer than its lease finds another leader and steps down."""
    anna, boris = Leadership(connection, four, "anna"), Leadership(connection, four, "boris")
    await beat_all(anna)
    await beat_until(lambda: boris.held == {0, 1, 2, 3}, boris)
    await anna.beat()
    assert anna.held == set()


async def test_a_lease_that_nobody_else_took_is_kept(connection, four):
    """When the leases themselves were lost, as when nats-server restarts, their holder goes on without a break."""
    anna = Leadership(connection, four, "anna")
    await anna.beat()
    await connection.api(f"STREAM.PURGE.{subjects.bucket_stream(subjects.LEASES)}")
    await anna.beat()
    assert anna.held == {0, 1, 2, 3}
    entries = await Bucket(connection, subjects.LEASES).read_all()
    assert {entries[lease_key(partition)].value for partition in range(4)} == {"anna"}


async def test_who_leaves_is_not_counted(connection, four):
    """After a farewell the others' share is larger at once."""
    anna, boris = Leadership(connection, four, "anna"), Leadership(connection, four, "boris")
    await beat_all(anna, boris, anna)
    for partition in sorted(anna.held):
        await anna.release(partition)
    await anna.leave()
    await boris.beat()
    assert boris.held == {0, 1, 2, 3}


async def test_a_refused_partition_is_left_to_others(connection, four):
    """A partition that stopped here is not taken again."""
    anna = Leadership(connection, four, "anna")
    anna.refused.add(2)
    await beat_all(anna, anna)
    assert anna.held == {0, 1, 3}
