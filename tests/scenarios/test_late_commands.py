"""What reaches the journal long after it was sent is refused: `too_late`."""

from __future__ import annotations

from exchange.commands import CancelAll
from exchange.terms import BUY
from exchange.units import SECOND
from tests.support.market import Market

AGE = 5 * SECOND


def test_a_late_order_is_refused() -> None:
    """Five seconds old is in time, a nanosecond more is not."""
    market = Market()
    market.buy("anna", 5, at=100, sent_at=market.now - AGE)
    assert market.refused == ""
    market.buy("anna", 5, at=101, sent_at=market.now - AGE - 1)
    assert market.refused == "too_late"
    assert market.queue(BUY) == ["anna 5 @ 100"]


def test_late_amends_and_cancels_are_refused() -> None:
    """The order stays as it is."""
    market = Market()
    order = market.buy("anna", 5, at=100)
    late = market.now - AGE - 1
    market.amend(order, to=3, sent_at=late)
    assert market.refused == "too_late"
    market.cancel(order, sent_at=late)
    assert market.refused == "too_late"
    market.apply(CancelAll("anna", sent_at=late))
    assert market.refused == "too_late"
    assert market.queue(BUY) == ["anna 5 @ 100"]
    market.cancel(order, sent_at=market.now - AGE)
    assert market.refused == ""


def test_a_clock_ahead_of_the_journal_is_in_time() -> None:
    """A gateway's estimate may run ahead; that is not late. Nor is a command without a time."""
    market = Market()
    market.buy("anna", 5, at=100, sent_at=market.now + 60 * SECOND)
    assert market.refused == ""
    market.buy("anna", 5, at=100, sent_at=0)
    assert market.refused == ""


def test_a_late_repeat_tells_what_became_of_the_order() -> None:
    """It changes nothing, so its age does no harm; a late stranger of the same name is told so too."""
    market = Market()
    market.buy("anna", 5, at=100, client_order_id="mine")
    market.wait(60)
    late = market.now - AGE - 1
    market.buy("anna", 5, at=100, client_order_id="mine", sent_at=late)
    assert market.story == ["1 repeated"]


def test_a_late_order_leaves_its_client_order_id_free() -> None:
    """Nothing was taken, so nothing is remembered."""
    market = Market()
    market.buy("anna", 5, at=100, client_order_id="mine", sent_at=market.now - AGE - 1)
    assert market.refused == "too_late"
    market.buy("anna", 7, at=101, client_order_id="mine")
    assert market.story == ["1 accepted"]
