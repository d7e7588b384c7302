"""A side of the book: levels in price order, queues in time order, totals of what is displayed."""

from __future__ import annotations

from random import Random

import exchange.market
from exchange.book.order import Order
from exchange.commands import PlaceOrder
from exchange.instrument import Instrument
from exchange.terms import BUY, CHANGED, DONE, LIMIT, OPENED, SELL, Change
from tests.support.market import Market


class Shelf:
    """A book whose orders are put in by hand."""

    def __init__(self) -> None:
        market = exchange.market.Market()
        self.changes: list[Change] = market.changes
        self.book = market.open_book(Instrument("ACME", [(0, 1)], 1))
        self.count = 0

    def rest(self, side: int, price: int, quantity: int, display: int | None = None) -> Order:
        """Put a new order behind its queue."""
        self.count += 1
        command = PlaceOrder("anna", "ACME", str(self.count), side, LIMIT, quantity, price, display_quantity=display)
        order = Order(self.count, command, self.book, self.book.holding("anna"), at=0)
        self.book.rest(order)
        return order

    def queue(self, side: int) -> list[int]:
        """Ids in book order."""
        return [order.order_id for order in self.book.sides[side].orders()]


def test_an_empty_side_has_no_best_price() -> None:
    """0 stands for none; there is no depth and nothing displayed anywhere."""
    side = Shelf().book.sides[BUY]
    assert (side.best, side.depth(0), side.displayed_at(100), list(side.orders())) == (0, [], 0, [])


def test_bids_fall_and_asks_rise_from_the_best() -> None:
    """Depth is best first, limited to the count asked for; 0 is all of it."""
    shelf = Shelf()
    for price in (100, 102, 101):
        shelf.rest(BUY, price, 5)
        shelf.rest(SELL, price + 10, 5)
    bids, asks = shelf.book.sides
    assert bids.depth(0) == [(102, 5), (101, 5), (100, 5)]
    assert asks.depth(0) == [(110, 5), (111, 5), (112, 5)]
    assert (bids.depth(2), asks.depth(1)) == ([(102, 5), (101, 5)], [(110, 5)])
    assert (bids.best, asks.best) == (102, 110)


def test_a_level_totals_what_is_displayed() -> None:
    """Reserve does not count, and the level goes with its last order."""
    shelf = Shelf()
    plain = shelf.rest(SELL, 100, 5)
    iceberg = shelf.rest(SELL, 100, 30, display=10)
    asks = shelf.book.sides[SELL]
    assert asks.displayed_at(100) == 15
    shelf.book.remove(plain)
    assert asks.depth(0) == [(100, 10)]
    shelf.book.remove(iceberg)
    assert (asks.depth(0), asks.best) == ([], 0)


def test_orders_leave_from_anywhere_in_the_queue() -> None:
    """The others keep their order."""
    shelf = Shelf()
    orders = [shelf.rest(BUY, 100, 1) for _ in range(5)]
    for leaving, left in ((2, [1, 2, 4, 5]), (0, [2, 4, 5]), (4, [2, 4]), (1, [4]), (3, [])):
        shelf.book.remove(orders[leaving])
        assert shelf.queue(BUY) == left


def test_every_change_is_noted() -> None:
    """Opened with what it shows, changed to what it shows now, done with nothing; a new part is done and opened."""
    shelf = Shelf()
    order = shelf.rest(SELL, 100, 30, display=10)
    shelf.rest(SELL, 100, 5)
    shelf.book.show(order, 4)
    shelf.book.show(order, 4)
    shelf.book.requeue(order)
    shelf.book.remove(order)
    assert shelf.changes == [
        ("ACME", OPENED, 1, SELL, 100, 10),
        ("ACME", OPENED, 2, SELL, 100, 5),
        ("ACME", CHANGED, 1, SELL, 100, 4),
        ("ACME", DONE, 1, SELL, 100, 0),
        ("ACME", OPENED, 1, SELL, 100, 10),
        ("ACME", DONE, 1, SELL, 100, 0),
    ]
    assert shelf.queue(SELL) == [2]


