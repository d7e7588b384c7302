"""Rule 5: an iceberg shows a part of itself and hides the rest."""

from __future__ import annotations

import pytest

from exchange.terms import BUY, CHANGED, DONE, OPENED, SELL
from tests.support.market import Market, units


def test_the_worked_example() -> None:
    """When the shown part is gone the next one stands behind everything at that price."""
    market = Market()
    market.sell("ida", 30, at=100, display=10)
    market.sell("boris", 5, at=100)
    assert market.depth() == {"bids": [], "asks": ["15 @ 100"]}

    market.buy("carla", 12, at=100)

    assert market.tape == ["carla buys 10 from ida at 100", "carla buys 2 from boris at 100"]
    assert market.queue(SELL) == ["boris 3 @ 100", "ida 10 @ 100"]
    assert market.depth() == {"bids": [], "asks": ["13 @ 100"]}


def test_the_same_incoming_order_goes_on_into_the_next_part() -> None:
    """A large taker meets the iceberg again and again, after everybody who waits there."""
    market = Market()
    iceberg = market.sell("ida", 25, at=100, display=10)
    market.sell("boris", 5, at=100)

    market.buy("carla", 28, at=100)

    assert market.tape == [
        "carla buys 10 from ida at 100",
        "carla buys 5 from boris at 100",
        "carla buys 10 from ida at 100",
        "carla buys 3 from ida at 100",
    ]
    assert (iceberg.open, iceberg.shown, iceberg.status) == ("2", "2", "partially_filled")
    assert market.depth() == {"bids": [], "asks": ["2 @ 100"]}


def test_two_icebergs_take_turns() -> None:
    """Each part that is shown anew queues behind the other's."""
    market = Market()
    market.sell("ida", 6, at=100, display=2)
    market.sell("jana", 6, at=100, display=3)
    market.buy("carla", 12, at=100)
    assert market.tape == [
        "carla buys 2 from ida at 100",
        "carla buys 3 from jana at 100",
        "carla buys 2 from ida at 100",
        "carla buys 3 from jana at 100",
        "carla buys 2 from ida at 100",
    ]
    assert market.depth() == {"bids": [], "asks": []}


def test_an_arriving_iceberg_takes_with_its_whole_quantity() -> None:
    """Its display quantity matters only for what is left to rest."""
    market = Market()
    market.sell("anna", 20, at=100)
    iceberg = market.buy("ida", 35, at=100, display=10)
    assert market.tape == ["ida buys 20 from anna at 100"]
    assert (iceberg.open, iceberg.shown) == ("15", "10")
    assert market.depth() == {"bids": ["10 @ 100"], "asks": []}


def test_a_small_rest_is_shown_whole() -> None:
    """It shows min(display, rest)."""
    market = Market()
    market.sell("anna", 20, at=100)
    iceberg = market.buy("ida", 24, at=100, display=10)
    assert (iceberg.open, iceberg.shown) == ("4", "4")


def test_a_partly_taken_part_keeps_its_place_and_is_not_topped_up() -> None:
    """Only when the shown part is gone comes the next one."""
    market = Market()
    market.sell("ida", 30, at=100, display=10)
    market.sell("boris", 5, at=100)
    market.buy("carla", 9, at=100)
    assert market.queue(SELL) == ["ida 1 @ 100", "boris 5 @ 100"]


def test_the_book_reports_a_new_part_as_another_order_in_the_queue() -> None:
    """A part that is gone is done, the next one opens at the back."""
    market = Market()
    market.sell("ida", 30, at=100, display=10)
    assert market.engine.changes == [("ACME", OPENED, 1, SELL, units(100), units(10))]
    market.sell("boris", 5, at=100)
    market.buy("carla", 12, at=100)
    assert market.engine.changes == [
        ("ACME", DONE, 1, SELL, units(100), 0),
        ("ACME", OPENED, 1, SELL, units(100), units(10)),
        ("ACME", CHANGED, 2, SELL, units(100), units(3)),
    ]


def test_displayed_quantity_at_one_price_goes_before_reserve() -> None:
    """However early the iceberg came, everything displayed at its price trades before its second part."""
    market = Market()
    market.buy("ida", 100, at=100, display=1)
    market.buy("boris", 50, at=100)
    market.sell("carla", 51, at=100)
    assert market.tape == ["carla sells 1 to ida at 100", "carla sells 50 to boris at 100"]
    assert market.queue(BUY) == ["ida 1 @ 100"]


def test_display_equal_to_quantity_is_a_plain_order() -> None:
    """Showing everything is no iceberg: the whole quantity is displayed."""
    market = Market()
    order = market.sell("ida", 30, at=100, display=30)
    assert order.order.display_quantity == 0
    assert market.depth() == {"bids": [], "asks": ["30 @ 100"]}


@pytest.mark.parametrize(("display", "code"), [(31, "display_too_large"), (0, "display_too_small")])
def test_a_display_quantity_has_bounds(display: int, code: str) -> None:
    """It may not exceed the quantity nor be nothing."""
    market = Market()
    market.sell("ida", 30, at=100, display=display)
    assert market.refused == code
    assert market.depth() == {"bids": [], "asks": []}


def test_a_display_quantity_is_at_least_one_percent() -> None:
    """Rule 11: 10 of 1,000 may be shown, 9 may not."""
    market = Market()
    market.sell("ida", 1_000, at=100, display=9)
    assert market.refused == "display_too_small"
    market.sell("ida", 1_000, at=100, display=10)
    assert market.refused == ""


def test_a_display_quantity_is_whole_lots() -> None:
    """It is a quantity, and quantities are whole lots."""
    market = Market(lot=10)
    market.sell("ida", 100, at=100, display=15)
    assert market.refused == "quantity_off_lot"
