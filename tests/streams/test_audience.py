"""Under load nothing is printed for nobody, and nobody who listens misses anything."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest_asyncio

from streams.audience import PRINTED_PER_ROUND, ROUND, Audience
from tests.support.nats import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from streams.connection import Connection

SUBJECT = "md.ACME.book"


@pytest_asyncio.fixture
async def audience(connection: Connection) -> AsyncIterator[Audience]:
    audience = Audience(connection)
    running = asyncio.create_task(audience.run())
    await until(lambda: audience._inbox != "")
    yield audience
    running.cancel()


async def silence(audience: Audience) -> None:
    """Publish until the server has told that nobody listens."""

    def unheard() -> bool:
        audience.publish(SUBJECT, b"{}")
        return SUBJECT in audience._silent

    await until(unheard)


async def test_what_nobody_hears_is_printed_a_few_times_a_round_only(audience: Audience) -> None:
    """A busy subject without listeners costs next to nothing."""
    await silence(audience)
    printed = sum(audience.hears(SUBJECT) for _ in range(10_000))
    assert printed <= PRINTED_PER_ROUND


async def test_a_quiet_subject_is_always_printed(audience: Audience) -> None:
    """Whoever listens to a quiet market gets its first message, however long nobody has listened before."""
    await silence(audience)
    await asyncio.sleep(ROUND * 2)
    assert audience.hears(SUBJECT)


async def test_a_listener_is_noticed_within_two_rounds(audience: Audience, connection: Connection) -> None:
    """Somebody who subscribes to a busy subject soon gets every message of it."""
    await silence(audience)
    subscription = await connection.subscribe(SUBJECT, lambda *_: None)

    def heard() -> bool:
        audience.publish(SUBJECT, b"{}")
        return SUBJECT not in audience._silent and all(audience.hears(SUBJECT) for _ in range(1_000))

    await until(heard)
    await subscription.close()


async def test_a_question_makes_everything_heard(audience: Audience) -> None:
    """After a snapshot was asked for, nothing that follows it is left out."""
    await silence(audience)
    audience.listen_again()
    assert all(audience.hears(SUBJECT) for _ in range(10_000))
