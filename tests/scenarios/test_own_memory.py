"""What is remembered of an account is bounded by what that account does, whatever others do (docs/rules.md)."""

from __future__ import annotations

import pytest

from exchange.commands import Configure
from exchange.engine import SEMANTICS, Engine
from exchange.events import Repeated
from exchange.terms import IOC
from exchange.units import SECOND
from tests.support.market import Market, Terms

OWN_MAX = 20
"""Instead of 100,000."""


def flood(market: Market, account: str, count: int, symbol: str = "BETA") -> None:
    """So many immediate-or-cancel orders that find nobody."""
    for _ in range(count):
        market.buy(account, 1, at=50, time_in_force=IOC, symbol=symbol)


def bought(semantics: int, **bounds: Terms) -> Market:
    """A market in which anna has bought 5, under the name of mine."""
    market = Market(ended_orders_max=OWN_MAX, semantics=semantics, **bounds)
    market.list_instrument("BETA")
    market.sell("carla", 50, at=100)
    market.buy("anna", 5, at=100, client_order_id="mine")
    assert market.position("anna") == "5 at 100"
    return market


def test_a_flood_of_others_leaves_a_repeat_safe() -> None:
    """More orders of another than anybody may have remembered, elsewhere and in her instrument: she has bought once."""
    market = bought(SEMANTICS)
    flood(market, "boris", 3 * OWN_MAX)
    flood(market, "boris", OWN_MAX, "ACME")
    market.engine = Engine.from_state(market.engine.state())
    again = market.buy("anna", 5, at=100, client_order_id="mine")
    assert market.events == [Repeated(2)]
    assert [fill[:3] for fill in again.order.fills] == [(1, 100 * 10**8, 5 * 10**8)]
    market.buy("anna", 6, at=100, client_order_id="mine")
    assert market.refused == "client_order_id_reused"
    market.cancel(again)
    assert market.refused == "order_done"
    assert market.position("anna") == "5 at 100"


def test_version_2_forgets_her_for_others() -> None:
    """As its journals were answered: one bound for everybody, so that the same order is bought twice."""
    market = bought(2)
    flood(market, "boris", OWN_MAX - 1)
    market.buy("anna", 5, at=100, client_order_id="mine")
    assert market.events == [Repeated(2)]
    flood(market, "boris", 2)
    market.buy("anna", 5, at=100, client_order_id="mine")
    assert market.position("anna") == "10 at 100"


def test_a_journal_of_version_2_goes_on_with_what_it_remembers() -> None:
    """From version 3 on nothing more of hers goes for others' doing; what boris has beyond his own bound does."""
    market = bought(2)
    flood(market, "boris", OWN_MAX - 5)
    market.apply(Configure(SEMANTICS, 10_000, OWN_MAX, 5 * SECOND))
    flood(market, "boris", 3 * OWN_MAX)
    market.buy("anna", 5, at=100, client_order_id="mine")
    assert market.events == [Repeated(2)]
    ended = [order for order in market.engine.orders.values() if order.account == "boris"]
    assert len(ended) == OWN_MAX


def test_her_own_orders_are_what_she_is_forgotten_for() -> None:
    """In any instrument: the bound is one of the account."""
    market = bought(SEMANTICS)
    flood(market, "anna", OWN_MAX - 1)
    market.buy("anna", 5, at=100, client_order_id="mine")
    assert market.events == [Repeated(2)]
    flood(market, "anna", 1)
    market.buy("anna", 5, at=100, client_order_id="mine")
    assert market.position("anna") == "10 at 100"


def test_beyond_the_total_the_largest_pay() -> None:
    """Twelve others with as much as they may have each: together they keep to the total, and she keeps her order."""
    market = bought(SEMANTICS, ended_orders_total_max=5 * OWN_MAX)
    others = [f"other{number}" for number in range(12)]
    for account in others:
        flood(market, account, OWN_MAX)
    market.buy("anna", 5, at=100, client_order_id="mine")
    assert market.events == [Repeated(2)]
    left = [len(market.engine.register.ended.find(account).items) for account in others]
    assert sum(left) == 5 * OWN_MAX - 1
    assert max(left) <= 2 * min(left) + 1


@pytest.mark.parametrize("symbol", ["ACME", "BETA"])
def test_others_trades_leave_hers_to_be_undone(symbol: str) -> None:
    """However much others trade, there or elsewhere, each account may have its own latest trades undone."""
    market = bought(SEMANTICS, trades_remembered_max=3)
    for price in (97, 98, 99, 98):
        market.sell("dora", 1, at=price, symbol=symbol)
        market.buy("boris", 1, at=price, symbol=symbol)
    market.engine = Engine.from_state(market.engine.state())
    market.bust(1)
    assert market.refused == ""
    assert market.position("anna") == "flat"


def test_a_trade_that_one_side_has_forgotten_stands() -> None:
    """Carla has traded three times since with others; what she still knows is undone as if it had never been."""
    market = bought(SEMANTICS, trades_remembered_max=3)
    for account in ("boris", "dora", "boris"):
        market.buy(account, 2, at=100)
    market.sell("emil", 1, at=99)
    market.buy("anna", 1, at=99)
    market.bust(1)
    assert market.refused == "unknown_trade"
    market.engine = Engine.from_state(market.engine.state())
    market.bust(3)
    market.bust(5)
    assert (market.position("carla"), market.position("dora")) == ("-9 at 100", "flat")
    assert (market.position("anna"), market.cash("anna")) == ("5 at 100", "-500")


def test_version_2_forgets_her_trade_for_others() -> None:
    """One bound for everybody's trades."""
    market = bought(2, trades_remembered_max=3)
    for _ in range(3):
        market.sell("dora", 1, at=99, symbol="BETA")
        market.buy("boris", 1, at=99, symbol="BETA")
    market.bust(1)
    assert market.refused == "unknown_trade"


def test_a_version_taken_up_and_given_up_again_loses_nothing_that_counts() -> None:
    """What may be undone is dealt out to both accounts and collected again, each trade once and in order."""
    market = bought(2)
    market.buy("boris", 2, at=100)
    for semantics in (SEMANTICS, 2):
        market.apply(Configure(semantics, 10_000, OWN_MAX, 5 * SECOND))
        restored = Engine.from_state(market.engine.state())
        assert restored.state() == market.engine.state()
        market.engine = restored
    market.bust(1)
    assert market.position("anna") == "flat"
    market.bust(1)
    assert market.refused == "already_busted"
    market.buy("anna", 5, at=100, client_order_id="mine")
    assert market.events == [Repeated(2)]
