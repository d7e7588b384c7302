"""openbell/client/{sequence,book,reports,feeds,values,requests}.py: what the SDK decides without a socket."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest

from openbell.client import requests
from openbell.client.book import Book, Level
from openbell.client.errors import NotAllowed, OutcomeUnknown, OutOfStep, TooSlow, TryAgain, request_error
from openbell.client.feeds import BookFeed, QueueFeed
from openbell.client.reports import ReportLog
from openbell.client.sequence import Sequence
from openbell.client.values import time_from_wire, time_to_wire, to_wire

if TYPE_CHECKING:
    from collections.abc import Iterable

SNAPSHOT = {
    "type": "snapshot",
    "seq": 10,
    "journal": "5.0",
    "bids": [["99.50", "3"], ["99.00", "7"]],
    "asks": [["100.00", "5"], ["100.50", "1"]],
}


def update(
    seq: int, prev: int, bids: Iterable[list[str]] = (), asks: Iterable[list[str]] = (), **members: Any
) -> dict[str, Any]:
    return {"type": "update", "seq": seq, "prev": prev, "bids": list(bids), "asks": list(asks), **members}


def level(price: str, quantity: str) -> Level:
    return Level(Decimal(price), Decimal(quantity))


@pytest.fixture
def book() -> Book:
    book = Book("ACME")
    book.apply(SNAPSHOT)
    return book


def test_snapshot_is_the_book(book: Book) -> None:
    """After a snapshot the book holds its levels, best first, and its place in the journal."""
    assert book.bids == [level("99.50", "3"), level("99.00", "7")]
    assert book.asks == [level("100.00", "5"), level("100.50", "1")]
    assert (book.best_bid, book.best_ask) == (book.bids[0], book.asks[0])
    assert (book.seq, book.journal) == (10, "5.0")


def test_update_sets_absolute_quantities(book: Book) -> None:
    """An update sets what is at a price, and zero, printed with the lot's decimals, removes the level."""
    book.apply(update(12, 10, bids=[["99.50", "0.00"], ["99.25", "2"]], asks=[["100.00", "4"]], journal="6.3"))
    assert book.bids == [level("99.25", "2"), level("99.00", "7")]
    assert book.asks == [level("100.00", "4"), level("100.50", "1")]
    assert book.journal == "6.3"


def test_removing_an_unknown_level_changes_nothing(book: Book) -> None:
    """A zero for a price that is not held is no fault."""
    book.apply(update(11, 10, bids=[["98.00", "0"]]))
    assert book.bids == [level("99.50", "3"), level("99.00", "7")]


def test_empty_book_has_no_best_and_checksum_zero() -> None:
    """Of nothing the checksum is 0 and there is no best level."""
    book = Book("ACME")
    assert book.apply({"type": "snapshot", "seq": 0, "bids": [], "asks": [], "checksum": 0})
    assert (book.best_bid, book.best_ask) == (None, None)


def test_checksum_is_of_the_printed_digits(book: Book) -> None:
    """CRC32 of asks then bids, best first, without points and leading zeros."""
    assert book.checksum() == crc32(b"10000510050199503" + b"99007")
    small = Book("TINY")
    small.apply({"type": "snapshot", "seq": 1, "bids": [["0.00000001", "0.50"]], "asks": []})
    assert small.checksum() == crc32(b"150")


def test_checksum_covers_ten_levels() -> None:
    """Levels beyond the tenth are not in the checksum."""
    asks = [[f"{100 + step}.00", "1"] for step in range(12)]
    book = Book("ACME")
    book.apply({"type": "snapshot", "seq": 1, "bids": [], "asks": asks})
    assert book.checksum() == crc32("".join(price.replace(".", "") + "1" for price, _ in asks[:10]).encode())


def test_wrong_checksum_puts_the_book_out_of_step(book: Book) -> None:
    """A checksum that differs is told, and nothing but a snapshot is taken afterwards."""
    with pytest.raises(OutOfStep):
        book.apply(update(11, 10, checksum=1))
    assert not book.apply(update(12, 11, bids=[["99.75", "1"]]))
    assert book.apply(SNAPSHOT)
    assert book.best_bid == level("99.50", "3")


def test_sequence_admits_what_follows() -> None:
    """Numbers may be skipped as long as `prev` is the last one taken."""
    sequence = Sequence()
    assert sequence.admit({"type": "snapshot", "seq": 4})
    assert sequence.admit({"type": "update", "seq": 9, "prev": 4})
    assert sequence.admit({"type": "update", "seq": 10, "prev": 9})
    assert sequence.seq == 10


def test_sequence_ignores_repeats_and_what_precedes_the_snapshot() -> None:
    """A second copy, and an update before any snapshot, are left out in silence."""
    sequence = Sequence()
    assert not sequence.admit({"type": "update", "seq": 3, "prev": 2})
    assert sequence.admit({"type": "snapshot", "seq": 4})
    assert not sequence.admit({"type": "update", "seq": 4, "prev": 3})


def test_sequence_tells_a_gap_once() -> None:
    """A gap is an exception; until the next snapshot nothing is taken."""
    sequence = Sequence()
    sequence.admit({"type": "snapshot", "seq": 4})
    with pytest.raises(OutOfStep):
        sequence.admit({"type": "update", "seq": 7, "prev": 6})
    assert not sequence.admit({"type": "update", "seq": 8, "prev": 7})
    assert sequence.admit({"type": "snapshot", "seq": 8})


