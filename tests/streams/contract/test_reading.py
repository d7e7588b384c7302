"""Reading: what is relied on, of nats-server and of the one in memory (tests/support/broker)."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from streams.broker.headers import header_value, status_of
from streams.broker.reader import StreamReader, read_message
from streams.errors import (
    StreamGap,
    StreamTooShort,
)
from streams.journal.capacity import measure
from tests.support.contract import (
    NANOSECONDS,
    api_refusal,
    make_stream,
    take,
)
from tests.support.nats import until

if TYPE_CHECKING:
    from streams.broker.connection import Connection


async def test_a_reader_gets_everything_once_in_order_with_times_and_what_is_behind(connection: Connection) -> None:
    """From a number on, what was there and what comes."""
    await make_stream(connection)
    await asyncio.gather(*(connection.store("s.1", b"%d" % number) for number in range(1, 601)))
    async with StreamReader(connection, "S", 301) as reader:
        messages = await take(reader, 300)
        reading = asyncio.create_task(take(reader, 1))
        await connection.store("s.1", b"601")
        messages += await reading
    assert [message.payload for message in messages] == [b"%d" % number for number in range(301, 602)]
    assert [message.sequence for message in messages] == list(range(301, 602))
    assert [message.behind for message in messages[:300]] == list(range(299, -1, -1))
    assert all(a.stored_at <= b.stored_at for a, b in pairwise(messages))


async def test_a_reader_says_what_is_missing(connection: Connection) -> None:
    """A start beyond the end, a trimmed beginning, a hole."""
    await make_stream(connection)
    for number in range(9):
        await connection.store("s.1", b"%d" % number)
    async with StreamReader(connection, "S", 11) as reader:
        with pytest.raises(StreamTooShort):
            await anext(reader)
    await connection.api("STREAM.PURGE.S", {"seq": 4})
    await connection.api("STREAM.MSG.DELETE.S", {"seq": 7})
    async with StreamReader(connection, "S", 1) as reader:
        with pytest.raises(StreamGap):
            await anext(reader)
    async with StreamReader(connection, "S", 5) as reader:
        assert [message.sequence for message in await take(reader, 2)] == [5, 6]
        with pytest.raises(StreamGap):
            await anext(reader)


async def test_a_stream_loses_its_beginning_up_to_a_sequence(connection: Connection) -> None:
    """A purge up to a sequence drops what is before it and nothing else, once or twice; INFO tells what is left."""
    await make_stream(connection)
    for number in range(9):
        await connection.store("s.1", b"%d" % number)
    whole = await measure(connection, "S")
    assert (whole.messages, whole.first, whole.last, whole.size_max) == (9, 1, 9, 8 * 1024 * 1024)
    for below in (4, 2):
        await connection.api("STREAM.PURGE.S", {"seq": below})
        left = await measure(connection, "S")
        assert (left.messages, left.first, left.last) == (6, 4, 9)
        assert left.size < whole.size
        assert whole.first_at <= left.first_at <= left.read_at


async def test_a_stream_that_forbids_it_forgets_nothing(connection: Connection) -> None:
    """`deny_delete` and `deny_purge`."""
    await make_stream(connection, deny_delete=True, deny_purge=True)
    await connection.store("s.1", b"x")
    await api_refusal(connection, "STREAM.MSG.DELETE.S", {"seq": 1})
    await api_refusal(connection, "STREAM.PURGE.S", {})
    assert await read_message(connection, "S", 1) == b"x"


async def test_a_pull_ends_by_itself_and_says_how_much_it_still_wanted(connection: Connection) -> None:
    """Heartbeats name what was sent while it waits, then 408; at a consumer that was deleted nobody answers a pull."""
    await make_stream(connection)
    await connection.store("s.1", b"x")
    config = {"name": "c", "ack_policy": "none", "deliver_policy": "all", "inactive_threshold": 30 * NANOSECONDS}
    created = {"stream_name": "S", "config": config}
    await connection.api("CONSUMER.CREATE.S.c", created)
    heard = []
    inbox = connection.new_inbox()
    await connection.listen(inbox, lambda *message: heard.append(message))
    pull = b'{"batch":5,"expires":1500000000,"idle_heartbeat":500000000}'
    connection.publish("$JS.API.CONSUMER.MSG.NEXT.S.c", pull, inbox)
    await until(lambda: heard and status_of(heard[-1][3]) == 408)
    assert heard[0][:2] == ("s.1", b"x")
    assert {status_of(message[3]) for message in heard[1:-1]} == {100}
    assert {header_value(message[3], "Nats-Last-Stream") for message in heard[1:-1]} == {"1"}
    assert b"Nats-Pending-Messages: 4" in heard[-1][3]
    assert (await connection.api("CONSUMER.NAMES.S"))["consumers"] == ["c"]
    await connection.api("CONSUMER.DELETE.S.c")
    heard.clear()
    connection.publish("$JS.API.CONSUMER.MSG.NEXT.S.c", pull, inbox)
    await until(lambda: heard)
    assert [status_of(message[3]) for message in heard] == [503]
