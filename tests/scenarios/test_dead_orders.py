"""Rule 10 and the owner's rule: a dead order never comes back, another's order is unknown."""

from __future__ import annotations

from exchange.commands import AmendOrder, CancelOrder
from exchange.terms import BUY
from exchange.units import HOUR, SECOND
from tests.support.market import Market, units

DAY_SECONDS = 24 * HOUR // SECOND


def test_an_ended_order_is_done() -> None:
    """Filled, canceled and expired orders refuse cancels and amends, and nothing is touched."""
    market = Market()
    filled = market.buy("anna", 5, at=100)
    market.sell("boris", 5, at=100)
    canceled = market.buy("anna", 5, at=100)
    market.cancel(canceled)
    expired = market.buy("anna", 5)
    market.buy("anna", 1, at=90)
    assert [ticket.status for ticket in (filled, canceled, expired)] == ["filled", "canceled", "expired"]
    for ticket in (filled, canceled, expired):
        market.cancel(ticket)
        assert market.refused == "order_done"
        market.amend(ticket, to=9)
        assert market.refused == "order_done"
        assert market.engine.changes == []
    assert market.queue(BUY) == ["anna 1 @ 90"]


def test_a_done_order_stays_done_whatever_the_amend_says() -> None:
    """Its end is the answer even if the amend itself is nonsense."""
    market = Market()
    order = market.buy("anna", 5, at=100)
    market.cancel(order)
    market.amend(order, at="0.5", to=-1, stop=3)
    assert market.refused == "order_done"


def test_an_unknown_number_is_unknown() -> None:
    """An id that was never given."""
    market = Market()
    market.buy("anna", 5, at=100)
    market.apply(CancelOrder("anna", 2))
    assert market.refused == "unknown_order"
    market.apply(AmendOrder("anna", 999, quantity=units(1)))
    assert market.refused == "unknown_order"
    market.apply(CancelOrder("anna", 0, "ACME", "nobody"))
    assert market.refused == "unknown_order"


def test_after_a_day_it_is_unknown() -> None:
    """An ended order is remembered for 24 hours, then forgotten."""
    market = Market()
    order = market.buy("anna", 5, at=100, client_order_id="mine")
    market.cancel(order)
    market.later(DAY_SECONDS)
    market.now -= 1
    market.cancel(order)
    assert market.refused == "order_done"
    market.now += 2
    market.cancel(order)
    assert market.refused == "unknown_order"
    market.apply(CancelOrder("anna", 0, "ACME", "mine"))
    assert market.refused == "unknown_order"
    assert 1 not in market.engine.orders


def test_the_day_counts_from_the_end_not_from_the_entry() -> None:
    """An old order that ended just now is remembered."""
    market = Market()
    order = market.buy("anna", 5, at=100)
    market.wait(10 * DAY_SECONDS)
    market.cancel(order)
    assert market.refused == ""
    market.cancel(order)
    assert market.refused == "order_done"


def test_the_memory_of_ended_orders_is_bounded() -> None:
    """Beyond the bound the one that ended first is forgotten first; open orders are never forgotten."""
    market = Market(ended_orders_max=2)
    resting = market.buy("anna", 1, at=90)
    ended = [market.buy("anna", 1, at=91) for _ in range(3)]
    for ticket in reversed(ended):
        market.cancel(ticket)
    answers = []
    for ticket in ended:
        market.cancel(ticket)
        answers.append(market.refused)
    assert answers == ["order_done", "order_done", "unknown_order"]
    market.cancel(resting)
    assert market.refused == ""


def test_anothers_order_is_unknown() -> None:
    """Open or ended, a foreign order is not there."""
    market = Market()
    order = market.buy("anna", 5, at=100, client_order_id="hers")
    market.cancel(order, account="boris")
    assert market.refused == "unknown_order"
    market.apply(CancelOrder("boris", 0, "ACME", "hers"))
    assert market.refused == "unknown_order"
    market.cancel(order)
    market.cancel(order, account="boris")
    assert market.refused == "unknown_order"


def test_anothers_order_is_unknown_whatever_else_is_wrong() -> None:
    """A bad amend, no change at all, or a late command reveals nothing about it."""
    market = Market()
    order = market.buy("anna", 5, at=100)
    late = market.now - 60 * SECOND
    for terms in (
        {"to": 5, "at": 100},
        {"at": "0.3"},
        {"to": -1},
        {"display": 900},
        {"stop": 1},
        {"expires": 1},
        {"to": 3, "sent_at": late},
        {},
    ):
        market.amend(order, account="boris", **terms)
        assert market.refused == "unknown_order"
    market.cancel(order, account="boris", sent_at=late)
    assert market.refused == "unknown_order"
    market.cancel(order)
    for terms in ({"to": 3}, {"at": "0.3"}):
        market.amend(order, account="boris", **terms)
        assert market.refused == "unknown_order"
