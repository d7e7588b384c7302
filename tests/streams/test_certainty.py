"""streams/certainty.py: when a worker must read its leases again before it says anything."""

from __future__ import annotations

import asyncio
import time

import pytest

from streams.certainty import Certainty


@pytest.fixture
async def certainty():
    return Certainty(pause_max=0.05)


def freeze():
    """What SIGSTOP does to a process: its clock goes on, and nothing else."""
    time.sleep(0.06)


async def test_who_looks_often_is_certain(certainty):
    """Without a pause there is no doubt."""
    assert certainty.look()
    await asyncio.sleep(0)
    assert certainty.look()


async def test_a_frozen_process_doubts(certainty):
    """The first look after the pause says so, and the next ones too."""
    freeze()
    await asyncio.sleep(0)
    assert not certainty.look()
    assert not certainty.look()


async def test_a_beat_that_began_after_the_doubt_ends_it(certainty):
    """Whoever waits may go on then."""
    certainty.doubt()
    waiting = asyncio.create_task(certainty.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    certainty.end(certainty.begin())
    await asyncio.wait_for(waiting, 1)
    assert certainty.look()


async def test_a_beat_from_before_the_doubt_proves_nothing(certainty):
    """What it read may be older than the freeze."""
    begun = certainty.begin()
    certainty.doubt()
    certainty.end(begun)
    assert not certainty.look()
