"""The instrument's limits of "Before matching": tick, lot, quantities, prices, values, collar, open orders."""

from __future__ import annotations

import pytest

from exchange.commands import Configure
from exchange.events import Rejected
from exchange.terms import BUY, IOC
from exchange.units import LARGEST, SECOND
from tests.support.market import Market, units

TICKS = [(0, units("0.01")), (units(1), units("0.05")), (units(10), units("0.5"))]


@pytest.mark.parametrize(
    ("price", "code"),
    [
        ("0.01", ""),
        ("0.005", "price_off_tick"),
        ("0.99", ""),
        ("1.00", ""),
        ("1.01", "price_off_tick"),
        ("1.05", ""),
        ("9.95", ""),
        ("9.99", "price_off_tick"),
        ("10.00", ""),
        ("10.05", "price_off_tick"),
        ("10.50", ""),
        ("1000000.25", "price_off_tick"),
        ("1000000.50", ""),
    ],
)
def test_the_highest_row_not_above_the_price_gives_the_tick(price: str, code: str) -> None:
    """A table of ticks by price: each row holds from its `from` on."""
    market = Market(ticks=TICKS, lot=100)
    market.sell("anna", 100, at=price)
    assert market.refused == code


def test_a_refusal_names_the_field_and_the_bound() -> None:
    """The answer holds what was missed, so its message can say what to do."""
    market = Market(ticks=TICKS, lot=100)
    market.sell("anna", 100, at="1.01")
    assert market.events == [Rejected("price_off_tick", "price", units("0.05"))]
    market.sell("anna", 150, at="1.05")
    assert market.events == [Rejected("quantity_off_lot", "quantity", units(100))]


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        ("0", "quantity_too_small"),
        ("10", "quantity_too_small"),
        ("19", "quantity_off_lot"),
        ("20", ""),
        ("25", "quantity_off_lot"),
        ("50", ""),
        ("60", "quantity_too_large"),
    ],
)
def test_quantities_are_whole_lots_between_minimum_and_maximum(quantity: str, code: str) -> None:
    """Both bounds are included; the lot is looked at first."""
    market = Market(lot=10, min_quantity=units(20), max_quantity=units(50))
    market.sell("anna", quantity, at=100)
    assert market.refused == code


def test_without_limits_one_lot_is_the_least() -> None:
    """A minimum of 0 stands for one lot."""
    market = Market(lot=10)
    market.sell("anna", 0, at=100)
    assert market.refused == "quantity_too_small"
    market.sell("anna", -10, at=100)
    assert market.refused == "quantity_too_small"
    market.sell("anna", 10, at=100)
    assert market.refused == ""


@pytest.mark.parametrize(("price", "code"), [(89, "price_too_low"), (90, ""), (110, ""), (111, "price_too_high")])
def test_prices_stay_in_their_range(price: int, code: str) -> None:
    """Both ends are included."""
    market = Market(min_price=units(90), max_price=units(110))
    market.sell("anna", 1, at=price)
    assert market.refused == code


@pytest.mark.parametrize("price", [0, -1])
def test_a_price_is_positive(price: int) -> None:
    """Without any minimum, nothing and less than nothing is no price."""
    market = Market()
    market.buy("anna", 1, at=price)
    assert market.refused == "bad_price"


