"""streams/broker/connection.py, client.py, headers.py: the one way to the server."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from streams import subjects, topology
from streams.broker.bucket import Bucket
from streams.broker.connection import Connection, Watch
from streams.broker.failover import in_turn
from streams.errors import (
    ApiRefused,
    NobodyListens,
    NotSent,
    NotStored,
    PayloadTooLarge,
    StoreUnknown,
    Unavailable,
    WrongSequence,
)
from streams.settings import StreamSettings
from tests.support.nats import until, wire_to


async def make_stream(connection: Connection, **config: Any) -> None:
    await connection.api("STREAM.CREATE.S", {"name": "S", "subjects": ["s"], "max_bytes": 1024 * 1024} | config)


async def test_messages_arrive_in_the_order_they_were_published(connection: Connection) -> None:
    """A subscriber is called once for each message, in order, with its subject and reply subject."""
    heard = []
    await connection.subscribe("a.*", lambda *message: heard.append(message))
    for number in range(1000):
        connection.publish(f"a.{number}", b"x" * number, "back")
    await until(lambda: len(heard) == 1000)
    assert heard == [(f"a.{number}", b"x" * number, "back") for number in range(1000)]


def test_processes_begin_at_different_servers() -> None:
    """Those whose names end in a number take turns; others begin anywhere; each has all of them, in the same order."""
    servers = ["a", "b", "c"]
    assert [in_turn(servers, f"gateway-{number}") for number in (3, 4, 5)] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
    ]
    assert in_turn(servers, "") in (["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"])
    assert in_turn(["a"], "gateway-7") == ["a"]


async def test_a_connection_moves_only_where_there_is_another_server(
    connection: Connection, settings: StreamSettings
) -> None:
    """To the next one of its servers, and its subscriptions with it."""
    assert not connection.can_move()
    async with wire_to(settings.nats_url) as wire:
        both = await Connection.open(replace(settings, nats_url=f"{settings.nats_url},{wire.url}", name="gw-0"), "both")
        heard, back = [], []
        await both.subscribe("a", lambda *message: heard.append(message))
        both.on_reconnect(lambda: back.append(1))
        assert not wire.carries
        assert both.can_move()
        await both.move()
        await until(lambda: back)
        assert wire.carries
        both.publish("a", b"1")
        await until(lambda: heard)
        await both.close()


async def test_a_closed_subscription_hears_nothing(connection: Connection) -> None:
    """Once `close` was called the callback is not called any more, and others are."""
    first, second = [], []
    subscription = await connection.subscribe("a", lambda *message: first.append(message))
    await connection.subscribe("a", lambda *message: second.append(message))
    await subscription.close()
    connection.publish("a", b"")
    await until(lambda: second)
    assert first == []


async def test_a_receiver_that_raises_does_not_deafen_the_others(connection: Connection) -> None:
    """An exception in one callback is the end of that call and of nothing else."""
    heard = []

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    await connection.subscribe("a", fail)
    await connection.subscribe("a", lambda *message: heard.append(message))
    connection.publish("a", b"1")
    connection.publish("a", b"2")
    await until(lambda: len(heard) == 2)


async def test_a_request_gets_its_own_answer(connection: Connection) -> None:
    """Many requests at once are each answered with what was asked."""
    await connection.subscribe("echo", lambda _, payload, reply: connection.publish(reply, payload))
    answers = await asyncio.gather(*(connection.request("echo", b"%d" % n, 5) for n in range(100)))
    assert answers == [b"%d" % n for n in range(100)]


async def test_a_request_nobody_listens_to_fails_at_once(connection: Connection) -> None:
    """No subscriber: NobodyListens without waiting; a subscriber that is silent: Unavailable after the time."""
    with pytest.raises(NobodyListens):
        await connection.request("nobody", b"", 60)
    await connection.subscribe("silent", lambda *_: None)
    with pytest.raises(Unavailable):
        await connection.request("silent", b"", 0.05)
    assert len(connection._replies) == 0


async def test_what_is_stored_says_where(connection: Connection) -> None:
    """Sequences count up, and the same message id twice is one message."""
    await make_stream(connection)
    stored = await asyncio.gather(*(connection.store("s", b"x", message_id=name) for name in ("a", "b", "a")))
    assert [(s.sequence, s.duplicate) for s in stored] == [(1, False), (2, False), (1, True)]


async def test_a_refusal_is_definite_and_names_its_kind(connection: Connection) -> None:
    """No stream, a full one, and a wrong expectation are told apart; none of them is stored."""
    with pytest.raises(NotStored):
        await connection.store("s", b"x")
    await make_stream(connection, max_msgs=1, discard="new")
    with pytest.raises(WrongSequence):
        await connection.store("s", b"x", expected_last_sequence=7)
    await connection.store("s", b"x", expected_last_sequence=0)
    with pytest.raises(NotStored) as full:
        await connection.store("s", b"x")
    assert full.value.code == 10077
    assert (await connection.api("STREAM.INFO.S"))["state"]["messages"] == 1


async def test_pipelined_expectations_hold(connection: Connection) -> None:
    """Stores that expect one another's sequences may all be in flight at once."""
    await make_stream(connection)
    stored = await asyncio.gather(*(connection.store("s", b"x", expected_last_sequence=n) for n in range(50)))
    assert [s.sequence for s in stored] == list(range(1, 51))


