"""Expiries: entries do not pile up, and dropping the stale ones loses none."""

from __future__ import annotations

from exchange.commands import Tick
from exchange.terms import GTD
from exchange.units import NEVER, TIMERS_SPARE
from tests.support.market import Market


def test_timers_of_ended_orders_do_not_pile_up() -> None:
    """Thousands of orders that would expire much later come and go; few timers stay, and the living keep theirs."""
    market = Market()
    living = [market.buy("anna", 1, at=50, time_in_force=GTD, expires=market.time(s)) for s in (9_000, 7_000, 8_000)]
    for _ in range(TIMERS_SPARE + 200):
        market.cancel(market.buy("boris", 1, at=50, time_in_force=GTD, expires=market.time(1_000_000)))
    assert len(market.engine.expiries.entries) < TIMERS_SPARE
    assert market.engine.next_due() == market.time(7_000)
    market.wait(10_000)
    assert market.story == ["2 expired, 1 left: expired", "3 expired, 1 left: expired", "1 expired, 1 left: expired"]
    assert [ticket.status for ticket in living] == ["expired"] * 3


def test_timers_of_amended_orders_do_not_pile_up() -> None:
    """One order whose expiry moves again and again has one timer that counts."""
    market = Market()
    order = market.buy("anna", 1, at=50, time_in_force=GTD, expires=market.time(5))
    for seconds in range(6, TIMERS_SPARE + 206):
        market.amend(order, expires=market.time(seconds))
    assert len(market.engine.expiries.entries) < TIMERS_SPARE
    assert market.engine.next_due() == market.time(TIMERS_SPARE + 205)


def test_an_expiry_after_the_last_time_that_books_know_is_one() -> None:
    """A client may name a year in which no timer of a book can be; the order expires then, and nothing else does."""
    market = Market()
    order = market.buy("anna", 1, at=50, time_in_force=GTD, expires=NEVER + 5)
    assert market.engine.next_due() == NEVER + 5
    market.engine.apply(Tick(), market.engine.sequence + 1, NEVER)
    assert (order.status, market.engine.next_due()) == ("open", NEVER + 5)
    market.engine.apply(Tick(), market.engine.sequence + 1, NEVER + 5)
    assert (order.status, market.engine.next_due()) == ("expired", 0)
