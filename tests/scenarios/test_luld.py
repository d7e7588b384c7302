"""Limit up, limit down: bands round the mean of the latest trades, limit states, pauses."""

from __future__ import annotations

from decimal import Decimal

import pytest

from exchange.terms import FOK, IOC
from exchange.units import SECOND, UNIT
from tests.support.market import Market, Terms, Ticket

CENT = "0.01"


def under_luld(reference: str = "100", **terms: Terms) -> Market:
    """A market of tier 1 in cents; reopenings last a minute, their extensions 20 s, the rest as it is by default."""
    usual: dict[str, Terms] = {"luld_tier": 1, "luld_call": 60 * SECOND, "luld_extension": 20 * SECOND}
    return Market(tick=CENT, reference_price=int(Decimal(reference) * UNIT), **usual | terms)


def trade_at(market: Market, price: str, quantity: int = 1) -> None:
    """Let yan buy from zoe at a price."""
    market.sell("zoe", quantity, at=price)
    market.buy("yan", quantity, at=price)


@pytest.mark.parametrize(
    ("reference", "tier", "single", "double"),
    [
        ("100", 1, ("95", "105"), ("90", "110")),
        ("100", 2, ("90", "110"), ("80", "120")),
        ("3.01", 1, ("2.86", "3.16"), ("2.71", "3.31")),  # 0.1505
        ("3", 1, ("2.4", "3.6"), ("1.8", "4.2")),
        ("0.75", 2, ("0.6", "0.9"), ("0.45", "1.05")),
        ("0.74", 1, ("0.59", "0.89"), ("0.44", "1.04")),  # the lesser is 0.15
        ("0.1", 1, ("0.03", "0.17"), ("0", "0.25")),  # the lesser is 75 %; twice that reaches below nothing
        ("10.01", 1, ("9.51", "10.51"), ("9.01", "11.01")),  # 0.5005, inwards
    ],
)
def test_the_width_of_the_bands(reference: str, tier: int, single: tuple[str, str], double: tuple[str, str]) -> None:
    """By tier above 3.00, 20 % from 0.75 to 3.00, below the lesser of 0.15 and 75 %; doubled when the calendar says."""
    market = under_luld(reference, luld_tier=tier)
    assert market.bands() == single
    market.double_bands()
    assert market.story == ["ACME bands doubled"]
    assert market.bands() == double
    market.double_bands()
    assert market.events == []
    market.double_bands(doubled=False)
    assert market.bands() == single


def test_it_starts_with_the_first_trade() -> None:
    """Where the listing has no reference price there are no bands before it."""
    market = under_luld("0")
    assert market.bands() == ("0", "0")
    trade_at(market, "50")
    assert market.bands() == ("47.5", "52.5")


def test_the_first_reference_may_be_replaced_at_once() -> None:
    """By a mean that is 1 % away; the next one has to stand its time."""
    market = under_luld("100")
    trade_at(market, "100.99")
    assert market.bands() == ("95", "105")
    trade_at(market, "101.01")
    assert market.bands() == ("95.95", "106.05")  # the mean is 101.00
    trade_at(market, "104.01")
    trade_at(market, "104.01")
    assert market.bands() == ("95.95", "106.05")  # 102.505, but the old one stands since 0 s
    market.wait("29.999999999")
    assert market.bands() == ("95.95", "106.05")
    market.wait("0.000000001")
    assert market.bands() == ("97.38", "107.62")  # 102.505 to the even cent: 102.50


def test_the_clock_moves_the_band_without_a_command_of_anybody() -> None:
    """The engine says when to look: when the old reference has stood its time, and when trades are too old."""
    market = under_luld("100", luld_hold=30 * SECOND)
    trade_at(market, "101")
    trade_at(market, "105")
    assert market.bands() == ("95.95", "106.05")
    assert market.engine.next_due() == market.time(30)
    market.wait(30)
    assert market.bands() == ("97.85", "108.15")  # 103
    assert market.engine.next_due() == market.time(300)


def test_trades_leave_the_window() -> None:
    """A mean of the last 300 s: one that is older counts no more."""
    market = under_luld("100")
    trade_at(market, "100")
    market.wait(10)
    trade_at(market, "104")
    market.wait("289.999999999")
    assert market.bands() == ("96.9", "107.1")  # the mean of both, 102, stands since 10 s
    market.wait("0.000000001")
    assert market.bands() == ("98.8", "109.2")  # 104 alone
    market.wait(1000)
    assert market.bands() == ("98.8", "109.2")  # without any trade the reference stays
    assert market.engine.next_due() == 0


