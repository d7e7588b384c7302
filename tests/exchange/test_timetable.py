"""When books change by themselves: one time each, in order, without a pile of old ones."""

from __future__ import annotations

from exchange.instrument import Instrument
from exchange.market import Market
from exchange.units import NEVER, TIMERS_SPARE


def listed(*symbols: str) -> Market:
    """A market with these instruments, in the order of their listing."""
    market = Market()
    for symbol in symbols:
        market.open_book(Instrument(symbol, [(0, 1)], 1))
    return market


def test_the_earliest_comes_first_and_at_one_time_by_listing() -> None:
    """However they were set; once taken a book has no time any more."""
    market = listed("B", "A", "C")
    timetable, books = market.timetable, market.books
    for symbol, due in (("C", 7), ("A", 5), ("B", 5)):
        timetable.set(books[symbol], due)
    taken = []
    while timetable.first() != NEVER:
        taken.append((timetable.first(), timetable.take().symbol))
    assert taken == [(5, "B"), (5, "A"), (7, "C")]
    assert {book.due for book in books.values()} == {NEVER}


def test_a_new_time_replaces_the_old_one() -> None:
    """Later, earlier, back to an old one, or none at all."""
    market = listed("A")
    timetable, books = market.timetable, market.books
    for due in (5, 9, 3, 5):
        timetable.set(books["A"], due)
        assert timetable.first() == due
    timetable.set(books["A"], NEVER)
    assert timetable.first() == NEVER


def test_a_book_that_is_gone_or_listed_anew_has_no_old_time() -> None:
    """The timer is that of a book, not of a symbol."""
    market = listed("A", "B")
    timetable, books = market.timetable, market.books
    timetable.set(books["A"], 5)
    gone = books.pop("A")
    assert timetable.first() == NEVER
    timetable.set(gone, NEVER)
    timetable.set(gone, 5)
    market.open_book(Instrument("A", [(0, 1)], 1))
    assert timetable.first() == NEVER


def test_old_timers_do_not_pile_up() -> None:
    """A book may be set again and again; what is kept stays bounded."""
    market = listed("A", "B")
    timetable, books = market.timetable, market.books
    timetable.set(books["B"], 4 * TIMERS_SPARE)
    for due in range(1, 3 * TIMERS_SPARE):
        timetable.set(books["A"], due)
    assert len(timetable.entries) <= TIMERS_SPARE + 4
    assert timetable.first() == 3 * TIMERS_SPARE - 1
