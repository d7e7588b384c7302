"""The engine and the naive exchange give the same events, books and orders after every command.

Hypothesis looks for the shortest story that tells them apart; the seeded runs are long and plain.
OPENBELL_PROPERTY_EXAMPLES scales both (default 100: a quick look; 10,000 for a night).
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from exchange.commands import Configure
from tests.properties.conftest import EXAMPLES, LEISURE
from tests.support.comparison import Comparison
from tests.support.random_choices import Seeded, stories
from tests.support.random_commands import NARROW, WIDE, Step, random_step

COMMANDS = 20 * EXAMPLES
SEEDS = (1, 2, 3)


@given(stories())
@settings(LEISURE, max_examples=EXAMPLES)
def test_no_short_story_tells_them_apart(story: list[Step]) -> None:
    """With bounds so narrow that every one of them is met."""
    Comparison(NARROW).take(story)


@given(stories())
@settings(LEISURE, max_examples=EXAMPLES)
def test_no_short_story_tells_them_apart_under_usual_bounds(story: list[Step]) -> None:
    """With bounds that a short story does not meet."""
    Comparison(WIDE).take(story)


@pytest.mark.parametrize("configure", [NARROW, WIDE], ids=["narrow", "wide"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_long_run_stays_the_same(seed: int, configure: Configure) -> None:
    """Whatever the seed brings, nothing tells them apart; a difference names the seed and the command."""
    comparison = Comparison(configure)
    choose = Seeded(seed)
    for number in range(COMMANDS):
        try:
            comparison.take([random_step(choose)])
        except AssertionError as difference:
            command, sequence, at = comparison.journal[-1]
            raise AssertionError(f"seed {seed}, step {number}: {command} as {sequence} at {at}") from difference
