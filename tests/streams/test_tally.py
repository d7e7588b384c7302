"""streams/partition/skim.py: a journal that was skimmed has left every number that clients count by."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.partition.partition import Partition
from streams.partition.state import partition_parts
from tests.support.journaled import Journaled, buy, replayed, sell
from tests.support.random_choices import stories
from tests.support.random_commands import NARROW, PLAIN, Step
from tests.support.random_days import days


def state_without_reports(partition: Partition) -> list[tuple[str, object]]:
    """All that is left when the content of the reports is forgotten."""
    partition.reports.forget()
    return list(partition_parts(partition, packed=False))


@given(stories() | days(), st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=120)
def test_a_skimmed_journal_leaves_the_same_state(story: list[Step], start: int, end: int) -> None:
    """Events, chain, books, tapes, tickers and numbers are the same, wherever skimming begins and ends."""
    lived = Journaled(PLAIN, configure=NARROW)
    answered = [lived.opening, *[lived.take(step) for step in story]]
    partition = Partition(lived.partition.number)
    for entry in lived.journal:
        skims = start <= entry[1] < end
        output = partition.skim(*entry) if skims else partition.answer(*entry, render=False)
        assert output.events == answered[entry[1] - 1].output.events
    assert state_without_reports(partition) == state_without_reports(lived.partition)


@given(days(), st.integers(1, 5), st.integers(0, 30), st.integers(0, 30))
@settings(max_examples=60)
def test_skimmed_messages_of_several_commands_leave_the_same_state(
    day: list[Step], together: int, start: int, end: int
) -> None:
    """What a message tells once, like the status of a call, is counted once."""
    lived = Journaled(PLAIN, configure=NARROW)
    for first in range(0, len(day), together):
        lived.take(*day[first : first + together])
    partition = Partition(lived.partition.number)
    for entry in lived.journal:
        skims = start <= entry[1] < end
        _ = partition.skim(*entry) if skims else partition.answer(*entry, render=False)
    assert state_without_reports(partition) == state_without_reports(lived.partition)


def test_what_follows_a_skimmed_journal_is_the_same() -> None:
    """Answers, reports and market data go on as if everything had been answered in full."""
    lived = Journaled()
    for number in range(10):
        lived.send(sell("anna", 2, "101.25", f"a-{number}"), buy("boris", 1, "101.50", f"b-{number}"))
    partition = Partition(lived.partition.number)
    for entry in lived.journal:
        partition.skim(*entry)
    following = lived.send(sell("carla", 1, "101.75", "c-1"), buy("boris", 9, "102.00", "b-last"))
    assert partition.answer(*lived.journal[-1]) == following.output


def test_skimmed_reports_are_not_held_and_the_next_ones_are() -> None:
    """Whoever asks for more than is held is told to take a snapshot; no number is given twice."""
    lived = Journaled()
    for number in range(4):
        lived.send(sell("anna", 2, "101.25", f"a-{number}"))
    partition, _ = replayed(lived.journal[:3], render=False)
    partition.skim(*lived.journal[3])
    assert partition.reports.since("anna", 2) is None
    partition.answer(*lived.journal[4])
    assert [report.seq for report in partition.reports.since("anna", 3) or []] == [4]
    assert partition.reports.since("anna", 2) is None
