"""Rule "Before matching": in this order, the first failure answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exchange.terms import FOK, GTC, IOC
from exchange.units import SECOND
from tests.support.market import Market, Terms, units
from tests.support.words import OPENING

if TYPE_CHECKING:
    from collections.abc import Callable

LADDER: tuple[tuple[str, dict[str, Terms], dict[str, Terms]], ...] = (
    ("unknown_instrument", {"symbol": "GONE"}, {"symbol": "ACME"}),
    ("client_order_id_reused", {"client_order_id": "used"}, {"client_order_id": "fresh"}),
    ("too_late", {"sent_at": OPENING - 6 * SECOND}, {"sent_at": OPENING}),
    ("killed", {"account": "anna"}, {"account": "boris"}),
    ("account_disabled", {}, {"account": "carla"}),
    ("bad_request", {"time_in_force": FOK}, {"time_in_force": GTC}),
    ("price_off_tick", {"at": "1000.5"}, {"at": 1_000}),
    ("quantity_off_lot", {"quantity": "1.5"}, {"quantity": 1}),
    ("quantity_too_small", {}, {"quantity": 1_001}),
    ("quantity_too_large", {}, {"quantity": 999}),
    ("price_too_high", {}, {"at": 900}),
    ("value_too_large", {}, {"quantity": 50}),
    ("price_outside_collar", {}, {"at": 100}),
    ("too_many_open_orders", {}, {"account": "dora"}),
    ("position_limit", {}, {"account": "emil"}),
    ("would_take", {}, {"at": 101}),
    ("", {}, {}),
)
"""What answers, then what the trader mends; the second column is what is wrong from the beginning."""


def crowded() -> Market:
    """A market where all limits are tight: anna has been stopped, boris disabled; carla has her one order.

    Every one of them has used the name "used"; dora may not sell short.
    """
    market = Market(
        min_quantity=units(10),
        max_quantity=units(1_000),
        max_price=units(900),
        max_value=units(100_000),
        reference_price=units(100),
        collar_bps=1_000 * 100,
        max_open_orders=1,
    )
    market.buy("anna", 10, at=90, client_order_id="used")
    market.kill("anna")
    market.limit("boris", enabled=0)
    market.buy("carla", 10, at=100, client_order_id="used")
    market.limit("dora", max_short=0)
    return market


def test_the_first_failure_answers() -> None:
    """An order that breaks every rule is refused by the first; mended rule by rule it meets them all in order."""
    market = crowded()
    order: dict[str, Terms] = {"post_only": True}
    for _, wrong, _ in LADDER:
        order |= wrong
    answers = []
    for _, _, mended in LADDER:
        market.sell(**order)
        answers.append(market.refused)
        order |= mended
    assert answers == [code for code, _, _ in LADDER]


LATE: dict[str, Terms] = {"sent_at": OPENING - 6 * SECOND}
WRONG: dict[str, Terms] = {"time_in_force": IOC, "post_only": True}


@pytest.mark.parametrize(
    ("account", "terms", "code"),
    [
        ("carla", {"symbol": "GONE", "client_order_id": "used"}, "unknown_instrument"),
        ("carla", {"client_order_id": "used", **LATE}, "client_order_id_reused"),
        ("anna", LATE, "too_late"),
        ("boris", WRONG, "account_disabled"),
        ("emil", {"at": "105.5", **WRONG}, "bad_request"),
        ("emil", {"at": "105.5", "quantity": "10.5"}, "price_off_tick"),
        ("emil", {"quantity": "0.5"}, "quantity_off_lot"),
        ("emil", {"quantity": "1000.5"}, "quantity_off_lot"),
        ("emil", {"quantity": 9, "at": 901}, "quantity_too_small"),
        ("emil", {"quantity": 1_001, "at": 901}, "quantity_too_large"),
        ("emil", {"quantity": 1_000, "at": 901}, "price_too_high"),
        ("emil", {"quantity": 1_000, "at": 900}, "value_too_large"),
        ("carla", {"at": 200}, "price_outside_collar"),
        ("frida", {}, "too_many_open_orders"),
        ("dora", {"at": 100, "post_only": True}, "position_limit"),
        ("emil", {"at": 100, "post_only": True}, "would_take"),
    ],
    ids=str,
)
def test_of_two_faults_the_earlier_is_named(account: str, terms: dict[str, Terms], code: str) -> None:
    """Each order has this fault and one that comes right after it (the last has one only)."""
    market = crowded()
    market.sell("frida", 10, at=110)
    market.limit("frida", max_short=0)
    market.sell(account, **{"quantity": 10, "at": 105} | terms)
    assert market.refused == code
    assert len(market.events) == 1


def test_whether_orders_are_taken_at_all() -> None:
    """A kill switch, then the phase, then the account, for new orders and amends; only then what is asked for."""
    market = crowded()
    order = market.sell("boris", 10, at=105)
    assert market.refused == "account_disabled"
    order = market.sell("emil", 10, at=105)
    market.limit("emil", enabled=0)
    market.phase("halted")
    market.kill(symbol="ACME")
    answers = []
    mends: list[Callable[[], object]] = [
        lambda: market.revive(symbol="ACME"),
        lambda: market.phase("continuous", lift=True),
    ]
    for mend in mends:
        asks: list[Callable[[], object]] = [
            lambda: market.sell("emil", "0.5", at=105),
            lambda: market.amend(order, to="0.5"),
        ]
        for ask in asks:
            ask()
            answers.append(market.refused)
        mend()
    market.amend(order, to="0.5")
    assert [*answers, market.refused] == ["killed", "killed", "wrong_phase", "wrong_phase", "account_disabled"]
    market.limit("emil", enabled=1)
    market.amend(order, to="0.5")
    assert market.refused == "quantity_off_lot"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"stop": 106, "at": "105.5"}, "bad_request"),
        ({"at": "105.5", "to": "10.5"}, "price_off_tick"),
        ({"to": "0.5", "at": 1_000}, "quantity_off_lot"),
        ({"to": 9, "at": 901}, "quantity_too_small"),
        ({"to": 1_001, "at": 901}, "quantity_too_large"),
        ({"to": 1_000, "at": 901}, "price_too_high"),
        ({"to": 1_000, "at": 900}, "value_too_large"),
        ({"to": 12, "at": 200}, "price_outside_collar"),
        ({"to": 12, "at": 100}, "position_limit"),
        ({"at": 100}, "would_take"),
    ],
    ids=str,
)
def test_an_amend_meets_them_in_the_same_order(terms: dict[str, Terms], code: str) -> None:
    """Two faults each, the earlier is named; the order stays as it was."""
    market = crowded()
    market.limit("dora", max_short=10)
    order = market.sell("dora", 10, at=105, post_only=True)
    market.amend(order, **terms)
    assert market.refused == code
    assert len(market.events) == 1
    assert market.depth() == {"bids": ["10 @ 100"], "asks": ["10 @ 105"]}


def test_whose_order_it_is_goes_before_everything() -> None:
    """Unknown, too late, done: then whether its account may amend at all, and only then what it asks for."""
    market = crowded()
    order = market.sell("emil", 20, at=105)
    late = OPENING - 6 * SECOND
    told = []
    market.amend(order, "dora", to="0.5", sent_at=late)
    told.append(market.refused)
    market.kill(symbol="ACME")
    market.limit("emil", enabled=0)
    market.amend(order, to="0.5", sent_at=late)
    told.append(market.refused)
    market.amend(order, to="0.5")
    told.append(market.refused)
    market.revive(symbol="ACME")
    market.amend(order, to="0.5")
    told.append(market.refused)
    market.cancel(order)
    market.amend(order, to="0.5")
    told.append(market.refused)
    assert told == ["unknown_order", "too_late", "killed", "account_disabled", "order_done"]


def test_a_refused_order_changes_nothing() -> None:
    """No order, no number used up, no change of the book, and its client order id is free."""
    market = crowded()
    market.sell("emil", 5, at=105, client_order_id="again")
    assert market.refused == "quantity_too_small"
    assert market.engine.changes == []
    assert market.engine.find("emil", "ACME", "again") is None
    assert market.sell("emil", 10, at=105, client_order_id="again").order_id == 3
