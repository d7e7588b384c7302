"""Rule 12: terms that exclude each other are a bad request."""

from __future__ import annotations

import pytest

from exchange.terms import AT_CLOSE, AT_OPEN, FOK, GTD, IOC, LIMIT, MARKET, STOP, STOP_LIMIT
from tests.support.market import Market, Terms
from tests.support.words import OPENING


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
        {"at": 100, "stop": 90, "type": LIMIT},
        {"stop": 90, "type": MARKET},
        {"type": STOP},
        {"at": 100, "type": STOP_LIMIT},
        {"stop": 110, "type": STOP_LIMIT},
        {"at": 112, "stop": 110, "type": STOP},
        {"stop": 110, "display": 5},
        {"stop": 110, "post_only": True},
        {"stop": 110, "time_in_force": AT_OPEN},
        {"at": 112, "stop": 110, "time_in_force": AT_CLOSE},
        {"at": 112, "stop": 110, "time_in_force": IOC, "display": 5},
        {"at": 112, "stop": 110, "time_in_force": FOK, "post_only": True},
        {"time_in_force": IOC, "display": 5},
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
