"""A sequence is passed on whole, once, and in order, whatever the network does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.feeds.continuity import Continuity


def test_nothing_is_passed_on_before_a_snapshot() -> None:
    """What arrives early is held, and follows the snapshot if it is newer."""
    feed: Continuity[str] = Continuity()
    assert [feed.offer(n - 1, n, f"m{n}") for n in (4, 5, 6)] == [False, False, False]
    assert [numbered.item for numbered in feed.restart(5)] == ["m6"]
    assert feed.offer(6, 7, "m7")


def test_duplicates_are_dropped() -> None:
    """A second leader's copies change nothing."""
    feed: Continuity[str] = Continuity()
    feed.restart(0)
    assert [feed.offer(0, 1, "a"), feed.offer(0, 1, "a"), feed.offer(1, 2, "b"), feed.offer(0, 1, "a")] == [
        *(True, False),
        *(True, False),
    ]
    assert not feed.broken


def test_a_gap_breaks_the_feed_until_a_snapshot_connects() -> None:
    """A snapshot that is older than the gap does not help; the next one does."""
    feed: Continuity[str] = Continuity()
    feed.restart(1)
    assert not feed.offer(4, 5, "m5")
    assert feed.broken
    assert feed.restart(3) == []
    assert feed.broken
    assert [numbered.item for numbered in feed.restart(4)] == ["m5"]


def test_held_messages_are_bounded() -> None:
    """When too many are held they are let go, and the next message shows the gap."""
    feed: Continuity[int] = Continuity(held_max=10)
    for number in range(1, 26):
        feed.offer(number - 1, number, number)
    assert feed.restart(3) == []
    assert feed.broken


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(0, 30))
def test_what_is_passed_on_is_always_connected(arrivals: list[int], snapshot: int) -> None:
    """Whatever arrives in whatever order, the numbers passed on after a snapshot are consecutive."""
    feed: Continuity[int] = Continuity()
    passed = []
    half = len(arrivals) // 2
    for number in arrivals[:half]:
        assert not feed.offer(number - 1, number, number)
    passed += [numbered.item for numbered in feed.restart(snapshot)]
    passed += [number for number in arrivals[half:] if feed.offer(number - 1, number, number)]
    assert passed == list(range(snapshot + 1, snapshot + 1 + len(passed)))
