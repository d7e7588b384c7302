"""Rule "Before matching": in this order, the first failure answers."""

from __future__ import annotations

import pytest

from exchange.order import FOK, GTC
from tests.support.market import Market, Terms, units

LADDER: tuple[tuple[str, dict[str, Terms], dict[str, Terms]], ...] = (
    ("unknown_instrument", {"symbol": "GONE"}, {"symbol": "ACME"}),
    ("client_order_id_reused", {"client_order_id": "used"}, {"client_order_id": "fresh"}),
    ("bad_request", {"time_in_force": FOK}, {"time_in_force": GTC}),
    ("price_off_tick", {"at": "1000.5"}, {"at": 1_000}),
    ("quantity_off_lot", {"quantity": "1.5"}, {"quantity": 1}),
    ("quantity_too_small", {}, {"quantity": 1_001}),
    ("quantity_too_large", {}, {"quantity": 999}),
    ("price_too_high", {}, {"at": 900}),
    ("value_too_large", {}, {"quantity": 50}),
    ("price_outside_collar", {}, {"at": 100}),
    ("too_many_open_orders", {}, {"account": "boris"}),
    ("would_take", {}, {"at": 101}),
    ("", {}, {}),
)
"""What answers, then what the trader mends; the second column is what is wrong from the beginning."""


def crowded() -> Market:
    """A market where anna has her one order, named "used", and all limits are tight."""
    market = Market(
        min_quantity=units(10),
        max_quantity=units(1_000),
        max_price=units(900),
        max_value=units(100_000),
        reference_price=units(100),
        collar_bps=1_000 * 100,
        max_open_orders=1,
    )
    market.buy("anna", 10, at=100, client_order_id="used")
    return market


def test_the_first_failure_answers() -> None:
    """An order that breaks every rule is refused by the first; mended rule by rule it meets them all in order."""
    market = crowded()
    order: dict[str, Terms] = {"account": "anna", "post_only": True}
    for _, wrong, _ in LADDER:
        order |= wrong
    answers = []
    for _, _, mended in LADDER:
        market.sell(**order)
        answers.append(market.refused)
        order |= mended
    assert answers == [code for code, _, _ in LADDER]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"quantity": "0.5", "at": 2_000}, "quantity_off_lot"),
        ({"quantity": 5, "at": 2_000}, "quantity_too_small"),
        ({"quantity": 2_000, "at": 2_000}, "quantity_too_large"),
        ({"quantity": 1_000, "at": 901}, "price_too_high"),
        ({"quantity": 1_000, "at": 900}, "value_too_large"),
        ({"quantity": 10, "at": 200}, "price_outside_collar"),
        ({"quantity": "0.5", "at": "2000.5"}, "price_off_tick"),
    ],
)
def test_pairs_of_faults(terms: dict[str, Terms], code: str) -> None:
    """Of two broken rules the earlier one is named, when an order enters and when it is amended."""
    market = crowded()
    market.sell("boris", **terms)
    assert market.refused == code

    order = market.sell("boris", 10, at=105)
    market.amend(order, to=terms["quantity"], at=terms["at"])
    assert market.refused == code
    assert market.depth() == {"bids": ["10 @ 100"], "asks": ["10 @ 105"]}


def test_a_refused_order_changes_nothing() -> None:
    """No order, no number used up, no change of the book, and its client order id is free."""
    market = crowded()
    market.sell("boris", 5, at=105, client_order_id="again")
    assert market.refused == "quantity_too_small"
    assert market.engine.changes == []
    assert market.engine.find("boris", "ACME", "again") is None
    assert market.sell("boris", 10, at=105, client_order_id="again").order_id == 2