async def test_an_api_error_is_raised_with_its_code(connection: Connection) -> None:
    """A stream that does not exist is 10059."""
    with pytest.raises(ApiRefused) as refused:
        await connection.api("STREAM.INFO.NONE")
    assert refused.value.code == 10059


async def test_too_large_a_payload_is_refused_here(connection: Connection) -> None:
    """The server would close the connection for good; it never sees the message."""
    payload = bytes(connection.payload_max + 1)
    with pytest.raises(PayloadTooLarge):
        connection.publish("a", payload)
    with pytest.raises(PayloadTooLarge):
        connection.store("a", payload)
    await make_stream(connection, max_bytes=32 * 1024 * 1024)
    assert (await connection.store("s", payload[1:], message_id="m", expected_last_sequence=0)).sequence == 1


async def test_a_lost_acknowledgement_is_unknown(settings: StreamSettings, connection: Connection) -> None:
    """Stored or not, without an answer in time the outcome is StoreUnknown and never a refusal."""
    await make_stream(connection)
    async with wire_to(settings.nats_url) as wire:
        far = await Connection.open(replace(settings, nats_url=wire.url), "far")
        wire.deaf = True
        with pytest.raises(StoreUnknown):
            await far.store("s", b"x", timeout_seconds=0.1)
        await far.close()
    assert (await connection.api("STREAM.INFO.S"))["state"]["messages"] == 1


async def test_a_broken_connection_fails_what_is_in_flight_and_refuses_what_is_new(
    settings: StreamSettings, connection: Connection
) -> None:
    """In flight: unknown, at once. New: not sent. Published: gone, also after the reconnect."""
    await make_stream(connection)
    heard = []
    await connection.subscribe("a", lambda _, payload, __: heard.append(payload))
    async with wire_to(settings.nats_url) as wire:
        far = await Connection.open(replace(settings, nats_url=wire.url), "far")
        away, back = [], []
        far.on_disconnect(lambda: away.append(1))
        far.on_reconnect(lambda: back.append(1))
        wire.deaf = True
        in_flight = far.store("s", b"x", timeout_seconds=60)
        wire.cut()
        with pytest.raises(StoreUnknown):
            await in_flight
        await until(lambda: away)
        assert not far.connected
        with pytest.raises(NotSent):
            await far.store("s", b"y")
        with pytest.raises(Unavailable):
            await far.request("a", b"", 60)
        far.publish("a", b"while away")
        wire.deaf = False
        await wire.connect()
        await until(lambda: back)
        far.publish("a", b"after")
        await until(lambda: heard)
        assert heard == [b"after"]
        await far.close()


async def test_subscriptions_outlive_a_reconnect(settings: StreamSettings, connection: Connection) -> None:
    """What was subscribed before the break is heard after it, without doing anything."""
    heard = []
    async with wire_to(settings.nats_url) as wire:
        far = await Connection.open(replace(settings, nats_url=wire.url), "far")
        await far.subscribe("a", lambda _, payload, __: heard.append(payload))
        wire.cut()
        await until(lambda: not far.connected)
        await wire.connect()
        await until(lambda: far.connected)
        await far.request("$JS.API.INFO", b"", 5)
        connection.publish("a", b"hello")
        await until(lambda: heard)
        await far.close()


