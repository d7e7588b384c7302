"""When books change by themselves: the ends of timed calls, and of limit states.

One time a book; a new one replaces it. Those of one time come in the order of listing. Times are nanoseconds of
journal time. Bound: stale timers are dropped before they outnumber the books for long.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from exchange.register import NEVER, TIMERS_SPARE

if TYPE_CHECKING:
    from exchange.book import Book

Timer = tuple[int, int, str]
"""Due time, the book's number and symbol."""


class Timetable:
    """The books by due time."""

    __slots__ = ("timers", "timers_max")

    def __init__(self) -> None:
        self.timers: list[Timer] = []
        self.timers_max = TIMERS_SPARE

    def set(self, book: Book, due: int, books: dict[str, Book]) -> None:
        """Let a book change at `due` and not when it was to change before; NEVER for not at all."""
        if due == book.due:
            return
        book.due = due
        if due != NEVER:
            heappush(self.timers, (due, book.number, book.symbol))
            if len(self.timers) > self.timers_max:
                self.drop_stale(books)

    def first(self, books: dict[str, Book]) -> int:
        """The earliest time at which a book changes, NEVER if none does."""
        while self.timers:
            timer = self.timers[0]
            if is_due(timer, books):
                return timer[0]
            heappop(self.timers)
        return NEVER

    def take(self, books: dict[str, Book]) -> Book:
        """The book that changes `first`, which must not be NEVER; it has no time any more."""
        book = books[heappop(self.timers)[2]]
        book.due = NEVER
        return book

    def drop_stale(self, books: dict[str, Book]) -> None:
        """Drop the timers that were replaced, so that they cannot pile up."""
        self.timers = [timer for timer in self.timers if is_due(timer, books)]
        heapify(self.timers)
        self.timers_max = 2 * len(self.timers) + TIMERS_SPARE


def is_due(timer: Timer, books: dict[str, Book]) -> bool:
    """Whether this timer still stands for a book that changes then."""
    book = books.get(timer[2])
    return book is not None and book.due == timer[0] and book.number == timer[1]
