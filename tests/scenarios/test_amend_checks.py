"""Rule 7: the amends that are refused; what an amend names passes the checks of a new order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exchange.terms import BUY, GTD
from tests.support.market import Market, Terms, two_bids, units

if TYPE_CHECKING:
    pass


@pytest.mark.parametrize("seconds", [0, -1])
def test_an_expiry_lies_in_the_future(seconds: int) -> None:
    """An amend to now or to the past is refused."""
    market = Market()
    anna = market.buy("anna", 10, at=100, time_in_force=GTD, expires=market.time(60))
    market.amend(anna, expires=market.time(seconds))
    assert market.refused == "bad_expires"
    assert anna.order.expires == market.time(60)


def test_terms_that_the_order_cannot_have() -> None:
    """An expiry without GTD and a stop price on a limit order are bad requests."""
    market, anna = two_bids()
    market.amend(anna, expires=market.time(60))
    assert market.refused == "bad_request"
    market.amend(anna, stop=90)
    assert market.refused == "bad_request"


def test_a_total_below_what_is_filled_is_refused() -> None:
    """What has traded cannot be taken back."""
    market, anna = two_bids()
    market.sell("carla", 4, at=100)
    market.amend(anna, to=3)
    assert market.refused == "quantity_below_filled"
    assert market.queue(BUY) == ["anna 6 @ 100", "boris 10 @ 100"]


def test_a_total_that_ends_the_order_may_be_below_the_minimum() -> None:
    """Lot, minimum and value are for what may still trade; a named price must be one all the same."""
    market = Market()
    anna = market.buy("anna", 10, at=100)
    market.sell("carla", 3, at=100)
    market.list_instrument("ACME", lot=2, min_quantity=units(4), min_value=units(400))
    market.amend(anna, to=3, at="-3.3")
    assert market.refused == "price_off_tick"
    market.amend(anna, to=3)
    assert anna.status == "filled"


@pytest.mark.parametrize("total", [0, -1])
def test_nothing_is_no_total(total: int) -> None:
    """An untouched order is not ended by an amend to nothing: that is a cancel."""
    market, anna = two_bids()
    market.amend(anna, to=total)
    assert market.refused == "quantity_too_small"
    assert anna.status == "open"


@pytest.mark.parametrize(
    "terms", [{}, {"at": 100}, {"to": 10}, {"to": 10, "at": "100.00"}, {"display": 10}, {"display": 10, "to": 10}]
)
def test_nothing_changed_is_refused(terms: dict[str, Terms]) -> None:
    """Terms equal to what the order has already are no change."""
    market, anna = two_bids()
    market.amend(anna, **terms)
    assert market.refused == "no_change"
    assert market.engine.changes == []
    assert market.queue(BUY) == ["anna 10 @ 100", "boris 10 @ 100"]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"at": "100.5"}, "price_off_tick"),
        ({"at": 0}, "bad_price"),
        ({"at": 89}, "price_too_low"),
        ({"at": 111}, "price_too_high"),
        ({"to": "9.5"}, "quantity_off_lot"),
        ({"to": 1}, "quantity_too_small"),
        ({"to": 201}, "quantity_too_large"),
        ({"to": 150, "at": 110}, "value_too_large"),
        ({"to": 5, "at": 90}, "value_too_small"),
        ({"at": 109}, "price_outside_collar"),
        ({"display": 11}, "display_too_large"),
        ({"display": 0, "to": 8}, "display_too_small"),
        ({"display": 1, "to": 101}, "display_too_small"),
        ({"display": "1.5"}, "quantity_off_lot"),
    ],
)
def test_new_values_pass_the_checks_again(terms: dict[str, Terms], code: str) -> None:
    """An amend that breaks a limit leaves the order as it was."""
    market = Market(
        min_price=units(90),
        max_price=units(110),
        min_quantity=units(2),
        max_quantity=units(200),
        min_value=units(500),
        max_value=units(15_000),
        collar_bps=800 * 100,
        reference_price=units(100),
    )
    anna = market.buy("anna", 10, at=100)
    market.list_instrument("ACME", **limits_of(market, collar=terms == {"at": 109}))
    market.amend(anna, **terms)
    assert market.refused == code
    assert market.engine.changes == []
    assert market.queue(BUY) == ["anna 10 @ 100"]


def limits_of(market: Market, *, collar: bool) -> dict[str, int]:
    """The listing again, with the collar only when the case is about it: it would hide the limits further out."""
    instrument = market.engine.books["ACME"].instrument
    names = ("min_price", "max_price", "min_quantity", "max_quantity", "min_value", "max_value", "reference_price")
    limits: dict[str, int] = {name: getattr(instrument, name) for name in names}
    return limits | {"collar_bps": instrument.collar_bps if collar else 0}


def test_a_larger_quantity_needs_a_larger_display() -> None:
    """One percent is of the new total."""
    market = Market()
    anna = market.buy("anna", 800, at=100, display=10)
    market.amend(anna, to=2_000)
    assert market.refused == "display_too_small"
    market.amend(anna, to=2_000, display=20)
    assert market.refused == ""


def test_what_an_amend_does_not_name_is_not_checked_again() -> None:
    """Orders from before a change of tick, lot or range stay as they are, and may still shrink or move."""
    market = Market()
    priced = market.buy("anna", 7, at=101)
    sized = market.buy("boris", 7, at=100)
    market.list_instrument("ACME", tick=5, lot=5, min_price=units(200))
    market.amend(priced, to=5)
    assert market.refused == ""
    market.list_instrument("ACME", tick=5, lot=5)
    market.amend(sized, at=95)
    assert market.refused == ""
    assert market.queue(BUY) == ["anna 5 @ 101", "boris 7 @ 95"]


def test_a_display_that_is_not_named_needs_no_new_lot() -> None:
    """A larger total looks again at the one percent alone."""
    market = Market()
    anna = market.buy("anna", 10, at=100, display=3)
    market.list_instrument("ACME", lot=2)
    market.amend(anna, to=20)
    assert market.story == ["1 amended to 20 @ 100, 20 open: requested"]
    assert market.queue(BUY) == ["anna 3 @ 100"]


def test_amends_need_no_room_among_open_orders() -> None:
    """The bound on open orders is for new ones."""
    market = Market(max_open_orders=1)
    anna = market.buy("anna", 10, at=100)
    market.amend(anna, at=101, to=20)
    assert market.refused == ""


def test_the_value_is_judged_when_price_or_quantity_is_named() -> None:
    """An order above a maximum that came later may still hide more of itself, or move its expiry."""
    market = Market()
    order = market.buy("anna", 10, at=100)
    market.limit("anna", max_value=500)
    market.amend(order, display=5)
    assert market.refused == ""
    market.amend(order, to=9)
    assert market.refused == "value_too_large"
    market.amend(order, at=40)
    assert market.refused == ""
