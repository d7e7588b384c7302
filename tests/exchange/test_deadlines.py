"""Deadlines: one an account, in order, without a pile of old ones."""

from __future__ import annotations

from exchange.timers.deadlines import Deadlines
from exchange.units import NEVER, TIMERS_SPARE


def test_the_earliest_comes_first_and_at_one_time_by_name() -> None:
    """However they were set; a later time and an unset one count, not what they replace."""
    deadlines = Deadlines()
    for account, deadline in (("carla", 5), ("anna", 7), ("boris", 7), ("carla", 9), ("doris", 3), ("doris", 0)):
        deadlines.set(account, deadline)
    taken = []
    while deadlines.first() != NEVER:
        taken.append((deadlines.first(), deadlines.take()))
    assert taken == [(7, "anna"), (7, "boris"), (9, "carla")]
    assert deadlines.accounts == {}


def test_a_deadline_that_comes_back_counts_once() -> None:
    """An account that goes to and fro between two times of one batch leaves no pile of entries that all hold."""
    deadlines = Deadlines()
    for _ in range(3 * TIMERS_SPARE):
        deadlines.set("anna", 5)
        deadlines.set("anna", 9)
    assert len(deadlines.entries) <= TIMERS_SPARE + 2
    assert (deadlines.first(), deadlines.take(), deadlines.first()) == (9, "anna", NEVER)
