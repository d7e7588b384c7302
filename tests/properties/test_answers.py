"""Every answer of random trading agrees with order.get, with the reports and with EVENTS, whoever listens.

OPENBELL_ANSWER_COMMANDS says how many commands: 10,000, and 1,000,000 in `make soak`.
"""

from __future__ import annotations

import os

import pytest

from tests.support.answers import Answers

COMMANDS = int(os.environ.get("OPENBELL_ANSWER_COMMANDS", "10000"))
SEEDS = (1, 2)


@pytest.mark.timeout(0 if COMMANDS > 10_000 else 120)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_answer_tells_the_state_after_the_whole_command(seed: int) -> None:
    """Never what was printed on the way for somebody else; a difference names the seed and the command."""
    answers = Answers(seed)
    try:
        answers.run(COMMANDS // len(SEEDS))
    except AssertionError as difference:
        raise AssertionError(f"seed {seed}, message {answers.number}: {answers.last}") from difference
