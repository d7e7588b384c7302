"""Static and dynamic bands: an order trades up to them, and beyond them the instrument goes into a volatility call."""

from __future__ import annotations

import pytest

from exchange.terms import BUY, CANCEL_NEWEST, CANCEL_OLDEST, FOK, IOC
from exchange.units import SECOND, UNIT
from tests.support.market import Market, Terms

PERCENT = 10_000
"""In hundredths of a basis point."""


def banded(*, static: int = 0, dynamic: int = 0, reference: int = 100, **terms: Terms) -> Market:
    """A market with bands of so many percent and calls of a minute."""
    terms.setdefault("call", 60 * SECOND)
    return Market(
        reference_price=reference * UNIT,
        static_band_bps=static * PERCENT,
        dynamic_band_bps=dynamic * PERCENT,
        **terms,
    )


def test_an_order_trades_up_to_the_band() -> None:
    """Both edges may trade; the rest takes part in the call, which ends in an uncross."""
    market = banded(static=5)
    assert market.bands() == ("95", "105")
    for price in (104, 105, 106):
        market.sell("zoe", 2, at=price)
    order = market.buy("anna", 5, at=110)
    assert market.story == [
        "4 accepted",
        "4 trades 2 @ 104 with 1",
        "4 trades 2 @ 105 with 2",
        "ACME auction volatility until 60 s: volatility",
    ]
    assert (order.status, order.open) == ("partially_filled", "1")
    assert market.queue(BUY) == ["anna 1 @ 110"]
    assert market.indicated() == "1 @ 106, 1 to sell"


def test_what_may_not_trade_beyond_rests() -> None:
    """A limit at the band does not reach further, and no call begins."""
    market = banded(static=5)
    market.sell("zoe", 2, at=106)
    market.buy("anna", 5, at=105)
    assert market.stands() == "continuous"
    market.sell("boris", 7, at=94)
    assert market.tape == ["boris sells 5 to anna at 105"]
    assert market.stands() == "continuous"


def test_the_uncross_moves_the_band() -> None:
    """The uncross price is the next static reference; the dynamic one is the last trade."""
    market = banded(static=5, call_extensions=0)
    market.sell("zoe", 2, at=106)
    market.buy("anna", 2, at=110)
    market.wait(60)
    assert market.story == ["2 trades 2 @ 106 with 1", "ACME continuous"]
    assert market.bands() == ("101", "111")


def test_a_market_order_takes_part_as_a_market_order() -> None:
    """It rests ahead of every limit, and what is left of it expires at the end."""
    market = banded(static=5, call_extensions=0)
    market.sell("zoe", 2, at=106)
    order = market.buy("anna", 5)
    assert market.stands() == "auction volatility until 60 s"
    assert (order.status, order.open, order.shown) == ("open", "5", "0")
    market.buy("boris", 1, at=120)
    market.wait(60)
    assert market.tape == ["anna and zoe cross 2 at 120"]
    assert (order.status, order.reason) == ("expired", "auction_ended")


def test_an_ioc_rest_expires_and_the_call_begins() -> None:
    """It may not rest, but its price is news."""
    market = banded(static=5)
    market.sell("zoe", 2, at=105)
    market.sell("zoe", 2, at=106)
    market.buy("anna", 5, at=110, time_in_force=IOC)
    assert market.story == [
        "3 accepted",
        "3 trades 2 @ 105 with 1",
        "ACME auction volatility until 60 s: volatility",
        "3 expired, 3 left: volatility",
    ]


def test_an_ioc_that_stays_inside_starts_nothing() -> None:
    """What it does not find there is just not there."""
    market = banded(static=5)
    market.sell("zoe", 2, at=105)
    market.buy("anna", 5, at=110, time_in_force=IOC)
    assert market.story[-1] == "2 expired, 3 left: no_liquidity"
    assert market.stands() == "continuous"


