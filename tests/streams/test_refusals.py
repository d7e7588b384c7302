from dataclasses import replace
from typing import Any

import pytest

from exchange import rejections
from exchange.events import Rejected
from exchange.instrument import Instrument
from exchange.units import LARGEST, NEVER, UNIT, VALUE_LARGEST
from gateway.requests.timestamps import time_text
from streams.publication.refusal_sentences import END_OF_CALLS, SENTENCES, limit_sentence, listing_sentence, sentence_of
from tests.support.journaled import units

DECIMALS = (2, 0)
CODES = sorted(value for name, value in vars(rejections).items() if name.isupper())


def test_every_refusal_has_a_sentence() -> None:
    """The engine knows no code that clients would get no explanation of, and no explanation is without a code."""
    assert sorted(SENTENCES) == CODES


@pytest.mark.parametrize("code", CODES)
def test_a_sentence_is_whole(code: str) -> None:
    """Whatever the refusal carries, nothing of the pattern is left and it starts with a word."""
    for decimals in (DECIMALS, ()):
        sentence = sentence_of(Rejected(code, "price", UNIT), *decimals)
        assert sentence
        assert not set("{}") & set(sentence)


@pytest.mark.parametrize(
    ("rejected", "sentence"),
    [
        (
            Rejected("price_off_tick", "stop_price", UNIT // 100),
            "stop_price must be a multiple of the tick size 0.01",
        ),
        (Rejected("quantity_off_lot", "quantity", UNIT), "quantity must be a multiple of the lot size 1"),
        (Rejected("price_too_high", "price", units(500)), "price must be at most 500.00"),
        (Rejected("value_too_small", "quantity", units("0.5")), "price times quantity must be at least 0.50"),
        (
            Rejected("too_many_open_orders", "", 3),
            "this account may have at most 3 open orders here; cancel one first",
        ),
        (Rejected("bad_request", "price"), "limit and stop_limit orders need a price, others have none"),
        (Rejected("bad_request", ""), "the message could not be understood"),
        (
            Rejected("bad_request", "post_only"),
            "post_only is missing, or cannot be used with the rest of this command",
        ),
    ],
)
def test_a_sentence_says_what_would_do(rejected: Rejected, sentence: str) -> None:
    """The limit that was missed is printed as a client writes such a number."""
    assert sentence_of(rejected, *DECIMALS) == sentence


ACME = Instrument("ACME", [(0, UNIT)], UNIT)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"min_price": -1}, "min_price must be from 0 to 40000000000"),
        ({"reference_price": LARGEST + 1}, "reference_price must be from 0 to 40000000000"),
        ({"max_value": VALUE_LARGEST + 1}, "max_value must be from 0 to 1600000000000000000000"),
        ({"min_value": 2 * UNIT, "max_value": UNIT}, "max_value must not be below min_value"),
        ({"max_quantity": UNIT - 1}, "max_quantity must be at least one lot and min_quantity"),
        ({"min_price": 3 * UNIT, "max_price": 2 * UNIT}, "max_price must be at least one tick and min_price"),
        ({"collar_bps": -1}, "collar_bps must be from 0 to 40000000000000000"),
        ({"max_open_orders": -1}, "max_open_orders must be from 0 to 4000000000000000000"),
        ({"call_extensions": -1}, "call_extensions must be from 0 to 4000000000000000000"),
        (
            {"lot_size": LARGEST + 1},
            "lot_size must be above zero and at most 40000000000, and times each tick a multiple of 0.00000001",
        ),
        (
            {"ticks": []},
            "ticks must begin with a row from 0, rise from row to row, and be above zero and at most 40000000000",
        ),
    ],
)
def test_an_impossible_listing_is_told_what_would_do(changes: dict[str, Any], sentence: str) -> None:
    """The bound that was missed, or how the members have to go together."""
    instrument = replace(ACME, **changes)
    assert listing_sentence(instrument, instrument.fault()) == sentence


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("max_quantity", "max_quantity must be from 0 to 39999999999.99999999"),
        ("max_value", "max_value must be from 0 to 1600000000000000000000"),
        ("max_open_orders", "max_open_orders must be from 0 to 3999999999999999999"),
        ("cross_bps", "cross_bps must be from -10000 to 10000"),
        ("enabled", "enabled must be true or false"),
    ],
)
def test_an_impossible_limit_is_told_its_bounds(name: str, sentence: str) -> None:
    """As an operator writes such a number."""
    assert limit_sentence(name) == sentence


@pytest.mark.parametrize("field", ["kind", "until", "lift", "account", "symbol", "expires", "stop_price", "seconds"])
def test_what_an_operator_or_a_client_got_wrong_is_said_by_field(field: str) -> None:
    """Not that it were missing: each of these is refused for a reason of its own."""
    assert "is missing" not in sentence_of(Rejected("bad_request", field))


def test_the_end_of_calls_is_said_truly() -> None:
    """A call may not end at NEVER or later."""
    assert time_text(NEVER).startswith(END_OF_CALLS.removesuffix("Z"))
    assert END_OF_CALLS in sentence_of(Rejected("bad_request", "until"))
