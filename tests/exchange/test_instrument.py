"""An instrument's definition: which listings are possible, and which tick holds where."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis.strategies import integers

from exchange.instrument import Instrument
from exchange.units import LARGEST, UNIT, VALUE_LARGEST


def listing(**changes: Any) -> Instrument:
    """A fine listing, with some fields changed."""
    fields: dict[str, Any] = {"symbol": "ACME", "ticks": [(0, UNIT // 100)], "lot_size": UNIT}
    return Instrument(**(fields | changes))


def test_a_plain_listing_has_no_fault() -> None:
    """Tick and lot are all it needs."""
    assert listing().fault() == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ticks": []}, "ticks"),
        ({"ticks": [(1, UNIT)]}, "ticks"),
        ({"ticks": [(0, 0)]}, "ticks"),
        ({"ticks": [(0, -UNIT)]}, "ticks"),
        ({"ticks": [(0, UNIT), (0, UNIT)]}, "ticks"),
        ({"ticks": [(0, UNIT), (9, UNIT), (5, UNIT)]}, "ticks"),
        ({"ticks": [(0, LARGEST + 1)]}, "ticks"),
        ({"ticks": [(0, UNIT), (LARGEST + 1, UNIT)]}, "ticks"),
        ({"lot_size": LARGEST + 1}, "lot_size"),
        ({"max_quantity": UNIT - 1}, "max_quantity"),
        ({"max_price": UNIT // 100 - 1}, "max_price"),
        ({"lot_size": 0}, "lot_size"),
        ({"lot_size": -UNIT}, "lot_size"),
        ({"ticks": [(0, 1)], "lot_size": UNIT // 10}, "lot_size"),
        ({"ticks": [(0, UNIT), (UNIT, 3)], "lot_size": UNIT // 2}, "lot_size"),
        ({"min_quantity": -1}, "min_quantity"),
        ({"max_quantity": LARGEST + 1}, "max_quantity"),
        ({"min_price": -1}, "min_price"),
        ({"max_price": -1}, "max_price"),
        ({"min_value": -1}, "min_value"),
        ({"min_value": VALUE_LARGEST + 1}, "min_value"),
        ({"max_value": VALUE_LARGEST + 1}, "max_value"),
        ({"collar_bps": -1}, "collar_bps"),
        ({"max_open_orders": -1}, "max_open_orders"),
        ({"reference_price": -1}, "reference_price"),
        ({"min_quantity": 2 * UNIT, "max_quantity": UNIT}, "max_quantity"),
        ({"min_price": 2 * UNIT, "max_price": UNIT}, "max_price"),
        ({"min_value": 2 * UNIT, "max_value": UNIT}, "max_value"),
    ],
    ids=str,
)
def test_an_impossible_listing_names_its_field(changes: dict[str, Any], field: str) -> None:
    """So that the operator knows what to mend."""
    assert listing(**changes).fault() == field


@pytest.mark.parametrize(
    "changes",
    [
        {"ticks": [(0, 1)], "lot_size": UNIT},
        {"ticks": [(0, UNIT)], "lot_size": 1},
        {"ticks": [(0, UNIT // 10)], "lot_size": 10},
        {"min_quantity": UNIT, "max_quantity": UNIT},
        {"min_price": UNIT, "max_price": UNIT},
        {"min_value": UNIT, "max_value": UNIT},
        {"max_value": VALUE_LARGEST},
    ],
    ids=str,
)
def test_money_is_whole_units_at_the_edge_too(changes: dict[str, Any]) -> None:
    """Tick × lot may be exactly one unit, and a range may be one number."""
    assert listing(**changes).fault() == ""


def test_the_tick_of_a_price_is_that_of_the_highest_row_not_above_it() -> None:
    """At a row's `from` its tick holds already."""
    instrument = listing(ticks=[(0, 1 * UNIT // 100), (UNIT, 5 * UNIT // 100), (10 * UNIT, UNIT // 2)])
    ticks = [instrument.tick_at(price) for price in (0, UNIT - 1, UNIT, 10 * UNIT - 1, 10 * UNIT, 1_000 * UNIT)]
    assert ticks == [UNIT // 100, UNIT // 100, UNIT // 20, UNIT // 20, UNIT // 2, UNIT // 2]


def test_the_smallest_tick_gives_the_decimals() -> None:
    """Wherever in the table it stands."""
    assert listing(ticks=[(0, UNIT), (UNIT, UNIT // 20), (9 * UNIT, UNIT // 2)]).smallest_tick == UNIT // 20


TABLE = [(0, 3), (10, 4), (30, 7)]
"""Prices are 0 3 6 9, then 12 16 20 24 28, then 35 42 …: no row begins at a price of its own."""


@pytest.mark.parametrize(
    ("price", "floor", "ceil"),
    [
        (0, 0, 0),
        (1, 0, 3),
        (3, 3, 3),
        (9, 9, 9),
        (10, 9, 12),
        (11, 9, 12),
        (12, 12, 12),
        (29, 28, 35),
        (34, 28, 35),
        (35, 35, 35),
        (36, 35, 42),
    ],
)
def test_the_prices_next_to_any_number(price: int, floor: int, ceil: int) -> None:
    """The nearest whole ticks below and above, by the tick of the row in which they lie themselves."""
    instrument = listing(ticks=TABLE)
    assert (instrument.floor_price(price), instrument.ceil_price(price)) == (floor, ceil)


@pytest.mark.parametrize(
    ("total", "count", "price"),
    [
        (10, 1, 10),
        (21, 2, 10),
        (25, 2, 12),
        (23, 2, 12),
        (22, 2, 12),
        (44, 4, 12),
        (9, 2, 4),
        (15, 2, 8),
        (3, 2, 2),
        (1, 1, 0),
    ],
)
def test_a_mean_is_rounded_half_to_even_to_the_tick(total: int, count: int, price: int) -> None:
    """Halfway between two prices the one that is an even number of ticks."""
    assert listing(ticks=[(0, 2)]).nearest_price(total, count) == price


@pytest.mark.parametrize(
    ("price", "found"),
    [(0, 0), (1, 2), (2, 2), (3, 4), (4, 4), (9, 10), (10, 10), (12, 10), (13, 15), (11, 10), (LARGEST - 1, LARGEST)],
)
def test_a_reference_is_the_nearest_price_that_may_be(price: int, found: int) -> None:
    """The higher of two as near, never nothing unless there is none; ticks are 2 below 10 and 5 from there."""
    assert Instrument("ACME", [(0, 2), (10, 5)], UNIT).on_tick(price) == found


@given(integers(1, 400), integers(1, 12), integers(1, 12), integers(1, 60))
def test_no_price_is_nearer_than_the_reference(price: int, tick: int, other: int, start: int) -> None:
    """Of all prices that an order might have, whatever the table of ticks."""
    instrument = Instrument("ACME", [(0, tick), (start, other)], UNIT)
    may_be = [number for number in range(1, 500) if number % instrument.tick_at(number) == 0]
    nearest = min(may_be, key=lambda number: (abs(number - price), -number))
    assert instrument.on_tick(price) == nearest
