"""Rule 3, first half: IOC fills what it can and the rest expires."""

from __future__ import annotations

from exchange.terms import IOC
from tests.support.market import Market


def test_the_rest_of_an_ioc_expires() -> None:
    """It takes what its limit reaches; its status is expired even though part of it traded."""
    market = Market()
    market.sell("anna", 5, at=100)
    market.sell("boris", 5, at=101)

    order = market.buy("carla", 8, at=100, time_in_force=IOC)

    assert market.story == ["3 accepted", "3 trades 5 @ 100 with 1", "3 expired, 3 left: no_liquidity"]
    assert (order.status, order.reason, order.filled) == ("expired", "no_liquidity", "5")
    assert market.depth() == {"bids": [], "asks": ["5 @ 101"]}


def test_a_filled_ioc_is_filled() -> None:
    """An IOC that finds its whole quantity ends like any filled order."""
    market = Market()
    market.sell("anna", 8, at=100)
    order = market.buy("carla", 8, at=100, time_in_force=IOC)
    assert (order.status, order.reason) == ("filled", "")


def test_an_ioc_that_finds_nothing_leaves_the_book_alone() -> None:
    """It is accepted and expires at once; nothing of the book changes."""
    market = Market()
    market.sell("anna", 5, at=101)
    market.buy("carla", 8, at=100, time_in_force=IOC)
    assert market.story == ["2 accepted", "2 expired, 8 left: no_liquidity"]
    assert market.engine.changes == []
    assert market.depth() == {"bids": [], "asks": ["5 @ 101"]}


def test_an_ioc_takes_hidden_reserve() -> None:
    """What an iceberg hides trades too, part after part."""
    market = Market()
    market.sell("anna", 30, at=100, display=10)
    order = market.buy("carla", 25, at=100, time_in_force=IOC)
    assert market.tape == ["carla buys 10 from anna at 100"] * 2 + ["carla buys 5 from anna at 100"]
    assert order.status == "filled"
    assert market.depth() == {"bids": [], "asks": ["5 @ 100"]}
