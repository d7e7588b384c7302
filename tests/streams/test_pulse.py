"""streams/leadership/process_liveness.py: a closed connection is death, silence is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from streams import subjects
from streams.leadership.process_liveness import ABSENCES_MAX, Pulse

if TYPE_CHECKING:
    from streams.broker.connection import Connection


@pytest_asyncio.fixture
async def pulse(connection: Connection) -> Pulse:
    return Pulse(connection)


async def test_who_answers_is_there(connection: Connection, pulse: Pulse) -> None:
    """However often it is asked."""
    answering = await connection.subscribe(subjects.worker("anna"), lambda _, __, reply: connection.publish(reply, b""))
    for _ in range(ABSENCES_MAX + 1):
        assert await pulse.missing(["anna"]) == []
    await answering.close()


async def test_who_listens_and_says_nothing_is_there(connection: Connection, pulse: Pulse) -> None:
    """A frozen process keeps its connection: its lease will tell."""
    mute = await connection.subscribe(subjects.worker("anna"), lambda *_: None)
    for _ in range(ABSENCES_MAX + 1):
        assert await pulse.missing(["anna"]) == []
    await mute.close()


async def test_who_is_absent_several_times_running_is_dead(connection: Connection, pulse: Pulse) -> None:
    """Not at the first time: it may be connecting again."""
    for _ in range(ABSENCES_MAX - 1):
        assert await pulse.missing(["anna"]) == []
    assert await pulse.missing(["anna"]) == ["anna"]


async def test_who_comes_back_begins_anew(connection: Connection, pulse: Pulse) -> None:
    """Absences count only without a presence between them."""
    for _ in range(ABSENCES_MAX - 1):
        await pulse.missing(["anna"])
    back = await connection.subscribe(subjects.worker("anna"), lambda *_: None)
    assert await pulse.missing(["anna"]) == []
    await back.close()
    for _ in range(ABSENCES_MAX - 1):
        assert await pulse.missing(["anna"]) == []
