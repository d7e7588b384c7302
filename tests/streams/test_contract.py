"""What is relied on of nats-server, held against a real one and against the one in memory, tests/support/broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from streams import bucket as buckets
from streams.bucket import ABSENT, Bucket
from streams.connection import Connection
from streams.embedded import ANY_PORT, EmbeddedServer
from streams.errors import (
    ApiRefused,
    NobodyListens,
    NotSent,
    NotStored,
    StoreUnknown,
    StreamGap,
    StreamTooShort,
    Unavailable,
    WrongSequence,
)
from streams.headers import NO_RESPONDERS, header_value, status_of
from streams.room import measure
from streams.settings import StreamSettings
from streams.stream import StreamReader, read_message, state_of
from streams.topology import DUPLICATE_WINDOW
from tests.support.broker.client import MemoryClient
from tests.support.broker.network import Network
from tests.support.broker.server import Broker
from tests.support.nats import forget_everything, until, wire_to

NANOSECONDS = 1_000_000_000


class Far:
    """A connection over a network that can be cut, or lose what the server says."""

    connection: Connection

    def cut(self) -> None:
        """Break it and let no new one through."""

    async def mend(self) -> None:
        """Let new ones through."""

    def deafen(self) -> None:
        """Lose what the server says from now on."""


class Real:
    """A nats-server."""

    def __init__(self, url: str) -> None:
        self.settings = StreamSettings(nats_url=url)

    @asynccontextmanager
    async def far(self) -> AsyncIterator[Far]:
        async with wire_to(self.settings.nats_url) as wire:
            far = Far()
            far.connection = await Connection.open(replace(self.settings, nats_url=wire.url), "far")
            far.cut, far.mend, far.deafen = wire.cut, wire.connect, lambda: setattr(wire, "deaf", True)
            yield far
            wire.deaf = False
            await far.connection.close()


class Mortal(Real):
    """A nats-server of its own, so that it can be killed."""

    def __init__(self, server: EmbeddedServer, folder: Path) -> None:
        super().__init__(server.url)
        self._server, self._folder = server, folder

    async def restart(self) -> None:
        self._server.kill()
        await self._server.wait()
        self._server = await start(self._folder, self._server.port)

    async def stop(self) -> None:
        await self._server.stop()


async def start(folder: Path, port: int = ANY_PORT) -> EmbeddedServer:
    return await EmbeddedServer.start(folder / "nats", port, folder / "nats-server.log")


class Cuttable(Network):
    """The clients that get no connection, and those that hear nothing."""

    def __init__(self) -> None:
        self.away = set()
        self.deaf = set()

    def reachable(self, client):
        return client not in self.away

    def to_client(self, client, action):
        if client not in self.deaf or client in self.away:
            super().to_client(client, action)


class InMemory:
    """The broker."""

    def __init__(self) -> None:
        self.settings = StreamSettings()
        self._network = Cuttable()
        self.broker = Broker(self._network)

    async def restart(self) -> None:
        self.broker.stop()
        self.broker.start(revived=True)

    @asynccontextmanager
    async def far(self) -> AsyncIterator[Far]:
        far = Far()
        far.connection = await Connection.open(self.settings, "far")
        client = far.connection._client

        def cut():
            self._network.away.add(client)
            client.cut()

        async def mend():
            self._network.away.discard(client)
            self._network.deaf.discard(client)

        far.cut, far.mend, far.deafen = cut, mend, lambda: self._network.deaf.add(client)
        yield far
        self._network.deaf.discard(client)
        await far.connection.close()


@pytest_asyncio.fixture(params=["nats-server", "memory"])
async def server(request, monkeypatch, shared_server):
    if request.param == "memory":
        return in_memory(monkeypatch)
    await forget_everything(shared_server)
    return Real(shared_server)


@pytest_asyncio.fixture(params=["nats-server", "memory"])
async def mortal(request, monkeypatch, tmp_path):
    if request.param == "memory":
        yield in_memory(monkeypatch)
    else:
        made = Mortal(await start(tmp_path), tmp_path)
        yield made
        await made.stop()


def in_memory(monkeypatch) -> InMemory:
    made = InMemory()
    monkeypatch.setattr("streams.connection.NatsClient", lambda: MemoryClient(made.broker))
    return made


@pytest_asyncio.fixture
async def connection(server):
    connection = await Connection.open(server.settings, "test")
    yield connection
    await connection.close()


async def make_stream(connection, **config):
    wanted = {"name": "S", "subjects": ["s.*"], "max_bytes": 8 * 1024 * 1024} | config
    await connection.api("STREAM.CREATE.S", wanted)


async def make_bucket(connection, storage="file"):
    await connection.api("STREAM.CREATE.KV_B", buckets.stream_config("B", storage, 1, 1024 * 1024))
    return Bucket(connection, "B")


async def refusal(waiting):
    with pytest.raises(NotStored) as refused:
        await waiting
    return refused.value.code


async def api_refusal(connection, subject, body=None):
    with pytest.raises(ApiRefused) as refused:
        await connection.api(subject, body)
    return refused.value.code


async def take(reader, count):
    return [await asyncio.wait_for(anext(reader), 10) for _ in range(count)]


# Messages


async def test_messages_reach_everyone_interested_in_order(connection):
    """By name, by one token and by the rest; a queue's members share, so one of them gets each."""
    heard = {subject: [] for subject in ("a.b", "a.*", "a.>", "*.b.c", "b")}
    for subject, messages in heard.items():
        await connection.subscribe(subject, lambda about, _, __, messages=messages: messages.append(about))
    shared = []
    for member in range(2):
        await connection.subscribe("a.b", lambda *_, member=member: shared.append(member), queue="q")
    for subject in ("a.b", "a.b.c", "a.c", "b"):
        connection.publish(subject, b"")
    await until(lambda: heard["b"])
    assert heard == {
        "a.b": ["a.b"],
        "a.*": ["a.b", "a.c"],
        "a.>": ["a.b", "a.b.c", "a.c"],
        "*.b.c": ["a.b.c"],
        "b": ["b"],
    }
    assert len(shared) == 1


