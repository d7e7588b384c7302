"""The memory of trades: bounded, whole after a checkpoint, and holding on to no order longer than to its trades."""

from __future__ import annotations

from typing import Any

from exchange.book.trades import Trade
from exchange.checkpoint.account_rows import kept_trades
from exchange.engine import Engine
from exchange.terms import MAKER
from tests.support.market import Market


def traded(count: int, **bounds: Any) -> Market:
    """A market with so many trades, whose orders are forgotten at once."""
    market = Market(ended_orders_max=0, **bounds)
    for _ in range(count):
        market.sell("boris", 1, at=100)
        market.buy("anna", 1, at=100)
    market.wait(0)
    assert market.engine.orders == {}
    return market


def numbers(market: Market) -> list[int]:
    """The trades that are remembered."""
    return [trade.event.trade_id for trade in remembered(market.engine)]


def remembered(engine: Engine) -> list[Trade]:
    """All of them, each once."""
    return kept_trades(engine.trades.sides)


def test_the_latest_are_remembered() -> None:
    """Never more than the bound."""
    market = traded(7, trades_remembered_max=3)
    assert numbers(market) == [5, 6, 7]


def test_the_old_ones_go_when_others_come() -> None:
    """What a day has passed since is let go of with the next trade, all at once."""
    market = traded(3)
    market.later(60)
    market.sell("boris", 1, at=100)
    market.buy("anna", 1, at=100)
    market.later(86_340)
    market.sell("boris", 1, at=100)
    market.buy("anna", 1, at=100)
    assert numbers(market) == [4, 5]


def test_a_state_brings_the_forgotten_orders_once() -> None:
    """One order of three trades is one row, without its fills; the trades have it in common again."""
    market = Market(ended_orders_max=0)
    for _ in range(3):
        market.sell("boris", 1, at=100)
    market.buy("anna", 3, at=100)
    market.wait(0)
    state = market.engine.state()
    assert sorted(row[0] for row in state["past_orders"]) == [1, 2, 3, 4]
    assert [row[15] for row in state["past_orders"]] == [None] * 4

    restored = Engine.from_state(state)
    takers = [trade.past_taker for trade in remembered(restored)]
    assert takers[0] is takers[1] is takers[2]
    assert restored.orders_of(remembered(restored)[0])[0].filled == 3 * 10**8
    assert restored.state() == state


def test_what_a_state_brought_goes_with_its_trades() -> None:
    """No order is held that no trade refers to."""
    market = traded(3, trades_remembered_max=3)
    market.engine = Engine.from_state(market.engine.state())
    assert len(market.engine.trades.orders) == 6
    for _ in range(3):
        market.sell("boris", 1, at=100)
        market.buy("anna", 1, at=100)
    assert market.engine.trades.orders == {}


def test_orders_that_are_remembered_are_not_written_twice() -> None:
    """While the register has an order, its trades refer to that."""
    market = Market()
    market.sell("boris", 2, at=100)
    market.buy("anna", 1, at=100)
    state = market.engine.state()
    assert "past_orders" not in state
    restored = Engine.from_state(state)
    [trade] = remembered(restored)
    assert trade.maker is restored.orders[1]
    assert trade.taker is restored.orders[2]


def test_an_order_tells_its_fills_for_longer_than_they_can_be_undone() -> None:
    """The trades of an order that rests are told when it is placed again; the other orders are not kept for that."""
    market = Market(ended_orders_max=0, trades_remembered_max=1)
    resting = market.sell("boris", 3, at=100)
    for price in (100, 101):
        market.buy("anna", 1, at=price)
    first, second = resting.order.first_trade, remembered(market.engine)[0]
    assert first is not None
    assert (first.maker, first.taker) == (None, None)
    assert second.maker is resting.order
    expected = [(number, 100 * 10**8, 10**8, MAKER, 0, market.engine.now) for number in (1, 2)]
    assert resting.order.fills == expected

    restored = Engine.from_state(market.engine.state())
    assert restored.orders[resting.order.order_id].fills == expected
    assert restored.state() == market.engine.state()


def test_an_instrument_that_is_gone_takes_its_trades_orders_along() -> None:
    """Those too that a state brought and that only its trades remembered."""
    market = traded(3)
    market.engine = Engine.from_state(market.engine.state())
    assert len(market.engine.trades.orders) == 6
    market.phase("closed")
    market.delist()
    assert numbers(market) == []
    assert market.engine.trades.orders == {}
