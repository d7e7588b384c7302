"""A halt is a flag beside the phase: calls' clocks run on, and nothing is matched until it is lifted."""

from __future__ import annotations

import pytest

from exchange.terms import AT_CLOSE, AT_OPEN, DAY
from tests.support.market import Market


def test_a_halt_stops_everything_but_cancels() -> None:
    """Orders stay; placing and amending are refused; the phase underneath is what it was."""
    market = Market()
    order = market.buy("anna", 5, at=100)
    market.phase("halted", reason="news")
    assert market.story == ["ACME continuous, halted: news"]
    market.sell("boris", 5, at=100)
    assert market.refused == "wrong_phase"
    market.amend(order, to=3)
    assert market.refused == "wrong_phase"
    market.cancel(order)
    assert market.refused == ""


def test_without_lift_the_phase_changes_underneath() -> None:
    """Closing a halted instrument leaves it halted."""
    market = Market()
    market.phase("halted")
    for phase in ("closed", "pre_open", "auction", "continuous"):
        market.phase(phase)
        assert market.stands().startswith(phase)
        assert market.stands().endswith(", halted")
        market.buy("anna", 5, at=100)
        assert market.refused == "wrong_phase"


@pytest.mark.parametrize("phase", ["closed", "pre_open", "auction", "continuous", "cancel_only"])
def test_lift_ends_the_halt_and_enters_the_phase(phase: str) -> None:
    """Whichever it names."""
    market = Market()
    market.phase("halted")
    market.phase(phase, lift=True)
    assert market.stands().split()[0] == phase
    assert "halted" not in market.stands()


def test_lift_without_a_halt_is_just_the_phase() -> None:
    """There is nothing to end."""
    market = Market()
    market.phase("pre_open", lift=True)
    assert market.stands() == "pre_open"


def test_lifting_into_continuous_uncrosses_first() -> None:
    """What was left crossed under the halt, with the market orders, then what is left of them expires."""
    market = Market()
    market.phase("auction", "opening", until=60)
    market.buy("anna", 9)
    market.buy("boris", 5, at=101, time_in_force=AT_OPEN)
    market.sell("carla", 10, at=100)
    market.phase("halted")
    market.wait(60)
    assert market.story == ["ACME continuous, halted"]
    assert market.depth() == {"bids": ["5 @ 101"], "asks": ["10 @ 100"]}
    market.phase("continuous")
    assert market.story == ["ACME continuous, halted"]
    market.phase("continuous", lift=True)
    assert market.story == [
        "1 trades 9 @ 101 with 3",
        "2 trades 1 @ 101 with 3",
        "2 expired, 4 left: auction_ended",
        "ACME continuous",
    ]


def test_lifting_into_a_call_collects_again() -> None:
    """A reopening call, at whose end it uncrosses."""
    market = Market()
    market.buy("anna", 5, at=100)
    market.phase("halted")
    market.phase("auction", until=30, lift=True)
    assert market.stands() == "auction reopening until 30 s"
    market.sell("boris", 5, at=99)
    assert market.tape == []
    market.wait(30)
    assert market.tape == ["anna and boris cross 5 at 100"]


def test_a_call_under_a_halt_can_be_lifted_in_time() -> None:
    """Its clock has run on, and its end uncrosses as if there had been no halt."""
    market = Market()
    market.phase("auction", "closing", until=60)
    market.buy("anna", 5, at=100)
    market.sell("boris", 5, at=100)
    market.phase("halted")
    market.wait(30)
    market.phase("closed", lift=True)
    assert market.tape == ["anna and boris cross 5 at 100"]


def test_a_closing_call_that_ends_under_a_halt_closes_without_an_uncross() -> None:
    """The day has ended all the same: day orders, market orders and at-close orders expire, the others stay crossed."""
    market = Market()
    market.buy("anna", 1, at=100)
    market.buy("boris", 2, at=100, time_in_force=DAY)
    market.buy("carla", 3, at=100, time_in_force=AT_CLOSE)
    market.phase("auction", "closing", until=60)
    market.buy("dora", 4)
    market.sell("emil", 5, at=99)
    market.phase("halted")
    market.wait(60)
    assert market.story == [
        "2 expired, 2 left: day_ended",
        "3 expired, 3 left: auction_ended",
        "4 expired, 4 left: auction_ended",
        "ACME closed, halted",
    ]
    market.phase("auction", "opening", until=100, lift=True)
    market.wait(40)
    assert market.tape == ["anna and emil cross 1 at 99"]


def test_a_calendar_command_does_not_lift() -> None:
    """It changes the phase underneath; timers of orders go on."""
    market = Market()
    market.phase("halted", reason="operator")
    market.phase("auction", "closing", until=60, due=market.time(1))
    assert market.stands() == "auction closing until 60 s, halted"
    market.wait(60)
    assert market.stands() == "closed, halted"


def test_stops_wait_out_a_halt() -> None:
    """They are looked at when continuous trading begins again, not when it goes on underneath."""
    market = Market()
    market.sell("zoe", 1, at=100)
    market.buy("yan", 1, at=100)
    market.phase("auction")
    stop = market.buy("anna", 1, at=90, stop=100)
    market.phase("halted")
    market.phase("continuous")
    assert stop.status == "pending_trigger"
    market.phase("continuous", lift=True)
    assert market.story == ["ACME continuous", "3 triggered"]


def test_a_second_halt_gives_a_new_reason() -> None:
    """And one lift ends it."""
    market = Market()
    market.phase("halted", reason="one")
    market.phase("halted", reason="two")
    assert market.story == ["ACME continuous, halted: two"]
    market.phase("continuous", lift=True)
    assert market.stands() == "continuous"


def test_gtd_and_deadlines_run_on() -> None:
    """Journal time knows no halt."""
    market = Market()
    market.buy("anna", 5, at=100)
    market.cancel_after("anna", 10)
    market.phase("halted")
    market.wait(10)
    assert market.story == ["1 canceled, 5 left: cancel_after"]