async def test_book_feed_gives_the_newest_state() -> None:
    """Two updates between two reads are one change for the reader."""
    feed = BookFeed("ACME")
    feed.put(SNAPSHOT)
    feed.put(update(11, 10, bids=[["99.75", "1"]]))
    book = await feed.next()
    assert (book.seq, book.best_bid) == (11, level("99.75", "1"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(feed.next(), 0.01)


async def test_queue_feed_fails_rather_than_leave_out() -> None:
    """A reader who lets more wait than the bound reads what is kept and then `TooSlow`."""
    feed = QueueFeed(lambda frame: [frame["seq"]], limit=2)
    for seq in (1, 2, 3, 4):
        feed.put({"type": "snapshot", "seq": seq})
    assert [await feed.next() for _ in range(3)] == [1, 2, 3]
    with pytest.raises(TooSlow):
        await feed.next()


async def test_newest_feed_keeps_one() -> None:
    """With `newest` an unread item gives way to the next."""
    feed = QueueFeed(lambda frame: [frame["seq"]], 1, newest=True)
    for seq in (1, 2, 3):
        feed.put({"type": "snapshot", "seq": seq})
    assert await feed.next() == 3


def order_body(order_id: str = "0-1", **members: Any) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "client_order_id": "c-1",
        "account": "alice",
        "symbol": "ACME",
        "side": "buy",
        "type": "limit",
        "time_in_force": "gtc",
        "price": "101.25",
        "quantity": "10",
        "filled_quantity": "0",
        "open_quantity": "10",
        "status": "open",
        **members,
    }


def report(seq: int, partition: int = 0) -> dict[str, Any]:
    return {
        "type": "update",
        "partition": partition,
        "seq": seq,
        "cursor": f"{partition}-{seq}",
        "exec": "accepted",
        "order": order_body(f"{partition}-{seq}"),
    }


def reports_snapshot(seq: int, partition: int = 0, orders: Iterable[dict[str, Any]] = ()) -> dict[str, Any]:
    place = {"partition": partition, "partitions": 2, "seq": seq, "cursor": f"{partition}-{seq}"}
    return {"type": "snapshot", **place, "orders": list(orders)}


def drained(log: ReportLog) -> list[tuple[int, int]]:
    seen = [(report.partition, report.seq) for report in log.unread]
    log.unread.clear()
    return seen


def test_report_log_keeps_partitions_apart() -> None:
    """Each partition has its own dense sequence."""
    log = ReportLog(limit=10)
    for frame in (reports_snapshot(4), reports_snapshot(0, 1), report(5), report(1, 1), report(6), report(5)):
        log.take(frame)
    assert drained(log) == [(0, 5), (1, 1), (0, 6)]
    assert log.behind() is None


def test_report_log_resumes_after_a_gap() -> None:
    """From a gap on the partition's reports are fetched, until as far as any has been seen."""
    log = ReportLog(limit=10)
    for frame in (reports_snapshot(0), report(1), report(3), report(4)):
        log.take(frame)
    assert drained(log) == [(0, 1)]
    assert log.behind() == (0, "0-1")
    assert log.resumed(0, [report(2), report(3)])
    assert log.behind() == (0, "0-3")
    log.resumed(0, [report(4)])
    assert drained(log) == [(0, 2), (0, 3), (0, 4)]
    assert log.behind() is None


def test_report_log_resumes_after_a_reconnect() -> None:
    """A snapshot beyond the last report taken means that some were missed."""
    log = ReportLog(limit=10)
    log.take(reports_snapshot(2, orders=[order_body()]))
    assert [report.exec for report in log.unread] == ["snapshot"]
    log.take(reports_snapshot(2))
    assert log.behind() is None
    log.take(reports_snapshot(5))
    assert log.behind() == (0, "0-2")


def test_full_report_log_fetches_later() -> None:
    """What does not fit is not kept, and not lost either."""
    log = ReportLog(limit=2)
    for frame in (reports_snapshot(0), report(1), report(2), report(3)):
        log.take(frame)
    assert drained(log) == [(0, 1), (0, 2)]
    log.resumed(0, [report(3)])
    assert drained(log) == [(0, 3)]


def test_numbers_are_never_floats() -> None:
    """A float is refused; everything else is printed exactly and without an exponent."""
    assert [to_wire(number) for number in (Decimal("1E-8"), "2.50", 3)] == ["0.00000001", "2.50", "3"]
    untyped: Any = 0.1
    with pytest.raises(TypeError):
        to_wire(untyped)


def test_times_keep_their_nanoseconds() -> None:
    """An RFC 3339 time goes to an integer and back unchanged."""
    text = "2026-11-22T10:00:00.123456789Z"
    assert time_to_wire(time_from_wire(text)) == text
    assert time_from_wire(None) == 0


def test_placement_says_what_it_needs() -> None:
    """A price makes a limit order, none a market order; there is always a client order id."""
    limit = requests.place("ACME", "buy", 10, Decimal("1.50"), time_in_force="gtd", expires=1)
    assert limit.params | {"client_order_id": ""} == {
        "symbol": "ACME",
        "side": "buy",
        "quantity": "10",
        "price": "1.50",
        "type": "limit",
        "time_in_force": "gtd",
        "expires": "1970-01-01T00:00:00.000000001Z",
        "client_order_id": "",
    }
    market = requests.place("ACME", "sell", 1)
    assert (market.params["type"], len(market.params["client_order_id"])) == ("market", 32)


def test_errors_are_told_apart_by_code() -> None:
    """The class of an exception follows from its code, and all members are kept."""
    assert isinstance(request_error({"code": "token_expired"}), NotAllowed)
    assert isinstance(request_error({"code": "outcome_unknown"}), OutcomeUnknown)
    busy = request_error({"code": "busy", "message": "later", "retry_after": 0.5, "request_id": "r1"})
    assert isinstance(busy, TryAgain)
    assert (busy.code, busy.message, busy.retry_after, busy.request_id) == ("busy", "later", 0.5, "r1")