def test_a_mean_that_has_moved_too_little_changes_nothing() -> None:
    """Less than 1 %, however long the old reference has stood."""
    market = under_luld("100")
    trade_at(market, "100.99")
    market.wait(100)
    assert market.bands() == ("95", "105")


def test_each_trade_counts_alike() -> None:
    """Not its quantity; trades of an uncross count too."""
    market = under_luld("100")
    market.phase("auction")
    market.sell("zoe", 100, at=100)
    market.buy("yan", 100, at=100)
    market.phase("continuous")
    trade_at(market, "104")
    assert market.bands() == ("96.9", "107.1")


def test_an_order_trades_up_to_the_band_and_its_rest_expires() -> None:
    """Priced beyond it or not, IOC and market too; no call begins, resting orders stay."""
    market = under_luld("100")
    market.sell("zoe", 2, at=105)
    market.sell("zoe", 2, at="105.01")
    market.buy("anna", 3, at=110)
    assert market.story == ["3 accepted", "3 trades 2 @ 105 with 1", "3 expired, 1 left: outside_band"]
    assert market.stands() == "continuous"
    assert market.depth()["asks"] == ["2 @ 105.01"]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"at": 106}, "outside_band"),
        ({"at": 106, "time_in_force": IOC}, "outside_band"),
        ({"at": 106, "time_in_force": FOK}, "outside_band"),
        ({"at": 106, "post_only": True}, "outside_band"),
        ({"at": 105, "time_in_force": IOC}, "no_liquidity"),
        ({"at": 105, "time_in_force": FOK}, "no_liquidity"),
        ({}, "no_liquidity"),
    ],
)
def test_what_is_priced_beyond_the_band_expires(terms: dict[str, Terms], reason: str) -> None:
    """Even where there is nothing to trade with; inside it there is only nobody."""
    market = under_luld("100")
    order = market.buy("anna", 3, **({"at": None} | terms))
    assert (order.status, order.reason) == ("expired", reason)


def test_sells_below_the_lower_band_expire() -> None:
    """Far above it they rest like others."""
    market = under_luld("100")
    assert market.sell("anna", 3, at="94.99").reason == "outside_band"
    assert market.sell("anna", 3, at=95).status == "open"
    assert market.sell("anna", 3, at=200).status == "open"


def test_a_market_order_stops_at_the_band() -> None:
    """What would trade beyond expires for that reason."""
    market = under_luld("100")
    market.buy("zoe", 2, at=96)
    market.phase("auction")
    market.buy("zoe", 2, at=94)
    market.phase("continuous")
    order = market.sell("anna", 5)
    assert (order.filled, order.reason) == ("2", "outside_band")


def test_a_fill_or_kill_priced_beyond_may_fill_inside() -> None:
    """It succeeds if its whole quantity would trade inside the bands."""
    market = under_luld("100")
    market.sell("zoe", 2, at=105)
    market.sell("zoe", 2, at="105.01")
    assert market.buy("anna", 3, at=110, time_in_force=FOK).reason == "outside_band"
    assert market.buy("anna", 2, at=110, time_in_force=FOK).status == "filled"


def test_the_reference_is_fixed_for_one_order() -> None:
    """It is renewed after the command: a sweep sees one band."""
    market = under_luld("100")
    for price in ("101", "102", "103", "104", "105", "106"):
        market.sell("zoe", 1, at=price)
    order = market.buy("anna", 9, at=106)
    assert (order.filled, order.reason) == ("5", "outside_band")
    assert market.bands() == ("97.85", "108.15")


def in_limit_state() -> tuple[Market, Ticket]:
    """The best ask stands at the lower band from 0 s on."""
    market = under_luld("100")
    ask = market.sell("anna", 5, at=95)
    assert market.engine.next_due() == market.time(15)
    return market, ask


def test_a_limit_state_gives_a_pause() -> None:
    """The best ask at the lower band for 15 s; a reopening call follows, and continuous trading."""
    market, _ = in_limit_state()
    market.wait("14.999999999")
    assert market.stands() == "continuous"
    market.wait("0.000000001")
    assert market.story == ["ACME auction reopening until 75 s: limit_state"]
    market.wait(60)
    assert market.story == ["ACME continuous"]


