"""Rule 1: best price, then displayed before hidden, then time; every trade prints at the resting price."""

from __future__ import annotations

from exchange.commands import PlaceOrder
from exchange.events import Accepted, Traded
from exchange.terms import BUY, FILLED, LIMIT, OPEN, PARTIALLY_FILLED, SELL
from tests.support.market import Market, units


def test_the_worked_example() -> None:
    """Best price trades first, then the earlier order; a partly filled one keeps its place."""
    market = Market()
    market.sell("anna", 5, at=101)
    market.sell("boris", 7, at=101)
    market.sell("carla", 4, at=100)

    market.buy("dora", 10, at=101)

    assert market.tape == [
        "dora buys 4 from carla at 100",
        "dora buys 5 from anna at 101",
        "dora buys 1 from boris at 101",
    ]
    assert market.depth() == {"bids": [], "asks": ["6 @ 101"]}
    market.sell("emil", 2, at=101)
    assert market.queue(SELL) == ["boris 6 @ 101", "emil 2 @ 101"]


def test_bids_mirror_asks() -> None:
    """For an incoming sell the highest bid is the best, and earlier bids still come first."""
    market = Market()
    market.buy("anna", 5, at=99)
    market.buy("boris", 7, at=99)
    market.buy("carla", 4, at=100)

    market.sell("dora", 10, at=99)

    assert market.tape == [
        "dora sells 4 to carla at 100",
        "dora sells 5 to anna at 99",
        "dora sells 1 to boris at 99",
    ]
    assert market.depth() == {"bids": ["6 @ 99"], "asks": []}


def test_a_trade_has_every_detail_of_both_sides() -> None:
    """A trade's event holds ids, accounts, what is filled and open, and the side of the taker."""
    market = Market(tick="0.5")
    market.sell("anna", 5, at="10.5")
    carla = market.buy("carla", 8, at=11, client_order_id="mine")

    placed = carla.order
    maker = (1, "anna", units(5), 0, 0)
    taker = (2, "carla", units(5), units(3), 0)
    stand = (units("52.5"), 0, FILLED, units("52.5"), 0, PARTIALLY_FILLED)
    assert market.events == [
        Accepted(2, PlaceOrder("carla", "ACME", "mine", BUY, LIMIT, units(8), units(11)), OPEN),
        Traded(1, "ACME", units("10.5"), units(5), BUY, *maker, *taker, *stand),
    ]
    assert (placed.filled, placed.open_quantity, placed.cost) == (units(5), units(3), units("10.5") * units(5))


def test_an_order_that_does_not_cross_rests_and_nothing_trades() -> None:
    """A bid below the best ask rests; a bid at the best ask trades."""
    market = Market()
    market.sell("anna", 5, at=101)

    boris = market.buy("boris", 5, at=100)
    assert market.story == ["2 accepted"]
    assert boris.status == "open"

    carla = market.buy("carla", 5, at=101)
    assert market.story == ["3 accepted", "3 trades 5 @ 101 with 1"]
    assert carla.status == "filled"
    assert market.depth() == {"bids": ["5 @ 100"], "asks": []}


def test_the_rest_of_an_incoming_order_rests_at_its_own_price() -> None:
    """A taker pays resting prices, but what is left of it waits at its limit."""
    market = Market()
    market.sell("anna", 3, at=100)
    taker = market.buy("boris", 10, at=102)

    assert market.tape == ["boris buys 3 from anna at 100"]
    assert market.depth() == {"bids": ["7 @ 102"], "asks": []}
    assert (taker.status, taker.filled, taker.open) == ("partially_filled", "3", "7")


def test_a_market_keeps_its_instruments_apart() -> None:
    """Orders, trade numbers and last prices of one symbol do not touch another's."""
    market = Market()
    market.list_instrument("BETA")
    market.sell("anna", 5, at=100)
    market.buy("boris", 5, at=100, symbol="BETA")
    assert market.tape == []

    market.sell("carla", 1, at=100, symbol="BETA")
    market.buy("dora", 1, at=100)

    acme, beta = market.engine.books["ACME"], market.engine.books["BETA"]
    assert (acme.last_trade_id, beta.last_trade_id) == (1, 1)
    assert market.depth("ACME") == {"bids": [], "asks": ["4 @ 100"]}
    assert market.depth("BETA") == {"bids": ["4 @ 100"], "asks": []}
    assert list(market.engine.books) == ["ACME", "BETA"]


def test_order_and_trade_numbers_are_dense() -> None:
    """Order ids count from 1 over the partition, trade ids from 1 per symbol, and the last trade is remembered."""
    market = Market()
    ids = [market.sell("anna", 1, at=price).order_id for price in (100, 101, 102)]
    assert ids == [1, 2, 3]

    market.buy("boris", 3, at=102)
    trades = [event.trade_id for event in market.events if isinstance(event, Traded)]
    assert trades == [1, 2, 3]
    book = market.engine.books["ACME"]
    assert (book.last_trade_id, book.last_price) == (3, units(102))
