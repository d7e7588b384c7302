"""Rule 2: a market order takes what is there and the rest expires."""

from __future__ import annotations

from exchange.terms import DAY
from tests.support.market import Market


def test_a_market_order_sweeps_every_price() -> None:
    """It has no limit of its own: it takes level after level until it is filled."""
    market = Market()
    market.sell("anna", 5, at=100)
    market.sell("boris", 5, at=250)

    order = market.buy("carla", 8)

    assert market.tape == ["carla buys 5 from anna at 100", "carla buys 3 from boris at 250"]
    assert (order.status, order.reason) == ("filled", "")
    assert market.depth() == {"bids": [], "asks": ["2 @ 250"]}


def test_what_a_market_order_does_not_find_expires() -> None:
    """Its rest never rests: it ends as expired, no liquidity, even when partly filled."""
    market = Market()
    market.buy("anna", 5, at=100)

    order = market.sell("carla", 8)

    assert market.story == ["2 accepted", "2 trades 5 @ 100 with 1", "2 expired, 3 left: no_liquidity"]
    assert (order.status, order.reason, order.filled) == ("expired", "no_liquidity", "5")
    assert market.depth() == {"bids": [], "asks": []}


def test_a_market_order_in_an_empty_book_expires_whole() -> None:
    """It is accepted, not refused, and its answer says expired."""
    market = Market()
    order = market.buy("anna", 5)
    assert market.story == ["1 accepted", "1 expired, 5 left: no_liquidity"]
    assert (order.status, order.reason, order.filled, order.open) == ("expired", "no_liquidity", "0", "0")


def test_a_day_market_order_does_not_rest_either() -> None:
    """Whatever its time in force, a market order outside a call lives for one sweep only."""
    market = Market()
    order = market.buy("anna", 5, time_in_force=DAY)
    assert order.status == "expired"
    assert market.depth() == {"bids": [], "asks": []}
