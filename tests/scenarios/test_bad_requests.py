"""Rule 12: terms that exclude each other are a bad request."""

from __future__ import annotations

import pytest

from exchange.order import AT_CLOSE, AT_OPEN, FOK, GTD, IOC, LIMIT, MARKET, STOP, STOP_LIMIT
from tests.support.market import OPENING, Market, Terms, units


@pytest.mark.parametrize(
    "terms",
    [
        {"post_only": True},
        {"display": 5},
        {"display": 10},
        {"at": 100, "time_in_force": IOC, "post_only": True},
        {"at": 100, "time_in_force": FOK, "post_only": True},
        {"at": 100, "time_in_force": IOC, "display": 5},
        {"at": 100, "time_in_force": FOK, "display": 5},
        {"at": 100, "type": MARKET},
        {"type": LIMIT},
        {"at": 100, "expires": OPENING + 1},
        {"expires": OPENING + 1},
        {"at": 100, "stop_price": units(90)},
        {"stop_price": units(90)},
    ],
    ids=str,
)
def test_terms_that_do_not_go_together(terms: dict[str, Terms]) -> None:
    """Each is refused before the book is looked at."""
    market = Market()
    market.sell("anna", 10, at=200)
    market.buy("boris", 10, **({"at": None} | terms))
    assert market.refused == "bad_request"
    assert len(market.events) == 1
    assert market.depth() == {"bids": [], "asks": ["10 @ 200"]}


def test_gtd_needs_its_expiry() -> None:
    """Good till date without a date is refused."""
    market = Market()
    market.buy("boris", 10, at=100, time_in_force=GTD)
    assert market.refused in ("bad_request", "bad_expires")


@pytest.mark.parametrize(
    "terms",
    [
        {"at": 100, "time_in_force": AT_OPEN},
        {"at": 100, "time_in_force": AT_CLOSE},
        {"type": STOP, "stop_price": units(110)},
        {"at": 112, "type": STOP_LIMIT, "stop_price": units(110)},
    ],
    ids=str,
)
def test_what_this_release_does_not_trade(terms: dict[str, Terms]) -> None:
    """Auction orders and stops come with phases; until then they are refused, never taken and forgotten."""
    market = Market()
    market.buy("boris", 10, **({"at": None} | terms))
    assert market.refused == "not_allowed_in_phase"
    assert market.engine.open_orders("boris") == []
