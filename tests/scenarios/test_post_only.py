"""Rule 4: a post-only order is refused if it would take anything."""

from __future__ import annotations

from exchange.events import Rejected
from exchange.order import BUY, SELL
from tests.support.market import Market


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
