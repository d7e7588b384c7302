"""streams/leadership/stop_marks.py: what one worker has found, all others and all gateways know."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from streams import subjects, topology
from streams.broker.bucket import Bucket
from streams.errors import PartitionStopped, Unavailable
from streams.leadership.stop_marks import StopMarks, key_of
from tests.support.nats import until

if TYPE_CHECKING:
    from streams.broker.connection import Connection
    from streams.settings import StreamSettings


@pytest_asyncio.fixture
async def ready(connection: Connection, settings: StreamSettings) -> Connection:
    await topology.ensure(connection, settings)
    return connection


def where(stops: StopMarks) -> dict[int, int]:
    """The sequences of the marks, by partition."""
    return {number: mark.sequence for number, mark in stops.marks.items()}


async def test_a_mark_says_where_and_why(ready: Connection) -> None:
    """Whoever reads all marks sees it, whoever reads those of another partition does not."""
    all_of_them, other = StopMarks(ready), StopMarks(ready, 0)
    await StopMarks(ready, 1).put(PartitionStopped(1, 42, "a sentence"))
    await all_of_them.read()
    await other.read()
    assert where(all_of_them) == {1: 42}
    assert all_of_them.marks[1].why == "partition 1 stopped at sequence 42: a sentence"
    assert other.marks == {}


async def test_a_mark_that_is_taken_back_is_gone(ready: Connection) -> None:
    """For whoever took it back at once, and for all who read."""
    stops = StopMarks(ready)
    await stops.put(PartitionStopped(1, 42, "a sentence"))
    await stops.read()
    await stops.take_back(1)
    assert stops.marks == {}
    await stops.read()
    assert stops.marks == {}


async def test_a_newer_mark_is_not_taken_back(ready: Connection) -> None:
    """Only what was read can be: the newer one has to be looked at first."""
    stops = StopMarks(ready)
    await stops.put(PartitionStopped(1, 42, "a sentence"))
    await stops.read()
    await stops.put(PartitionStopped(1, 43, "another sentence"))
    with pytest.raises(Unavailable):
        await stops.take_back(1)
    await stops.read()
    assert where(stops) == {1: 43}


async def test_marks_are_heard_of_as_they_come_and_go(ready: Connection) -> None:
    """They are heeded once at the start, and at each change; an Unavailable of who heeds them ends nothing."""
    seen = []
    stops = StopMarks(ready)

    async def heed() -> None:
        seen.append(where(stops))
        if len(seen) == 2:
            raise Unavailable("cannot be heeded now")

    running = asyncio.create_task(stops.run(heed))
    await until(lambda: seen == [{}])
    other = StopMarks(ready)
    await other.put(PartitionStopped(0, 7, "a sentence"))
    await until(lambda: seen[-1] == {0: 7})
    await other.read()
    await other.take_back(0)
    await until(lambda: seen[-1] == {} and len(seen) >= 3)
    running.cancel()


async def test_what_jetstream_has_refused_changes_nothing(ready: Connection) -> None:
    """Who follows the bucket hears a write that was refused too, and asks what is true."""
    stops = StopMarks(ready)
    looks = []

    async def heed() -> None:
        looks.append(where(stops))

    running = asyncio.create_task(stops.run(heed))
    await until(lambda: looks)
    refused = Bucket(ready, subjects.DIRECTORY).put(key_of(0), '[1,"never stored"]', revision=999)
    await asyncio.wait([refused])
    assert refused.exception() is not None
    await until(lambda: len(looks) > 1)
    assert stops.marks == {}
    running.cancel()


@pytest.mark.parametrize("value", ["nonsense", "[1]", '{"sequence":1}'])
async def test_a_mark_that_cannot_be_read_changes_nothing(ready: Connection, value: str) -> None:
    """It may be of a later version: what is known stays known, and whoever reads tries again."""
    stops = StopMarks(ready)
    await stops.put(PartitionStopped(1, 42, "a sentence"))
    await stops.read()
    await Bucket(ready, subjects.DIRECTORY).put(key_of(2), value)
    with pytest.raises(Unavailable, match=r"what stopped\.2 holds cannot be read"):
        await stops.read()
    assert where(stops) == {1: 42}
