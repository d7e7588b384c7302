"""Delisting: an instrument that is closed and empty leaves; what its traders own stays theirs."""

from __future__ import annotations

from exchange.events import Rejected
from exchange.market_events import InstrumentDelisted
from tests.support.market import Market


def closed() -> Market:
    """Anna has bought 5 from boris, and the instrument has closed."""
    market = Market()
    market.sell("boris", 5, at=100, client_order_id="sold")
    market.buy("anna", 5, at=100)
    market.phase("closed")
    return market


def test_it_is_gone() -> None:
    """No book, no orders, no trades; its commands know it no more."""
    market = closed()
    market.delist()
    assert market.events == [InstrumentDelisted("ACME")]
    assert market.engine.books == {}
    assert market.engine.orders == {}
    market.buy("anna", 1, at=100)
    assert market.refused == "unknown_instrument"
    market.bust(1)
    assert market.refused == "unknown_instrument"
    market.delist()
    assert market.events == [Rejected("unknown_instrument", "symbol")]
    market.wait(24 * 3_600 + 1)
    assert market.events == []


def test_only_when_closed() -> None:
    """In any other phase somebody may be about to trade."""
    market = Market()
    market.delist()
    assert market.events == [Rejected("wrong_phase")]
    assert list(market.engine.books) == ["ACME"]


def test_only_when_empty() -> None:
    """Not while an order is open: GTC orders stay over night."""
    market = Market()
    order = market.buy("anna", 1, at=90)
    market.phase("closed")
    market.delist()
    assert market.events == [Rejected("wrong_phase")]
    market.cancel(order)
    market.delist()
    assert market.events == [InstrumentDelisted("ACME")]


def test_not_while_orders_wait_either() -> None:
    """A stop that waits unseen is an order like any other."""
    market = Market()
    market.buy("anna", 1, stop=110)
    market.phase("closed")
    market.delist()
    assert market.events == [Rejected("wrong_phase")]


def test_a_halted_instrument_may_leave() -> None:
    """What is suspended and closed is what is delisted most often."""
    market = Market()
    market.phase("halted")
    market.delist()
    assert market.refused == "wrong_phase"
    market.phase("closed")
    assert market.stands() == "closed, halted"
    market.delist()
    assert market.events == [InstrumentDelisted("ACME")]
    market.list_instrument("ACME")
    assert market.stands() == "continuous"


def test_positions_stay() -> None:
    """With average, cash and fees; and are there when the symbol comes back."""
    market = closed()
    market.delist()
    assert market.position("anna") == "5 at 100"
    assert market.cash("anna") == "-500"
    market.list_instrument("ACME")
    market.buy("boris", 2, at=110)
    market.sell("anna", 2, at=110)
    assert (market.position("anna"), market.realised("anna")) == ("3 at 100", "20")


def test_numbers_are_never_used_again() -> None:
    """The trades of the new listing are numbered on; those of the old one cannot be undone any more."""
    market = closed()
    market.delist()
    market.engine = type(market.engine).from_state(market.engine.state())
    market.list_instrument("ACME")
    market.sell("boris", 1, at=100, client_order_id="sold")
    market.buy("anna", 1, at=100)
    assert [trade.trade_id for trade in market.trades] == [2]
    market.bust(1)
    assert market.refused == "unknown_trade"
    market.bust(2)
    assert market.refused == ""


def test_other_instruments_go_on() -> None:
    """Their orders, their memory and their trades are untouched."""
    market = closed()
    market.list_instrument("BETA")
    order = market.sell("boris", 5, at=50, symbol="BETA")
    market.buy("anna", 2, at=50, symbol="BETA")
    market.delist()
    assert sorted(market.engine.orders) == [3, 4]
    assert order.open == "3"
    market.bust(1, "BETA")
    assert market.refused == ""
    assert market.position("anna", "BETA") == "flat"