async def test_a_question_that_nobody_hears_is_answered_so(connection):
    """At once, with a status in place of a message; once somebody listens it is left to them."""
    with pytest.raises(NobodyListens):
        await connection.request("nobody", b"", 30)
    statuses = []
    with connection.replies(lambda _, __, ___, headers: statuses.append(status_of(headers))) as inbox:
        connection.publish("nobody", b"", inbox)
        await until(lambda: statuses)
    assert statuses == [NO_RESPONDERS]
    subscription = await connection.subscribe("nobody", lambda _, payload, reply: connection.publish(reply, payload))
    assert await connection.request("nobody", b"!", 10) == b"!"
    await subscription.close()
    with pytest.raises(NobodyListens):
        await connection.request("nobody", b"", 30)


async def test_a_cut_connection_loses_what_is_under_way_and_nothing_of_what_is_subscribed(server, connection):
    """In flight is unknown, new is not sent, asked is unavailable; afterwards old subscriptions hear again."""
    await make_stream(connection)
    async with server.far() as far:
        heard, events = [], []
        await far.connection.subscribe("a", lambda _, payload, __: heard.append(payload))
        far.connection.on_disconnect(lambda: events.append("away"))
        far.connection.on_reconnect(lambda: events.append("back"))
        far.deafen()
        in_flight = far.connection.store("s.1", b"x", timeout_seconds=60)
        far.cut()
        with pytest.raises(StoreUnknown):
            await in_flight
        await until(lambda: events)
        with pytest.raises(NotSent):
            await far.connection.store("s.1", b"y")
        with pytest.raises(Unavailable):
            await far.connection.request("a", b"", 60)
        connection.publish("a", b"lost")
        await connection.api("INFO")
    await connection.api("INFO")
    async with server.far() as far:
        heard = []
        await far.connection.subscribe("a", lambda _, payload, __: heard.append(payload))
        far.cut()
        await until(lambda: not far.connection.connected)
        connection.publish("a", b"lost")
        await connection.api("INFO")
        await far.mend()
        await until(lambda: far.connection.connected)
        await far.connection.api("INFO")
        connection.publish("a", b"heard")
        await until(lambda: heard)
        assert heard == [b"heard"]


async def test_an_unheard_acknowledgement_is_unknown_although_it_is_stored(server, connection):
    """The message is there, and its repetition under the same id finds it."""
    await make_stream(connection)
    async with server.far() as far:
        far.deafen()
        with pytest.raises(StoreUnknown):
            await far.connection.store("s.1", b"x", "id", timeout_seconds=0.2)
    assert await connection.store("s.1", b"x", "id") == (1, True)