def test_a_fill_or_kill_is_killed_and_no_call_begins() -> None:
    """It succeeds only if its whole quantity would trade inside."""
    market = banded(static=5)
    market.sell("zoe", 2, at=105)
    market.sell("zoe", 2, at=106)
    market.buy("anna", 3, at=110, time_in_force=FOK)
    assert market.story == ["3 accepted", "3 expired, 3 left: volatility"]
    assert market.stands() == "continuous"
    market.buy("anna", 2, at=110, time_in_force=FOK)
    assert market.tape == ["anna buys 2 from zoe at 105"]


def test_the_dynamic_band_follows_trades_but_not_within_an_order() -> None:
    """Its reference is fixed for the whole of one incoming order; the next has a new one."""
    market = banded(dynamic=2)
    for price in (101, 102, 103, 104):
        market.sell("zoe", 1, at=price)
    market.buy("anna", 2, at=102)
    assert market.bands() == ("100", "104")
    market.buy("boris", 1, at=103)
    assert market.stands() == "continuous"
    market.sell("zoe", 1, at=107)
    market.buy("carla", 2, at=107)
    assert market.tape[-1] == "carla buys 1 from zoe at 104"
    assert market.stands() == "auction volatility until 60 s"


def test_the_narrower_of_both_bands_holds() -> None:
    """Static round the last auction price, dynamic round the last trade."""
    market = banded(static=5, dynamic=3)
    assert market.bands() == ("97", "103")
    market.sell("zoe", 1, at=103)
    market.buy("anna", 1, at=103)
    assert market.bands() == ("100", "105")


