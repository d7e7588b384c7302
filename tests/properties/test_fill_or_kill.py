"""A fill-or-kill does exactly what the same immediate-or-cancel order would, or nothing."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy, builds, integers, lists, sampled_from, tuples

from exchange.commands import Configure, ListInstrument, PlaceOrder
from exchange.engine import SEMANTICS, Engine
from exchange.events import Amended, Event, Expired, Traded
from exchange.terms import BUY, CANCEL_BOTH, CANCEL_NEWEST, CANCEL_OLDEST, DECREMENT, FOK, IOC, LIMIT, MARKET, SELL
from exchange.units import UNIT
from tests.properties.conftest import EXAMPLES, LEISURE
from tests.support.random_commands import PLAIN

Ask = tuple[str, int, int, int]
"""Account, price, quantity, display (0 = plain)."""

TRADES_MAX = 12
ACCOUNTS = sampled_from(("anna", "anna", "boris", "carla"))


def asks() -> SearchStrategy[list[Ask]]:
    """A few orders at few prices, many of them icebergs, some of the taker's own account (carla)."""
    ask = tuples(ACCOUNTS, integers(100, 102), integers(1, 12), sampled_from((0, 0, 1, 2, 3)))
    return lists(ask, min_size=1, max_size=10)


def takers() -> SearchStrategy[PlaceOrder]:
    """An order of carla's to buy, limit or market, in any self-trade mode."""
    return builds(
        lambda quantity, price, mode: PlaceOrder(
            "carla",
            "ACME",
            "taker",
            BUY,
            LIMIT if price else MARKET,
            quantity * UNIT,
            price * UNIT if price else None,
            self_trade=mode,
        ),
        integers(1, 40),
        sampled_from((0, 100, 101, 102)),
        sampled_from((CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH, DECREMENT)),
    )


def crowded(rows: list[Ask]) -> Engine:
    """An engine where these asks rest."""
    engine = Engine()
    engine.apply(Configure(SEMANTICS, TRADES_MAX, 100, 1), 1, 0)
    engine.apply(ListInstrument(PLAIN), 2, 0)
    for number, (account, price, quantity, display) in enumerate(rows):
        shown = min(display, quantity) * UNIT or None
        name = f"ask{number}"
        order = PlaceOrder(account, "ACME", name, SELL, LIMIT, quantity * UNIT, price * UNIT, display_quantity=shown)
        engine.apply(order, 3 + number, 0)
    return engine


def traded(events: list[Event]) -> int:
    """How much the taker got."""
    return sum(event.quantity for event in events if isinstance(event, Traded))


@given(asks(), takers())
@settings(LEISURE, max_examples=3 * EXAMPLES)
def test_it_is_the_same_order_or_nothing(rows: list[Ask], taker: PlaceOrder) -> None:
    """Where the IOC is filled by trades alone the FOK has the same events; otherwise it touches nothing."""
    plain, condition = crowded(rows), crowded(rows)
    wanted = plain.apply(replace(taker, time_in_force=IOC), 99, 1)
    events = condition.apply(replace(taker, time_in_force=FOK), 99, 1)
    if traded(wanted) == taker.quantity and not any(isinstance(event, Amended) for event in wanted):
        assert events[1:] == wanted[1:]
        assert condition.changes == plain.changes
    else:
        order_id = len(rows) + 1
        assert events[1:] == [Expired(order_id, "carla", taker.quantity, "no_liquidity", "ACME", taker.side)]
        assert condition.changes == []
