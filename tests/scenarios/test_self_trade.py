"""Rule 8: an account does not trade with itself; the taker's mode says who gives way."""

from __future__ import annotations

import pytest

from exchange.events import Amended, Canceled
from exchange.terms import (
    BUY,
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    CHANGED,
    DECREMENT,
    DONE,
    IOC,
    OPEN,
    OPENED,
    SELL,
)
from tests.support.market import Market, units


def example() -> Market:
    """o1 3@100 other, o2 5@100 own, o3 4@101 other: the asks of the worked example, owner carla."""
    market = Market()
    market.sell("anna", 3, at=100)
    market.sell("carla", 5, at=100)
    market.sell("boris", 4, at=101)
    return market


def test_cancel_newest_cancels_the_takers_rest() -> None:
    """The default: what came earlier has traded, the rest of the taker is canceled, the own order stays."""
    market = example()
    taker = market.buy("carla", 10, at=101)
    assert market.story == ["4 accepted", "4 trades 3 @ 100 with 1", "4 canceled, 7 left: self_trade"]
    assert (taker.status, taker.reason, taker.filled) == ("canceled", "self_trade", "3")
    assert market.depth() == {"bids": [], "asks": ["5 @ 100", "4 @ 101"]}


def test_cancel_oldest_cancels_the_resting_order_and_goes_on() -> None:
    """o2 is canceled, o3 trades, and the rest of the bid rests."""
    market = example()
    taker = market.buy("carla", 10, at=101, self_trade=CANCEL_OLDEST)
    assert market.story == [
        "4 accepted",
        "4 trades 3 @ 100 with 1",
        "2 canceled, 5 left: self_trade",
        "4 trades 4 @ 101 with 3",
    ]
    assert (taker.status, taker.open) == ("partially_filled", "3")
    assert market.depth() == {"bids": ["3 @ 101"], "asks": []}


def test_cancel_both_ends_both() -> None:
    """The resting order and the taker's rest go together."""
    market = example()
    taker = market.buy("carla", 10, at=101, self_trade=CANCEL_BOTH)
    assert market.story == [
        "4 accepted",
        "4 trades 3 @ 100 with 1",
        "2 canceled, 5 left: self_trade",
        "4 canceled, 7 left: self_trade",
    ]
    assert taker.status == "canceled"
    assert market.depth() == {"bids": [], "asks": ["4 @ 101"]}


def test_decrement_takes_the_smaller_off_both() -> None:
    """o2 is gone, the taker is 5 smaller and trades 2 with o3."""
    market = example()
    taker = market.buy("carla", 10, at=101, self_trade=DECREMENT)
    assert market.story == [
        "4 accepted",
        "4 trades 3 @ 100 with 1",
        "2 canceled, 5 left: self_trade",
        "4 amended to 10 @ 101, 2 open: self_trade",
        "4 trades 2 @ 101 with 3",
    ]
    assert (taker.status, taker.filled, taker.order.canceled) == ("filled", "5", units(5))
    assert market.depth() == {"bids": [], "asks": ["2 @ 101"]}


def test_decrement_of_a_larger_resting_order_leaves_it_in_its_place() -> None:
    """The taker ends, the survivor is amended where it stands."""
    market = Market()
    own = market.sell("carla", 9, at=100)
    market.sell("anna", 3, at=100)
    taker = market.buy("carla", 4, at=100, self_trade=DECREMENT)
    terms = (units(100), None, units(9), None, None)
    assert market.events[1:] == [
        Amended(1, "carla", *terms, units(5), units(4), "self_trade", "ACME", SELL, 0, 0, 0, OPEN),
        Canceled(3, "carla", units(4), "self_trade", "ACME", BUY),
    ]
    assert market.engine.changes == [("ACME", CHANGED, 1, SELL, units(100), units(5))]
    assert market.queue(SELL) == ["carla 5 @ 100", "anna 3 @ 100"]
    assert (own.status, own.open) == ("open", "5")
    assert (taker.status, taker.reason) == ("canceled", "self_trade")


def test_decrement_of_equals_ends_both() -> None:
    """Nothing is left of either."""
    market = Market()
    market.sell("carla", 4, at=100)
    market.buy("carla", 4, at=100, self_trade=DECREMENT)
    assert market.story == ["2 accepted", "1 canceled, 4 left: self_trade", "2 canceled, 4 left: self_trade"]
    assert market.depth() == {"bids": [], "asks": []}


@pytest.mark.parametrize(
    ("quantity", "shown", "left"), [(12, "10", "18"), (20, "10", "10"), (25, "5", "5"), (30, "0", "0")]
)
def test_decrement_takes_an_icebergs_reserve_first(quantity: int, shown: str, left: str) -> None:
    """The reserve shrinks before the shown part, and the shown part keeps its place."""
    market = Market()
    own = market.sell("carla", 30, at=100, display=10)
    market.sell("anna", 3, at=100)
    market.buy("carla", quantity, at=100, self_trade=DECREMENT)
    assert (own.shown, own.open) == (shown, left)
    assert market.tape == []
    front = [f"carla {shown} @ 100"] if left != "0" else []
    assert market.queue(SELL) == [*front, "anna 3 @ 100"]


