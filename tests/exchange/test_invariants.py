"""exchange/invariants.py: a state that breaks a rule is seen, and which rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from exchange.engine import Engine
from exchange.invariants import first_broken
from exchange.terms import BUY, FILLED
from exchange.units import UNIT
from tests.support.journaled import Journaled, buy, sell
from tests.support.random_choices import stories
from tests.support.random_commands import NARROW, PLAIN, Step

if TYPE_CHECKING:
    from exchange.book.level import Level

Break = Callable[[Engine], object]


def level(engine: Engine, price: int) -> Level:
    """The bids at a price."""
    return engine.books["ACME"].sides[BUY].levels[price * UNIT]


def take_out_of_the_book(engine: Engine) -> None:
    """Order 1 stays open and rests nowhere."""
    order = engine.orders[1]
    order.book.remove(order)


def give_nothing_and_take_back_too_much(engine: Engine) -> None:
    """Order 4 is filled by less than nothing, and its parts are still its whole."""
    order = engine.orders[4]
    order.filled, order.canceled = -UNIT, 2 * UNIT


def cross(engine: Engine) -> None:
    """The best ask is told to be below the best bid."""
    engine.books["ACME"].sides[1].best = 1


BREAKS: dict[str, Break] = {
    "ACME is crossed": cross,
    "levels are out of order": lambda engine: engine.books["ACME"].sides[BUY].keys.reverse(),
    "not the sum of its orders": lambda engine: setattr(level(engine, 100), "displayed", 1),
    "does not belong to the level": lambda engine: setattr(engine.orders[1], "price", 99 * UNIT),
    "which is not its quantity": lambda engine: setattr(engine.orders[4], "canceled", 1),
    "is open and rests nowhere": take_out_of_the_book,
    "is in the book and not open": lambda engine: setattr(engine.orders[4], "level", level(engine, 100)),
    "has a part below nothing": give_nothing_and_take_back_too_much,
    "over all accounts": lambda engine: setattr(engine.accounts.position("anna", "ACME"), "cash", 0),
    "its buy orders are open for": lambda engine: engine.books["ACME"].holdings["anna"].count(BUY, UNIT),
}


def traded() -> Engine:
    """Bids 1 and 2, ask 3, and 4, which has been filled."""
    journaled = Journaled()
    journaled.send(
        buy("anna", 5, 100, "a1"), buy("anna", 5, 99, "a2"), sell("boris", 5, 101, "b1"), sell("boris", 1, 100, "b2")
    )
    engine = journaled.partition.engine
    assert engine.orders[4].status == FILLED
    return engine


def test_a_state_in_order_breaks_nothing() -> None:
    """Open orders on both sides, and one that is done."""
    assert first_broken(traded()) == ""


@pytest.mark.parametrize("sentence", BREAKS)
def test_a_broken_rule_is_named(sentence: str) -> None:
    """Crossed books, wrong levels, orders whose parts are not their whole."""
    engine = traded()
    BREAKS[sentence](engine)

    assert sentence in first_broken(engine)


@given(stories())
@settings(max_examples=60)
def test_no_story_breaks_a_rule(story: list[Step]) -> None:
    """After every command of any story all holds."""
    journaled = Journaled(PLAIN, configure=NARROW)
    for step in story:
        journaled.take(step)
        assert first_broken(journaled.partition.engine) == ""
