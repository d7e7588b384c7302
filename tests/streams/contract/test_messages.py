"""Messages: what is relied on, of nats-server and of the one in memory (tests/support/broker)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streams.broker.headers import NO_RESPONDERS, status_of
from streams.errors import (
    NobodyListens,
    NotSent,
    StoreUnknown,
    Unavailable,
)
from tests.support.contract import (
    make_stream,
)
from tests.support.nats import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.broker.connection import Connection
    from tests.support.contract import Server


def subjects_into(heard: list[str]) -> Callable[[str, bytes, str], None]:
    return lambda subject, _, __: heard.append(subject)


async def test_messages_reach_everyone_interested_in_order(connection: Connection) -> None:
    """By name, by one token and by the rest; a queue's members share, so one of them gets each."""
    heard: dict[str, list[str]] = {subject: [] for subject in ("a.b", "a.*", "a.>", "*.b.c", "b")}
    for subject, messages in heard.items():
        await connection.subscribe(subject, subjects_into(messages))
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


async def test_a_question_that_nobody_hears_is_answered_so(connection: Connection) -> None:
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


async def test_a_cut_connection_loses_what_is_under_way_and_nothing_of_what_is_subscribed(
    server: Server, connection: Connection
) -> None:
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


async def test_an_unheard_acknowledgement_is_unknown_although_it_is_stored(
    server: Server, connection: Connection
) -> None:
    """The message is there, and its repetition under the same id finds it."""
    await make_stream(connection)
    async with server.far() as far:
        far.deafen()
        with pytest.raises(StoreUnknown):
            await far.connection.store("s.1", b"x", "id", timeout_seconds=0.2)
    assert await connection.store("s.1", b"x", "id") == (1, True)
