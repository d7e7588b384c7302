"""Every answer of random trading agrees with order.get, with the reports and with EVENTS, whoever listens.

OPENBELL_ANSWER_COMMANDS says how many commands: 10,000, and 1,000,000 in `make soak`.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from exchange.commands import ListInstrument, PlaceOrder, SetPhase
from exchange.terms import AUCTION, BUY, GTD, LIMIT, MARKET, REOPENING
from exchange.units import SECOND, UNIT
from tests.support.answers import Answers
from tests.support.random_commands import PLAIN, START

COMMANDS = int(os.environ.get("OPENBELL_ANSWER_COMMANDS", "10000"))
SEEDS = (1, 2)
HOUR = 3_600 * SECOND


@pytest.mark.timeout(0 if COMMANDS > 10_000 else 120)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_answer_tells_the_state_after_the_whole_command(seed: int) -> None:
    """Never what was printed on the way for somebody else; a difference names the seed and the command."""
    answers = Answers(seed)
    try:
        answers.run(COMMANDS // len(SEEDS))
    except AssertionError as difference:
        raise AssertionError(f"seed {seed}, message {answers.number}: {answers.last}") from difference


def test_what_a_long_command_reports_later_agrees_as_well() -> None:
    """An hour of a reopening call that is extended each second, and an order that expires in it, all in one command."""
    answers = Answers(1)
    extended = replace(PLAIN, luld_tier=1, luld_call=SECOND, luld_extension=SECOND, reference_price=100 * UNIT)
    answers.send([ListInstrument(extended)])
    answers.send([SetPhase("ACME", AUCTION, REOPENING, until=START + SECOND)])
    answers.send([PlaceOrder("anna", "ACME", "left", BUY, MARKET, UNIT)])
    expiring = PlaceOrder("boris", "BETA", "expiring", BUY, LIMIT, UNIT, UNIT, time_in_force=GTD, expires=START + HOUR)
    answers.send([expiring])
    answers.now += HOUR
    answers.send([PlaceOrder("carla", "BETA", "late", BUY, LIMIT, UNIT, UNIT)])
    assert answers.reported_later == 2
