"""Listing an instrument, and listing it anew while orders rest."""

from __future__ import annotations

from exchange.commands import ListInstrument, PlaceOrder
from exchange.events import Rejected
from exchange.instrument import Instrument
from exchange.market_events import InstrumentListed
from exchange.terms import BUY, LIMIT
from tests.support.market import Market, units


def test_a_listing_opens_an_empty_book() -> None:
    """From then on orders are taken; before, the symbol is unknown."""
    market = Market()
    market.buy("anna", 1, at=100, symbol="NEW")
    assert market.refused == "unknown_instrument"
    instrument = Instrument("NEW", [(0, units("0.01"))], units(1))
    market.apply(ListInstrument(instrument, "root", "wanted"))
    assert market.events == [InstrumentListed(instrument)]
    assert market.depth("NEW") == {"bids": [], "asks": []}
    market.buy("anna", 1, at="100.01", symbol="NEW")
    assert market.refused == ""


def test_an_impossible_listing_is_refused() -> None:
    """Money would not be whole units: tick × lot must be a multiple of one."""
    market = Market()
    market.apply(ListInstrument(Instrument("TINY", [(0, 1)], 1)))
    assert market.events == [Rejected("bad_request", "lot_size")]
    assert list(market.engine.books) == ["ACME"]


def test_an_impossible_change_leaves_the_old_definition() -> None:
    """A refused listing of a known symbol changes nothing."""
    market = Market()
    before = market.engine.books["ACME"].instrument
    market.apply(ListInstrument(Instrument("ACME", [(5, units(1))], units(1))))
    assert market.events == [Rejected("bad_request", "ticks")]
    assert market.engine.books["ACME"].instrument == before


def test_resting_orders_stay_as_they_are() -> None:
    """A coarser tick and lot hold for what comes; what rests keeps price, quantity and place, and trades."""
    market = Market()
    market.buy("anna", 3, at=101)
    market.buy("boris", 7, at=99)
    market.list_instrument("ACME", tick=10, lot=5)
    assert market.engine.changes == []
    assert market.queue(BUY) == ["anna 3 @ 101", "boris 7 @ 99"]
    market.buy("carla", 5, at=101)
    assert market.refused == "price_off_tick"

    market.sell("dora", 5, at=90)

    assert market.tape == ["dora sells 3 to anna at 101", "dora sells 2 to boris at 99"]
    assert market.depth() == {"bids": ["5 @ 99"], "asks": []}


def test_the_last_trade_survives_a_new_listing() -> None:
    """Trade numbers go on and the last price stays the reference."""
    market = Market()
    market.sell("anna", 1, at=100)
    market.buy("boris", 1, at=100)
    market.list_instrument("ACME", collar_bps=100 * 100, reference_price=units(500))
    book = market.engine.books["ACME"]
    assert (book.last_trade_id, book.last_price) == (1, units(100))
    market.buy("boris", 1, at=102)
    assert market.refused == "price_outside_collar"


def test_a_listing_is_a_value_of_its_own() -> None:
    """What the caller does to its command afterwards does not reach the engine."""
    market = Market()
    ticks = [(0, units(1))]
    market.apply(ListInstrument(Instrument("NEW", ticks, units(1))))
    ticks.append((units(10), units(5)))
    market.apply(PlaceOrder("anna", "NEW", "mine", BUY, LIMIT, units(1), units(11)))
    assert market.refused == ""
