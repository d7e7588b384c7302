"""Rule 6, triggered stops: each is checked again as the order that it becomes, and a command triggers only so many."""

from __future__ import annotations

from exchange.units import UNIT
from tests.support.market import Market, Ticket, trade_at, traded_at

# Checked again


def refused(market: Market, stop: Ticket) -> str:
    """Trade at 110 and tell what became of the stop."""
    trade_at(market, 110)
    assert market.story[-2] == f"{stop.order_id} triggered"
    assert market.story[-1].startswith(f"{stop.order_id} refused, {stop.order.quantity // UNIT} left: ")
    assert stop.status == "rejected"
    return stop.reason


def test_a_triggered_stop_passes_the_checks_again() -> None:
    """One that is refused then is a report, and holds nothing any more."""
    market = traded_at(100, max_value=2_000 * UNIT)
    stop = market.buy("anna", 19, stop=105)
    assert refused(market, stop) == "value_too_large"
    assert market.engine.open_orders("anna") == []


def test_the_listing_may_have_changed() -> None:
    """A new tick or range holds for the order that a stop becomes."""
    market = traded_at(100)
    stop = market.buy("anna", 5, at=107, stop=105)
    market.list_instrument("ACME", tick=2)
    assert refused(market, stop) == "price_off_tick"


def test_the_collar_lies_round_the_trade_that_triggers() -> None:
    """A limit that was near enough when it was placed may be too far away."""
    market = traded_at(100, collar_bps=80_000)
    stop = market.buy("anna", 5, at=97, stop=105)
    trade_at(market, 106)
    assert market.story[-2:] == ["3 triggered", "3 refused, 5 left: price_outside_collar"]
    assert stop.status == "rejected"


def test_a_post_only_stop_may_not_take() -> None:
    """At entry it takes nothing and is taken; when triggered it is judged."""
    market = traded_at(100)
    market.sell("boris", 5, at=111)
    stop = market.buy("anna", 5, at=112, stop=105, post_only=True)
    assert market.refused == ""
    assert refused(market, stop) == "would_take"


def test_its_place_among_open_orders_is_not_counted_twice() -> None:
    """An account with as many as it may have may still have its stop triggered."""
    market = traded_at(100)
    market.list_instrument("ACME", max_open_orders=1)
    stop = market.buy("anna", 5, at=90, stop=105)
    market.buy("anna", 5, at=90)
    assert market.refused == "too_many_open_orders"
    trade_at(market, 105)
    assert stop.status == "open"


def test_a_limit_on_positions_does_not_count_it_twice() -> None:
    """The quantity of a waiting stop is open already."""
    market = traded_at(100)
    market.limit("anna", max_long=5)
    stop = market.buy("anna", 5, stop=105)
    market.buy("anna", 1, at=90)
    assert market.refused == "position_limit"
    market.sell("boris", 5, at=106)
    trade_at(market, 105)
    assert stop.status == "filled"


# Bounded work


def test_stops_beyond_the_bound_wait_for_the_next_command() -> None:
    """Those that would take one command beyond it; the next goes on with them before anything else."""
    market = Market(trades_per_order_max=3)
    trade_at(market, 100)
    for number in range(9):
        market.sell("zoe", 1, at=101 + number)
    for name in ("anna", "boris", "carla"):
        market.buy(name, 2, stop=101)
    market.buy("yan", 1, at=101)
    assert market.story == [
        "15 accepted",
        "15 trades 1 @ 101 with 3",
        "12 triggered",
        "12 trades 1 @ 102 with 4",
        "12 trades 1 @ 103 with 5",
    ]
    assert market.engine.next_due() == market.engine.now
    market.cancel_all("nobody")
    assert market.story == [
        "13 triggered",
        "13 trades 1 @ 104 with 6",
        "13 trades 1 @ 105 with 7",
        "nobody canceled all: 0",
    ]
    assert market.engine.due_events == 3
    market.wait(0)
    assert market.story == ["14 triggered", "14 trades 1 @ 106 with 8", "14 trades 1 @ 107 with 9"]
    assert market.engine.next_due() == 0


def test_one_stop_alone_is_bound_like_any_order() -> None:
    """More than a command may make is too much for it too: its rest expires."""
    market = Market(trades_per_order_max=3)
    trade_at(market, 100)
    for number in range(5):
        market.sell("zoe", 1, at=101 + number)
    market.buy("anna", 5, stop=101)
    market.buy("yan", 1, at=101)
    assert market.story[-1] == "9 trades 1 @ 101 with 3"
    market.wait(0)
    assert market.story == [
        "8 triggered",
        "8 trades 1 @ 102 with 4",
        "8 trades 1 @ 103 with 5",
        "8 trades 1 @ 104 with 6",
        "8 expired, 2 left: too_many_fills",
    ]


def test_a_stop_that_fills_within_the_bound_does_not_wait() -> None:
    """What counts is what it would trade, not what it asks for."""
    market = Market(trades_per_order_max=3)
    trade_at(market, 100)
    market.sell("zoe", 1, at=101)
    market.sell("zoe", 9, at=102)
    market.buy("anna", 4, stop=101)
    market.buy("boris", 5, stop=101)
    market.buy("yan", 1, at=101)
    assert [line for line in market.story if "triggered" in line] == ["5 triggered", "6 triggered"]
