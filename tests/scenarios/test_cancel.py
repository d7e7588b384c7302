"""Cancels: of one order, and of all of an account's by symbol, side and session."""

from __future__ import annotations

from exchange.commands import CancelOrder
from exchange.events import AllCanceled, Canceled
from exchange.terms import BUY, DONE, SELL
from tests.support.market import Market, units


def test_a_cancel_takes_the_whole_rest() -> None:
    """What has traded stays; what is open, reserve included, is canceled as requested."""
    market = Market()
    order = market.sell("anna", 30, at=100, display=10)
    market.buy("boris", 12, at=100)
    market.cancel(order)
    assert market.events == [Canceled(1, "anna", units(18), "requested", "ACME", SELL, units(12), units(1_200))]
    assert market.engine.changes == [("ACME", DONE, 1, SELL, units(100), 0)]
    assert (order.status, order.reason, order.filled) == ("canceled", "requested", "12")
    assert order.order.canceled == units(18)
    assert market.depth() == {"bids": [], "asks": []}


def test_a_cancel_in_the_middle_of_a_queue_leaves_the_others_in_place() -> None:
    """First, middle and last of a level can go, and the level goes with its last order."""
    market = Market()
    orders = [market.buy(name, 1, at=100) for name in ("anna", "boris", "carla", "dora")]
    market.cancel(orders[1])
    assert market.queue(BUY) == ["anna 1 @ 100", "carla 1 @ 100", "dora 1 @ 100"]
    market.cancel(orders[0])
    market.cancel(orders[3])
    assert market.queue(BUY) == ["carla 1 @ 100"]
    market.cancel(orders[2])
    assert market.depth() == {"bids": [], "asks": []}
    market.buy("emil", 2, at=100)
    assert market.queue(BUY) == ["emil 2 @ 100"]


def test_a_cancel_by_client_order_id() -> None:
    """Order id 0, the symbol and the client's own name find it; the same name elsewhere is another order."""
    market = Market()
    market.list_instrument("BETA")
    market.buy("anna", 1, at=100, client_order_id="mine")
    market.buy("anna", 1, at=100, client_order_id="mine", symbol="BETA")
    market.buy("boris", 1, at=100, client_order_id="mine")
    market.apply(CancelOrder("anna", 0, "ACME", "mine"))
    assert market.story == ["1 canceled, 1 left: requested"]
    assert market.queue(BUY) == ["boris 1 @ 100"]
    assert market.queue(BUY, "BETA") == ["anna 1 @ 100"]


def many() -> Market:
    """Anna has two bids and an ask in ACME and a bid in BETA, by two sessions; boris has a bid."""
    market = Market()
    market.list_instrument("BETA")
    market.buy("anna", 1, at=100, session="s1")
    market.sell("anna", 2, at=110, session="s2")
    market.buy("boris", 3, at=99, session="s1")
    market.buy("anna", 4, at=98, session="s2", symbol="BETA")
    market.buy("anna", 5, at=97)
    return market


def test_cancel_all_takes_all_of_one_account() -> None:
    """By ascending order id, and it says how many."""
    market = many()
    market.cancel_all("anna")
    assert market.events == [
        Canceled(1, "anna", units(1), "requested", "ACME", BUY),
        Canceled(2, "anna", units(2), "requested", "ACME", SELL),
        Canceled(4, "anna", units(4), "requested", "BETA", BUY),
        Canceled(5, "anna", units(5), "requested", "ACME", BUY),
        AllCanceled("anna", 4),
    ]
    assert market.depth() == {"bids": ["3 @ 99"], "asks": []}


def test_cancel_all_by_symbol() -> None:
    """Only that instrument's orders."""
    market = many()
    market.cancel_all("anna", symbol="BETA")
    assert market.story == ["4 canceled, 4 left: requested", "anna canceled all: 1"]


def test_cancel_all_by_side() -> None:
    """Only bids, or only asks."""
    market = many()
    market.cancel_all("anna", side=SELL)
    assert market.story == ["2 canceled, 2 left: requested", "anna canceled all: 1"]
    market.cancel_all("anna", side=BUY, symbol="ACME")
    assert market.story == ["1 canceled, 1 left: requested", "5 canceled, 5 left: requested", "anna canceled all: 2"]


def test_cancel_all_by_session() -> None:
    """Only what came by that connection, with the reason given; orders of no connection stay."""
    market = many()
    market.cancel_all("anna", session="s2", reason="disconnected")
    assert market.story == [
        "2 canceled, 2 left: disconnected",
        "4 canceled, 4 left: disconnected",
        "anna canceled all: 2",
    ]
    assert market.engine.orders[2].reason == "disconnected"
    market.cancel_all("anna", session="gone")
    assert market.story == ["anna canceled all: 0"]
    assert market.queue(BUY) == ["anna 1 @ 100", "boris 3 @ 99", "anna 5 @ 97"]


def test_cancel_all_of_nothing_is_no_failure() -> None:
    """An account without orders cancels none."""
    market = many()
    market.cancel_all("zoe")
    assert market.events == [AllCanceled("zoe", 0)]


def test_cancel_all_of_an_unknown_symbol_is_refused() -> None:
    """A typing mistake must not look like success."""
    market = many()
    market.cancel_all("anna", symbol="GONE")
    assert market.refused == "unknown_instrument"
