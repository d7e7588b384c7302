"""The demo's instruments are possible, different, and listed once."""

from __future__ import annotations

import json

import msgspec
import pytest

from exchange.instrument import Instrument
from exchange.units import UNIT
from gateway.requests.listing_requests import ListingParams, instrument_of
from openbell.api import Api
from openbell.local.demo_instruments import DEMO_INSTRUMENTS, list_missing
from tests.support.answering import answering


def instrument(symbol: str) -> Instrument:
    return instrument_of(symbol, msgspec.json.decode(json.dumps(DEMO_INSTRUMENTS[symbol]), type=ListingParams))


@pytest.mark.parametrize("symbol", DEMO_INSTRUMENTS)
def test_the_exchange_would_list_it(symbol: str) -> None:
    """Tick times lot is whole money, and the reference price is one that an order may have."""
    listed = instrument(symbol)
    assert listed.fault() == ""
    assert listed.reference_price % listed.tick_at(listed.reference_price) == 0
    assert listed.reference_price > 0


def test_there_are_eight_of_all_sorts() -> None:
    """Ticks, lots and prices differ, so that nothing can rely on cents and single shares."""
    listed = [instrument(symbol) for symbol in DEMO_INSTRUMENTS]
    assert len(listed) == 8
    assert len({(each.smallest_tick, each.lot_size) for each in listed}) == 8
    assert any(len(each.ticks) > 1 for each in listed)
    assert any(each.lot_size < UNIT for each in listed)


def test_only_what_is_missing_is_listed() -> None:
    """What an operator changed after the first start stays."""
    known = [{"symbol": symbol} for symbol in list(DEMO_INSTRUMENTS)[2:]]
    with answering(200, {"instruments": known}) as server:
        assert list_missing(Api(server.url, "token")) == ["ACME", "BIRCH"]
    assert [(method, path) for method, path, _, _ in server.asked] == [
        ("GET", "/v1/instruments"),
        ("PUT", "/v1/admin/instruments/ACME"),
        ("PUT", "/v1/admin/instruments/BIRCH"),
    ]
    assert json.loads(server.asked[1][3]) == {**DEMO_INSTRUMENTS["ACME"], "reason": "demo"}
