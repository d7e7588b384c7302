"""streams/leadership/handover.py: who is asked to go goes when its standby is ready, and not before."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import structlog

from streams import subjects
from streams.broker.bucket import Bucket
from streams.broker.reader import state_of
from streams.errors import Unavailable
from streams.leadership.handover import NOT_AT_ALL, ask_how_far, ask_to_go
from streams.leadership.roster import lease_key, standby_key, worker_key
from streams.venue import Venue
from tests.support.exchange import RunningWorker, ask, buy, listing, open_venue, running_worker
from tests.support.nats import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from streams.broker.connection import Connection
    from streams.settings import StreamSettings


@pytest.fixture
def one(settings: StreamSettings) -> StreamSettings:
    """One partition."""
    return replace(settings, partitions=1, lease_ttl_seconds=1.0)


@asynccontextmanager
async def followed(
    one: StreamSettings, connection: Connection
) -> AsyncIterator[tuple[RunningWorker, RunningWorker, Venue]]:
    """A leader, its standby, and a venue; the standby has loaded."""
    async with running_worker(one) as first, open_venue(one) as venue:
        await venue.submit(0, listing("S0"))
        async with running_worker(one) as second:

            async def ready() -> bool:
                return (await ask(venue, 0, "partition"))["lag"] is not None

            await until(ready)
            yield first, second, venue


async def keys(connection: Connection) -> tuple[str, str]:
    entries = await Bucket(connection, subjects.LEASES).read_all()
    return entries[lease_key(0)].value, entries[standby_key(0)].value


async def test_an_operator_has_the_standby_lead(one: StreamSettings, connection: Connection) -> None:
    """Leader and standby change places; every order that was on its way is answered, and both streams are in step."""
    async with followed(one, connection) as (_, __, venue):
        leader, standby = await keys(connection)
        waiting = [venue.submit(0, buy("anna", "S0", 1, 100, f"n{number}")) for number in range(50)]
        assert (await ask_to_go(connection, leader, 0)).to == standby
        waiting += [venue.submit(0, buy("anna", "S0", 1, 100, f"m{number}")) for number in range(50)]
        assert {outcome.code for outcome in await asyncio.gather(*waiting)} == {""}

        async def changed_places() -> bool:
            return await keys(connection) == (standby, leader)

        await until(changed_places)
        told = await ask(venue, 0, "partition")
        assert (told["leader"], told["standby"]) == (standby, leader) or told["leader"] == ""

        async def in_step() -> bool:
            states = [await state_of(connection, name) for name in (subjects.journal_stream(0), "EVENTS_0")]
            return states[0].last == states[1].last

        await until(in_step)


async def test_without_a_standby_a_leader_stays(one: StreamSettings, connection: Connection) -> None:
    """It says why, goes on leading, and no order is refused."""
    async with running_worker(one), open_venue(one) as venue:
        await venue.submit(0, listing("S0"))
        leader = (await Bucket(connection, subjects.LEASES).get(lease_key(0))).value
        gone = await ask_to_go(connection, leader, 0)
        assert (gone.to, gone.why) == ("", "no standby is ready to lead")
        assert (await venue.submit(0, buy("anna", "S0", 1, 100, "after"))).code == ""


async def test_who_does_not_lead_has_nothing_to_hand_over(one: StreamSettings, connection: Connection) -> None:
    """The standby says so at once."""
    async with followed(one, connection):
        _, standby = await keys(connection)
        gone = await ask_to_go(connection, standby, 0)
        assert (gone.to, bool(gone.why)) == ("", True)


async def test_how_far_a_worker_is(one: StreamSettings, connection: Connection) -> None:
    """A follower tells its sequence; one that does not follow, and one that is not there, are not ready."""
    async with followed(one, connection):
        _, standby = await keys(connection)
        assert await ask_how_far(connection, standby, 0) >= 1
        assert await ask_how_far(connection, standby, 7) == NOT_AT_ALL
        assert await ask_how_far(connection, "nobody", 0) == NOT_AT_ALL


async def test_nonsense_from_a_standby_ends_no_leader(one: StreamSettings, connection: Connection) -> None:
    """An answer that cannot be read is as good as none: the leader asks again, and goes on leading."""
    asked = []

    def babble(_: str, request: bytes, reply: str) -> None:
        asked.append(request)
        connection.publish(reply, b"nonsense")

    leases = Bucket(connection, subjects.LEASES)
    async with running_worker(one) as leader, open_venue(one) as venue:
        await venue.submit(0, listing("S0"))
        babbling = await connection.subscribe(subjects.worker("babbler"), babble)

        async def asked_again() -> bool:
            assert not leader.task.done(), "the leader's process has ended"
            await leases.put(worker_key("babbler"), "babbler")
            return sum(bool(request) for request in asked) > 1

        await until(asked_again)
        assert (await venue.submit(0, buy("anna", "S0", 1, 100, "after"))).code == ""
        await babbling.close()


async def test_nonsense_ends_no_worker(one: StreamSettings, connection: Connection) -> None:
    """A request that cannot be read is logged and not answered; the next one is."""
    async with running_worker(one), open_venue(one) as venue:
        await venue.submit(0, listing("S0"))
        leader = (await Bucket(connection, subjects.LEASES).get(lease_key(0))).value
        with structlog.testing.capture_logs() as logs:
            connection.publish(subjects.worker(leader), b"nonsense")
            assert await ask_how_far(connection, leader, 0) >= 1
        assert [line["event"] for line in logs if line["log_level"] != "info"] == ["worker.asked_nonsense"]
        assert (await venue.submit(0, buy("anna", "S0", 1, 100, "after"))).code == ""


async def test_nonsense_from_a_leader_is_no_answer(one: StreamSettings, connection: Connection) -> None:
    """Whoever wants a handover is told that the leader cannot be understood, as of a leader that is away."""
    babbling = await connection.subscribe(
        subjects.worker("babbler"), lambda _, __, reply: connection.publish(reply, b"nonsense")
    )
    with pytest.raises(Unavailable, match="cannot be read"):
        await ask_to_go(connection, "babbler", 0)
    await babbling.close()
