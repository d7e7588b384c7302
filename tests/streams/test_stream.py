"""streams/broker/reader.py: reading a stored stream in order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from streams.broker.connection import Connection
from streams.broker.reader import StreamMessage, StreamReader, read_message, state_of
from streams.errors import StreamGap, StreamTooShort
from tests.support.nats import wire_to

if TYPE_CHECKING:
    from streams.settings import StreamSettings


async def make_stream(connection: Connection, **config: Any) -> None:
    await connection.api("STREAM.CREATE.S", {"name": "S", "subjects": ["s"], "max_bytes": 8 * 1024 * 1024} | config)


async def fill(connection: Connection, count: int, first: int = 1) -> None:
    await asyncio.gather(*(connection.store("s", b"%d" % number) for number in range(first, first + count)))


async def take(reader: StreamReader, count: int) -> list[StreamMessage]:
    return [await asyncio.wait_for(anext(reader), 20) for _ in range(count)]


async def test_every_message_comes_once_in_order(connection: Connection) -> None:
    """Several pulls' worth of messages are read without a gap, with their times and how many are behind."""
    await make_stream(connection)
    await fill(connection, 1000)
    async with StreamReader(connection, "S", 1) as reader:
        messages = await take(reader, 1000)
    assert [message.sequence for message in messages] == list(range(1, 1001))
    assert [message.payload for message in messages] == [b"%d" % number for number in range(1, 1001)]
    assert [message.behind for message in messages] == list(range(999, -1, -1))
    assert all(a.stored_at <= b.stored_at for a, b in pairwise(messages))


async def test_a_message_that_was_lost_on_its_way_is_missed_though_none_follows(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The heartbeats say what was sent, so the last message of a quiet stream is asked for again too."""
    await make_stream(connection)
    await fill(connection, 5)
    lost: list[bytes] = []
    receive = StreamReader._receive_message

    def lose_once(self: StreamReader, payload: bytes, reply: str) -> None:
        if payload == b"5" and not lost:
            lost.append(payload)
        else:
            receive(self, payload, reply)

    monkeypatch.setattr(StreamReader, "_receive_message", lose_once)
    async with StreamReader(connection, "S", 1) as reader:
        assert [message.payload for message in await take(reader, 5)] == [b"1", b"2", b"3", b"4", b"5"]
    assert lost == [b"5"]


async def test_reading_begins_where_it_is_told_and_waits_for_what_comes(connection: Connection) -> None:
    """From a sequence on, the next one after the end included; later messages arrive as they are stored."""
    await make_stream(connection)
    await fill(connection, 5)
    async with StreamReader(connection, "S", 4) as reader, StreamReader(connection, "S", 6) as at_the_end:
        assert [message.sequence for message in await take(reader, 2)] == [4, 5]
        reading = asyncio.create_task(take(at_the_end, 1))
        await fill(connection, 1, first=6)
        assert [message.payload for message in await reading] == [b"6"]


async def test_a_start_beyond_the_end_is_an_error(connection: Connection) -> None:
    """JetStream would wait in silence; a stream that is shorter than what was answered is said at once."""
    await make_stream(connection)
    await fill(connection, 5)
    async with StreamReader(connection, "S", 7) as reader:
        with pytest.raises(StreamTooShort):
            await anext(reader)


async def test_a_message_that_is_gone_is_an_error(connection: Connection) -> None:
    """A stream that was trimmed or that has a hole is not read as if it were whole."""
    await make_stream(connection)
    await fill(connection, 9)
    await connection.api("STREAM.PURGE.S", {"seq": 4})
    async with StreamReader(connection, "S", 1) as reader:
        with pytest.raises(StreamGap):
            await anext(reader)
    await connection.api("STREAM.MSG.DELETE.S", {"seq": 7})
    async with StreamReader(connection, "S", 5) as reader:
        assert [message.sequence for message in await take(reader, 2)] == [5, 6]
        with pytest.raises(StreamGap):
            await anext(reader)


async def test_messages_gone_from_the_end_are_an_error(connection: Connection) -> None:
    """A stream that has lost its last messages keeps their numbers; nobody waits for what will never come."""
    await make_stream(connection)
    await fill(connection, 5)
    for sequence in (4, 5):
        await connection.api("STREAM.MSG.DELETE.S", {"seq": sequence})
    assert (await state_of(connection, "S"))[:3] == (1, 5, 2)
    async with StreamReader(connection, "S", 1) as reader:
        assert [message.sequence for message in await take(reader, 3)] == [1, 2, 3]
        with pytest.raises(StreamGap, match="sequence 4"):
            await asyncio.wait_for(anext(reader), 20)


async def test_reading_goes_on_after_a_reconnect(settings: StreamSettings, connection: Connection) -> None:
    """Whatever was on its way when the connection broke, the reader goes on behind the last message it gave."""
    await make_stream(connection)
    async with wire_to(settings.nats_url) as wire:
        far = await Connection.open(replace(settings, nats_url=wire.url), "far")
        async with StreamReader(far, "S", 1) as reader:
            await fill(connection, 300)
            messages = await take(reader, 100)
            wire.cut()
            await fill(connection, 300, first=301)
            await wire.connect()
            messages += await take(reader, 500)
        await far.close()
    assert [message.payload for message in messages] == [b"%d" % number for number in range(1, 601)]


async def test_a_lost_consumer_is_made_again(connection: Connection) -> None:
    """A consumer that the server has forgotten is noticed, by its status or by silence, and replaced."""
    await make_stream(connection)
    async with StreamReader(connection, "S", 1, silence_max=0.5) as reader:
        await fill(connection, 1)
        await take(reader, 1)
        for name in (await connection.api("CONSUMER.NAMES.S"))["consumers"]:
            await connection.api(f"CONSUMER.DELETE.S.{name}")
        await fill(connection, 1, first=2)
        assert [message.payload for message in await take(reader, 1)] == [b"2"]


async def test_a_stopped_reader_ends_after_what_has_arrived(connection: Connection) -> None:
    """Stop is a drain: the iteration ends when nothing is left of what was received."""
    await make_stream(connection)
    await fill(connection, 10)
    async with StreamReader(connection, "S", 1) as reader:
        await take(reader, 1)
        reader.stop()
        assert [message.sequence async for message in reader] == list(range(2, 11))


async def test_one_message_and_the_state_can_be_asked_for(connection: Connection) -> None:
    """A message by its sequence, None where there is none; the first and last sequence."""
    await make_stream(connection)
    assert (await state_of(connection, "S"))[:2] == (0, 0)
    await fill(connection, 3)
    assert (await state_of(connection, "S"))[:2] == (1, 3)
    assert await read_message(connection, "S", 2) == b"2"
    assert await read_message(connection, "S", 4) is None