def test_decrement_of_reserve_alone_does_not_show_in_the_book() -> None:
    """Market data shows the displayed part alone, and that has not changed."""
    market = Market()
    market.sell("carla", 30, at=100, display=10)
    market.buy("carla", 12, at=100, self_trade=DECREMENT)
    assert market.engine.changes == []
    assert market.depth() == {"bids": [], "asks": ["10 @ 100"]}


def test_a_decremented_taker_with_a_display_rests_like_an_iceberg() -> None:
    """After the decrement it shows min(display, rest)."""
    market = Market()
    market.sell("carla", 4, at=100)
    market.buy("carla", 20, at=100, display=5, self_trade=DECREMENT)
    assert market.engine.changes == [
        ("ACME", DONE, 1, SELL, units(100), 0),
        ("ACME", OPENED, 2, BUY, units(100), units(5)),
    ]
    assert market.queue(BUY) == ["carla 5 @ 100"]


def test_canceling_an_own_iceberg_cancels_all_of_it() -> None:
    """Its reserve goes with its shown part."""
    market = Market()
    own = market.sell("carla", 30, at=100, display=10)
    market.buy("carla", 1, at=100, self_trade=CANCEL_OLDEST)
    assert market.story == ["2 accepted", "1 canceled, 30 left: self_trade"]
    assert (own.status, own.reason, own.open) == ("canceled", "self_trade", "0")
    assert market.depth() == {"bids": ["1 @ 100"], "asks": []}


def test_the_takers_mode_counts_not_the_resting_orders() -> None:
    """A resting order's own mode matters only when it takes."""
    market = Market()
    market.sell("carla", 5, at=100, self_trade=CANCEL_OLDEST)
    taker = market.buy("carla", 5, at=100, self_trade=CANCEL_NEWEST)
    assert taker.status == "canceled"
    assert market.depth() == {"bids": [], "asks": ["5 @ 100"]}


def test_an_own_order_that_is_not_reached_is_not_touched() -> None:
    """The mode decides when the sweep reaches the own order, and a filled taker reaches nothing more."""
    market = example()
    taker = market.buy("carla", 3, at=101, self_trade=CANCEL_BOTH)
    assert taker.status == "filled"
    assert market.depth() == {"bids": [], "asks": ["5 @ 100", "4 @ 101"]}


def test_own_orders_beyond_the_limit_are_not_touched() -> None:
    """An order that would not trade there does not reach it."""
    market = Market()
    market.sell("carla", 5, at=101)
    market.buy("carla", 5, at=100, self_trade=CANCEL_BOTH)
    assert market.depth() == {"bids": ["5 @ 100"], "asks": ["5 @ 101"]}


def test_market_and_ioc_orders_obey_it_too() -> None:
    """Their rest is canceled by self-trade prevention, not expired for want of liquidity."""
    market = example()
    taker = market.buy("carla", 10)
    assert (taker.status, taker.reason, taker.filled) == ("canceled", "self_trade", "3")
    taker = market.buy("carla", 10, at=101, time_in_force=IOC, self_trade=DECREMENT)
    assert market.story == [
        "5 accepted",
        "2 canceled, 5 left: self_trade",
        "5 amended to 10 @ 101, 5 open: self_trade",
        "5 trades 4 @ 101 with 3",
        "5 expired, 1 left: no_liquidity",
    ]
    assert (taker.filled, taker.order.canceled) == ("4", units(6))


def test_several_own_orders_are_met_one_by_one() -> None:
    """Decrement works through all of them while the taker has anything left."""
    market = Market()
    market.buy("carla", 2, at=101)
    market.buy("carla", 3, at=100)
    market.buy("anna", 4, at=100)
    market.buy("carla", 9, at=99)
    market.sell("carla", 12, at=99, self_trade=DECREMENT)
    assert market.story == [
        "5 accepted",
        "1 canceled, 2 left: self_trade",
        "5 amended to 12 @ 99, 10 open: self_trade",
        "2 canceled, 3 left: self_trade",
        "5 amended to 12 @ 99, 7 open: self_trade",
        "5 trades 4 @ 100 with 3",
        "4 amended to 9 @ 99, 6 open: self_trade",
        "5 canceled, 3 left: self_trade",
    ]
    assert market.queue(BUY) == ["carla 6 @ 99"]


def test_different_accounts_of_one_name_prefix_do_trade() -> None:
    """Only the same account is prevented."""
    market = Market()
    market.sell("carla", 1, at=100)
    market.buy("carla-2", 1, at=100)
    assert market.tape == ["carla-2 buys 1 from carla at 100"]
