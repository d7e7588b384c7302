"""The age of a command counts to when it is answered, where that is long after it was stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exchange.commands import AmendOrder, CancelAfter, CancelAll, CancelOrder
from exchange.engine import Engine
from exchange.events import AllCanceled, Amended, Canceled, Rejected
from exchange.market_events import CancelAfterSet
from exchange.units import SECOND
from tests.support.exchange import LOT, buy, listing

if TYPE_CHECKING:
    from exchange.commands import Command, PlaceOrder
    from exchange.events import Event

SENT = 1_000 * SECOND
STORED = SENT + SECOND
PLACED = buy("anna", "ACME", 3, 100, "a1")


def resting() -> Engine:
    """An engine with order 1 of anna."""
    engine = Engine()
    engine.apply(listing("ACME"), 1, SENT)
    engine.apply(PLACED, 2, SENT)
    return engine


@pytest.mark.parametrize(
    "command", [buy("anna", "ACME", 1, 100, "a2", sent_at=SENT), AmendOrder("anna", 1, quantity=4 * LOT, sent_at=SENT)]
)
def test_what_adds_risk_may_be_too_old_when_it_is_answered(command: AmendOrder | PlaceOrder) -> None:
    """A placement and an amendment that were in the journal in time, and for a minute too long."""
    engine = resting()
    engine.answered_at = STORED + 60 * SECOND
    assert engine.apply(command, 3, STORED) == [Rejected("too_late")]
    engine.answered_at = SENT + engine.command_age_max
    assert not isinstance(engine.apply(command, 4, STORED)[0], Rejected)
    engine = resting()
    assert not isinstance(engine.apply(command, 3, STORED)[0], Rejected)


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (CancelOrder("anna", 1, sent_at=SENT), Canceled),
        (CancelAll("anna", sent_at=SENT), AllCanceled),
        (CancelAfter("anna", SECOND, sent_at=SENT), CancelAfterSet),
    ],
)
def test_what_takes_risk_away_is_carried_out_however_late(command: Command, event: type[Event]) -> None:
    """It keeps its place in the journal, so it concerns what came before it, as it was meant to."""
    engine = resting()
    engine.answered_at = STORED + 60 * SECOND
    assert isinstance(engine.apply(command, 3, STORED)[-1], event)


def test_a_repeat_is_answered_however_late() -> None:
    """The order is in the book: whoever asks again is told so."""
    engine = resting()
    engine.answered_at = STORED + 60 * SECOND
    repeated = buy("anna", "ACME", 3, 100, "a1", sent_at=SENT)
    assert not any(isinstance(event, Rejected | Amended) for event in engine.apply(repeated, 3, STORED))
