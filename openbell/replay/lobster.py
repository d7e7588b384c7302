"""LOBSTER files (lobsterdata.com): the messages of one instrument's day and its book after each of them.

Prices are integers of a ten-thousandth of a dollar; sizes are shares. `row` counts messages from 1. A file may be
compressed (.gz).
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, TextIO

SUBMITTED: Final = 1
REDUCED: Final = 2
DELETED: Final = 3
EXECUTED: Final = 4
EXECUTED_HIDDEN: Final = 5
HALTED: Final = 7

BUY: Final = 1
SELL: Final = -1

PRICE_SCALE: Final = 10_000
NO_PRICE: Final = 9_999_999_999
"""What stands, with either sign, where a side has no such level."""


class Message(NamedTuple):
    """One event; `side` is that of the resting order."""

    row: int
    kind: int
    order_id: str
    size: int
    price: int
    side: int


class Top(NamedTuple):
    """Best prices and their sizes; 0 where there is none. The columns of a recorded row, in its order."""

    ask: int
    ask_size: int
    bid: int
    bid_size: int


class Level(NamedTuple):
    """A price of the opening book and the shares at it."""

    side: int
    price: int
    size: int


class Opening(NamedTuple):
    """The book before the first message; `depth` is how many levels a side the file shows."""

    depth: int
    levels: list[Level]


def read_messages(path: Path) -> list[Message]:
    """All messages of a file."""
    return [
        Message(number, int(kind), order_id, int(size), int(price), int(side))
        for number, (_, kind, order_id, size, price, side, *_) in enumerate(_rows(path), 1)
    ]


def read_tops(path: Path) -> list[Top]:
    """The best level of each row of a book file, whatever its depth."""
    return [Top(*(_known(int(cell)) for cell in row[:4])) for row in _rows(path)]


def read_opening(path: Path, first: Message) -> Opening:
    """The first row of a book file, with the first message undone.

    Only a submission can be undone, and that is what the samples begin with.
    """
    if first.kind != SUBMITTED:
        raise ValueError("the first message is no submission: the opening book cannot be told")
    cells = [int(cell) for cell in next(_rows(path))]
    levels = [
        Level(side, price, size)
        for at in range(0, len(cells), 4)
        for side, price, size in ((SELL, *cells[at : at + 2]), (BUY, *cells[at + 2 : at + 4]))
        if abs(price) != NO_PRICE
    ]
    undone = [level._replace(size=level.size - first.size * _is_at(level, first)) for level in levels]
    return Opening(len(cells) // 4, [level for level in undone if level.size > 0])


def printed(price: int) -> str:
    """A price as the exchange takes it.

    >>> printed(1002500)
    '100.2500'
    """
    return f"{price // PRICE_SCALE}.{price % PRICE_SCALE:04d}"


def _is_at(level: Level, message: Message) -> bool:
    return (level.side, level.price) == (message.side, message.price)


def _known(number: int) -> int:
    return 0 if abs(number) == NO_PRICE else number


def _rows(path: Path) -> Iterator[list[str]]:
    with _opened(path) as file:
        yield from csv.reader(file)


def _opened(path: Path) -> TextIO:
    return gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="")
