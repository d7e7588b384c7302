"""streams/leadership/leases.py: who leads what, and who follows, through the real bucket."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest_asyncio

from streams import subjects, topology
from streams.broker.bucket import Bucket
from streams.leadership.leases import Leadership
from streams.leadership.roster import BUSY, NOBODY, lease_key, standby_key
from tests.support.nats import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.broker.connection import Connection
    from streams.settings import StreamSettings


@pytest_asyncio.fixture
async def four(settings: StreamSettings, connection: Connection) -> StreamSettings:
    """Four partitions and short leases."""
    settings = replace(settings, partitions=4, lease_ttl_seconds=1.0)
    await topology.ensure(connection, settings)
    return settings


async def beat_all(*workers: Leadership) -> None:
    for worker in workers:
        await worker.beat()


async def beat_until(condition: Callable[[], object], worker: Leadership) -> None:
    async def reached() -> object:
        await worker.beat()
        return condition()

    await until(reached)


async def keys(connection: Connection) -> dict[str, str]:
    return {key: entry.value for key, entry in (await Bucket(connection, subjects.LEASES).read_all()).items()}


async def test_a_worker_alone_leads_everything(connection: Connection, four: StreamSettings) -> None:
    """The first beat takes every partition, the next ones keep them; nobody can stand by."""
    anna = Leadership(connection, four, "anna")
    await beat_all(anna, anna, anna)
    assert set(anna.held) == {0, 1, 2, 3}
    assert not anna.has_colleagues
    assert anna.roster.next_to_go(anna.held) is None


async def test_a_worker_says_that_it_may_be_busy(connection: Connection, four: StreamSettings) -> None:
    """Its key holds that for as long as it is so, and it is its standby's colleague meanwhile."""
    anna, boris = Leadership(connection, four, "anna"), Leadership(connection, four, "boris")
    anna.busy = True
    await beat_all(anna, boris)
    assert (await keys(connection))["worker.anna"] == BUSY
    assert boris.roster.staff == ["anna", "boris"]
    anna.busy = False
    await beat_all(anna)
    assert (await keys(connection))["worker.anna"] == "anna"


async def test_a_new_worker_stands_by_and_gets_its_share(connection: Connection, four: StreamSettings) -> None:
    """The first names the second as standby, and passes on what is above the fair share; nobody has both."""
    anna, boris = Leadership(connection, four, "anna"), Leadership(connection, four, "boris")
    await beat_all(anna, boris, anna, boris)
    assert boris.held == {}
    assert boris.roster.standing() == {0, 1, 2, 3}
    while (partition := anna.roster.next_to_go(anna.held)) is not None:
        assert await anna.pass_on(partition, "boris")
        await anna.stand_by(partition)
    await beat_all(boris, anna)
    assert (set(anna.held), set(boris.held)) == ({2, 3}, {0, 1})
    await beat_all(boris, anna)
    assert (anna.roster.standing(), boris.roster.standing()) == ({0, 1}, {2, 3})


async def test_workers_that_start_together_share_without_overlap(connection: Connection, four: StreamSettings) -> None:
    """However the beats interleave, each partition has one leader and everyone at most the fair share."""
    workers = [Leadership(connection, four, name) for name in ("anna", "boris", "carla")]

    async def shared() -> bool:
        await asyncio.gather(*(worker.beat() for worker in workers))
        held = sorted(partition for worker in workers for partition in worker.held)
        assert len(held) == len(set(held))
        for worker in workers:
            partition = worker.roster.next_to_go(worker.held)
            if partition is not None:
                await worker.pass_on(partition, worker.roster.standby_of(partition))
        return held == [0, 1, 2, 3] and max(len(worker.held) for worker in workers) <= 2

    await until(shared)