async def test_a_deaf_connection_is_replaced(settings: StreamSettings) -> None:
    """When its own echo does not come back, the connection is made anew although nothing looked broken."""
    async with wire_to(settings.nats_url) as wire:
        far = await Connection.open(replace(settings, nats_url=wire.url), "far", watch=Watch(0.05, 0.2))
        back = []
        far.on_reconnect(lambda: back.append(1))
        wire.deaf = True
        await until(lambda: not far.connected)
        wire.deaf = False
        await until(lambda: back)
        await far.request("$JS.API.INFO", b"", 5)
        await far.close()


async def test_opening_waits_for_a_server(settings: StreamSettings) -> None:
    """A process may start before its server; it connects when the server comes."""
    async with wire_to(settings.nats_url) as wire:
        wire.cut()
        opening = asyncio.create_task(Connection.open(replace(settings, nats_url=wire.url), "early"))
        await wire.connect()
        early = await asyncio.wait_for(opening, 10)
        assert early.connected
        await early.close()
        assert early.closed.is_set()


async def test_whoever_publishes_to_a_closed_transport_is_told_nothing(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The loss is heard of a moment later; until then what is published is gone, without a fault in the log."""

    def refuse(_: bytes) -> None:
        raise RuntimeError("the handler is closed")

    with monkeypatch.context() as closed:
        closed.setattr(connection._client._transport, "write", refuse)
        connection.publish("quiet", b"")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert caplog.records == []
    assert connection.connected


async def test_whoever_publishes_in_bulk_is_not_broken_by_a_broken_connection(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting for a socket that has just been lost ends at once: what was on it is gone like all that is published."""

    async def lost() -> None:
        raise ConnectionResetError("Connection lost")

    # The moment between the loss and nats-py's hearing of it cannot be met by cutting a wire.
    monkeypatch.setattr(connection._client._transport, "drain", lost)
    await connection.writable()
    assert connection.connected


async def test_who_waits_for_an_answer_is_told_that_the_connection_broke(
    settings: StreamSettings, connection: Connection
) -> None:
    """It will not come any more, so nobody waits for its time limit; the same for many answers in one."""
    await topology.ensure(connection, settings)
    async with wire_to(settings.nats_url) as wire:
        far = await Connection.open(replace(settings, nats_url=wire.url), "far")
        await far.subscribe("silence", lambda *_: None)
        wire.deaf = True
        asking = [
            asyncio.create_task(far.request("silence", b"", 3600.0)),
            asyncio.create_task(Bucket(far, subjects.LEASES).read_all()),
        ]
        await asyncio.sleep(0)
        wire.cut()
        for asked in asking:
            with pytest.raises(Unavailable, match="the connection broke"):
                await asked
        await far.close()


async def test_servers_that_are_away_are_logged_once_each_and_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often each is tried, whether it refuses or its name is not resolved; and nothing else is logged."""
    loop, asked, unheard = asyncio.get_running_loop(), [], []
    loop.set_exception_handler(lambda _, context: unheard.append(context))
    resolved = loop.getaddrinfo

    async def resolve(host: str, *arguments: Any, **options: Any) -> Any:
        asked.append(host)
        if host == "nats.invalid":
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return await resolved(host, *arguments, **options)

    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refusing = f"nats://127.0.0.1:{closed.getsockname()[1]}"
    away = StreamSettings(nats_url=f"nats://nats.invalid:4222,{refusing}", name="gateway-1")
    with capture_logs() as lines:
        opening = asyncio.create_task(Connection.open(away, "test"))
        await until(lambda: asked.count("nats.invalid") > 3)
        opening.cancel()
        await asyncio.wait([opening])
    assert {(line["event"], line["log_level"]) for line in lines} == {("connection.trouble", "warning")}
    assert sorted(line["error"].partition(":")[0] for line in lines) == ["ConnectionRefusedError", "gaierror"]
    assert any(line["error"].endswith("resolution: nats.invalid") for line in lines)
    assert not unheard