def test_published_bands_are_prices_that_may_trade() -> None:
    """Whole ticks, rounded inwards: by the tick that holds where they lie."""
    market = banded(static=1, reference=101, ticks=[(0, UNIT // 4), (102 * UNIT, UNIT)])
    assert market.bands() == ("100", "102")  # 99.99 and 102.01
    market = Market(reference_price=100 * UNIT, static_band_bps=12_345, ticks=[(0, UNIT // 100)])
    assert market.bands() == ("98.77", "101.23")  # 98.7655 and 101.2345


def test_without_a_reference_there_is_no_band() -> None:
    """Until the first trade, or auction, an order may trade anywhere."""
    market = banded(static=5, dynamic=3, reference=0)
    assert market.bands() == ("0", "0")
    market.sell("zoe", 1, at=100)
    market.sell("zoe", 1, at=200)
    market.buy("anna", 2, at=200)
    assert market.stands() == "continuous"
    assert market.bands() == ("194", "206")


def test_a_band_holds_on_both_sides() -> None:
    """A price below it may not trade either, though it is a good one for a buyer."""
    market = banded(dynamic=5)
    market.sell("zoe", 1, at=94)
    market.buy("anna", 1, at=100)
    assert market.stands() == "auction volatility until 60 s"


def test_an_own_order_beyond_the_band_is_met_first() -> None:
    """The order would not trade there: its self-trade mode decides, and no call begins."""
    market = banded(static=5)
    market.sell("anna", 2, at=106)
    market.buy("anna", 2, at=110, self_trade=CANCEL_NEWEST)
    assert market.story == ["2 accepted", "2 canceled, 2 left: self_trade"]
    market.sell("zoe", 2, at=107)
    market.buy("anna", 2, at=110, self_trade=CANCEL_OLDEST)
    assert market.story == [
        "4 accepted",
        "1 canceled, 2 left: self_trade",
        "ACME auction volatility until 60 s: volatility",
    ]


def test_an_amend_may_start_a_call() -> None:
    """A resting order moved to where it would trade beyond is an incoming order."""
    market = banded(static=5)
    market.sell("zoe", 2, at=106)
    bid = market.buy("anna", 2, at=100)
    market.amend(bid, at=106)
    assert market.story == [
        "2 amended to 2 @ 106, 2 open: requested",
        "ACME auction volatility until 60 s: volatility",
    ]


def test_stops_wait_when_a_call_begins_on_the_way() -> None:
    """The one that would trade beyond starts it; those not yet executed go on waiting, in their order."""
    market = banded(dynamic=4, call_extensions=0)
    market.sell("zoe", 1, at=103)
    market.sell("zoe", 1, at=110)
    market.buy("anna", 1, stop=102)
    boris = market.buy("boris", 1, stop=103)
    market.buy("yan", 1, at=103)
    assert market.story == [
        "5 accepted",
        "5 trades 1 @ 103 with 1",
        "3 triggered",
        "ACME auction volatility until 60 s: volatility",
    ]
    assert boris.status == "pending_trigger"
    market.wait(60)
    assert market.story == [
        "3 trades 1 @ 110 with 2",
        "ACME continuous",
        "4 triggered",
        "4 expired, 1 left: no_liquidity",
    ]


def test_a_stop_triggered_at_the_end_of_a_call_may_start_the_next() -> None:
    """Which begins when the first one ended, however late that is noticed."""
    market = banded(dynamic=4, call_extensions=0)
    market.sell("zoe", 1, at=110)
    market.buy("yan", 1, at=110)
    market.buy("anna", 2, stop=105)
    market.sell("zoe", 1, at=120)
    market.wait(90)
    assert market.tape == ["yan and zoe cross 1 at 110"]
    assert market.stands() == "auction volatility until 120 s"


@pytest.mark.parametrize("extensions", [0, 1, 2])
def test_a_call_whose_price_lies_outside_is_extended(extensions: int) -> None:
    """By its own length, as often as the instrument says; then it uncrosses all the same."""
    market = banded(static=5, call_extensions=extensions)
    market.phase("auction", "opening", until=10)
    market.buy("anna", 1, at=120)
    market.sell("boris", 1, at=110)
    for number in range(extensions):
        market.wait(10)
        assert market.story == [f"ACME auction opening until {20 + 10 * number} s: extended"]
    market.wait(10)
    assert market.tape == ["anna and boris cross 1 at 110"]
    assert market.stands() == "continuous"


def test_a_call_whose_price_comes_back_is_not_extended_again() -> None:
    """What counts is the price at the end; both edges are inside."""
    market = banded(static=5, call_extensions=5)
    market.phase("auction", "closing", until=10)
    market.buy("anna", 1, at=106)
    market.sell("boris", 1, at=106)
    market.wait(10)
    assert market.stands() == "auction closing until 20 s"
    market.sell("carla", 1, at=105)
    market.wait(10)
    assert market.tape == ["anna and carla cross 1 at 105"]
    assert market.stands() == "closed"


def test_a_command_uncrosses_at_once_wherever_the_price_is() -> None:
    """Only a timed end is extended."""
    market = banded(static=5, call_extensions=5)
    market.phase("auction", "opening", until=10)
    market.buy("anna", 1, at=120)
    market.sell("boris", 1, at=120)
    market.phase("continuous")
    assert market.tape == ["anna and boris cross 1 at 120"]


def test_a_dynamic_band_extends_no_call() -> None:
    """It is for continuous trading."""
    market = banded(dynamic=5, call_extensions=5)
    market.phase("auction", "opening", until=10)
    market.buy("anna", 1, at=120)
    market.sell("boris", 1, at=120)
    market.wait(10)
    assert market.stands() == "continuous"


def test_a_successor_ends_a_call_as_late_as_it_comes() -> None:
    """Extensions count from the planned ends: a long silence ends the call where it would have ended."""
    market = banded(static=5, call_extensions=2)
    market.phase("auction", "opening", until=10)
    market.buy("anna", 1, at=120)
    market.sell("boris", 1, at=120)
    market.wait(25)
    assert market.story == [
        "ACME auction opening until 20 s: extended",
        "ACME auction opening until 30 s: extended",
    ]
    market.wait(5)
    assert market.stands() == "continuous"