# Streams


async def test_stored_messages_are_numbered_and_an_id_is_stored_once(connection):
    """Whoever stores the same id again gets the first one's number."""
    await make_stream(connection, duplicate_window=int(DUPLICATE_WINDOW * NANOSECONDS))
    stored = [await connection.store("s.1", b"x", name) for name in ("a", "b", "a", "", "")]
    assert stored == [(1, False), (2, False), (1, True), (3, False), (4, False)]


async def test_an_id_is_forgotten_after_the_window(connection):
    """Then the same message is another one."""
    await make_stream(connection, duplicate_window=NANOSECONDS // 10)
    assert await connection.store("s.1", b"x", "a") == (1, False)
    await until(lambda: _stores_anew(connection))


async def _stores_anew(connection):
    return not (await connection.store("s.1", b"x", "a")).duplicate


async def test_an_expectation_holds_or_refuses(connection):
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


async def test_a_duplicate_that_is_also_stale_is_refused_on_one_server(connection):
    """A lost acknowledgement under an expectation is told from a stranger only by reading the message back."""
    await make_stream(connection)
    await connection.store("s.1", b"x", "a", expected_last_sequence=0)
    assert await refusal(connection.store("s.1", b"x", "a", expected_last_sequence=0)) == 10071


async def test_of_many_sent_behind_a_refused_one_none_is_stored(connection):
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


async def test_a_full_stream_refuses_or_forgets(connection):
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


async def test_old_messages_go_when_their_time_has_passed(connection):
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


async def _begins_at(connection, sequence):
    return (await state_of(connection, "S")).first == sequence


async def test_a_stream_can_be_made_twice_but_only_alike(connection):
    """The second making of the same is no error, of another one it is 10058; UPDATE changes it."""
    await make_stream(connection)
    await make_stream(connection)
    other = {"name": "S", "subjects": ["s.*"], "max_bytes": 9 * 1024 * 1024}
    assert await api_refusal(connection, "STREAM.CREATE.S", other) == 10058
    await connection.api("STREAM.UPDATE.S", other)
    assert (await connection.api("STREAM.INFO.S"))["config"]["max_bytes"] == 9 * 1024 * 1024
    assert await api_refusal(connection, "STREAM.INFO.NONE") == 10059
    assert (await connection.api("STREAM.NAMES"))["streams"] == ["S"]


async def test_a_message_can_be_read_by_number_and_by_subject(connection):
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


async def test_a_stored_message_is_a_message_even_if_it_is_refused(connection):
    """Whoever listens to a stream's subject hears what the stream never took: facts are read from the stream."""
    await make_stream(connection)
    heard = []
    await connection.subscribe("s.*", lambda _, payload, __: heard.append(payload))
    assert await refusal(connection.store("s.1", b"stale", expected_last_sequence=7)) == 10071
    await connection.store("s.1", b"right", expected_last_sequence=0)
    await until(lambda: len(heard) == 2)
    assert heard == [b"stale", b"right"]


# Reading


async def test_a_reader_gets_everything_once_in_order_with_times_and_what_is_behind(connection):
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


async def test_a_reader_says_what_is_missing(connection):
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


async def test_a_stream_loses_its_beginning_up_to_a_sequence(connection):
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


async def test_a_stream_that_forbids_it_forgets_nothing(connection):
    """`deny_delete` and `deny_purge`."""
    await make_stream(connection, deny_delete=True, deny_purge=True)
    await connection.store("s.1", b"x")
    await api_refusal(connection, "STREAM.MSG.DELETE.S", {"seq": 1})
    await api_refusal(connection, "STREAM.PURGE.S", {})
    assert await read_message(connection, "S", 1) == b"x"


async def test_a_pull_ends_by_itself_and_says_how_much_it_still_wanted(connection):
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


# Buckets


async def test_a_key_is_written_by_whoever_saw_it_last(connection):
    """0 creates, another's revision is refused, none overwrites; what is read is the last value of each."""
    bucket = await make_bucket(connection)
    assert await bucket.get("a") == ABSENT
    assert await bucket.read_all() == {}
    first = await bucket.put("a", "1", 0)
    for stale in (0, first.sequence + 5):
        with pytest.raises(WrongSequence):
            await bucket.put("a", "x", stale)
    await bucket.put("b.c", "2", 0)
    await bucket.put("a", "3", first.sequence)
    await bucket.put("b.c", "4")
    assert {key: entry.value for key, entry in (await bucket.read_all()).items()} == {"a": "3", "b.c": "4"}
    assert (await bucket.get("a")).value == "3"


async def test_keys_can_be_read_a_few_at_a_time(connection):
    """Those of a pattern, in the order in which they were written last, from a revision on."""
    bucket = await make_bucket(connection)
    for key in ("a.1", "b.1", "a.2", "a.3", "a.1"):
        last = await bucket.put(key, "x")
    assert list(await bucket.read_on("a.>", 1, 2)) == ["a.2", "a.3"]
    assert await bucket.read_on("a.>", last.sequence, 2) == {"a.1": ("x", last.sequence)}
    assert await bucket.read_on("a.>", last.sequence + 1, 2) == {}
    assert list(await bucket.read_all("b.*", "a.2", "c")) == ["b.1", "a.2"]


async def test_a_key_lapses_unless_it_is_renewed(connection):
    """After its time to live it is absent and may be created again; each write states it anew."""
    bucket = await make_bucket(connection, "memory")
    await bucket.put("a", "1", 0, ttl_seconds=1)
    await bucket.put("b", "1", 0, ttl_seconds=1)
    await bucket.put("b", "2", ttl_seconds=60)
    await until(lambda: _absent(bucket, "a"))
    assert (await bucket.get("b")).value == "2"
    assert list(await bucket.read_all()) == ["b"]
    await bucket.put("a", "2", 0, ttl_seconds=60)
    assert (await bucket.get("a")).value == "2"


async def _absent(bucket, key):
    return await bucket.get(key) == ABSENT


# A server that dies


async def test_a_killed_server_has_all_that_it_acknowledged_and_forgets_what_was_in_memory(mortal):
    """Files, numbers and ids are there again; a stream in memory is not, nor is any consumer; readers go on."""
    connection = await Connection.open(mortal.settings, "test")
    await make_stream(connection, duplicate_window=int(DUPLICATE_WINDOW * NANOSECONDS))
    await connection.api("STREAM.CREATE.M", {"name": "M", "subjects": ["m"], "storage": "memory"})
    await connection.store("s.1", b"1", "a")
    back = []
    connection.on_reconnect(lambda: back.append(1))
    async with StreamReader(connection, "S", 1) as reader:
        await take(reader, 1)
        await mortal.restart()
        await until(lambda: back)
        assert await connection.store("s.1", b"1", "a") == (1, True)
        assert (await connection.store("s.1", b"2", "b")).sequence == 2
        assert [message.payload for message in await take(reader, 1)] == [b"2"]
    assert await api_refusal(connection, "STREAM.INFO.M") == 10059
    await connection.close()


async def test_a_removed_key_comes_back_and_one_that_is_written_over_does_not(mortal):
    """Whatever removes it (nats-server issue 8505): with what it held before, unless that had its own time to live."""
    connection = await Connection.open(mortal.settings, "test")
    bucket = await make_bucket(connection)
    purge = "STREAM.PURGE.KV_B"
    for value in ("1", "2"):
        for key in ("emptied", "purged", "over", "mortal"):
            await bucket.put(key, value, None, 2.0 if key == "mortal" else None)
        await bucket.put("other", value)
    await bucket.put("emptied", "", None, 1.0)
    await bucket.put("over", "")
    await connection.api(purge, {"filter": "$KV.B.purged"})
    await until(lambda: _absent(bucket, "emptied"))
    await until(lambda: _absent(bucket, "mortal"))
    assert set(await bucket.read_all()) == {"over", "other"}
    await bucket.put("other", "3")
    back = []
    connection.on_reconnect(lambda: back.append(1))
    await mortal.restart()
    await until(lambda: back)
    await until(lambda: _absent(bucket, "mortal"))  # it may be there again, for a moment
    held = {key: entry.value for key, entry in (await bucket.read_all()).items()}
    assert held == {"emptied": "2", "purged": "1", "over": "", "other": "3"}
    await connection.close()
