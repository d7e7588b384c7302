"""Status of an instrument, as channel `status` shows it: phase, planned end, indicative auction, bands.

`status_of` gives a value: an equal value needs no new frame. While an instrument is halted its phase is `halted`,
whatever the phase beneath.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from exchange.book.bands import bands_of
from exchange.commands import UNNAMED
from exchange.matching.auction import indication
from exchange.terms import AUCTION, BOTH_SIDES, HALTED, KIND_NAMES, PHASE_NAMES, SIDE_NAMES
from streams.publication.rendering import print_time

if TYPE_CHECKING:
    from exchange.book.book import Book
    from streams.publication.rendering import Printer


class InstrumentStatus(NamedTuple):
    """Status: `kind` is UNNAMED outside an auction, and the fields from it to `side` are an auction's only. 0 is none.

    price: the indicative one. low, high: the outermost prices that may trade.
    """

    phase: int
    reason: str
    until: int
    kind: int = UNNAMED
    price: int = 0
    paired: int = 0
    imbalance: int = 0
    side: int = BOTH_SIDES
    low: int = 0
    high: int = 0


NEVER_PUBLISHED: Final = InstrumentStatus(-1, "", 0)


def status_of(book: Book) -> InstrumentStatus:
    """The present status of an instrument."""
    low, high = bands_of(book)
    if book.halted:
        return InstrumentStatus(HALTED, book.reason, book.until, low=low, high=high)
    if book.phase != AUCTION:
        return InstrumentStatus(book.phase, book.reason, book.until, low=low, high=high)
    seen = indication(book)
    return InstrumentStatus(
        AUCTION,
        book.reason,
        book.until,
        book.kind,
        seen.price,
        seen.paired_quantity,
        seen.imbalance,
        seen.imbalance_side,
        low,
        high,
    )


def may_move(book: Book) -> bool:
    """Whether the status may change by trading or by time alone, without a change of phase."""
    return book.banded or book.phase == AUCTION


def print_status(status: InstrumentStatus, printer: Printer) -> str:
    """The members of the channel; those of an auction are null outside one."""
    price, quantity = printer.price, printer.quantity
    low, high = status.low, status.high
    # The only free text in the market data: an operator may give any reason.
    reason = msgspec.json.encode(status.reason).decode() if status.reason else "null"
    opening = (
        f'"phase":"{PHASE_NAMES[status.phase]}","reason":{reason},'
        f'"until":{print_time(status.until) if status.until else "null"},'
    )
    closing = f'"band_low":{price[low] if low else "null"},"band_high":{price[high] if high else "null"}'
    if status.kind == UNNAMED:
        nothing = '"kind":null,"indicative_price":null,"paired_quantity":null,"imbalance":null,"imbalance_side":null,'
        return opening + nothing + closing
    side = "null" if status.side == BOTH_SIDES else f'"{SIDE_NAMES[status.side]}"'
    return (
        f'{opening}"kind":"{KIND_NAMES[status.kind]}",'
        f'"indicative_price":{price[status.price] if status.price else "null"},'
        f'"paired_quantity":{quantity[status.paired]},"imbalance":{quantity[status.imbalance]},'
        f'"imbalance_side":{side},{closing}'
    )
