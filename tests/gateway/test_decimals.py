"""Decimals are taken exactly as they are written."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.units import LARGEST, UNIT
from gateway.requests.decimals import exact_units_of, units_of


@pytest.mark.parametrize(
    ("raw", "units"),
    [
        ('"100.1"', 10_010_000_000),
        ('"100.10000000000"', 10_010_000_000),
        ("100.1", 10_010_000_000),
        ("0.00000001", 1),
        ('"-1.5"', -150_000_000),
        ('"0"', 0),
        ('"-0"', 0),
        ('"0.000"', 0),
        ('"\\u0031.5"', 150_000_000),
        ('"9' + "9" * 38 + '"', LARGEST),
        ('"-9' + "9" * 37 + '"', -LARGEST),
        ("40000000000", LARGEST),
        ("123456789.12345678", 12_345_678_912_345_678),
    ],
)
def test_a_plain_decimal_is_taken_exactly(raw: str, units: int) -> None:
    """A string or a number of the form has its exact value in units, and what is too large becomes LARGEST."""
    assert units_of(raw.encode()) == units


def test_what_an_operator_writes_is_never_cut() -> None:
    """It is judged as large as it is, so a limit of ours is not taken for theirs."""
    assert exact_units_of(b'"40000000001"') == LARGEST + UNIT
    assert exact_units_of(b"-1" + b"0" * 38) == -(10**38) * UNIT


@pytest.mark.parametrize(
    "raw",
    [
        *('"1e2"', "1e2", "1E2", '" 100"', '"100 "', '"+1"', '".5"', '"5."', '"NaN"', '"0x64"', "true", "null", '""'),
        *('"01"', '"-"', '"1,5"', '"1_000"', '"Infinity"', '"١"', '"1\\n"', "[]", "{}", '"--1"', '"1.2.3"'),
        *("0.000000001", '"1.000000001"', '"' + "1" * 41 + '"', '"0.' + "0" * 39 + '"', '"1.5\\u0000"', '"\\ud800"'),
        '"' + "\\u0031" * 41 + '"',
        '"' + "1" * 1000 + '"',
    ],
)
def test_anything_else_is_refused(raw: str) -> None:
    """Whatever is not of the form, has more than 8 decimals or 40 characters, is no decimal."""
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is the answer
        units_of(raw.encode())


@given(st.decimals(min_value=-10_000_000, max_value=10_000_000, places=8, allow_nan=False))
def test_text_and_number_mean_the_same(number: Decimal) -> None:
    """A decimal has one value whether it comes as a string or as a number."""
    text = f"{number:f}"
    expected = int(number * UNIT)
    assert units_of(json.dumps(text).encode()) == units_of(text.encode()) == expected
