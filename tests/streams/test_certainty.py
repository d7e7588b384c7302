"""streams/certainty.py: when a worker must read its leases again before it says anything."""

from __future__ import annotations

import asyncio
import time

import pytest

from streams.certainty import Certainty


@pytest.fixture
async def certainty() -> Certainty:
    return Certainty(lease_seconds=0.1)


def freeze() -> None:
    """What SIGSTOP does to a process: its clock goes on, and nothing else."""
    time.sleep(0.06)


async def test_who_looks_often_is_certain(certainty: Certainty) -> None:
    """Without a pause there is no doubt."""
    assert certainty.look()
    await asyncio.sleep(0)
    assert certainty.look()


async def test_a_frozen_process_doubts(certainty: Certainty) -> None:
    """The first look after the pause says so, and the next ones too."""
    freeze()
    await asyncio.sleep(0)
    assert not certainty.look()
    assert not certainty.look()


async def test_a_beat_that_began_after_the_doubt_ends_it(certainty: Certainty) -> None:
    """Whoever waits may go on then."""
    certainty.doubt()
    waiting = asyncio.create_task(certainty.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    certainty.end(certainty.begin())
    await asyncio.wait_for(waiting, 1)
    assert certainty.look()


async def test_a_beat_from_before_the_doubt_proves_nothing(certainty: Certainty) -> None:
    """What it read may be older than the freeze."""
    begun = certainty.begin()
    certainty.doubt()
    certainty.end(begun)
    assert not certainty.look()


async def test_who_cannot_renew_its_lease_goes_on_and_is_not_sure(certainty: Certainty) -> None:
    """Commands are answered alike by any two leaders; questions wait until the lease is written again."""
    doubts = certainty.doubts
    assert certainty.is_sure()
    for _ in range(2):
        freeze()
        certainty.end(certainty.begin())
    assert certainty.look()
    assert not certainty.is_sure()
    waiting = asyncio.create_task(certainty.wait_sure())
    await asyncio.sleep(0)
    assert not waiting.done()
    certainty.renew(asyncio.get_running_loop().time())
    await asyncio.wait_for(waiting, 1)
    assert certainty.is_sure()
    assert certainty.doubts > doubts


async def test_a_lease_counts_from_when_its_writing_began(certainty: Certainty) -> None:
    """Others may have seen it as soon as that, however late we hear of it."""
    certainty.renew(asyncio.get_running_loop().time() - 0.1)
    assert not certainty.is_sure()
