"""Positions: quantity, average price, realised profit and cash, trade by trade."""

from __future__ import annotations

import pytest

from exchange.units import UNIT
from tests.support.market import Market, Number, Terms, units

Deal = tuple[Number, Number]
"""Quantity (negative: sold) and price."""


def traded(*deals: Deal, account: str = "anna", **terms: Terms) -> Market:
    """A market where an account has made these trades with boris."""
    terms.setdefault("tick", "0.01")
    market = Market(**terms)
    for quantity, price in deals:
        deal(market, account, quantity, price)
    return market


def deal(market: Market, account: str, quantity: Number, price: Number) -> None:
    """Let an account buy from boris, or sell to him."""
    if not str(quantity).startswith("-"):
        market.sell("boris", quantity, at=price)
        market.buy(account, quantity, at=price)
    else:
        market.buy("boris", str(quantity)[1:], at=price)
        market.sell(account, str(quantity)[1:], at=price)


@pytest.mark.parametrize(
    ("deals", "position", "realised", "cash"),
    [
        ([(10, 100)], "10 at 100", "0", "-1000"),
        ([(-10, 100)], "-10 at 100", "0", "1000"),
        ([(10, 100), (10, 110)], "20 at 105", "0", "-2100"),
        ([(10, 100), (10, 110), (-5, 120)], "15 at 105", "75", "-1500"),
        ([(10, 100), (-10, 90)], "flat", "-100", "-100"),
        ([(10, 100), (-15, 110)], "-5 at 110", "100", "650"),
        ([(-10, 100), (15, 90)], "5 at 90", "100", "-350"),
        ([(-10, 100), (4, 95), (-4, 105)], "-10 at 102", "20", "1040"),
        ([(10, 100), (-10, 110), (10, 120)], "10 at 120", "100", "-1100"),
    ],
    ids=str,
)
def test_average_cost(deals: list[Deal], position: str, realised: str, cash: str) -> None:
    """Growing averages, shrinking realises and leaves the average, through zero opens the rest at the trade's price."""
    market = traded(*deals)
    assert market.position("anna") == position
    assert market.realised("anna") == realised
    assert market.cash("anna") == cash


def test_both_sides_have_the_opposite() -> None:
    """Quantities and cash of the two sides sum to zero."""
    market = traded((10, 100), (-4, 105))
    assert (market.position("anna"), market.position("boris")) == ("6 at 100", "-6 at 100")
    assert (market.cash("anna"), market.cash("boris")) == ("-580", "580")
    assert (market.realised("anna"), market.realised("boris")) == ("20", "-20")


@pytest.mark.parametrize(
    ("deals", "position", "realised"),
    [
        ([(2, "100.00"), (1, "100.01")], "3 at 100.00333333", "0"),
        ([(1, "100.00"), (2, "100.01")], "3 at 100.00666667", "0"),
        ([(1, "0.01"), (1, "0.02")], "2 at 0.015", "0"),
        ([(2, 100), (1, "100.01"), (-1, "100.01")], "2 at 100.00333333", "0.00666667"),
        ([(2, 100), (1, "100.01"), (-1, "100.01"), (-2, 100)], "flat", "0"),
    ],
    ids=str,
)
def test_an_average_is_rounded_when_it_is_told(deals: list[Deal], position: str, realised: str) -> None:
    """Half to even at 8 decimals, and never in between: what is closed wholly has earned exactly what came in."""
    market = traded(*deals)
    assert market.position("anna") == position
    assert market.realised("anna") == realised


def test_half_of_the_last_decimal_goes_to_even() -> None:
    """Two at 0.00000001 and 0.00000002 cost 0.000000015 each; at 0.00000002 and 0.00000003 0.000000025."""
    market = traded((1, "0.00000001"), (1, "0.00000002"), tick="0.00000001")
    assert market.engine.accounts.position("anna", "ACME").average_price == 2
    market = traded((1, "0.00000002"), (1, "0.00000003"), tick="0.00000001")
    assert market.engine.accounts.position("anna", "ACME").average_price == 2
    assert market.position("anna") == "2 at 0.00000002"


