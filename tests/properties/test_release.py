"""exchange/release.py: no order outlives an engine that was let go of, nor an instrument that was delisted.

Orders are unknown to the collector and cannot be counted; but each holds on to its book and its account's holding.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.book import CLOSED, Book
from exchange.commands import CancelAll, DelistInstrument, SetPhase
from exchange.events import InstrumentDelisted
from exchange.holding import Holding
from exchange.release import release
from streams.partition import Partition
from streams.state import parts_of, restored
from tests.support.journaled import ACME, Journaled, buy, sell
from tests.support.random_commands import NARROW, PLAIN, Step
from tests.support.random_days import days


@contextmanager
def no_collections() -> Iterator[None]:
    """Whatever goes, goes because nothing refers to it."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def alive() -> int:
    """Books and holdings."""
    return sum(type(thing) in (Book, Holding) for thing in gc.get_objects())


def live(day: list[Step], *, again: bool) -> Partition:
    """A partition after a day, or one restored from its checkpoint."""
    journaled = Journaled(PLAIN, configure=NARROW)
    for step in day:
        journaled.take(step)
    partition = journaled.partition
    if not again:
        return partition
    copy = restored(partition.number, parts_of(partition))
    let_go(partition)
    return copy


def let_go(partition: Partition) -> None:
    """Release it in one go."""
    for _ in release(partition.engine):
        pass


@given(days(), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_an_engine_that_nobody_has_leaves_no_order(day: list[Step], again: bool, by_hand: bool) -> None:
    """Resting, waiting, ended or remembered for a trade only: all are gone without a search for cycles.

    Whether somebody let go of it piece by piece before or not.
    """
    with no_collections():
        before = alive()
        partition = live(day, again=again)
        assert alive() > before
        if by_hand:
            let_go(partition)
        del partition
        assert alive() == before


def test_a_delisted_instrument_leaves_no_order() -> None:
    """Neither those that ended nor those that traded; another instrument's are still there."""
    journaled = Journaled(ACME)
    with no_collections():
        before = alive()
        journaled.send(sell("anna", 5, "10.00", "a"), buy("boris", 3, "10.00", "b"), buy("boris", 3, "9.00", "c"))
        assert alive() == before + 2
        journaled.send(CancelAll("anna"), CancelAll("boris"))
        journaled.send(SetPhase("ACME", CLOSED))
        answered = journaled.send(DelistInstrument("ACME"))
        assert isinstance(answered.output.happened[0][0], InstrumentDelisted)
        del answered
        assert alive() == before - 1