def test_the_best_bid_at_the_upper_band_is_a_limit_state_too() -> None:
    """Buyers are stuck as sellers are."""
    market = under_luld("100")
    market.buy("anna", 5, at=105)
    market.wait(15)
    assert market.stands() == "auction reopening until 75 s"


def test_a_limit_state_ends_when_the_band_is_left() -> None:
    """The time starts anew with the next order that stands there."""
    market, ask = in_limit_state()
    market.wait(10)
    market.cancel(ask)
    assert market.engine.next_due() == 0
    market.wait(10)
    assert market.stands() == "continuous"
    market.sell("anna", 5, at=95)
    market.wait(14)
    assert market.stands() == "continuous"
    market.wait(1)
    assert market.stands() == "auction reopening until 95 s"


def test_inside_the_bands_there_is_no_limit_state() -> None:
    """A cent above the lower band is a price like any other."""
    market = under_luld("100")
    market.sell("anna", 5, at="95.01")
    assert market.engine.next_due() == 0


def test_a_halt_or_a_call_ends_a_limit_state() -> None:
    """It is about continuous trading; afterwards it begins anew."""
    market, _ = in_limit_state()
    market.wait(10)
    market.phase("halted")
    assert market.engine.next_due() == 0
    market.wait(10)
    market.phase("continuous", lift=True)
    assert market.engine.next_due() == market.time(35)
    market.phase("auction")
    assert market.engine.next_due() == 0


def test_a_reopening_is_extended_while_its_price_lies_outside() -> None:
    """As often as it takes, each time by the extension."""
    market, _ = in_limit_state()
    market.wait(15)
    market.sell("boris", 5, at=90)
    market.buy("carla", 5, at=90)
    for end in (75, 95, 115):
        assert market.stands() == f"auction reopening until {end} s"
        market.wait(60 if end == 75 else 20)
    market.buy("dora", 10, at=96)
    market.wait(20)
    assert market.tape == ["dora and boris cross 5 at 96", "dora and anna cross 5 at 96"]
    assert market.stands() == "continuous"


def test_a_reopening_is_extended_while_market_orders_would_be_left() -> None:
    """On either side, with a price or without one."""
    market, _ = in_limit_state()
    market.wait(15)
    order = market.sell("boris", 5)
    market.wait(60)
    assert market.stands() == "auction reopening until 95 s"
    market.buy("carla", 3, at=96)
    market.wait(20)
    assert market.stands() == "auction reopening until 115 s"
    market.buy("dora", 2, at=96)
    market.wait(20)
    assert order.status == "filled"
    assert market.stands() == "continuous"


def test_other_calls_end_as_they_do_everywhere() -> None:
    """Only a reopening is extended by these bands."""
    market = under_luld("100")
    market.phase("auction", "opening", until=10)
    market.buy("anna", 1, at=120)
    market.sell("boris", 1, at=120)
    market.wait(10)
    assert market.tape == ["anna and boris cross 1 at 120"]


def test_luld_takes_the_place_of_the_other_bands() -> None:
    """An instrument under it has no static and no dynamic band, whatever its listing says."""
    market = under_luld("100", static_band_bps=10_000, dynamic_band_bps=10_000)
    assert market.bands() == ("95", "105")


def test_a_listing_may_turn_it_on_and_off() -> None:
    """It starts anew with the listing's reference price or the last trade, and leaves nothing behind."""
    market = under_luld("100")
    market.sell("anna", 5, at=95)
    market.list_instrument("ACME", tick=CENT)
    assert market.bands() == ("0", "0")
    market.wait(15)
    assert market.stands() == "continuous"
    market.cancel_all("anna")
    trade_at(market, "50")
    market.list_instrument("ACME", tick=CENT, luld_tier=2)
    assert market.bands() == ("45", "55")


def test_an_instrument_may_leave_at_the_command_before_which_its_call_ended() -> None:
    """The trades of that call belong to nobody's bands any more."""
    market = under_luld("100")
    market.list_instrument("BETA", luld_tier=1)
    market.phase("auction", "closing", until=10)
    market.buy("anna", 5, at=100)
    market.sell("boris", 5, at=100)
    market.later(10)
    market.delist("ACME")
    assert market.story == ["1 trades 5 @ 100 with 2", "ACME closed", "ACME delisted"]
