"""Streams: what is relied on, of nats-server and of the one in memory (tests/support/broker)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from streams.broker.reader import read_message, state_of
from streams.errors import (
    WrongSequence,
)
from streams.topology import DUPLICATE_WINDOW
from tests.support.contract import (
    NANOSECONDS,
    api_refusal,
    make_stream,
    refusal,
)
from tests.support.nats import until

if TYPE_CHECKING:
    from streams.broker.connection import Connection


async def test_stored_messages_are_numbered_and_an_id_is_stored_once(connection: Connection) -> None:
    """Whoever stores the same id again gets the first one's number."""
    await make_stream(connection, duplicate_window=int(DUPLICATE_WINDOW * NANOSECONDS))
    stored = [await connection.store("s.1", b"x", name) for name in ("a", "b", "a", "", "")]
    assert stored == [(1, False), (2, False), (1, True), (3, False), (4, False)]


async def test_an_id_is_forgotten_after_the_window(connection: Connection) -> None:
    """Then the same message is another one."""
    await make_stream(connection, duplicate_window=NANOSECONDS // 10)
    assert await connection.store("s.1", b"x", "a") == (1, False)
    await until(lambda: _stores_anew(connection))


async def _stores_anew(connection: Connection) -> bool:
    return not (await connection.store("s.1", b"x", "a")).duplicate


async def test_an_expectation_holds_or_refuses(connection: Connection) -> None:
    """Of the whole stream, pipelined too, and of a subject; a refused message leaves no trace of its id."""
    await make_stream(connection)
    stored = await asyncio.gather(*(connection.store("s.1", b"x", expected_last_sequence=n) for n in range(20)))
    assert [one.sequence for one in stored] == list(range(1, 21))
    with pytest.raises(WrongSequence):
        await connection.store("s.1", b"x", "a", expected_last_sequence=19)
    assert await connection.store("s.2", b"x", "a", expected_last_sequence=20) == (21, False)
    for expected, right in ((20, False), (0, False), (21, True)):
        waiting = connection.store("s.2", b"x", headers={"Nats-Expected-Last-Subject-Sequence": str(expected)})
        if right:
            assert (await waiting).sequence == 22
        else:
            assert await refusal(waiting) == 10071


async def test_a_duplicate_that_is_also_stale_is_refused_on_one_server(connection: Connection) -> None:
    """A lost acknowledgement under an expectation is told from a stranger only by reading the message back."""
    await make_stream(connection)
    await connection.store("s.1", b"x", "a", expected_last_sequence=0)
    assert await refusal(connection.store("s.1", b"x", "a", expected_last_sequence=0)) == 10071


async def test_of_many_sent_behind_a_refused_one_none_is_stored(connection: Connection) -> None:
    """Each expects the one before it, so a hole stops all that follow."""
    await make_stream(connection)
    await connection.store("s.1", b"stranger")
    results = await asyncio.gather(
        *(connection.store("s.1", b"x", expected_last_sequence=n) for n in range(5)), return_exceptions=True
    )
    assert [type(result) for result in results[:1]] == [WrongSequence]
    assert [await read_message(connection, "S", 1), (await state_of(connection, "S")).last] == [
        b"stranger",
        1 + sum(not isinstance(result, Exception) for result in results),
    ]


async def test_a_full_stream_refuses_or_forgets(connection: Connection) -> None:
    """`discard: new` keeps what it has, `old` the newest; by count and by size."""
    await make_stream(connection, max_msgs=2, discard="new")
    await connection.store("s.1", b"1")
    await connection.store("s.1", b"2")
    assert await refusal(connection.store("s.1", b"3")) == 10077
    await connection.api("STREAM.CREATE.T", {"name": "T", "subjects": ["t"], "max_msgs": 2, "discard": "old"})
    for number in range(3):
        await connection.store("t", b"%d" % number)
    assert (await state_of(connection, "T"))[:2] == (2, 3)
    await connection.api("STREAM.CREATE.U", {"name": "U", "subjects": ["u"], "max_bytes": 1500, "discard": "new"})
    await connection.store("u", bytes(1000))
    assert await refusal(connection.store("u", bytes(1000))) == 10077


async def test_old_messages_go_when_their_time_has_passed(connection: Connection) -> None:
    """`max_age`, which may be set later; the numbers go on and the stream says where it begins."""
    config = {"name": "S", "subjects": ["s.*"], "max_bytes": 1024 * 1024}
    await connection.api("STREAM.CREATE.S", config)
    await connection.store("s.1", b"x")
    await connection.store("s.1", b"x")
    await connection.api(
        "STREAM.UPDATE.S", config | {"max_age": NANOSECONDS // 5, "duplicate_window": NANOSECONDS // 5}
    )
    await until(lambda: _begins_at(connection, 3))
    assert (await connection.store("s.1", b"x")).sequence == 3


async def _begins_at(connection: Connection, sequence: int) -> bool:
    return (await state_of(connection, "S")).first == sequence


async def test_a_stream_can_be_made_twice_but_only_alike(connection: Connection) -> None:
    """The second making of the same is no error, of another one it is 10058; UPDATE changes it."""
    await make_stream(connection)
    await make_stream(connection)
    other = {"name": "S", "subjects": ["s.*"], "max_bytes": 9 * 1024 * 1024}
    assert await api_refusal(connection, "STREAM.CREATE.S", other) == 10058
    await connection.api("STREAM.UPDATE.S", other)
    assert (await connection.api("STREAM.INFO.S"))["config"]["max_bytes"] == 9 * 1024 * 1024
    assert await api_refusal(connection, "STREAM.INFO.NONE") == 10059
    assert (await connection.api("STREAM.NAMES"))["streams"] == ["S"]


async def test_a_message_can_be_read_by_number_and_by_subject(connection: Connection) -> None:
    """None where there is none; the state has the first and the last number, an empty stream 0 and 0."""
    await make_stream(connection, allow_direct=True)
    assert (await state_of(connection, "S"))[:2] == (0, 0)
    for number in range(3):
        await connection.store(f"s.{number % 2}", b"%d" % number)
    assert (await state_of(connection, "S"))[:2] == (1, 3)
    assert await read_message(connection, "S", 2) == b"1"
    assert await read_message(connection, "S", 4) is None
    last = await connection.api("STREAM.MSG.GET.S", {"last_by_subj": "s.0"})
    assert last["message"]["seq"] == 3
    following = await connection.api("STREAM.MSG.GET.S", {"seq": 2, "next_by_subj": "s.0"})
    assert following["message"]["seq"] == 3
    assert await api_refusal(connection, "STREAM.MSG.GET.S", {"seq": 4, "next_by_subj": "s.0"}) == 10037


async def test_a_stored_message_is_a_message_even_if_it_is_refused(connection: Connection) -> None:
    """Whoever listens to a stream's subject hears what the stream never took: facts are read from the stream."""
    await make_stream(connection)
    heard = []
    await connection.subscribe("s.*", lambda _, payload, __: heard.append(payload))
    assert await refusal(connection.store("s.1", b"stale", expected_last_sequence=7)) == 10071
    await connection.store("s.1", b"right", expected_last_sequence=0)
    await until(lambda: len(heard) == 2)
    assert heard == [b"stale", b"right"]
