"""Large calls: 100,000 orders, many of them at one price, are no more work for each than a few are."""

from __future__ import annotations

from random import Random

from exchange.commands import Configure, ListInstrument, PlaceOrder, SetPhase
from exchange.engine import SEMANTICS, Engine
from exchange.events import Traded
from exchange.instrument import Instrument
from exchange.matching.auction import indication
from exchange.terms import AT_CLOSE, AUCTION, BUY, CLOSED, CLOSING, CONTINUOUS, CROSSED, GTC, LIMIT, SELL
from exchange.units import SECOND, UNIT
from tests.support.naive_market import uncross_of

ORDERS = 100_000


class Call:
    """A call in one instrument, whose orders are of fifty accounts."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.sequence = 0
        self.apply(Configure(SEMANTICS, 10_000, ORDERS, 5 * SECOND))
        self.apply(ListInstrument(Instrument("ACME", [(0, UNIT)], UNIT, max_open_orders=0)))

    def apply(self, command: Configure | ListInstrument | PlaceOrder | SetPhase) -> list[Traded]:
        """The trades that a command gives."""
        self.sequence += 1
        events = self.engine.apply(command, self.sequence, self.sequence)
        return [event for event in events if isinstance(event, Traded)]

    def place(self, side: int, quantity: int, price: int, time_in_force: int = GTC) -> None:
        """Enter an order of whichever account is next."""
        account, name = f"a{self.sequence % 50}", f"c{self.sequence}"
        placed = PlaceOrder(account, "ACME", name, side, LIMIT, quantity, price, time_in_force=time_in_force)
        self.apply(placed)


def test_a_hundred_thousand_orders_uncross_at_the_price_of_the_rules() -> None:
    """Over 2,001 prices; asked for after every order, the last indication is the price of the uncross."""
    call, random = Call(), Random(1)  # noqa: S311 — the same call every time
    call.apply(SetPhase("ACME", AUCTION))
    book = call.engine.books["ACME"]
    offers: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    for number in range(ORDERS):
        side, quantity = number % 2, random.randint(1, 100) * UNIT
        price = random.randint(9_000, 11_000) * UNIT
        call.place(side, quantity, price)
        offers[side].append((price, quantity))
        found = indication(book)

    trades = call.apply(SetPhase("ACME", CONTINUOUS))

    bids, asks = (summed(side) for side in offers)
    price, volume, imbalance, side = uncross_of(bids, asks, 0)
    told = (found.price, found.paired_quantity, found.imbalance, found.imbalance_side)
    assert told == (price, volume, imbalance, side)
    assert {(trade.price, trade.side) for trade in trades} == {(price, CROSSED)}
    assert sum(trade.quantity for trade in trades) == volume


def summed(offers: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """One offer for each price."""
    totals: dict[int, int] = {}
    for price, quantity in offers:
        totals[price] = totals.get(price, 0) + quantity
    return list(totals.items())


def test_many_at_close_orders_join_one_queue() -> None:
    """Every second order at a price has waited; in the closing call all stand in the order of their entry."""
    call = Call()
    for _ in range(ORDERS // 4):
        call.place(BUY, UNIT, 100 * UNIT)
        call.place(BUY, UNIT, 100 * UNIT, AT_CLOSE)
    call.apply(SetPhase("ACME", AUCTION, CLOSING))
    queue = [order.order_id for order in call.engine.books["ACME"].sides[BUY].orders()]
    assert queue == sorted(queue)
    assert len(queue) == ORDERS // 2

    call.place(SELL, ORDERS // 4 * UNIT, 100 * UNIT)
    trades = call.apply(SetPhase("ACME", CLOSED))

    assert [trade.taker_order_id for trade in trades] == queue[: ORDERS // 4]
