"""The end of a timed call may be put off at random: the draw is in the journal."""

from __future__ import annotations

from exchange.units import SECOND
from tests.support.market import Market


def in_call() -> Market:
    """A market in an opening call until 10 s and up to 30 s more, crossed."""
    market = Market(call_random=30 * SECOND)
    market.phase("auction", "opening", until=10)
    market.buy("anna", 1, at=100)
    market.sell("boris", 1, at=100)
    return market


def test_a_call_without_its_draw_goes_on() -> None:
    """However long it takes to come; then it ends before the next command."""
    market = in_call()
    assert market.engine.books["ACME"].drawn == -1
    assert market.engine.next_due() == 0
    market.wait(100)
    assert market.tape == []
    market.draw(5)
    assert market.story == ["ACME call 1 ends 5 s later"]
    assert market.engine.next_due() == market.time(15)
    market.wait(0)
    assert market.tape == ["anna and boris cross 1 at 100"]


def test_the_draw_is_added_to_the_end() -> None:
    """Not a nanosecond earlier; `until` goes on telling the earliest end."""
    market = in_call()
    market.draw(5)
    assert market.stands() == "auction opening until 10 s"
    market.wait("14.999999999")
    assert market.stands() == "auction opening until 10 s"
    market.wait("0.000000001")
    assert market.stands() == "continuous"


def test_only_the_first_draw_counts() -> None:
    """A second one, one for another call, one when there is no call: nothing changes."""
    market = in_call()
    market.draw(5, call=2)
    assert market.events == []
    market.draw(5)
    market.draw(20)
    assert market.events == []
    market.wait(15)
    assert market.stands() == "continuous"
    market.draw(5)
    assert market.events == []


def test_a_draw_that_cannot_be() -> None:
    """For an instrument that is not there, or backwards."""
    market = in_call()
    market.draw(-1)
    assert market.refused == "bad_request"
    assert market.engine.books["ACME"].drawn == -1


def test_every_timed_call_is_drawn_anew() -> None:
    """The next one waits for its own draw; one without an end has none."""
    market = in_call()
    market.draw(0)
    market.wait(10)
    market.phase("auction", "closing", until=20)
    assert market.engine.books["ACME"].drawn == -1
    market.draw(3, call=1)
    assert market.events == []
    market.draw(3, call=2)
    market.wait(13)
    assert market.stands() == "closed"
    market.phase("auction")
    assert market.engine.books["ACME"].drawn == 0


def test_an_extension_is_not_drawn_again() -> None:
    """It lasts as long as the call was planned, from where that ended."""
    market = Market(call_random=30 * SECOND, static_band_bps=50_000, reference_price=100 * 10**8)
    market.phase("auction", "opening", until=10)
    market.buy("anna", 1, at=120)
    market.sell("boris", 1, at=120)
    market.draw(4)
    market.wait(14)
    assert market.stands() == "auction opening until 24 s"
    market.wait(10)
    assert market.stands() == "continuous"


def test_a_command_needs_no_draw() -> None:
    """An operator's word ends the call at once."""
    market = in_call()
    market.phase("continuous")
    assert market.tape == ["anna and boris cross 1 at 100"]
