"""streams/audit/order_ledger.py: the events alone must add up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from exchange.commands import PlaceOrder
from exchange.events import Accepted, Amended, Canceled, Event, Expired, Traded
from exchange.terms import BUY, FILLED, PARTIALLY_FILLED, SELL
from exchange.units import UNIT
from streams.audit.order_ledger import OrderLedger
from streams.wire import codec
from tests.support.journaled import Journaled, order
from tests.support.random_choices import stories
from tests.support.random_commands import NARROW, PLAIN, Step


def accepted(order_id: int, account: str, side: int, quantity: int) -> Accepted:
    """An order of so many lots."""
    placed: PlaceOrder = order(account, side, quantity, 100, f"c{order_id}")
    return Accepted(order_id, placed)


ANNA, BORIS = accepted(1, "anna", SELL, 5), accepted(2, "boris", BUY, 3)
TRADE = Traded(
    *(1, "ACME", 100 * UNIT, 3 * UNIT, BUY),
    *(1, "anna", 3 * UNIT, 2 * UNIT, 0),
    *(2, "boris", 3 * UNIT, 0, 0),
)
REST = Canceled(1, "anna", 2 * UNIT, "requested")

WRONG: dict[str, list[Event]] = {
    "order 1 is accepted a second time": [ANNA, ANNA],
    "trade 2 of ACME is not the next": [ANNA, BORIS, replace(TRADE, trade_id=2)],
    "order 1 has filled 300000001, its trades make 300000000": [ANNA, BORIS, replace(TRADE, maker_filled=300000001)],
    "order 2 has 1 open, its events leave 0": [ANNA, BORIS, replace(TRADE, taker_open=1)],
    "order 2 is not open, and something happened to it": [ANNA, TRADE],
    "trade 1 of ACME has not two sides": [ANNA, accepted(2, "boris", SELL, 3), TRADE],
    "trade 1 is none of ACME": [ANNA, BORIS, replace(TRADE, quantity=0)],
    "order 1 has 200000000 open, its events leave 500000000": [ANNA, REST],
    "order 1 is not open, and something happened to it": [ANNA, BORIS, TRADE, REST, Expired(1, "anna", 0, "expired")],
    "order 1 has 500000000 open, its events leave 400000000": [
        ANNA,
        Amended(1, "anna", 100 * UNIT, None, 4 * UNIT, None, None, 5 * UNIT, 0, "requested"),
    ],
}


COMPLETE = replace(
    TRADE,
    maker_cost=300 * UNIT,
    maker_status=PARTIALLY_FILLED,
    taker_cost=300 * UNIT,
    taker_status=FILLED,
)
COMPLETE_REST = Canceled(1, "anna", 2 * UNIT, "requested", "ACME", SELL, 3 * UNIT, 300 * UNIT)

STANDS_OTHERWISE: list[list[Event]] = [
    [replace(COMPLETE, maker_cost=300 * UNIT + 1)],
    [replace(COMPLETE, taker_cost_rest=1)],
    [replace(COMPLETE, maker_status=FILLED)],
    [replace(COMPLETE, taker_status=PARTIALLY_FILLED)],
    [COMPLETE, replace(COMPLETE_REST, symbol="BETA")],
    [COMPLETE, replace(COMPLETE_REST, side=BUY)],
    [COMPLETE, replace(COMPLETE_REST, filled=2 * UNIT)],
    [COMPLETE, replace(COMPLETE_REST, cost=0)],
    [COMPLETE, replace(COMPLETE_REST, status=FILLED)],
]


@pytest.mark.parametrize("events", STANDS_OTHERWISE)
def test_an_order_stands_as_its_events_leave_it(events: list[Event]) -> None:
    """What an event says of its order is counted up from the events before it, too."""
    assert OrderLedger().apply([ANNA, BORIS, COMPLETE, COMPLETE_REST]) == ""
    assert OrderLedger().apply([ANNA, BORIS, *events]).endswith("leave it")


def test_a_story_that_adds_up_is_taken() -> None:
    """Two orders, a trade, the rest canceled."""
    ledger = OrderLedger()

    assert ledger.apply([ANNA, BORIS, TRADE, REST]) == ""
    assert ledger.trades == 1


@pytest.mark.parametrize("sentence", WRONG)
def test_what_cannot_follow_is_said(sentence: str) -> None:
    """Filled twice, filled too much, one-sided, dead orders that move: each is named."""
    assert OrderLedger().apply(WRONG[sentence]) == sentence


@given(stories())
@settings(max_examples=60)
def test_whatever_the_engine_does_adds_up(story: list[Step]) -> None:
    """Over any story the ledger agrees with every event and, at each point, with the engine's open orders."""
    journaled = Journaled(PLAIN, configure=NARROW)
    ledger = OrderLedger.of(journaled.partition.engine)
    for step in story:
        output = journaled.take(step).output
        for events in codec.decode_facts(output.events).events:
            assert ledger.apply(events) == ""
        assert ledger.differs_from(journaled.partition.engine) == ""
    assert OrderLedger.of(journaled.partition.engine).differs_from(journaled.partition.engine) == ""


def test_an_engine_that_forgot_a_fill_differs() -> None:
    """The state and the events are two accounts of the same orders."""
    journaled = Journaled()
    ledger = OrderLedger.of(journaled.partition.engine)
    output = journaled.send(ANNA.order, BORIS.order).output
    for events in codec.decode_facts(output.events).events:
        ledger.apply(events)
    journaled.partition.engine.orders[1].filled -= 1

    assert ledger.differs_from(journaled.partition.engine) == "order 1 has filled 299999999, its events say 300000000"
