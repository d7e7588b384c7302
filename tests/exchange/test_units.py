"""Whole numbers: exact arithmetic, rounding half to even, printing."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis.strategies import integers

from exchange.units import LARGEST, UNIT, decimals_of, divide_half_even, from_text, to_text, value_of

ANY = integers(-(10**30), 10**30)
POSITIVE = integers(1, 10**30)


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (0, 7, 0),
        (1, 2, 0),
        (3, 2, 2),
        (5, 2, 2),
        (-1, 2, 0),
        (-3, 2, -2),
        (-5, 2, -2),
        (2, 3, 1),
        (-2, 3, -1),
        (7, 1, 7),
    ],
)
def test_halves_go_to_the_even_neighbour(numerator: int, denominator: int, expected: int) -> None:
    """On both sides of zero."""
    assert divide_half_even(numerator, denominator) == expected


@given(ANY, POSITIVE)
def test_it_rounds_as_the_decimal_library_does(numerator: int, denominator: int) -> None:
    """The nearest whole number; of two equally near ones the even one."""
    rounded = divide_half_even(numerator, denominator)
    distance = abs(rounded * denominator - numerator) * 2
    assert distance <= denominator
    assert distance < denominator or rounded % 2 == 0


@given(ANY, POSITIVE)
def test_rounding_is_symmetric(numerator: int, denominator: int) -> None:
    """A rebate rounds like the fee of the same size."""
    assert divide_half_even(-numerator, denominator) == -divide_half_even(numerator, denominator)


def test_a_value_is_price_times_quantity() -> None:
    """In units of money."""
    assert value_of(10_050 * UNIT // 100, 3 * UNIT) == 30_150 * UNIT // 100
    assert value_of(1, UNIT // 2) == 0
    assert value_of(3, UNIT // 2) == 2


@pytest.mark.parametrize(
    ("step", "decimals"),
    [(UNIT, 0), (UNIT // 100, 2), (UNIT // 1_000 * 10, 2), (UNIT // 4, 2), (1, 8), (10, 7), (100 * UNIT, 0), (5, 8)],
)
def test_a_step_has_the_decimals_it_needs(step: int, decimals: int) -> None:
    """Trailing zeros do not count: 0.010 needs 2."""
    assert decimals_of(step) == decimals


@pytest.mark.parametrize(
    ("units", "decimals", "text"),
    [
        (0, 0, "0"),
        (0, 2, "0.00"),
        (UNIT, 0, "1"),
        (10_120 * UNIT // 100, 2, "101.20"),
        (10_120 * UNIT // 100, 0, "101.2"),
        (-UNIT // 2, 2, "-0.50"),
        (1, 0, "0.00000001"),
        (-1, 8, "-0.00000001"),
        (LARGEST, 0, "40000000000"),
    ],
)
def test_numbers_are_printed_with_at_least_the_decimals_asked_for(units: int, decimals: int, text: str) -> None:
    """More only where the number has them."""
    assert to_text(units, decimals) == text


@given(integers(-LARGEST, LARGEST), integers(0, 8))
def test_what_is_printed_is_the_number(units: int, decimals: int) -> None:
    """Nothing is lost or added, and there are never fewer decimals than asked for."""
    text = to_text(units, decimals)
    assert Decimal(text) * UNIT == units
    assert len(text.partition(".")[2]) >= decimals


@given(integers(0, LARGEST), integers(1, LARGEST))
def test_values_round_like_decimals(price: int, quantity: int) -> None:
    """The same as the decimal library's ROUND_HALF_EVEN at eight places."""
    with localcontext(prec=60):
        exact = Decimal(price * quantity).scaleb(-16).quantize(Decimal("1E-8"), ROUND_HALF_EVEN)
        assert Decimal(value_of(price, quantity)).scaleb(-8) == exact


@given(integers(-(10**40), 10**40), integers(0, 8))
def test_what_was_printed_is_read_as_it_was(units: int, decimals: int) -> None:
    """However large: a sum of money has no bound."""
    assert from_text(to_text(units, decimals)) == units
