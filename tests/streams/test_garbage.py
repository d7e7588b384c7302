"""streams/collector.py: what is young is looked at, and only once."""

from __future__ import annotations

import asyncio
import gc
from weakref import ref

import pytest

from streams import collector

TURNS = 10


async def take_turns() -> None:
    """Let others of the loop have some turns: looks, if there are any."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class Held:
    """Counts itself for as long as anything refers to it."""

    alive = 0

    def __init__(self) -> None:
        Held.alive += 1

    def __del__(self) -> None:
        Held.alive -= 1


class Knot:
    """Refers to itself."""

    def __init__(self) -> None:
        self.itself = self


async def test_a_cycle_that_ends_young_is_collected() -> None:
    """Within a look, although Python itself looks at nothing meanwhile; afterwards it does as before."""

    async def work() -> None:
        assert gc.get_threshold()[0] == 0
        young = ref(Knot())
        await take_turns()
        assert young() is None

    before = gc.get_threshold()
    await collector.beside(work(), interval=0)

    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


async def test_what_is_left_of_the_young_is_not_looked_at_again() -> None:
    """A cycle that has lived through a look stays when it ends."""

    async def work() -> None:
        knot = Knot()
        await take_turns()
        left = ref(knot)
        del knot
        await take_turns()
        assert left() is not None

    await collector.beside(work(), interval=0)


async def test_nothing_is_looked_at_while_a_partition_is_loaded() -> None:
    """A young cycle stays for as long as something loads, however long that takes."""

    async def work() -> None:
        with collector.no_looks():
            young = ref(Knot())
            await take_turns()
            assert young() is not None
        assert gc.isenabled()

    await collector.beside(work(), interval=0)


async def test_calls_that_were_canceled_hold_nothing_on() -> None:
    """A task group that is canceled is in a cycle with its error; without its frames that leads to nothing."""

    async def work(held: Held) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.Event().wait())
            assert held

    async def hold() -> None:
        try:
            await work(Held())
        except asyncio.CancelledError as error:
            collector.clear_frames(error)
            raise

    gc.disable()
    try:
        task = asyncio.create_task(hold())
        await take_turns()
        assert Held.alive == 1
        task.cancel()
        await asyncio.wait([task])
        assert Held.alive == 0
    finally:
        gc.enable()


def test_frames_of_a_group_are_cleared_with_those_of_what_is_in_it() -> None:
    """Causes and contexts too, and an error that leads back to itself ends the search."""

    def fail() -> None:
        held = Held()
        raise ValueError(held)

    def gather() -> None:
        try:
            fail()
        except ValueError as error:
            error.args = ()
            group = ExceptionGroup("group", [error])
            error.__cause__ = group
            raise group from None

    with pytest.raises(ExceptionGroup) as raised:
        gather()
    assert Held.alive == 1
    collector.clear_frames(raised.value)
    assert Held.alive == 0
