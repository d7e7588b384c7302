"""Fees: whose rate, how it is rounded, and who receives it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from exchange.accounts.fees import fee_of, rates_of
from exchange.accounts.limits import CROSS_BPS, MAKER_BPS, TAKER_BPS
from exchange.instrument import Instrument
from exchange.terms import BUY
from exchange.units import UNIT
from tests.support.market import Market, Terms, units

MAKER_AND_TAKER: dict[str, Terms] = {"maker_bps": -50, "taker_bps": 250}
"""A rebate of half a basis point, a fee of two and a half."""


def test_maker_and_taker_pay_their_own_rate() -> None:
    """Of 1,000: the maker gets 0.05 back, the taker pays 0.25, the fee account receives what is left."""
    market = Market(**MAKER_AND_TAKER)
    maker = market.sell("anna", 10, at=100)
    taker = market.buy("boris", 10, at=100)
    assert (market.fees("anna"), market.fees("boris"), market.fees("fees")) == ("-0.05", "0.25", "-0.2")
    assert (market.cash("anna"), market.cash("boris"), market.cash("fees")) == ("1000.05", "-1000.25", "0.2")
    [fill] = maker.order.fills or []
    assert fill[4] == units("-0.05")
    [fill] = taker.order.fills or []
    assert fill[4] == units("0.25")
    [trade] = market.trades
    assert (trade.maker_fee, trade.taker_fee) == (units("-0.05"), units("0.25"))


def test_fees_are_no_part_of_the_price() -> None:
    """Average price and realised profit leave them out."""
    market = Market(**MAKER_AND_TAKER)
    market.sell("anna", 10, at=100)
    market.buy("boris", 10, at=100)
    market.buy("anna", 10, at=110)
    market.sell("boris", 10, at=110)
    assert market.realised("boris") == "100"
    assert market.fees("boris") == "0.525"
    assert market.cash("boris") == "99.475"


def test_without_rates_nobody_pays() -> None:
    """An instrument's rates are 0 unless it says otherwise; the fee account does not even appear."""
    market = Market()
    market.sell("anna", 10, at=100)
    market.buy("boris", 10, at=100)
    assert market.cash("boris") == "-1000"
    assert "fees" not in market.engine.accounts.positions


@pytest.mark.parametrize(
    ("amount", "rate", "fee"),
    [
        ("0.00005", 100, 0),
        ("0.00015", 100, 2),
        ("0.00025", 100, 2),
        ("0.000050001", 100, 1),
        ("0", 100, 0),
        ("0.00005", -100, 0),
        ("0.00015", -100, -2),
        ("1", 1, 100),
        ("1", 1_000_000, UNIT),
    ],
)
def test_a_fee_is_rounded_half_to_even(amount: str, rate: int, fee: int) -> None:
    """Once per fill, on the last unit of money, for either sign."""
    assert fee_of(int(Decimal(amount) * UNIT * UNIT), rate) == fee


def test_each_fill_is_rounded_by_itself() -> None:
    """Two fills of half a unit cost nothing each; one of the same size together costs one unit."""
    market = Market(tick="0.0001", lot="0.01", taker_bps=1)
    for _ in range(2):
        market.sell("anna", "0.01", at="0.5")
    market.buy("boris", "0.02", at="0.5")
    assert [trade.taker_fee for trade in market.trades] == [0, 0]
    market.sell("anna", "0.02", at="0.5")
    market.buy("boris", "0.02", at="0.5")
    assert [trade.taker_fee for trade in market.trades] == [1]


def test_an_accounts_own_rate_goes_before_the_instruments() -> None:
    """Kind by kind: its own for the symbol, else its own for all, else the instrument's."""
    market = Market(**MAKER_AND_TAKER)
    market.limit("anna", taker_bps="1")
    market.sell("boris", 10, at=100)
    market.buy("anna", 10, at=100)
    assert market.fees("anna") == "0.1"
    assert market.fees("boris") == "-0.05"

    market.limit("anna", "ACME", taker_bps="0")
    market.sell("boris", 10, at=100)
    market.buy("anna", 10, at=100)
    assert market.fees("anna") == "0.1"

    market.buy("anna", 10, at=100)
    market.sell("boris", 10, at=100)
    assert market.fees("anna") == "0.05"

    market.limit("anna", "ACME", taker_bps=None)
    market.limit("anna", taker_bps=None)
    market.sell("boris", 10, at=100)
    market.buy("anna", 10, at=100)
    assert market.fees("anna") == "0.3"


def test_new_rates_hold_for_orders_that_rest() -> None:
    """The rate is that of the moment of the trade, not of the order's entry."""
    market = Market(**MAKER_AND_TAKER)
    market.sell("anna", 20, at=100)
    market.list_instrument("ACME", maker_bps=100)
    market.buy("boris", 10, at=100)
    assert market.fees("anna") == "0.1"
    market.limit("anna", maker_bps="-1")
    market.buy("boris", 10, at=100)
    assert market.fees("anna") == "0"


def test_both_sides_of_a_cross_pay_its_rate() -> None:
    """In an uncross nobody makes and nobody takes."""
    market = Market(maker_bps=-50, taker_bps=250, cross_bps=100)
    market.phase("auction")
    seller = market.sell("anna", 10, at=100)
    market.buy("boris", 10, at=100)
    market.phase("continuous")
    assert (market.fees("anna"), market.fees("boris"), market.fees("fees")) == ("0.1", "0.1", "-0.2")
    [fill] = seller.order.fills or []
    assert fill[4] == units("0.1")

    market.limit("boris", cross_bps="-1")
    market.phase("auction")
    market.sell("anna", 10, at=100)
    market.buy("boris", 10, at=100)
    market.phase("continuous")
    assert (market.fees("anna"), market.fees("boris"), market.fees("fees")) == ("0.2", "0", "-0.2")


@pytest.mark.parametrize(
    ("instrument", "own", "expected"),
    [
        ({"taker_bps": 3}, {}, 3),
        ({"taker_bps": 3, "cross_bps": 2}, {}, 2),
        ({"taker_bps": 3, "cross_bps": 0}, {}, 0),
        ({"taker_bps": 3}, {TAKER_BPS: 1}, 1),
        ({"taker_bps": 3, "cross_bps": 2}, {TAKER_BPS: 1}, 2),
        ({"taker_bps": 3, "cross_bps": 2}, {TAKER_BPS: 1, CROSS_BPS: 5}, 5),
        ({"taker_bps": 3}, {CROSS_BPS: 0}, 0),
        ({"maker_bps": 9}, {MAKER_BPS: 7}, 0),
    ],
    ids=str,
)
def test_the_rate_of_a_cross(instrument: dict[str, Terms], own: dict[int, int], expected: int) -> None:
    """Its own kind first, the account's before the instrument's; where nobody names one, it is the taker's."""
    listing = Instrument("ACME", [(0, UNIT)], UNIT, **instrument)
    assert rates_of(listing, own)[2] == expected


def test_the_fee_account_does_not_trade() -> None:
    """What it has is what others paid: its orders are refused, and it has no limits to set."""
    market = Market()
    market.buy("fees", 1, at=100)
    assert market.refused == "account_disabled"
    market.limit("fees", max_long=1)
    assert market.refused == "bad_request"
    assert market.queue(BUY) == []
