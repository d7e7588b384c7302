"""The uncross: one price at which most trades, and who trades with whom."""

from __future__ import annotations

import pytest

from exchange.terms import BUY, SELL
from exchange.units import UNIT
from tests.support.market import Market

Side = list[tuple[int, int | None]]
"""Quantity and limit of each order of a side, None for a market order."""


def in_a_call(bids: Side, asks: Side, reference: int = 0) -> Market:
    """A market in an opening call with these orders: buyers b1, b2, … and sellers s1, s2, …"""
    market = Market(reference_price=reference * UNIT)
    market.phase("closed")
    market.phase("auction")
    for number, (quantity, limit) in enumerate(bids, start=1):
        market.buy(f"b{number}", quantity, at=limit)
    for number, (quantity, limit) in enumerate(asks, start=1):
        market.sell(f"s{number}", quantity, at=limit)
    return market


@pytest.mark.parametrize(
    ("bids", "asks", "reference", "indicated"),
    [
        # The worked examples of the rules.
        ([(400, 202), (200, 201)], [(300, 199), (200, 198)], 0, "500 @ 201, 100 to buy"),
        ([(300, 202), (200, 201)], [(400, 199), (200, 198)], 0, "500 @ 199, 100 to sell"),
        ([(300, 202), (200, 201)], [(300, 199), (200, 198)], 200, "500 @ 201"),
        # Without a reference price the higher, and a reference price beyond one of the two decides for that one.
        ([(300, 202), (200, 201)], [(300, 199), (200, 198)], 0, "500 @ 201"),
        ([(300, 202), (200, 201)], [(300, 199), (200, 198)], 199, "500 @ 199"),
        ([(300, 202), (200, 201)], [(300, 199), (200, 198)], 150, "500 @ 199"),
        ([(300, 202), (200, 201)], [(300, 199), (200, 198)], 250, "500 @ 201"),
        # The most volume goes before everything else.
        ([(100, 105), (500, 101)], [(100, 100), (500, 101)], 0, "600 @ 101"),
        # Of two prices with the most volume the one with the smaller surplus.
        ([(100, 102), (90, 100)], [(100, 98), (10, 101)], 0, "100 @ 101, 10 to sell"),
        # As much too many bids at one as there are asks too many at the other: the reference price decides.
        ([(10, None), (5, 100)], [(10, None), (5, 105)], 102, "10 @ 100, 5 to buy"),
        ([(10, None), (5, 100)], [(10, None), (5, 105)], 103, "10 @ 105, 5 to sell"),
        ([(10, None), (5, 100)], [(10, None), (5, 104)], 102, "10 @ 104, 5 to sell"),
        ([(10, None), (5, 100)], [(10, None), (5, 105)], 0, "10 @ 105, 5 to sell"),
        ([(10, None), (5, 100)], [(10, None), (4, 105)], 100, "10 @ 105, 4 to sell"),
        # Market orders push the price to where limits are.
        ([(10, None), (5, 100)], [(8, 99)], 0, "8 @ 100, 7 to buy"),
        ([(10, None)], [(4, 99), (3, 101)], 0, "7 @ 101, 3 to buy"),
        ([(4, 103), (3, 101)], [(10, None)], 0, "7 @ 101, 3 to sell"),
        ([(4, 101)], [(10, None), (5, 99)], 0, "4 @ 99, 11 to sell"),
        ([(10, None)], [(10, 99)], 120, "10 @ 99"),
        # Only market orders meet: at the reference price, or not at all.
        ([(10, None)], [(7, None)], 100, "7 @ 100, 3 to buy"),
        ([(7, None)], [(7, None)], 100, "7 @ 100"),
        ([(7, None)], [(10, None)], 100, "7 @ 100, 3 to sell"),
        ([(10, None)], [(7, None)], 0, ""),
        # A limit order that nobody pairs with is still a price that the market orders may have.
        ([(10, None)], [(10, None), (5, 105)], 100, "10 @ 105, 5 to sell"),
        # Nothing executable.
        ([(5, 100)], [(5, 101)], 100, ""),
        ([(10, None)], [], 100, ""),
        ([], [], 100, ""),
    ],
)
def test_the_price_of_an_uncross(bids: Side, asks: Side, reference: int, indicated: str) -> None:
    """The most volume, the least surplus, the side of the surplus, the reference price: in this order."""
    market = in_a_call(bids, asks, reference)

    assert market.indicated() == indicated

    market.phase("continuous")
    volume, _, price = indicated.partition(",")[0].partition(" @ ")
    traded = [line for line in market.tape if line.endswith(f" at {price}")]
    assert len(traded) == len(market.tape)
    assert sum(int(line.split()[4]) for line in market.tape) == int(volume or 0)