def test_a_closed_part_leaves_the_exact_average() -> None:
    """Six for 5 in all cost 0.8333… each: three of them have cost 2.5, however many steps it took."""
    market = traded((4, 1), (2, "0.5"), (-1, 1), (-2, 1))
    assert market.position("anna") == "3 at 0.83333333"
    assert market.realised("anna") == "0.5"


def test_fractions_of_a_lot_are_bought_for_whole_units_of_money() -> None:
    """0.3 at 0.0000001: the value is 0.00000003, exactly."""
    market = traded(("0.3", "0.0000001"), tick="0.0000001", lot="0.1")
    assert market.cash("anna") == "-0.00000003"


def test_an_order_from_before_a_change_of_lot_pays_whole_units() -> None:
    """Its price times the new lot is no whole unit of money: that is rounded half to even, for both sides alike."""
    market = Market(tick="0.00000001", lot=1)
    market.sell("boris", 1, at="0.00000003")
    market.list_instrument("ACME", tick=1, lot="0.5")
    market.buy("anna", "0.5", at=1)
    assert market.tape == ["anna buys 0.5 from boris at 0.00000003"]
    assert (market.cash("anna"), market.cash("boris")) == ("-0.00000002", "0.00000002")
    assert market.position("anna") == "0.5 at 0.00000003"


def test_positions_are_kept_by_instrument() -> None:
    """What is bought of one is not sold of another; flat ones are left out, cash is the account's."""
    market = Market()
    market.list_instrument("BETA")
    market.sell("boris", 5, at=100)
    market.buy("anna", 5, at=100)
    market.buy("boris", 3, at=50, symbol="BETA")
    market.sell("anna", 3, at=50, symbol="BETA")
    assert [symbol for symbol, _ in market.engine.accounts.positions_of("anna")] == ["ACME", "BETA"]
    assert (market.position("anna"), market.position("anna", "BETA")) == ("5 at 100", "-3 at 50")
    assert market.cash("anna") == "-350"

    market.buy("boris", 5, at=100)
    market.sell("anna", 5, at=100)
    assert [symbol for symbol, _ in market.engine.accounts.positions_of("anna")] == ["BETA"]


def test_a_position_outlives_its_orders() -> None:
    """A day after the trade its orders are forgotten, the position is not."""
    market = traded((10, 100))
    market.wait(24 * 3_600)
    market.wait(1)
    assert market.engine.orders == {}
    assert market.position("anna") == "10 at 100"
    deal(market, "anna", -4, 110)
    assert (market.position("anna"), market.realised("anna")) == ("6 at 100", "40")


def test_who_never_traded_is_not_kept() -> None:
    """An account whose order came and went leaves nothing behind once that is forgotten."""
    market = Market(ended_orders_max=0)
    market.cancel(market.buy("anna", 1, at=100))
    market.wait(0)
    assert market.engine.accounts.positions == {}
    market.buy("anna", 1, at="99.5")
    assert market.refused == "price_off_tick"
    assert market.engine.accounts.positions == {}
    assert market.engine.books["ACME"].holdings == {}


def test_a_position_may_be_larger_than_any_order() -> None:
    """Sums go beyond 64 bits without harm, through a checkpoint too."""
    large = 39_999_999_999
    market = Market()
    for _ in range(4):
        deal(market, "anna", large, 1)
    assert market.position("anna") == f"{4 * large} at 1"
    assert market.engine.accounts.position("anna", "ACME").quantity == 4 * large * UNIT > 1 << 63
    restored = type(market.engine).from_state(market.engine.state())
    assert restored.accounts.position("anna", "ACME").quantity == 4 * units(large)
    assert restored.digest() == market.engine.digest()
