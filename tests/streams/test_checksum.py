from zlib import crc32

from exchange.instrument import Instrument
from exchange.market import Market
from exchange.terms import BUY, SELL
from exchange.units import UNIT
from streams.publication.checksum import Checksum
from streams.publication.rendering import Printer
from tests.support.journaled import ACME, Journaled, buy, sell


def test_an_empty_book_has_the_checksum_0() -> None:
    """CRC32 of nothing."""
    assert Checksum(Market().open_book(ACME), Printer(ACME)).value() == 0


def test_asks_come_before_bids_without_points_and_leading_zeros() -> None:
    """The text of the protocol, worked out by hand."""
    small = Instrument("SMALL", [(0, UNIT // 100)], UNIT // 10)
    journaled = Journaled(small)
    answered = journaled.send(
        sell("anna", "0.5", "0.07", "a-1", symbol="SMALL"),
        sell("anna", 12, "1.10", "a-2", symbol="SMALL"),
        buy("boris", "3.5", "0.05", "b-1", symbol="SMALL"),
    )

    assert answered.channel("book")[-1]["checksum"] == crc32(b"75110120535")


def test_only_the_ten_best_levels_of_a_side_count() -> None:
    """What changes below them leaves the checksum as it is, until a better level goes."""
    journaled = Journaled()
    best = "".join(f"{10_000 - 100 * n}1" for n in range(10)).encode()
    frames = journaled.send(*[buy("anna", 1, 100 - n, f"a-{n}") for n in range(12)]).channel("book")

    assert [frame["checksum"] for frame in frames[9:]] == [crc32(best)] * 3
    [(_, order)] = journaled.send(sell("boris", 1, 100, "b-1")).results
    assert order["status"] == "filled"
    assert journaled.ask("book", symbol="ACME")["checksum"] == crc32(best.removeprefix(b"100001") + b"90001")


def test_a_checksum_begun_in_the_middle_is_the_same() -> None:
    """One that has followed every change and one that looks for the first time agree."""
    journaled = Journaled()
    journaled.send(*[buy("anna", 1, 100 - n, f"a-{n}") for n in range(12)], sell("boris", 3, 98, "b-1"))
    book = journaled.partition.engine.books["ACME"]
    fresh = Checksum(book, Printer(ACME))

    assert fresh.value() == journaled.ask("book", symbol="ACME")["checksum"]
    assert len(book.sides[BUY].depth(0)) == 9
    assert book.sides[SELL].best == 0
