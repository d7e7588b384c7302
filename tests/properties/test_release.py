"""Releases: no order outlives an engine that was let go of, nor an instrument that was delisted."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.checkpoint.release import release
from exchange.commands import CancelAll, DelistInstrument, SetPhase
from exchange.market_events import InstrumentDelisted
from exchange.terms import CLOSED
from streams.partition.partition import Partition
from streams.partition.state import partition_parts, restored
from tests.support.journaled import ACME, Journaled, buy, sell
from tests.support.memory import alive, no_collections
from tests.support.random_commands import NARROW, PLAIN, Step
from tests.support.random_days import days


def live(day: list[Step], *, again: bool) -> Partition:
    """A partition after a day, or one restored from its checkpoint."""
    journaled = Journaled(PLAIN, configure=NARROW)
    for step in day:
        journaled.take(step)
    partition = journaled.partition
    if not again:
        return partition
    copy = restored(partition.number, partition_parts(partition))
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
        assert alive() > before or again  # A checkpoint brings ended orders as texts.
        if by_hand:
            let_go(partition)
        del partition
        assert alive() == before


def test_a_delisted_instrument_leaves_no_order() -> None:
    """Neither those that ended nor those that traded, and neither its book."""
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