async def test_a_silent_workers_partitions_are_taken_over(connection: Connection, four: StreamSettings) -> None:
    """Without its beats a worker is dead after the lease's time, and its standby takes everything."""
    anna, boris = Leadership(connection, four, "anna"), Leadership(connection, four, "boris")
    await beat_all(anna, boris, anna, boris)
    assert boris.held == {}
    await beat_until(lambda: set(boris.held) == {0, 1, 2, 3}, boris)


async def test_a_lease_that_another_holds_is_lost(connection: Connection, four: StreamSettings) -> None:
    """Who slept longer than its lease finds another leader and steps down."""
    anna, boris = Leadership(connection, four, "anna"), Leadership(connection, four, "boris")
    await beat_all(anna)
    await beat_until(lambda: set(boris.held) == {0, 1, 2, 3}, boris)
    await anna.beat()
    assert anna.held == {}


async def test_a_lease_that_nobody_else_took_is_kept(connection: Connection, four: StreamSettings) -> None:
    """When the leases themselves were lost, as when nats-server restarts, their holder goes on without a break."""
    anna = Leadership(connection, four, "anna")
    await anna.beat()
    await connection.api(f"STREAM.PURGE.{subjects.bucket_stream(subjects.LEASES)}")
    await anna.beat()
    assert set(anna.held) == {0, 1, 2, 3}
    assert {(await keys(connection))[lease_key(partition)] for partition in range(4)} == {"anna"}


async def test_lost_leases_are_left_to_who_held_them(connection: Connection, four: StreamSettings) -> None:
    """When the bucket is empty again, a colleague that beats first does not take what it knows to be led."""
    anna, boris = Leadership(connection, four, "anna"), Leadership(connection, four, "boris")
    await beat_all(anna, boris, anna, boris)
    await connection.api(f"STREAM.PURGE.{subjects.bucket_stream(subjects.LEASES)}")
    await beat_all(boris, anna, boris)
    assert (set(anna.held), boris.held) == ({0, 1, 2, 3}, {})


async def test_who_leaves_gets_nothing_and_names_its_successor(connection: Connection, four: StreamSettings) -> None:
    """A worker on its way out is no standby, and what it passes on is led by the one who stays."""
    anna, boris = Leadership(connection, four, "anna"), Leadership(connection, four, "boris")
    await beat_all(anna, boris, anna)
    anna.leaving = True
    await beat_all(anna, boris)
    assert boris.roster.staff == ["boris"]
    for partition in list(anna.held):
        assert await anna.pass_on(partition, "boris")
        await anna.stand_by(partition)
    await anna.leave()
    await boris.beat()
    assert set(boris.held) == {0, 1, 2, 3}
    assert "anna" not in (await keys(connection)).values()


async def test_what_was_released_is_free_at_once(connection: Connection, four: StreamSettings) -> None:
    """Nobody in the lease means nobody leads: whoever has room takes it."""
    anna = Leadership(connection, four, "anna")
    await anna.beat()
    assert await anna.pass_on(1, NOBODY)
    assert set(anna.held) == {0, 2, 3}
    await anna.beat()
    assert set(anna.held) == {0, 1, 2, 3}


async def test_a_refused_partition_is_given_back(connection: Connection, four: StreamSettings) -> None:
    """A partition that stopped here is not taken again, and its lease does not keep others from it."""
    anna = Leadership(connection, four, "anna")
    await anna.beat()
    anna.refused.add(2)
    del anna.held[2]  # the write that was to release it got lost
    await beat_all(anna, anna)
    assert set(anna.held) == {0, 1, 3}
    assert (await keys(connection))[lease_key(2)] == NOBODY


async def test_the_dead_standby_is_replaced(connection: Connection, four: StreamSettings) -> None:
    """When a standby is known to be gone its leader names another at the next beat."""
    anna, boris = Leadership(connection, four, "anna"), Leadership(connection, four, "boris")
    await beat_all(anna, boris, anna)
    carla = Leadership(connection, four, "carla")
    await carla.beat()
    anna.roster.record_gone("boris")
    await anna.beat()
    assert {(await keys(connection))[standby_key(partition)] for partition in range(4)} == {"carla"}
