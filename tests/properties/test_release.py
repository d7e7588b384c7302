"""exchange/release.py: no order outlives an engine that was let go of, nor an instrument that was delisted."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.book import CLOSED
from exchange.commands import CancelAll, DelistInstrument, SetPhase
from exchange.events import InstrumentDelisted
from exchange.order import Order
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


def orders_alive() -> int:
    return sum(type(thing) is Order for thing in gc.get_objects())


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


@given(days(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_an_engine_that_is_released_leaves_no_order(day: list[Step], again: bool) -> None:
    """Resting, waiting, ended or remembered for a trade only: all are gone without a search for cycles."""
    with no_collections():
        before = orders_alive()
        partition = live(day, again=again)
        let_go(partition)
        del partition
        assert orders_alive() == before


def test_a_delisted_instrument_leaves_no_order() -> None:
    """Neither those that ended nor those that traded."""
    journaled = Journaled(ACME)
    with no_collections():
        before = orders_alive()
        journaled.send(sell("anna", 5, "10.00", "a"), buy("boris", 3, "10.00", "b"), buy("boris", 3, "9.00", "c"))
        assert orders_alive() == before + 3
        journaled.send(CancelAll("anna"), CancelAll("boris"))
        journaled.send(SetPhase("ACME", CLOSED))
        answered = journaled.send(DelistInstrument("ACME"))
        assert isinstance(answered.output.happened[0][0], InstrumentDelisted)
        del answered
        assert orders_alive() == before