def test_what_was_too_large_for_the_wire_is_refused() -> None:
    """A number that a gateway had to cut to LARGEST must not become an order at that price or of that size."""
    market = Market()
    market.sell("anna", 1, at=LARGEST // units(1))
    assert market.refused == "price_too_high"
    market.sell("anna", LARGEST // units(1), at=1)
    assert market.refused == "quantity_too_large"


@pytest.mark.parametrize(
    ("quantity", "price", "code"),
    [(9, 11, "value_too_small"), (10, 10, ""), (20, 50, ""), (11, 91, "value_too_large")],
)
def test_values_stay_in_their_range(quantity: int, price: int, code: str) -> None:
    """Price × quantity, both ends included."""
    market = Market(min_value=units(100), max_value=units(1_000))
    market.buy("anna", quantity, at=price)
    assert market.refused == code


def test_a_value_has_no_bound_but_those_that_are_named() -> None:
    """An ordinary block in rupiah: 10,000,000 at 10,000; and the largest order that there can be."""
    market = Market(tick=25, lot=100, taker_bps=1_000_000)
    market.sell("anna", 10_000_000, at=10_000)
    market.buy("boris", 10_000_000, at=10_000)
    assert (market.refused, market.cash("anna"), market.cash("fees")) == ("", "100000000000", "100000000000")

    market = Market(taker_bps=1_000_000)
    market.sell("anna", "9999999999", at="9999999999")
    market.buy("boris", "9999999999", at="9999999999")
    assert market.cash("anna") == market.cash("fees") == "99999999980000000001"
    market.sell("anna", 39_999_999_999, at=39_999_999_999)
    assert market.refused == ""


def test_a_limit_of_value_may_be_as_large_as_any_value() -> None:
    """The listing's or the account's, the stricter one; the refusal names it."""
    market = Market(max_value=units(10**12))
    market.limit("anna", max_value=10**11)
    market.sell("anna", 10**7, at=10_001)
    assert market.events == [Rejected("value_too_large", "quantity", units(10**11))]
    market.sell("boris", 10**8, at=10_001)
    assert market.events == [Rejected("value_too_large", "quantity", units(10**12))]
    market.sell("boris", 10**8, at=10_000)
    assert market.refused == ""


def test_by_version_2_no_value_is_above_40_billion() -> None:
    """As a journal of that version has it, and it names no such limit."""
    market = Market(tick=25, lot=100)
    market.apply(Configure(2, 10_000, 1_000, 5 * SECOND))
    market.sell("anna", 10_000_000, at=10_000)
    assert market.events == [Rejected("value_too_large", "quantity", LARGEST)]
    market.list_instrument("ACME", max_value=LARGEST + 1)
    assert market.refused == "bad_request"
    market.limit("anna", max_value=LARGEST // units(1))
    assert market.refused == "bad_request"
    market.apply(Configure(3, 10_000, 1_000, 5 * SECOND))
    market.sell("anna", 10_000_000, at=10_000)
    assert market.refused == ""


def test_a_listing_does_not_let_a_cut_number_in() -> None:
    """A maximum of 40 billion or more is met by every number that a gateway had to cut."""
    market = Market(max_quantity=LARGEST, max_price=LARGEST)
    market.sell("anna", 1, at=LARGEST // units(1))
    assert market.refused == "price_too_high"
    market.sell("anna", LARGEST // units(1), at=1)
    assert market.refused == "quantity_too_large"


def test_a_market_order_is_valued_at_the_reference_price() -> None:
    """At the listing's until something trades, then at the last trade's; without either it has no value to check."""
    market = Market(min_value=units(100), max_value=units(1_000))
    market.buy("anna", 1)
    assert market.refused == ""
    market.buy("anna", 1_000_000)
    assert market.refused == ""

    market.list_instrument("ACME", max_value=units(1_000), reference_price=units(100))
    market.buy("anna", 11)
    assert market.refused == "value_too_large"
    market.buy("anna", 10)
    assert market.refused == ""

    market.sell("boris", 1, at=50)
    market.buy("anna", 1, at=50)
    market.buy("anna", 20)
    assert market.refused == ""
    market.buy("anna", 21)
    assert market.refused == "value_too_large"


@pytest.mark.parametrize(
    ("price", "code"), [(94, "price_outside_collar"), (95, ""), (105, ""), (106, "price_outside_collar")]
)
def test_the_collar_lies_round_the_reference_price(price: int, code: str) -> None:
    """5 % of 100 either way, ends included, for both sides."""
    market = Market(collar_bps=500 * 100, reference_price=units(100))
    for side in (0, 1):
        market.place("anna", side, 1, price, time_in_force=IOC)
        assert market.refused == code


def test_the_collar_follows_the_last_trade() -> None:
    """After a trade its price is the reference, whatever the listing says."""
    market = Market(collar_bps=500 * 100, reference_price=units(100))
    market.sell("anna", 1, at=104)
    market.buy("boris", 1, at=104)
    market.buy("boris", 1, at=109)
    assert market.refused == ""
    market.buy("boris", 1, at=98)
    assert market.refused == "price_outside_collar"


def test_without_a_reference_price_there_is_no_collar() -> None:
    """The first order of an instrument that never traded may name any price."""
    market = Market(collar_bps=1)
    market.sell("anna", 1, at=1_000_000)
    assert market.refused == ""


def test_a_market_order_knows_no_collar() -> None:
    """The collar is about the price that an order names."""
    market = Market(collar_bps=500 * 100, reference_price=units(100))
    market.buy("anna", 1)
    assert market.refused == ""


def test_open_orders_are_counted_per_account_and_instrument() -> None:
    """At the limit every new order is refused, one that would not rest too; other accounts and symbols go on."""
    market = Market(max_open_orders=2)
    market.list_instrument("BETA", max_open_orders=2)
    first = market.buy("anna", 1, at=90)
    market.buy("anna", 1, at=91)

    market.buy("anna", 1, at=92)
    assert market.refused == "too_many_open_orders"
    market.buy("anna", 1, at=92, time_in_force=IOC)
    assert market.refused == "too_many_open_orders"
    market.buy("anna", 1)
    assert market.refused == "too_many_open_orders"

    market.buy("boris", 1, at=92)
    assert market.refused == ""
    market.buy("anna", 1, at=92, symbol="BETA")
    assert market.refused == ""
    market.cancel(first)
    market.buy("anna", 1, at=92)
    assert market.refused == ""


def test_ended_orders_make_room() -> None:
    """A filled order and an expired one no longer count."""
    market = Market(max_open_orders=1)
    market.buy("anna", 1, at=90)
    market.sell("boris", 1, at=90)
    market.buy("anna", 1)
    market.buy("anna", 1, at=90)
    assert market.refused == ""
    assert market.queue(BUY) == ["anna 1 @ 90"]


def test_a_limit_of_zero_is_no_limit() -> None:
    """0 switches the bound on open orders off."""
    market = Market(max_open_orders=0)
    for _ in range(5):
        market.buy("anna", 1, at=90)
    assert market.depth() == {"bids": ["5 @ 90"], "asks": []}


@pytest.mark.parametrize(("price", "nearest"), [(120, 110), (80, 100)])
def test_the_edge_of_a_collar_is_told_as_a_price(price: int, nearest: int) -> None:
    """8 % round 105 reach from 96.6 to 113.4: with a tick of 5 the nearest that would do are 100 and 110."""
    market = Market(tick=5, reference_price=units(105), collar_bps=80_000)
    market.place("anna", BUY, 1, price)
    assert market.events == [Rejected("price_outside_collar", "price", units(nearest))]
    market.place("anna", BUY, 1, nearest)
    assert market.refused == ""
