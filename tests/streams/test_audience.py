"""Under load nothing is printed for nobody, and nobody who listens misses anything; on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

from streams.broker.connection import Connection
from streams.leadership.audience import PRINTED_PER_ROUND, ROUND, Audience
from tests.support.virtual import Stage

SUBJECT = "md.ACME.book"


class Unheard:
    """An audience of a busy subject that nobody listens to, as the server has told."""

    def __init__(self, connection: Connection) -> None:
        self.audience = Audience(connection)
        self.hears = self.audience.hears

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self.audience.run())
        while self.hears_all():
            await self.publish(ROUND / 10)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()

    async def publish(self, seconds: float) -> None:
        """Publish, and let so much time pass."""
        self.audience.publish(SUBJECT, b"{}")
        await asyncio.sleep(seconds)

    def hears_all(self) -> bool:
        """Whether every message is printed, however many there are."""
        return all(self.hears(SUBJECT) for _ in range(1_000))


def play(act: Callable[[Unheard, Connection], Awaitable[None]]) -> None:
    """Let `act` have such an audience."""

    async def with_connection(connection: Connection) -> None:
        async with Unheard(connection) as unheard:
            await act(unheard, connection)

    Stage().play(with_connection)


def test_what_nobody_hears_is_printed_a_few_times_a_round_only() -> None:
    """A busy subject without listeners costs next to nothing."""

    async def act(unheard: Unheard, _: Connection) -> None:
        for _again in range(10):
            await unheard.publish(ROUND)
            printed = sum(unheard.hears(SUBJECT) for _ in range(10_000))
            assert printed <= PRINTED_PER_ROUND

    play(act)


def test_a_quiet_subject_is_always_printed() -> None:
    """Whoever listens to a quiet market gets its first message, however long nobody has listened before."""

    async def act(unheard: Unheard, _: Connection) -> None:
        await asyncio.sleep(ROUND * 2)
        assert unheard.hears(SUBJECT)

    play(act)


def test_a_listener_is_noticed_within_two_rounds() -> None:
    """Somebody who subscribes to a busy subject gets every message of it from then on."""

    async def act(unheard: Unheard, connection: Connection) -> None:
        await connection.subscribe(SUBJECT, lambda *_: None)
        for _ in range(20):
            await unheard.publish(ROUND / 10)
        for _ in range(20):
            assert unheard.hears_all()
            await unheard.publish(ROUND / 10)

    play(act)


def test_a_question_makes_everything_heard() -> None:
    """After a snapshot was asked for, nothing that follows it is left out."""

    async def act(unheard: Unheard, _: Connection) -> None:
        assert not unheard.hears_all()
        unheard.audience.listen_again()
        assert unheard.hears_all()

    play(act)
