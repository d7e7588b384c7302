"""LOBSTER files (lobsterdata.com): the messages of one instrument's day and its book after each of them.

Prices are integers of a ten-thousandth of a dollar; sizes are shares. `row` counts messages from 1. A file may be
compressed (.gz). A malformed file is a `Fault` that names the file, the line and the reason; a message that
says nothing about the displayed book is no fault, whatever its type, and `plan` counts it.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from openbell.errors import WRONG_USE, Fault

SUBMITTED: Final = 1
REDUCED: Final = 2
DELETED: Final = 3
EXECUTED: Final = 4
EXECUTED_HIDDEN: Final = 5
CROSSED: Final = 6
HALTED: Final = 7

TAKEN_AWAY: Final = (REDUCED, DELETED, EXECUTED)
"""The types of messages that take shares from a displayed order."""

BUY: Final = 1
SELL: Final = -1

PRICE_SCALE: Final = 10_000
NO_PRICE: Final = 9_999_999_999
"""The price, with either sign, where a side has no such level."""


class LobsterMessage(NamedTuple):
    """One event; `side` is that of the resting order."""

    row: int
    kind: int
    order_id: str
    size: int
    price: int
    side: int

    @property
    def is_displayed(self) -> bool:
        """Whether the message changes the displayed book: by its type, and with a valid size, price and side."""
        moves = self.kind == SUBMITTED or self.kind in TAKEN_AWAY
        return moves and self.size > 0 and 0 < self.price < NO_PRICE and self.side in (BUY, SELL)


class Top(NamedTuple):
    """Best prices and their sizes; 0 where there is none. The columns of a recorded row, in its order."""

    ask: int
    ask_size: int
    bid: int
    bid_size: int


class OpeningLevel(NamedTuple):
    """A price of the opening book and the shares at it."""

    side: int
    price: int
    size: int


class Opening(NamedTuple):
    """The book before the first message; `depth` is how many levels a side the file shows."""

    depth: int
    levels: list[OpeningLevel]


def read_messages(path: Path) -> list[LobsterMessage]:
    """All messages of a file, at least one."""
    messages: list[LobsterMessage] = []
    for line, row in _rows(path, "time, type, order id, size, price, direction", columns=6):
        kind, size, price, side = _whole(path, line, [row[1], *row[3:6]])
        messages.append(LobsterMessage(len(messages) + 1, kind, row[2], size, price, side))
    return messages


def read_tops(path: Path) -> list[Top]:
    """The best level of each row of a book file, whatever its depth."""
    return [Top(*(_known(cell) for cell in _whole(path, line, row[:4]))) for line, row in _book_rows(path)]


def read_opening(path: Path, first: LobsterMessage) -> Opening:
    """The first row of a book file, which is the book after the first message, with that message undone.

    A submission is removed, shares reduced, deleted or executed are added back; any other message left the displayed
    book unchanged.
    """
    line, row = next(_book_rows(path))
    cells = _whole(path, line, row)
    sizes = {
        (side, price): size
        for at in range(0, len(cells), 4)
        for side, price, size in ((SELL, *cells[at : at + 2]), (BUY, *cells[at + 2 : at + 4]))
        if abs(price) != NO_PRICE
    }
    if first.is_displayed:
        before = -first.size if first.kind == SUBMITTED else first.size
        sizes[first.side, first.price] = sizes.get((first.side, first.price), 0) + before
    return Opening(
        len(cells) // 4, [OpeningLevel(side, price, size) for (side, price), size in sizes.items() if size > 0]
    )


def printed(price: int) -> str:
    """A price as the exchange reads it.

    >>> printed(1002500)
    '100.2500'
    """
    return f"{price // PRICE_SCALE}.{price % PRICE_SCALE:04d}"


def _known(number: int) -> int:
    return 0 if abs(number) == NO_PRICE else number


def _book_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    for line, row in _rows(path, "ask price, ask size, bid price, bid size for each level", columns=4):
        if len(row) % 4:
            raise _fault(path, line, f"{len(row)} cells are not four for each level")
        yield line, row


def _rows(path: Path, meaning: str, *, columns: int) -> Iterator[tuple[int, list[str]]]:
    """Lines that are not blank, by their number; a `Fault` if there is none, or one with too few cells."""
    line = 0
    try:
        with _opened(path) as file:
            reader = csv.reader(file)
            for row in reader:
                if not row:
                    continue
                line = reader.line_num
                if len(row) < columns:
                    raise _fault(path, line, f"a row has at least {columns} cells ({meaning}), not {len(row)}")
                yield line, row
    except (OSError, EOFError, zlib.error, csv.Error, UnicodeDecodeError) as error:
        raise _fault(path, line + 1, str(error)) from error
    if not line:
        raise Fault(f"{path} is empty", f"Give a file whose rows are {meaning}.", code=WRONG_USE)


def _whole(path: Path, line: int, cells: list[str]) -> list[int]:
    try:
        return [int(cell) for cell in cells]
    except ValueError as error:
        raise _fault(path, line, f"{error}") from error


def _fault(path: Path, line: int, reason: str) -> Fault:
    return Fault(f"{path}, line {line}: {reason}", "Is it a LOBSTER file, whole and of the kind named?", code=WRONG_USE)


def _opened(path: Path) -> TextIO:
    return gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="")
