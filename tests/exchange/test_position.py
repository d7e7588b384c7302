"""A position by itself: what it costs to the last digit, and what going back brings back."""

from __future__ import annotations

from exchange.accounts.position import Position
from exchange.terms import BUY, SELL
from exchange.units import UNIT


def dealt(*deals: tuple[int, int, int]) -> Position:
    """The position after deals of (side, shares, price in units)."""
    position = Position()
    for side, shares, price in deals:
        quantity = shares * UNIT
        position.settle(side, quantity, price * quantity, price * shares, 0)
    return position


def test_a_partial_close_leaves_cost_and_shares() -> None:
    """The average is a fraction that closing does not touch, so nothing is rounded."""
    position = dealt((BUY, 3, 1), (BUY, 4, 2), (SELL, 2, 5))
    assert position.standing == (5 * UNIT, 11 * UNIT, 7 * UNIT)


def test_growing_after_a_close_rounds_at_16_decimals() -> None:
    """5 of 7 for 11 cost 55/7 = 7.857142857142857142…; with one more for 2 that is 9.8571428571428571."""
    position = dealt((BUY, 3, 1), (BUY, 4, 2), (SELL, 2, 5), (BUY, 1, 2))
    assert position.standing == (6 * UNIT, 985_714_286, 6 * UNIT)


def test_growing_without_a_close_rounds_nothing() -> None:
    """Costs are sums."""
    position = dealt((SELL, 3, 1), (SELL, 4, 2), (SELL, 2, 5))
    assert position.standing == (-9 * UNIT, 21 * UNIT, 9 * UNIT)


def test_through_zero_only_the_rest_counts() -> None:
    """Neither the old cost nor the closing part of the trade is in the new average."""
    position = dealt((BUY, 3, 7), (SELL, 5, 9))
    assert position.standing == (-2 * UNIT, 18 * UNIT, 2 * UNIT)
    assert position.realised == 6


def test_a_flat_position_has_earned_its_cash() -> None:
    """Nothing is left that anything could have cost."""
    position = dealt((BUY, 3, 7), (SELL, 2, 9), (SELL, 1, 1))
    assert position.standing == (0, 0, 0)
    assert position.realised == position.cash == -2
    assert position.average_price == 0


def test_fees_are_in_the_cash_and_not_in_the_profit() -> None:
    """Paid when buying, received as a rebate when selling."""
    position = Position()
    position.settle(BUY, UNIT, 100 * UNIT, 100, 3)
    position.settle(SELL, UNIT, 110 * UNIT, 110, -1)
    assert (position.cash, position.fees, position.realised) == (8, 2, 10)


def test_a_refund_gives_back_what_was_settled() -> None:
    """Cash and fees to the last unit, for either side; going back to the standing before makes it blank."""
    for side in (BUY, SELL):
        position = Position()
        before = position.standing
        position.settle(side, UNIT, 100 * UNIT, 100, 3)
        assert not position.is_blank()
        position.refund(side, 100, 3)
        position.restore(before)
        assert position.is_blank()
