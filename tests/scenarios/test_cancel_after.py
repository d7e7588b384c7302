"""`cancel_after`: a client that falls silent has its orders canceled at a time that it has set itself (rule 9)."""

from __future__ import annotations

import pytest

from exchange.terms import GTD
from exchange.units import SECOND
from tests.support.market import Market


def test_all_orders_are_canceled_at_the_deadline() -> None:
    """Not a nanosecond earlier; of every instrument, oldest first, and nobody else's."""
    market = Market()
    market.list_instrument("BETA")
    market.buy("anna", 5, at=100, symbol="BETA")
    market.buy("boris", 5, at=100)
    last = market.buy("anna", 3, at=99)
    market.cancel_after("anna", 10)
    assert market.story == [f"anna cancels all at {market.time(10)}"]
    assert market.engine.next_due() == market.time(10)

    market.wait("9.999999999")
    assert market.story == []
    market.wait("0.000000001")
    assert market.story == ["1 canceled, 5 left: cancel_after", "3 canceled, 3 left: cancel_after"]
    assert (last.status, last.reason) == ("canceled", "cancel_after")
    assert market.depth() == {"bids": ["5 @ 100"], "asks": []}


def test_it_happens_once() -> None:
    """Orders placed after the deadline live on until another one is set."""
    market = Market()
    market.cancel_after("anna", 10)
    market.wait(10)
    assert market.engine.next_due() == 0
    market.buy("anna", 5, at=100)
    market.wait(100)
    assert market.story == []


def test_orders_placed_before_the_deadline_are_canceled_too() -> None:
    """Whoever placed them, and after whatever renewal."""
    market = Market()
    market.cancel_after("anna", 10)
    market.wait(9)
    market.buy("anna", 5, at=100, session="other")
    market.wait(1)
    assert market.story == ["1 canceled, 5 left: cancel_after"]


@pytest.mark.parametrize("seconds", [20, 3])
def test_a_renewal_replaces_the_deadline(seconds: int) -> None:
    """By a later or an earlier one."""
    market = Market()
    market.buy("anna", 5, at=100)
    market.cancel_after("anna", 10)
    market.wait(1)
    market.cancel_after("anna", seconds)
    assert market.engine.next_due() == market.time(1 + seconds)
    market.wait(seconds - 1)
    assert market.story == []
    market.wait(1)
    assert market.story == ["1 canceled, 5 left: cancel_after"]
    market.wait(100)
    assert market.story == []


def test_a_renewal_that_comes_at_the_deadline_is_too_late() -> None:
    """What is due happens before the command, which then counts from there."""
    market = Market()
    market.buy("anna", 5, at=100)
    market.cancel_after("anna", 10)
    market.later(10)
    market.cancel_after("anna", 10)
    assert market.story == ["1 canceled, 5 left: cancel_after", f"anna cancels all at {market.time(20)}"]


def test_zero_turns_it_off() -> None:
    """Also where nothing was on."""
    market = Market()
    market.buy("anna", 5, at=100)
    market.cancel_after("boris", 0)
    market.cancel_after("anna", 10)
    market.cancel_after("anna", 0)
    assert market.story == ["anna cancels all at no time"]
    assert market.engine.next_due() == 0
    market.wait(100)
    assert market.story == []


def test_it_stands_among_expiries_by_time() -> None:
    """Due times decide; at one time an expiry comes before the deadline, and accounts go by name."""
    market = Market()
    for account, seconds in (("anna", 10), ("anna", 11), ("boris", 9), ("boris", 12)):
        market.buy(account, seconds, at=100, time_in_force=GTD, expires=market.time(seconds))
    market.cancel_after("boris", 10)
    market.cancel_after("anna", 10)
    market.wait(20)
    assert market.story == [
        "3 expired, 9 left: expired",
        "1 expired, 10 left: expired",
        "2 canceled, 11 left: cancel_after",
        "4 canceled, 12 left: cancel_after",
    ]


@pytest.mark.parametrize("seconds", ["-1", "86400.000000001"])
def test_a_senseless_time_is_refused(seconds: str) -> None:
    """Less than nothing, or more than a day; what was set stays."""
    market = Market()
    market.cancel_after("anna", 10)
    market.cancel_after("anna", seconds)
    assert market.story == ["rejected bad_request seconds"]
    assert market.engine.next_due() == market.time(10)


def test_one_that_was_long_under_way_is_refused() -> None:
    """A renewal that its client has given up may not count."""
    market = Market()
    market.later(100)
    market.cancel_after("anna", 10, sent_at=market.now - 5 * SECOND - 1)
    assert market.story == ["rejected too_late"]


def test_it_survives_a_checkpoint() -> None:
    """A restored engine cancels at the same time."""
    market = Market()
    market.buy("anna", 5, at=100)
    market.cancel_after("anna", 10)
    restored = type(market.engine).from_state(market.engine.state())
    assert restored.digest() == market.engine.digest()
    assert restored.next_due() == market.time(10)


def test_renewals_do_not_pile_up() -> None:
    """An account that renews for ever costs no more than one that does it once."""
    market = Market()
    for _ in range(5_000):
        market.later("0.001")
        market.cancel_after("anna", 10)
    assert len(market.engine.deadlines.entries) <= 2_000