def test_pairs_are_first_with_first() -> None:
    """Market orders first, then price, then time; the tape prints the pairs in this order, and one order is in part."""
    market = in_a_call(
        [(3, 101), (4, 103), (2, None), (5, 101)], [(1, 101), (6, 99), (3, None), (4, 101), (7, 102)], reference=100
    )
    market.phase("continuous")

    assert market.tape == [
        "b3 and s3 cross 2 at 101",
        "b2 and s3 cross 1 at 101",
        "b2 and s2 cross 3 at 101",
        "b1 and s2 cross 3 at 101",
        "b4 and s1 cross 1 at 101",
        "b4 and s4 cross 4 at 101",
    ]
    assert market.depth() == {"bids": [], "asks": ["7 @ 102"]}


def test_one_order_at_most_is_filled_in_part() -> None:
    """What is left of it keeps its place."""
    market = in_a_call([(5, 101), (9, 101), (2, 101)], [(8, 100)])
    market.phase("continuous")

    assert market.tape == ["b1 and s1 cross 5 at 101", "b2 and s1 cross 3 at 101"]
    assert market.queue(BUY) == ["b2 6 @ 101", "b3 2 @ 101"]


def test_icebergs_count_in_full_at_their_time() -> None:
    """An iceberg trades all that it has before a later order, then shows a whole part and keeps its time."""
    market = Market()
    market.phase("auction")
    market.sell("iceberg", 30, at=100, display=10)
    market.sell("plain", 5, at=100)
    market.buy("buyer", 24, at=100)
    assert market.indicated() == "24 @ 100, 11 to sell"
    assert market.queue(SELL) == ["iceberg 10 @ 100", "plain 5 @ 100"]

    market.phase("continuous")

    assert market.tape == ["buyer and iceberg cross 24 at 100"]
    assert market.queue(SELL) == ["iceberg 6 @ 100", "plain 5 @ 100"]


def test_an_iceberg_shows_a_whole_part_again() -> None:
    """One of which 2 were shown before the uncross shows 10 after it, still first."""
    market = Market()
    market.sell("iceberg", 40, at=100, display=10)
    market.buy("early", 8, at=100)
    market.sell("plain", 5, at=100)
    assert market.queue(SELL) == ["iceberg 2 @ 100", "plain 5 @ 100"]
    market.phase("auction")
    market.buy("buyer", 7, at=100)
    market.phase("continuous")

    assert market.tape[-1] == "buyer and iceberg cross 7 at 100"
    assert market.queue(SELL) == ["iceberg 10 @ 100", "plain 5 @ 100"]


def test_an_account_may_meet_itself_in_an_uncross() -> None:
    """Self-trade prevention is not applied: the order that comes first trades, whoever is on the other side."""
    market = Market()
    market.phase("auction")
    market.buy("anna", 5, at=101)
    market.sell("anna", 5, at=100)
    market.sell("boris", 5, at=100)
    market.phase("continuous")

    assert market.tape == ["anna and anna cross 5 at 100"]
    assert market.depth() == {"bids": [], "asks": ["5 @ 100"]}


def test_the_bound_on_trades_does_not_hold_for_an_uncross() -> None:
    """However many pairs there are, all of them trade."""
    market = Market(trades_per_order_max=2)
    market.phase("auction")
    for number in range(5):
        market.sell(f"s{number}", 1, at=100)
    market.buy("buyer", 5, at=100)
    market.phase("continuous")

    assert len(market.tape) == 5


def test_what_is_left_is_not_crossed() -> None:
    """Whatever rests after an uncross could not trade at its price: the rest is an ordinary book."""
    market = in_a_call([(5, 110), (5, 105), (5, 100)], [(5, 90), (3, 95), (9, 104)])
    assert market.indicated() == "10 @ 104, 7 to sell"
    market.phase("continuous")

    assert market.depth() == {"bids": ["5 @ 100"], "asks": ["7 @ 104"]}
