"""Rule 7: what an amend changes, what keeps the order's place and what loses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.commands import AmendOrder
from exchange.events import Amended
from exchange.terms import BUY, CANCEL_OLDEST, CHANGED, DECREMENT, DONE, GTD, OPEN, OPENED, SELL
from tests.support.market import Market, two_bids, units

if TYPE_CHECKING:
    pass


AS_PLACED = (BUY, 0, 0, 0, OPEN)
"""How an order stands of which nothing has traded."""


def test_a_smaller_quantity_keeps_the_place() -> None:
    """`quantity` is the new total; the order shrinks where it stands."""
    market, anna = two_bids()
    market.amend(anna, to=6)
    terms = (units(100), None, units(6), None, None)
    assert market.events == [Amended(1, "anna", *terms, units(6), 0, "requested", "ACME", *AS_PLACED)]
    assert market.engine.changes == [("ACME", CHANGED, 1, BUY, units(100), units(6))]
    assert market.queue(BUY) == ["anna 6 @ 100", "boris 10 @ 100"]


def test_a_larger_quantity_loses_the_place() -> None:
    """Growing goes to the back of the queue."""
    market, anna = two_bids()
    market.amend(anna, to=12)
    assert market.story == ["1 amended to 12 @ 100, 12 open: requested"]
    assert market.engine.changes == [
        ("ACME", DONE, 1, BUY, units(100), 0),
        ("ACME", OPENED, 1, BUY, units(100), units(12)),
    ]
    assert market.queue(BUY) == ["boris 10 @ 100", "anna 12 @ 100"]


def test_another_price_loses_the_place() -> None:
    """Away and back again is behind those who stayed."""
    market, anna = two_bids()
    market.amend(anna, at=99)
    assert market.queue(BUY) == ["boris 10 @ 100", "anna 10 @ 99"]
    market.amend(anna, at=100)
    assert market.queue(BUY) == ["boris 10 @ 100", "anna 10 @ 100"]


def test_a_smaller_quantity_with_another_price_loses_the_place() -> None:
    """One change that loses priority is enough."""
    market, anna = two_bids()
    market.buy("carla", 10, at=99)
    market.amend(anna, to=5, at=99)
    assert market.queue(BUY) == ["boris 10 @ 100", "carla 10 @ 99", "anna 5 @ 99"]


def test_another_expiry_keeps_the_place() -> None:
    """Living longer or shorter does not touch the queue."""
    market = Market()
    anna = market.buy("anna", 10, at=100, time_in_force=GTD, expires=market.time(60))
    market.buy("boris", 10, at=100)
    for seconds in (90, 30):
        market.amend(anna, expires=market.time(seconds))
        assert anna.order.expires == market.time(seconds)
        assert market.engine.changes == []
        assert market.queue(BUY) == ["anna 10 @ 100", "boris 10 @ 100"]
    market.wait(30)
    assert market.story == ["1 expired, 10 left: expired"]


def test_a_new_price_that_crosses_takes_at_once() -> None:
    """The amended order trades as the taker, under its limit, and its rest stays at the new price."""
    market, anna = two_bids()
    market.sell("carla", 4, at=102)
    market.sell("dora", 4, at=103)

    market.amend(anna, at=102)

    assert market.story == ["1 amended to 10 @ 102, 10 open: requested", "1 trades 4 @ 102 with 3"]
    assert market.tape == ["anna buys 4 from carla at 102"]
    assert market.depth() == {"bids": ["6 @ 102", "10 @ 100"], "asks": ["4 @ 103"]}
    assert (anna.status, anna.filled, anna.open) == ("partially_filled", "4", "6")


def test_an_amend_may_fill_the_order() -> None:
    """An order amended into enough of the other side is done."""
    market, anna = two_bids()
    market.sell("carla", 10, at=102)
    market.amend(anna, at=105)
    assert market.tape == ["anna buys 10 from carla at 102"]
    assert anna.status == "filled"
    assert market.depth() == {"bids": ["10 @ 100"], "asks": []}


def test_a_crossing_amend_obeys_the_orders_own_self_trade_mode() -> None:
    """The mode is the one the order was placed with."""
    market = Market()
    own = market.sell("anna", 4, at=102)
    taker = market.buy("anna", 10, at=100, self_trade=DECREMENT)
    market.amend(taker, at=102)
    assert market.story == [
        "2 amended to 10 @ 102, 10 open: requested",
        "1 canceled, 4 left: self_trade",
        "2 amended to 10 @ 102, 6 open: self_trade",
    ]
    assert own.status == "canceled"
    assert market.depth() == {"bids": ["6 @ 102"], "asks": []}


def test_a_total_counts_what_has_traded() -> None:
    """With 4 of 10 filled, a new total of 7 leaves 3 open."""
    market, anna = two_bids()
    market.sell("carla", 4, at=100)
    market.amend(anna, to=7)
    assert market.story == ["1 amended to 7 @ 100, 3 open: requested"]
    assert market.queue(BUY) == ["anna 3 @ 100", "boris 10 @ 100"]


def test_a_total_equal_to_what_is_filled_ends_the_order() -> None:
    """Nothing is left to trade: the order is done, filled."""
    market, anna = two_bids()
    market.sell("carla", 4, at=100)
    market.amend(anna, to=4)
    assert market.story == ["1 amended to 4 @ 100, 0 open: requested"]
    assert market.engine.changes == [("ACME", DONE, 1, BUY, units(100), 0)]
    assert (anna.status, anna.reason, anna.filled, anna.open) == ("filled", "", "4", "0")
    assert market.queue(BUY) == ["boris 10 @ 100"]


def test_what_decrement_took_counts_like_what_is_filled() -> None:
    """2 filled and 3 taken off by decrement: a total of 5 ends the order, 4 is refused."""
    market = Market()
    anna = market.buy("anna", 10, at=100)
    market.sell("carla", 2, at=100)
    market.sell("anna", 3, at=100, self_trade=DECREMENT)
    assert (anna.filled, anna.open, anna.order.canceled) == ("2", "5", units(3))
    market.amend(anna, to=4)
    assert market.refused == "quantity_below_filled"
    market.amend(anna, to=8)
    assert anna.open == "3"
    market.amend(anna, to=5)
    assert anna.status == "filled"


def test_a_display_quantity_makes_a_plain_order_an_iceberg() -> None:
    """Showing less keeps the place."""
    market, anna = two_bids()
    market.amend(anna, display=4)
    terms = (units(100), None, units(10), units(4), None)
    assert market.events == [Amended(1, "anna", *terms, units(10), 0, "requested", "ACME", *AS_PLACED)]
    assert market.queue(BUY) == ["anna 4 @ 100", "boris 10 @ 100"]
    market.sell("carla", 5, at=100)
    assert market.queue(BUY) == ["boris 9 @ 100", "anna 4 @ 100"]


def test_display_equal_to_the_quantity_makes_an_iceberg_plain() -> None:
    """Showing more loses the place."""
    market, anna = two_bids(display=4)
    market.amend(anna, display=10)
    assert anna.order.display_quantity == 0
    assert market.queue(BUY) == ["boris 10 @ 100", "anna 10 @ 100"]


def test_display_down_keeps_and_display_up_loses_the_place() -> None:
    """Both change what the queue shows; only showing more costs time."""
    market, anna = two_bids(display=4)
    market.amend(anna, display=2)
    assert market.queue(BUY) == ["anna 2 @ 100", "boris 10 @ 100"]
    market.amend(anna, display=3)
    assert market.queue(BUY) == ["boris 10 @ 100", "anna 3 @ 100"]


def test_a_partly_taken_part_is_not_topped_up_by_showing_less() -> None:
    """1 of 4 is left of the shown part; a display of 3 keeps the place and shows no more than before."""
    market, anna = two_bids(display=4)
    market.sell("carla", 3, at=100)
    assert market.queue(BUY) == ["anna 1 @ 100", "boris 10 @ 100"]
    market.amend(anna, display=3)
    assert market.queue(BUY) == ["anna 1 @ 100", "boris 10 @ 100"]
    market.sell("carla", 12, at=100)
    assert market.queue(BUY) == ["anna 2 @ 100"]


def test_an_iceberg_shrinks_from_its_reserve() -> None:
    """Quantity down keeps the shown part and its place while there is reserve."""
    market, anna = two_bids(display=4)
    market.amend(anna, to=7)
    assert market.engine.changes == []
    assert market.queue(BUY) == ["anna 4 @ 100", "boris 10 @ 100"]
    assert (anna.open, anna.shown) == ("7", "4")
    market.amend(anna, to=3)
    assert market.queue(BUY) == ["anna 3 @ 100", "boris 10 @ 100"]


def test_an_amended_iceberg_shows_a_whole_part_again_at_its_new_place() -> None:
    """Losing its place it enters like a new order, min(display, open) in front."""
    market, anna = two_bids(display=4)
    market.sell("carla", 3, at=100)
    market.amend(anna, at=99)
    assert market.queue(BUY) == ["boris 10 @ 100", "anna 4 @ 99"]


def test_an_order_may_be_named_by_its_client_order_id() -> None:
    """With order id 0 the symbol and the client's own name find it."""
    market = Market()
    market.buy("anna", 10, at=100, client_order_id="mine")
    market.apply(AmendOrder("anna", 0, "ACME", "mine", quantity=units(4)))
    assert market.story == ["1 amended to 4 @ 100, 4 open: requested"]
    market.apply(AmendOrder("boris", 0, "ACME", "mine", quantity=units(3)))
    assert market.refused == "unknown_order"


def test_an_amended_taker_is_bound_like_a_new_one() -> None:
    """Its rest expires once it has made its trades and could make more."""
    market = Market(trades_per_order_max=2)
    taker = market.sell("carla", 5, at=105)
    for _ in range(3):
        market.buy("anna", 1, at=100)
    market.amend(taker, at=100)
    assert market.story == [
        "1 amended to 5 @ 100, 5 open: requested",
        "1 trades 1 @ 100 with 2",
        "1 trades 1 @ 100 with 3",
        "1 expired, 3 left: too_many_fills",
    ]
    assert market.depth() == {"bids": ["1 @ 100"], "asks": []}


def test_amend_onto_an_own_order_with_cancel_oldest() -> None:
    """The resting own order goes, the amended one stands."""
    market = Market()
    market.buy("anna", 3, at=100)
    ask = market.sell("anna", 5, at=105, self_trade=CANCEL_OLDEST)
    market.amend(ask, at=100)
    assert market.story == ["2 amended to 5 @ 100, 5 open: requested", "1 canceled, 3 left: self_trade"]
    assert market.queue(SELL) == ["anna 5 @ 100"]
