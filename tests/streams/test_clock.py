"""streams/journal/clock.py: an estimate of journal time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streams.broker.reader import state_of
from streams.journal.clock import JournalClock, keep_time
from tests.support.nats import until

if TYPE_CHECKING:
    from streams.broker.connection import Connection

SECOND = 1_000_000_000


class Monotonic:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def test_the_clock_runs_on_from_what_it_learned() -> None:
    """Between messages time passes as the monotonic clock says, from the middle of the round trip."""
    monotonic = Monotonic()
    clock = JournalClock(monotonic)
    clock.learn(at=5_000 * SECOND, sent=0, received=2 * SECOND)
    monotonic.now = 11 * SECOND
    assert clock.now() == 5_010 * SECOND


def test_a_message_corrects_the_clock_both_ways() -> None:
    """The latest message wins, whether the clock was fast or slow; time seen in a journal is never unseen."""
    monotonic = Monotonic()
    clock = JournalClock(monotonic)
    clock.learn(at=5_000 * SECOND, sent=0, received=0)
    clock.learn(at=9_000 * SECOND, sent=0, received=0)
    assert clock.now() == 9_000 * SECOND
    monotonic.now = 100 * SECOND
    clock.learn(at=9_050 * SECOND, sent=100 * SECOND, received=100 * SECOND)
    assert clock.now() == 9_050 * SECOND


def test_journal_time_that_stands_still_does_not_set_the_clock_back() -> None:
    """After the server's clock was set back, messages carry the last time again; the estimate never goes below it."""
    monotonic = Monotonic()
    clock = JournalClock(monotonic)
    clock.learn(at=5_000 * SECOND, sent=0, received=0)
    clock.learn_server_time(1_000 * SECOND, sent=0, received=0)
    assert clock.now() == 5_000 * SECOND
    monotonic.now = 10 * SECOND
    clock.learn(at=5_000 * SECOND, sent=10 * SECOND, received=10 * SECOND)
    assert clock.now() == 5_000 * SECOND


async def test_the_servers_clock_is_looked_at(connection: Connection) -> None:
    """An idle process learns the server's time by asking for it."""
    await connection.api("STREAM.CREATE.S", {"name": "S", "subjects": ["s"], "max_bytes": 1024 * 1024})
    clock = JournalClock()
    clock.learn_server_time(1, 0, 0)
    task = asyncio.create_task(keep_time(connection, clock, "S"))
    server_time = (await state_of(connection, "S")).read_at
    await until(lambda: abs(clock.now() - server_time) < 10 * SECOND)
    task.cancel()
