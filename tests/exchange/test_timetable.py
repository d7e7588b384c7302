"""When books change by themselves: one time each, in order, without a pile of old ones."""

from __future__ import annotations

from exchange.accounts import Accounts
from exchange.book import Book
from exchange.instrument import Instrument
from exchange.timetable import Timetable
from exchange.units import NEVER, TIMERS_SPARE


def listed(*symbols: str) -> dict[str, Book]:
    """Books in the order of their listing."""
    books = {symbol: Book(Instrument(symbol, [(0, 1)], 1), [], Accounts()) for symbol in symbols}
    for number, book in enumerate(books.values(), start=1):
        book.number = number
    return books


def test_the_earliest_comes_first_and_at_one_time_by_listing() -> None:
    """However they were set; once taken a book has no time any more."""
    books = listed("B", "A", "C")
    timetable = Timetable(books)
    for symbol, due in (("C", 7), ("A", 5), ("B", 5)):
        timetable.set(books[symbol], due)
    taken = []
    while timetable.first() != NEVER:
        taken.append((timetable.first(), timetable.take().symbol))
    assert taken == [(5, "B"), (5, "A"), (7, "C")]
    assert {book.due for book in books.values()} == {NEVER}


def test_a_new_time_replaces_the_old_one() -> None:
    """Later, earlier, back to an old one, or none at all."""
    books = listed("A")
    timetable = Timetable(books)
    for due in (5, 9, 3, 5):
        timetable.set(books["A"], due)
        assert timetable.first() == due
    timetable.set(books["A"], NEVER)
    assert timetable.first() == NEVER


def test_a_book_that_is_gone_or_listed_anew_has_no_old_time() -> None:
    """The timer is that of a book, not of a symbol."""
    books = listed("A", "B")
    timetable = Timetable(books)
    timetable.set(books["A"], 5)
    gone = books.pop("A")
    assert timetable.first() == NEVER
    timetable.set(gone, NEVER)
    timetable.set(gone, 5)
    books["A"] = Book(Instrument("A", [(0, 1)], 1), [], Accounts())
    books["A"].number = 3
    assert timetable.first() == NEVER


def test_old_timers_do_not_pile_up() -> None:
    """A book may be set again and again; what is kept stays bounded."""
    books = listed("A", "B")
    timetable = Timetable(books)
    timetable.set(books["B"], 4 * TIMERS_SPARE)
    for due in range(1, 3 * TIMERS_SPARE):
        timetable.set(books["A"], due)
    assert len(timetable.entries) <= TIMERS_SPARE + 4
    assert timetable.first() == 3 * TIMERS_SPARE - 1
