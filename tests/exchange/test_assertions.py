"""A market that has lost count stops at the command that would build on it, instead of answering wrongly for hours."""

from __future__ import annotations

import pytest

from exchange.book.balance import Indication
from exchange.terms import BOTH_SIDES, BUY
from tests.support.market import Market


def test_a_level_that_ends_with_a_remainder_stops_the_market() -> None:
    """The sums of a queue are changed order by order; when it is empty nothing may be left of them."""
    market = Market()
    order = market.buy("anna", 5, at=50)
    market.engine.books["ACME"].sides[BUY].levels[order.order.price].reserve += 1
    with pytest.raises(AssertionError, match="an empty level neither displays nor hides"):
        market.cancel(order)


def test_an_order_that_would_trade_does_not_rest() -> None:
    """The matching loop has lost the best bid, which is there: the ask would cross it."""
    market = Market()
    market.buy("anna", 5, at=50)
    market.engine.books["ACME"].sides[BUY].top = None
    with pytest.raises(AssertionError, match="what would trade does not rest"):
        market.sell("boris", 5, at=50)


def test_a_call_that_leaves_a_crossed_book_does_not_go_on_to_trading() -> None:
    """The indication that it uncrosses by says that nothing would trade."""
    market = Market()
    market.phase("auction")
    market.buy("anna", 5, at=50)
    market.sell("boris", 5, at=50)
    market.engine.books["ACME"].indicated = Indication(0, 0, 0, BOTH_SIDES)
    with pytest.raises(AssertionError, match="an uncross leaves nothing that would trade"):
        market.phase("continuous")