def test_a_limit_price_crosses_from_the_best_price_on() -> None:
    """At the best price of the other side it does already; against an empty side never."""
    shelf = Shelf()
    assert not shelf.book.crosses(BUY, 1_000)
    shelf.rest(SELL, 101, 1)
    shelf.rest(BUY, 99, 1)
    assert [shelf.book.crosses(BUY, price) for price in (100, 101, 102)] == [False, True, True]
    assert [shelf.book.crosses(SELL, price) for price in (100, 99, 98)] == [False, True, True]


def test_random_orders_come_and_go() -> None:
    """Through thousands of entries and exits the side equals a sorted list."""
    random = Random(7)  # noqa: S311 — the same run every time
    shelf = Shelf()
    resting: list[Order] = []
    for _ in range(3_000):
        if resting and random.random() < 0.48:
            shelf.book.remove(resting.pop(random.randrange(len(resting))))
        else:
            resting.append(shelf.rest(BUY, random.randint(1, 60), random.randint(1, 9)))
        expected = sorted(resting, key=lambda order: (-order.price, order.order_id))
        bids = shelf.book.sides[BUY]
        assert shelf.queue(BUY) == [order.order_id for order in expected]
        assert bids.best == (expected[0].price if expected else 0)
        assert sum(quantity for _, quantity in bids.depth(0)) == sum(order.shown for order in resting)


def test_the_next_prices_up_and_down() -> None:
    """From any price, whether something rests there or not; 0 where there is no further one."""
    shelf = Shelf()
    for price in (100, 102, 105):
        shelf.rest(BUY, price, 5)
        shelf.rest(SELL, price, 5)
    for side in shelf.book.sides:
        assert [side.above(price) for price in (1, 100, 101, 102, 104, 105, 200)] == [100, 102, 102, 105, 105, 0, 0]
        assert [side.below(price) for price in (1, 100, 101, 102, 104, 105, 200)] == [0, 0, 100, 100, 102, 102, 105]


def test_a_level_knows_what_it_hides() -> None:
    """All that is open at a price counts, through every way in which it changes."""
    shelf = Shelf()
    iceberg = shelf.rest(SELL, 100, 30, display=10)
    shelf.rest(SELL, 100, 5)
    asks = shelf.book.sides[SELL]
    assert (asks.total_at(100), asks.displayed_at(100), asks.total_at(101)) == (35, 15, 0)
    iceberg.filled = 12
    shelf.book.show(iceberg, 8)
    assert (asks.total_at(100), asks.displayed_at(100)) == (23, 13)
    shelf.book.requeue(iceberg)
    assert (asks.total_at(100), asks.displayed_at(100)) == (23, 15)
    shelf.book.remove(iceberg)
    assert asks.total_at(100) == 5


def test_orders_join_a_queue_at_the_place_of_their_time() -> None:
    """Those behind them are done and opened anew, so that whoever follows the changes knows the queue."""
    shelf = Shelf()
    early, waited, late = (shelf.rest(BUY, 100, quantity) for quantity in (1, 2, 3))
    shelf.book.remove(waited)
    shelf.changes.clear()
    shelf.book.join([waited])
    assert shelf.queue(BUY) == [early.order_id, waited.order_id, late.order_id]
    assert shelf.changes == [
        ("ACME", DONE, 3, BUY, 100, 0),
        ("ACME", OPENED, 2, BUY, 100, 2),
        ("ACME", OPENED, 3, BUY, 100, 3),
    ]
    assert shelf.book.sides[BUY].depth(0) == [(100, 6)]


def test_a_book_is_crossed_if_an_uncross_would_trade() -> None:
    """Limits that reach each other, a market order and anything opposite; not a side alone, nor limits apart."""
    market = Market()
    market.phase("auction", "opening")
    book = market.engine.books["ACME"]
    assert not book.is_crossed()
    market.buy("anna", 1, at=100)
    assert not book.is_crossed()
    above = market.sell("boris", 1, at=101)
    assert not book.is_crossed()
    across = market.sell("boris", 1, at=100)
    assert book.is_crossed()
    market.cancel(across)
    market.sell("carla", 1)
    assert book.is_crossed()
    market.cancel(above)
    assert book.is_crossed()

    market = Market()
    market.phase("auction", "opening")
    book = market.engine.books["ACME"]
    market.buy("anna", 1)
    assert not book.is_crossed()
    market.sell("boris", 1)
    assert book.is_crossed()
