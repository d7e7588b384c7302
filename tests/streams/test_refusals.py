import pytest

from exchange import rejections
from exchange.events import Rejected
from exchange.units import UNIT
from streams.refusals import BAD_REQUESTS, SENTENCES, sentence_of
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
            "this account has 3 open orders in the instrument, the most it may have",
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


def test_an_instrument_is_explained_field_by_field() -> None:
    """Each fault that a listing may have is told in words of its own, or as a field that cannot be."""
    for field in ("ticks", "lot_size", "max_quantity", "max_price", "max_value"):
        assert field in BAD_REQUESTS
    assert sentence_of(Rejected("bad_request", "collar_bps")).startswith("collar_bps is missing")
