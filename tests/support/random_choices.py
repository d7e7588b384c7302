"""Two sources of choices for random steps: a seed, and hypothesis, which shrinks what it chose."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies

from tests.support.random_commands import Step, random_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

Choice = TypeVar("Choice")

STEPS_MAX = 60


class Seeded:
    """The choices of a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 — the same seed must give the same run, nothing is secret

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(low, high)

    def one_of(self, options: Sequence[Choice]) -> Choice:
        """One of the options."""
        return self._random.choice(options)


class Drawn:
    """The choices of a hypothesis example."""

    def __init__(self, draw: DrawFn) -> None:
        self._draw = draw

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self._draw(strategies.integers(low, high))

    def one_of(self, options: Sequence[Choice]) -> Choice:
        """One of the options; the first is the simplest."""
        return options[self._draw(strategies.integers(0, len(options) - 1))]


@strategies.composite
def steps(draw: DrawFn) -> Step:
    """Any one step."""
    return random_step(Drawn(draw))


def stories() -> SearchStrategy[list[Step]]:
    """Up to STEPS_MAX steps, long stories as likely as short ones (plain lists would be five long on average)."""
    lengths = strategies.integers(0, STEPS_MAX)
    return lengths.flatmap(lambda length: strategies.lists(steps(), min_size=length, max_size=length))
