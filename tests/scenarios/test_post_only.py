"""Rule 4: a post-only order is refused if it would take anything."""

from __future__ import annotations

from exchange.commands import Configure
from exchange.events import Rejected
from exchange.terms import BUY, SELL
from exchange.units import SECOND
from tests.support.market import Market, Ticket


def test_it_rests_when_nothing_is_taken() -> None:
    """Below the best ask it is a bid like any other."""
    market = Market()
    market.sell("anna", 5, at=101)
    order = market.buy("boris", 5, at=100, post_only=True)
    assert market.story == ["2 accepted"]
    assert order.status == "open"


def test_it_is_refused_when_it_would_take() -> None:
    """At the best ask and above it is refused, nothing trades, and it makes no order."""
    market = Market()
    market.sell("anna", 5, at=101)
    for price in (101, 102):
        order = market.buy("boris", 5, at=price, post_only=True)
        assert market.refused == "would_take"
        assert len(market.events) == 1
        assert isinstance(market.events[0], Rejected)
        assert order.order_id == 0
    assert market.tape == []
    assert market.depth() == {"bids": [], "asks": ["5 @ 101"]}
    assert market.engine.open_orders("boris") == []


def test_the_accounts_own_orders_count() -> None:
    """Self-trade prevention does not soften it: an own ask is something to take."""
    market = Market()
    market.sell("boris", 5, at=101)
    market.buy("boris", 5, at=101, post_only=True)
    assert market.refused == "would_take"
    market.buy("anna", 5, at=99)
    market.buy("anna", 5, at=100)
    market.sell("anna", 5, at=100, post_only=True)
    assert market.refused == "would_take"


def test_it_trades_as_a_maker_like_any_limit() -> None:
    """Once it rests others may take it."""
    market = Market()
    market.sell("anna", 5, at=101, post_only=True)
    market.buy("boris", 5, at=101)
    assert market.tape == ["boris buys 5 from anna at 101"]


def test_an_amend_that_would_take_leaves_it_as_it_was() -> None:
    """The order keeps its price, its quantity and its place in the queue."""
    market = Market()
    market.sell("anna", 5, at=102)
    first = market.buy("boris", 5, at=100, post_only=True)
    market.buy("carla", 5, at=100)

    market.amend(first, at=102, to=9)

    assert market.refused == "would_take"
    assert market.engine.changes == []
    assert market.queue(BUY) == ["boris 5 @ 100", "carla 5 @ 100"]

    market.amend(first, at=101)
    assert market.story == ["2 amended to 5 @ 101, 5 open: requested"]
    assert market.queue(BUY) == ["boris 5 @ 101", "carla 5 @ 100"]


def test_a_post_only_iceberg_rests_with_its_reserve_hidden() -> None:
    """Post-only and display quantity go together."""
    market = Market()
    market.sell("anna", 30, at=101, post_only=True, display=10)
    assert market.depth() == {"bids": [], "asks": ["10 @ 101"]}
    market.buy("boris", 5, at=101, post_only=True)
    assert market.refused == "would_take"
    assert market.queue(SELL) == ["anna 10 @ 101"]


def half_filled() -> tuple[Market, Ticket]:
    """Boris's post-only bid of 10@100 of which 6 have traded, an ask at 102, and his ticket."""
    market = Market()
    boris = market.buy("boris", 10, at=100, post_only=True)
    market.sell("anna", 6, at=100)
    market.sell("anna", 5, at=102)
    return market, boris


def test_an_amend_that_leaves_nothing_takes_nothing() -> None:
    """A total of just what has traded ends it as filled, at whatever price: there is nothing left to take with."""
    market, boris = half_filled()
    market.amend(boris, to=6, at=103)
    assert market.story == ["1 amended to 6 @ 103, 0 open: requested"]
    assert (boris.status, boris.filled) == ("filled", "6")
    assert market.depth() == {"bids": [], "asks": ["5 @ 102"]}


def test_an_amend_that_leaves_something_is_judged() -> None:
    """One lot more than what has traded would be taken at once."""
    market, boris = half_filled()
    market.amend(boris, to=7, at=103)
    assert market.refused == "would_take"
    assert boris.open == "4"


def test_by_version_2_it_is_judged_all_the_same() -> None:
    """As a journal of that version has it: refused, and four go on resting."""
    market, boris = half_filled()
    market.apply(Configure(2, 10_000, 1_000, 5 * SECOND))
    market.amend(boris, to=6, at=103)
    assert (market.refused, boris.open) == ("would_take", "4")
