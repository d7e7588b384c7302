"""Rule 11: one order makes at most so many trades, and its rest expires."""

from __future__ import annotations

from exchange.terms import CANCEL_OLDEST, IOC
from tests.support.market import Market


def crowd(asks: int, trades_per_order_max: int) -> Market:
    """So many asks of 1 at 100."""
    market = Market(trades_per_order_max=trades_per_order_max)
    for number in range(asks):
        market.sell(f"t{number}", 1, at=100)
    return market


def test_the_rest_expires_when_more_could_trade() -> None:
    """Three trades are made, the fourth would be one too many; the book is not crossed afterwards."""
    market = crowd(5, trades_per_order_max=3)
    taker = market.buy("anna", 5, at=100)
    assert market.story == [
        "6 accepted",
        "6 trades 1 @ 100 with 1",
        "6 trades 1 @ 100 with 2",
        "6 trades 1 @ 100 with 3",
        "6 expired, 2 left: too_many_fills",
    ]
    assert (taker.status, taker.reason, taker.filled) == ("expired", "too_many_fills", "3")
    assert market.depth() == {"bids": [], "asks": ["2 @ 100"]}


def test_the_last_allowed_trade_may_fill_it() -> None:
    """Exactly as many trades as allowed is fine."""
    market = crowd(5, trades_per_order_max=3)
    assert market.buy("anna", 3, at=100).status == "filled"


def test_an_order_that_has_nothing_more_to_take_rests() -> None:
    """The bound ends only an order that would go on trading."""
    market = crowd(3, trades_per_order_max=3)
    taker = market.buy("anna", 5, at=100)
    assert (taker.status, taker.open) == ("partially_filled", "2")
    assert market.depth() == {"bids": ["2 @ 100"], "asks": []}


def test_market_and_ioc_orders_name_the_bound_too() -> None:
    """Their rest ends for the bound while there is liquidity, for want of it otherwise."""
    market = crowd(7, trades_per_order_max=3)
    assert market.buy("anna", 5).reason == "too_many_fills"
    assert market.buy("anna", 5, at=100, time_in_force=IOC).reason == "too_many_fills"
    assert market.buy("anna", 5).reason == "no_liquidity"


def test_every_part_of_an_iceberg_is_a_trade() -> None:
    """Parts of one resting order count one by one."""
    market = Market(trades_per_order_max=3)
    market.sell("ida", 10, at=100, display=2)
    taker = market.buy("anna", 10, at=100)
    assert (taker.filled, taker.reason) == ("6", "too_many_fills")


def test_canceled_own_orders_are_no_trades() -> None:
    """The bound counts trades, not own orders on the way."""
    market = Market(trades_per_order_max=1)
    for _ in range(3):
        market.sell("anna", 1, at=99)
    market.sell("boris", 1, at=100)
    taker = market.buy("anna", 1, at=100, self_trade=CANCEL_OLDEST)
    assert taker.status == "filled"
