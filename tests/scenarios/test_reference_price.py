"""The reference price: the last trade's, else the listing's, on the table of ticks as it is now."""

from __future__ import annotations

import pytest

from exchange.commands import Configure
from exchange.terms import BUY, SELL
from exchange.units import SECOND
from tests.support.market import Market, Terms, units


def uncrossed(reference: str, **terms: Terms) -> list[str]:
    """What a call prints in which nobody has named a price; it is what was indicated before."""
    market = Market(lot=100, reference_price=units(reference), **terms)
    market.phase("auction", "opening")
    market.buy("anna", 100)
    market.sell("boris", 100)
    told = market.indicated()
    market.phase("continuous")
    assert market.tape == [f"anna and boris cross {told.replace(' @ ', ' at ')}"]
    return market.tape


@pytest.mark.parametrize(
    ("reference", "price"),
    [("100.03", "100.05"), ("100.02", "100"), ("100.025", "100.05"), ("100.05", "100.05"), ("0.01", "0.05")],
)
def test_market_orders_alone_meet_on_the_tick(reference: str, price: str) -> None:
    """At the nearest whole number of ticks, the higher of two as near; never at nothing."""
    assert uncrossed(reference, tick="0.05") == [f"anna and boris cross 100 at {price}"]


@pytest.mark.parametrize(("reference", "price"), [("0.994", "0.99"), ("0.996", "1"), ("1.1", "1"), ("1.125", "1.25")])
def test_where_two_rows_of_ticks_meet_a_price_of_either_may_be_the_nearest(reference: str, price: str) -> None:
    """Ticks of 0.03 below 1 and of 0.25 from there: the prices are …, 0.96, 0.99, 1, 1.25, …"""
    ticks = [(0, units("0.03")), (units(1), units("0.25"))]
    assert uncrossed(reference, ticks=ticks) == [f"anna and boris cross 100 at {price}"]


def test_a_coarser_tick_moves_the_last_trade_s_price_too() -> None:
    """What traded at 100.03 is a reference of 100.05 once the tick is 0.05; a finer tick gives it back."""
    market = Market(tick="0.01", lot=100)
    market.sell("anna", 100, at="100.03")
    market.buy("boris", 100)
    market.list_instrument("ACME", tick="0.05", lot=100)
    market.phase("auction", "opening")
    market.buy("carla", 100)
    market.sell("dora", 100)
    assert market.indicated() == "100 @ 100.05"
    market.list_instrument("ACME", tick="0.01", lot=100)
    assert market.indicated() == "100 @ 100.03"
    market.list_instrument("ACME", tick="0.05", lot=100)
    market.phase("continuous")
    assert market.tape[1:] == ["carla and dora cross 100 at 100.05"]


def test_collar_and_bands_lie_round_the_price_on_the_tick() -> None:
    """A reference of 100.5 with a tick of 1 is 101: 5 % round it is 95.95 to 106.05."""
    market = Market(reference_price=units("100.5"), collar_bps=50_000)
    for price, code in ((95, "price_outside_collar"), (96, ""), (106, ""), (107, "price_outside_collar")):
        market.place("anna", BUY if price < 101 else SELL, 1, price)
        assert market.refused == code
    for band in ({"static_band_bps": 50_000}, {"dynamic_band_bps": 50_000}):
        market.list_instrument("ACME", reference_price=units("100.5"), **band)
        assert market.bands() == ("96", "106")


def test_bands_follow_a_change_of_the_tick() -> None:
    """Of the last auction's price, of the last trade, and under LULD of the reference that it has."""
    kinds: list[dict[str, Terms]] = [{"static_band_bps": 50_000}, {"dynamic_band_bps": 50_000}, {"luld_tier": 1}]
    for terms in kinds:
        market = Market(tick="0.5", lot=100, **terms)
        market.phase("auction", "opening")
        market.buy("anna", 100, at="100.5")
        market.sell("boris", 100, at="100.5")
        market.phase("continuous")
        assert market.bands() == ("95.5", "105.5")
        market.list_instrument("ACME", tick=1, lot=100, **terms)
        assert market.bands() == ("96", "106")


def test_a_mean_of_luld_is_on_the_tick_where_it_comes_to_lie() -> None:
    """Ticks of 0.35 below 1 and of 0.1 from there: 0.99 is 1.05 by the first, which the second has not."""
    ticks = [(0, units("0.35")), (units(1), units("0.1"))]
    market = Market(ticks=ticks, lot=100, luld_tier=1)
    instrument = market.engine.books["ACME"].instrument
    assert instrument.nearest_price(units("0.99"), 1) == units("1.05")
    assert instrument.on_tick(instrument.nearest_price(units("0.99"), 1)) == units("1.1")


def test_a_journal_of_version_2_keeps_its_prices() -> None:
    """Until its version changes, in the middle of a call: the same orders then meet elsewhere."""
    market = Market(tick="0.05", lot=100, reference_price=units("100.03"))
    market.apply(Configure(2, 10_000, 1_000, 5 * SECOND))
    market.phase("auction", "opening")
    market.buy("anna", 200)
    market.sell("boris", 100)
    assert market.indicated() == "100 @ 100.03, 100 to buy"
    market.phase("continuous")
    market.phase("auction", "opening")
    market.buy("carla", 100)
    market.sell("dora", 100)
    assert market.indicated() == "100 @ 100.03"
    market.apply(Configure(3, 10_000, 1_000, 5 * SECOND))
    assert market.indicated() == "100 @ 100.05"
    market.phase("continuous")
    assert market.tape == ["anna and boris cross 100 at 100.03", "carla and dora cross 100 at 100.05"]
