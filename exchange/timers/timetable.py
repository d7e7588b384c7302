"""Timetable: the timers of books, for the ends of timed calls and of limit states.

One time a book (`Book.due`); a new time replaces it. Books of one time are due in the order of listing. A symbol that
is listed again gets a book with another number, so the former book's timer is stale. Times are nanoseconds of journal
time. Bound: stale entries are bounded by `due_queue`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.timers.due_queue import DueQueue
from exchange.units import NEVER

if TYPE_CHECKING:
    from exchange.book.book import Book


class Timetable(DueQueue[tuple[int, str]]):
    """The books by due time; a key is a book's number and symbol. `books` are the market's."""

    __slots__ = ("books",)

    def __init__(self, books: dict[str, Book]) -> None:
        super().__init__()
        self.books = books

    def is_due(self, due: int, key: tuple[int, str]) -> bool:
        """Whether the book of this number is still listed and due at `due`."""
        book = self.books.get(key[1])
        return book is not None and book.due == due and book.number == key[0]

    def set(self, book: Book, due: int) -> None:
        """Set a book's timer to `due`, in place of an earlier time; NEVER clears it."""
        if due == book.due:
            return
        book.due = due
        if due != NEVER:
            self.push(due, (book.number, book.symbol))

    def take(self) -> Book:
        """Remove and return the book due at `first`, which must not be NEVER."""
        book = self.books[self.pop()[1]]
        book.due = NEVER
        return book
