"""The engine as a function: what it takes, what it refuses to be, and what can be asked of it."""

from __future__ import annotations

import pytest

from exchange.commands import Configure, Tick
from exchange.configuration import renewal
from exchange.engine import OLDEST_SEMANTICS, SEMANTICS, Engine
from exchange.errors import UnknownSemantics
from exchange.market_events import Configured
from exchange.terms import GTD, TAKER
from exchange.units import HOUR, SECOND
from tests.support.market import Market, units


def test_time_never_runs_backwards() -> None:
    """A caller that lets it has a fault of its own: the engine stops."""
    engine = Engine()
    engine.apply(Tick(), 1, 1_000)
    engine.apply(Tick(), 2, 1_000)
    with pytest.raises(AssertionError):
        engine.apply(Tick(), 3, 999)


def test_it_answers_only_by_rules_it_knows() -> None:
    """A journal that wants a newer version, or one long gone, stops it; those between are taken and reported."""
    engine = Engine()
    for version in range(OLDEST_SEMANTICS, SEMANTICS + 1):
        assert engine.apply(Configure(version, 10, 10, 10), 1, 0) == [Configured(version)]
        assert engine.semantics == version
    for unknown in (OLDEST_SEMANTICS - 1, SEMANTICS + 1):
        with pytest.raises(UnknownSemantics, match=f"version {unknown} of the rules, this knows 2 to 4"):
            engine.apply(Configure(unknown, 10, 10, 10), 2, 0)


def test_a_renewal_changes_the_version_alone() -> None:
    """The bounds that the journal names stay in force, in a restored engine too; the newest version needs none."""
    engine = Engine()
    engine.apply(Configure(OLDEST_SEMANTICS, 11, 12, 13, 14), 1, 0)
    restored = Engine.from_state(engine.state())

    command = renewal(restored)

    assert command == Configure(SEMANTICS, 11, 12, 13, 14)
    restored.apply(command, 2, 0)
    assert renewal(restored) is None
    assert restored.state()["bounds"][1:4] == [11, 13, 12]


def test_a_renewal_takes_up_other_totals() -> None:
    """Those of whoever leads now; an account's own bounds are not the leader's to choose."""
    engine = Engine()
    engine.apply(Configure(SEMANTICS, 11, 12, 13, 14, 15, 16), 1, 0)
    assert renewal(engine, 15, 16) is None

    command = renewal(engine, 25, 26)

    assert command == Configure(SEMANTICS, 11, 12, 13, 14, 25, 26)
    engine.apply(command, 2, 0)
    assert renewal(engine, 25, 26) is None


def test_a_tick_alone_does_nothing() -> None:
    """It lets time pass and has no event of its own."""
    market = Market()
    market.wait(1)
    assert market.events == []
    assert market.engine.changes == []


def test_changes_are_those_of_the_last_command_alone() -> None:
    """The next command empties them, even if it is refused."""
    market = Market()
    market.buy("anna", 1, at=100)
    assert len(market.engine.changes) == 1
    market.buy("anna", "0.5", at=100)
    assert market.engine.changes == []


def test_a_smaller_memory_is_in_force_at_once() -> None:
    """After a Configure the next command finds the older orders forgotten, in a restored engine too."""
    market = Market()
    orders = [market.buy("anna", 1) for _ in range(5)]
    market.wait(1)
    market.apply(Configure(SEMANTICS, 10, 2, 5 * SECOND))
    restored = Engine.from_state(market.engine.state())
    market.cancel(orders[0])
    assert market.refused == "unknown_order"
    assert sorted(market.engine.orders) == [4, 5]
    restored.apply(Tick(), market.sequence, market.now)
    assert sorted(restored.orders) == [4, 5]


def test_an_expiry_may_fill_the_memory() -> None:
    """The bound holds at the next command, however the last order ended, in a restored engine too."""
    market = Market(ended_orders_max=0)
    market.buy("anna", 1, at=100, time_in_force=GTD, expires=market.time(1))
    market.wait(1)
    assert market.story == ["1 expired, 1 left: expired"]
    restored = Engine.from_state(market.engine.state())
    market.wait(0)
    restored.apply(Tick(), market.sequence, market.now)
    assert list(market.engine.orders) == list(restored.orders) == []
    assert restored.digest() == market.engine.digest()


def test_events_of_time_come_first_and_are_counted() -> None:
    """So that a reader can tell what was due from what the command did; without anything due the count is 0."""
    market = Market()
    for seconds in (1, 2, 3):
        market.buy("anna", seconds, at=100, time_in_force=GTD, expires=market.time(seconds))
    assert market.engine.due_events == 0
    market.later(2)
    market.buy("boris", 1, at=100)
    assert market.story == ["1 expired, 1 left: expired", "2 expired, 2 left: expired", "4 accepted"]
    assert market.engine.due_events == 2
    market.buy("boris", 1, at=100)
    assert market.engine.due_events == 0


def test_the_memory_of_a_day_in_a_restored_engine() -> None:
    """A state remembers when its orders ended."""
    market = Market()
    market.buy("anna", 1, client_order_id="mine")
    market.wait(10)
    restored = Engine.from_state(market.engine.state())
    restored.apply(Tick(), 9, market.now - 10 * SECOND + 24 * HOUR - 1)
    assert restored.find("anna", "ACME", "mine") is not None
    restored.apply(Tick(), 10, market.now - 10 * SECOND + 24 * HOUR)
    assert restored.find("anna", "ACME", "mine") is None


def test_an_order_knows_its_fills() -> None:
    """Each with trade, price, quantity, liquidity, fee and time."""
    market = Market()
    market.sell("anna", 2, at=100)
    market.sell("boris", 2, at=101)
    market.wait(3)
    taker = market.buy("carla", 3, at=101)
    assert taker.order.fills == [
        (1, units(100), units(2), TAKER, 0, market.now),
        (2, units(101), units(1), TAKER, 0, market.now),
    ]
    assert taker.order.average_price == units("100.33333333")


def test_open_orders_are_listed_by_account_and_symbol() -> None:
    """As they came; ended ones and other accounts' are not among them."""
    market = Market()
    market.list_instrument("BETA")
    market.buy("anna", 1, at=100, symbol="BETA")
    ended = market.buy("anna", 1, at=100)
    market.buy("boris", 1, at=100)
    market.buy("anna", 1, at=101)
    market.cancel(ended)
    assert [order.order_id for order in market.engine.open_orders("anna")] == [1, 4]
    assert [order.order_id for order in market.engine.open_orders("anna", "ACME")] == [4]
    assert market.engine.open_orders("anna", "GONE") == []
    assert market.engine.open_orders("zoe") == []
