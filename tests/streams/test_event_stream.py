"""streams/journal/event_writer.py: message N is stored once, as number N."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from exchange.events import Canceled, Event
from streams import subjects, topology
from streams.broker.connection import Connection
from streams.broker.reader import state_of
from streams.errors import Overtaken
from streams.journal.event_writer import EVENTS_BYTES_MAX, EventStream, as_stored
from streams.wire import codec
from tests.support import history
from tests.support.nats import until, wire_to

if TYPE_CHECKING:
    from streams.settings import StreamSettings


@pytest_asyncio.fixture
async def ready(connection: Connection, settings: StreamSettings) -> Connection:
    await topology.ensure(connection, settings)
    return connection


def payload(sequence: int) -> bytes:
    return b"events %d" % sequence


async def publish(events: EventStream, first: int, last: int) -> None:
    for sequence in range(first, last + 1):
        await events.publish(sequence, sequence, payload(sequence))


async def stored(connection: Connection) -> list[bytes]:
    last = (await state_of(connection, subjects.events_stream(0))).last
    return [await history.stored(connection, subjects.events_stream(0), n) for n in range(1, last + 1)]


async def until_stored(connection: Connection, count: int) -> None:
    async def enough() -> bool:
        return len(await stored(connection)) >= count

    await until(enough)


async def test_messages_are_stored_in_step(ready: Connection) -> None:
    """More than may be unacknowledged at once: all stored, each under its own number."""
    events = EventStream(ready, 0)
    running = asyncio.create_task(events.run())
    await publish(events, 1, 200)
    await events.settle()
    running.cancel()
    assert await stored(ready) == [payload(n) for n in range(1, 201)]


def test_events_that_are_too_large_are_stored_as_their_chain() -> None:
    """A partition does not stop over a very long sweep: time and chain stay, the journal gives the rest again."""
    small = codec.encode_facts(7, bytes(16), codec.encode_events([[Canceled(1, "anna", 5, "x", "ACME")]]))
    assert as_stored(small) == small
    many: list[Event] = [Canceled(number, "anna", 5, "x" * 100) for number in range(100_000)]
    large = codec.encode_facts(7, b"c" * 16, codec.encode_events([many]))
    assert len(large) > EVENTS_BYTES_MAX
    assert codec.decode_facts(as_stored(large)) == codec.Facts(7, b"c" * 16, [])


async def test_publishing_waits_when_too_much_is_unacknowledged(ready: Connection) -> None:
    """The bound holds the leader back instead of growing a queue."""
    events = EventStream(ready, 0, unacknowledged_max=3)
    publishing = asyncio.create_task(publish(events, 1, 5))
    await until(lambda: events.unsettled == 3)
    assert not publishing.done()
    running = asyncio.create_task(events.run())
    await publishing
    await events.settle()
    running.cancel()
    assert len(await stored(ready)) == 5


async def test_what_another_leader_computed_alike_is_taken_as_ours(ready: Connection) -> None:
    """Two leaders write the same bytes: each message is stored once, and both go on."""
    one, two = EventStream(ready, 0), EventStream(ready, 0)
    running = [asyncio.create_task(events.run()) for events in (one, two)]
    await asyncio.gather(publish(one, 1, 100), publish(two, 1, 150))
    await asyncio.gather(one.settle(), two.settle())
    await publish(one, 101, 160)
    await one.settle()
    for task in running:
        task.cancel()
    assert await stored(ready) == [payload(n) for n in range(1, 161)]


async def test_another_answer_in_our_place_is_overtaken(ready: Connection) -> None:
    """A different message under our number is never replaced and never ignored: step down."""
    await ready.store(subjects.events(0), b"another answer")
    events = EventStream(ready, 0)
    await publish(events, 1, 1)
    with pytest.raises(Overtaken) as overtaken:
        await events.run()
    assert (overtaken.value.partition, overtaken.value.sequence) == (0, 1)
    assert await stored(ready) == [b"another answer"]


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_break_loses_and_repeats_nothing(settings: StreamSettings, ready: Connection, arrives: bool) -> None:
    """Whether the messages reached the stream before the connection broke or not, each is stored once."""
    async with wire_to(settings.nats_url) as wire:
        far = await Connection.open(replace(settings, nats_url=wire.url), "far")
        events = EventStream(far, 0)
        running = asyncio.create_task(events.run())
        await publish(events, 1, 5)
        await events.settle()
        wire.deaf = True
        await publish(events, 6, 10)
        if arrives:
            await until_stored(ready, 10)
        wire.cut()
        await until(lambda: not far.connected)
        await publish(events, 11, 15)
        wire.deaf = False
        await wire.connect()
        await publish(events, 16, 20)
        await asyncio.wait_for(events.settle(), 10)
        running.cancel()
        await far.close()
    assert await stored(ready) == [payload(n) for n in range(1, 21)]


async def test_a_full_stream_is_given_more_room(connection: Connection, settings: StreamSettings) -> None:
    """Nothing is dropped, no answer waits for a person, and a line of the gravest kind says what has happened."""
    await topology.ensure(connection, replace(settings, journal_max_bytes=1024))
    events = EventStream(connection, 0)
    running = asyncio.create_task(events.run())
    with capture_logs() as lines:
        await publish(events, 1, 60)
        await asyncio.wait_for(events.settle(), 10)
    running.cancel()
    assert await stored(connection) == [payload(n) for n in range(1, 61)]
    assert [line["log_level"] for line in lines if line["event"] == "events.enlarged"] == ["critical"]
