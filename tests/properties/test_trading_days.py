"""Whole trading days: phases, calls, stops, bands, halts and limits mixed into the order flow of an ordinary market.

The engine and the naive exchange agree after every command, a journal gives the same day again, and a successor that
takes over from a state anywhere on the way ends it the same.
OPENBELL_PROPERTY_EXAMPLES scales these like the others.
"""

from __future__ import annotations

from ast import literal_eval
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers

from exchange.commands import Configure
from exchange.engine import OLDEST_SEMANTICS, Engine
from tests.properties.conftest import EXAMPLES, LEISURE
from tests.support.comparison import Comparison
from tests.support.random_choices import Seeded
from tests.support.random_commands import NARROW, WIDE, Step
from tests.support.random_days import day_step, days

TIGHT = replace(NARROW, trades_per_order_max=2)
"""Stops of an ordinary day have to wait for the next command."""

COMMANDS = 20 * EXAMPLES
SEEDS = (1, 2, 3)


@given(days())
@settings(LEISURE, max_examples=EXAMPLES)
def test_no_short_day_tells_them_apart(day: list[Step]) -> None:
    """With bounds so narrow that stops have to wait for the next command."""
    Comparison(TIGHT).take(day)


@given(days())
@settings(LEISURE, max_examples=EXAMPLES)
def test_no_short_day_tells_them_apart_under_usual_bounds(day: list[Step]) -> None:
    """With bounds that a short day does not meet."""
    Comparison(WIDE).take(day)


@pytest.mark.parametrize("configure", [TIGHT, NARROW, WIDE], ids=["tight", "narrow", "wide"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_long_run_of_days_stays_the_same(seed: int, configure: Configure) -> None:
    """Whatever the seed brings, nothing tells them apart; a difference names the seed and the command."""
    comparison = Comparison(configure)
    choose = Seeded(seed)
    for number in range(COMMANDS):
        try:
            comparison.take([day_step(choose)])
        except AssertionError as difference:
            command, sequence, at = comparison.journal[-1]
            raise AssertionError(f"seed {seed}, step {number}: {command} as {sequence} at {at}") from difference


def test_a_long_run_of_version_2_stays_the_same() -> None:
    """As journals of it have been answered: the naive exchange knows what version 3 changed, and when."""
    comparison = Comparison(replace(NARROW, semantics=OLDEST_SEMANTICS))
    choose = Seeded(SEEDS[0])
    for _ in range(COMMANDS):
        comparison.take([day_step(choose)])
    assert comparison.engine.semantics == OLDEST_SEMANTICS


@given(days(), integers(0, 40))
@settings(LEISURE, max_examples=EXAMPLES // 2)
def test_a_successor_ends_the_day_the_same(day: list[Step], cut: int) -> None:
    """In the middle of a call, of a limit state, of a cascade: it answers as the first one would have."""
    comparison = Comparison(TIGHT)
    comparison.take(day)
    cut = min(cut + 2, len(comparison.journal))
    lived = Engine()
    for entry in comparison.journal[:cut]:
        lived.apply(*entry)

    restored = Engine.from_state(literal_eval(repr(lived.state())))

    assert restored.digest() == lived.digest()
    assert restored.next_due() == lived.next_due()
    for entry, expected in zip(comparison.journal[cut:], comparison.events[cut:], strict=True):
        assert restored.apply(*entry) == lived.apply(*entry) == expected
        assert restored.changes == lived.changes
        assert restored.next_due() == lived.next_due()
        assert restored.digest() == lived.digest()
