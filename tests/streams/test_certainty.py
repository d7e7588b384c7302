"""leadership/lease_doubt.py: when a worker must read its leases again before it says anything; on virtual time."""

from __future__ import annotations

import asyncio

from streams.broker.connection import Connection
from streams.leadership.lease_doubt import Certainty
from tests.support.virtual import Stage

LEASE = 0.1


class Frozen(Stage):
    """A process whose clock can be moved on."""

    def freeze(self) -> None:
        """What SIGSTOP does to a process: its clock goes on, and nothing else."""
        self.world.now += LEASE * 0.6


def test_who_looks_often_is_certain() -> None:
    """Without a pause there is no doubt, however long it goes on."""

    async def act(_: Connection) -> None:
        certainty = Certainty(LEASE)
        for _again in range(10):
            assert certainty.refresh()
            await asyncio.sleep(LEASE * 0.4)
        assert certainty.doubts == 0

    Stage().play(act)


def test_a_frozen_process_doubts() -> None:
    """The first look after the pause says so, and the next ones too."""
    stage = Frozen()

    async def act(_: Connection) -> None:
        certainty = Certainty(LEASE)
        stage.freeze()
        await asyncio.sleep(0)
        assert not certainty.refresh()
        assert not certainty.refresh()

    stage.play(act)
    assert stage.logged.count("worker.was_frozen") == 1


def test_a_beat_that_began_after_the_doubt_ends_it() -> None:
    """Whoever waits may go on then."""

    async def act(_: Connection) -> None:
        certainty = Certainty(LEASE)
        certainty.doubt()
        waiting = asyncio.create_task(certainty.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        certainty.end(certainty.begin())
        await waiting
        assert certainty.refresh()

    Stage().play(act)


def test_a_beat_from_before_the_doubt_proves_nothing() -> None:
    """What it read may be older than the freeze."""

    async def act(_: Connection) -> None:
        certainty = Certainty(LEASE)
        begun = certainty.begin()
        certainty.doubt()
        certainty.end(begun)
        assert not certainty.refresh()

    Stage().play(act)


def test_who_cannot_renew_its_lease_goes_on_and_is_not_sure() -> None:
    """Commands are answered alike by any two leaders; questions wait until the lease is written again."""
    stage = Frozen()

    async def act(_: Connection) -> None:
        certainty = Certainty(LEASE)
        doubts = certainty.doubts
        assert certainty.is_sure()
        for _again in range(2):
            stage.freeze()
            certainty.end(certainty.begin())
        assert certainty.refresh()
        assert not certainty.is_sure()
        waiting = asyncio.create_task(certainty.wait_sure())
        await asyncio.sleep(0)
        assert not waiting.done()
        certainty.renew(asyncio.get_running_loop().time())
        await waiting
        assert certainty.is_sure()
        assert certainty.doubts > doubts

    stage.play(act)


def test_a_lease_counts_from_when_its_writing_began() -> None:
    """Others may have seen it as soon as that, however late we hear of it."""

    async def act(_: Connection) -> None:
        certainty = Certainty(LEASE)
        certainty.renew(asyncio.get_running_loop().time() - LEASE)
        assert not certainty.is_sure()

    Stage().play(act)
