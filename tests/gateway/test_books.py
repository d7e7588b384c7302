"""The gateway's own book is the sum of the updates, and its checksum is the protocol's."""

from __future__ import annotations

from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from gateway.feeds.depth import Depth, changes, is_zero, zero_like

LEVELS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), max_size=80)


def printed(rows: list[tuple[int, int]]) -> list[tuple[str, str]]:
    return [(f"{price / 4:.2f}", str(quantity)) for price, quantity in rows]


@given(LEVELS, LEVELS)
def test_the_book_is_the_last_word_on_each_level(bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
    """Whatever updates come, each side holds the last total of each price, best first, without zeros."""
    depth = Depth()
    depth.apply(printed(bids), printed(asks))
    for half, rows, best_first in ((depth.bids, bids, True), (depth.asks, asks, False)):
        expected = sorted(((price, total) for price, total in dict(rows).items() if total), reverse=best_first)
        assert half.levels == printed(expected)


def test_the_checksum_is_that_of_the_protocol() -> None:
    """Asks then bids, best first, ten of each, without point and leading zeros; of nothing it is 0."""
    depth = Depth()
    assert depth.checksum() == 0
    depth.apply([("0.95", "2.50"), ("0.90", "10.00")], [("101.20", "0.05")])
    assert depth.checksum() == crc32(b"10120" + b"5" + b"95" + b"250" + b"90" + b"1000")
    assert depth.checksum(1) == crc32(b"10120" + b"5" + b"95" + b"250")
    depth.apply([(f"0.{n}", "1") for n in range(11, 60)], [])
    assert depth.checksum() == depth.checksum(10) == depth.checksum(50)


@given(LEVELS, LEVELS)
def test_changes_turn_one_window_into_the_other(before: list[tuple[int, int]], after: list[tuple[int, int]]) -> None:
    """A window's levels that left it go out with zero, new and different ones as they are."""
    first, second = Depth(), Depth()
    first.apply(printed(before), [])
    second.apply(printed(after), [])
    first.apply(changes(first.bids.top(0), second.bids.top(0)), [])
    assert first.bids.levels == second.bids.levels


def test_zeros_are_printed_like_quantities() -> None:
    """A zero has the lot's decimals and is recognised with any."""
    assert [zero_like("12.50"), zero_like("3")] == ["0.00", "0"]
    assert [is_zero("0.00"), is_zero("0"), is_zero("0.10"), is_zero("10")] == [True, True, False, False]
