"""leadership/publisher.py: however much there is to tell, it is told in order, and the process goes on meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest_asyncio

from exchange.commands import Command, SetPhase
from exchange.terms import AUCTION, CONTINUOUS
from streams.leadership.audience import Audience
from streams.leadership.lease_doubt import Certainty
from streams.leadership.publisher import WAITING_MAX, Teller
from streams.partition.partition import Output, Partition
from streams.wire import codec
from tests.support.journaled import Journaled, buy, sell
from tests.support.nats import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from streams.broker.connection import Connection

ORDERS = 3_000
LEASE_SECONDS = 1_000.0
"""Nobody takes this process for frozen."""


class Scene:
    """A teller, what is heard of it, and the journal that it tells of."""

    def __init__(self, connection: Connection, teller: Teller) -> None:
        self.connection = connection
        self.teller = teller
        self.heard: list[tuple[str, bytes]] = []
        self.journaled = Journaled()
        self.journaled.send(SetPhase("ACME", AUCTION))
        for first in range(0, ORDERS, 250):
            names = range(first, first + 250)
            self.journaled.send(
                *[buy("anna", 1, 100, f"b{n}") for n in names], *[sell("boris", 1, 100, f"s{n}") for n in names]
            )
        self.partition, self.twin = self.journaled.partition, Partition(3)
        for entry in self.journaled.journal:
            self.twin.answer(*entry, render=False)
        self.expected: list[list[tuple[str, bytes] | None]] = []

    def answer(self, *commands: Command) -> Output:
        """The output of the next message of the journal; what it is to tell is expected."""
        sequence = self.partition.sequence + 1
        data = codec.encode_batch("test", sequence, [codec.encode_command(command) for command in commands])
        again = self.twin.answer(data, sequence, self.journaled.now)
        self.expected.append(list(again.messages()))
        return self.partition.answer(data, sequence, self.journaled.now)


@pytest_asyncio.fixture
async def scene(connection: Connection) -> AsyncIterator[Scene]:
    audience, certainty = Audience(connection), Certainty(LEASE_SECONDS)
    teller = Teller(connection, audience, certainty, 3)
    scene = Scene(connection, teller)
    for subject in ("exec.*", "md.>"):
        await connection.subscribe(subject, lambda about, payload, _: scene.heard.append((about, payload)))
    tasks = [asyncio.create_task(work.run()) for work in (audience, teller)]
    yield scene
    for task in tasks:
        task.cancel()


async def test_what_follows_waits_behind_a_long_uncross(scene: Scene) -> None:
    """Orders after it are answered meanwhile; what they are told by comes after it, on every subject."""
    outputs = [
        scene.answer(buy("carla", 1, 1, "before")),
        scene.answer(SetPhase("ACME", CONTINUOUS)),
        *[scene.answer(buy("anna", 1, 2 + n, f"after{n}")) for n in range(3)],
    ]
    expected = [message for messages in scene.expected for message in messages if message is not None]
    for output in outputs:
        await scene.teller.tell(output)
    assert not scene.teller.idle
    await scene.teller.settle()
    await until(lambda: len(scene.heard) >= len(expected))
    assert scene.heard == expected


async def test_others_have_their_turn_between_any_two_pieces(scene: Scene) -> None:
    """The loop goes round as often as there are pieces, at the least."""
    uncross = scene.answer(SetPhase("ACME", CONTINUOUS))
    turns = 0
    await scene.teller.tell(uncross)
    while not scene.teller.idle:
        turns += 1
        await asyncio.sleep(0)
    at_once = len(uncross.reports) + len(uncross.market_data)
    assert turns >= len(scene.expected[-1]) - at_once > 2


async def test_what_waits_is_bounded(scene: Scene) -> None:
    """Beyond the bound whoever tells has to wait until the first of it is told."""
    uncross = scene.answer(SetPhase("ACME", CONTINUOUS))
    outputs = [scene.answer() for _ in range(WAITING_MAX)]
    await scene.teller.tell(uncross)
    telling = asyncio.create_task(tell_all(scene.teller, outputs))
    await asyncio.sleep(0)
    assert not telling.done()
    await telling
    await scene.teller.settle()
    assert scene.teller.idle


async def tell_all(teller: Teller, outputs: Iterable[Output]) -> None:
    for output in outputs:
        await teller.tell(output)
