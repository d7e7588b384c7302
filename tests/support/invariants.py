"""What must hold after every command (docs/rules.md, "Always true")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.events import Traded
from exchange.invariants import first_broken
from exchange.terms import BUY, CROSSED, OPEN, PARTIALLY_FILLED, PENDING_TRIGGER, SELL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exchange.book.book import Book
    from exchange.book.order import Order
    from exchange.engine import Engine
    from exchange.events import Event


def check_always_true(engine: Engine) -> None:
    """Assert all that can be seen of the engine's state from outside."""
    for book in engine.books.values():
        _check_not_crossed(book)
        for side in (BUY, SELL):
            _check_levels(book, side)
    for order in engine.orders.values():
        _check_quantities(order)
    _check_accounts(engine)
    there = [order.order_id for book in engine.books.values() for order in _orders_of(book)]
    assert sorted(there) == sorted(order.order_id for order in engine.orders.values() if is_open(order))
    assert first_broken(engine) == ""


def _orders_of(book: Book) -> list[Order]:
    resting = [order for side in (BUY, SELL) for order in book.sides[side].orders() + book.markets[side].orders()]
    return resting + list(book.waiting.values()) + book.stops.orders()


def is_open(order: Order) -> bool:
    """Whether the order may still trade."""
    return order.status in (PENDING_TRIGGER, OPEN, PARTIALLY_FILLED)


def check_bought_equals_sold(events: Iterable[Event]) -> None:
    """Assert that a trade gives both sides the same, and never more than an order has."""
    for event in events:
        if isinstance(event, Traded):
            assert event.quantity > 0
            assert event.price > 0
            assert event.maker_order_id != event.taker_order_id
            assert event.maker_account != event.taker_account or event.side == CROSSED
            assert min(event.maker_open, event.taker_open) >= 0


def _check_accounts(engine: Engine) -> None:
    """What one account has, others lack; and its open orders are counted."""
    accounts = engine.accounts
    every = [position for positions in accounts.positions.values() for position in positions.values()]
    assert sum(position.cash for position in every) == 0
    assert sum(position.fees for position in every) == 0
    for position in every:
        assert (position.shares == 0) == (position.cost == 0) == (position.quantity == 0)
        assert abs(position.quantity) <= position.shares
    for symbol, book in engine.books.items():
        assert sum(accounts.position(account, symbol).quantity for account in accounts.positions) == 0
        for account, holding in book.holdings.items():
            assert holding.position is accounts.position(account, symbol)
            for side in (BUY, SELL):
                mine = [order for order in holding.open if order.side == side]
                assert holding.open_quantity(side) == sum(order.open_quantity for order in mine)


def _check_not_crossed(book: Book) -> None:
    bid, ask = book.sides[BUY].best, book.sides[SELL].best
    if not book.is_trading():
        return
    assert not book.markets[BUY].reserve
    assert not book.markets[SELL].reserve
    assert not (bid and ask) or bid < ask, f"{book.instrument.symbol} is crossed: {bid} ≥ {ask}"


def _check_levels(book: Book, side: int) -> None:
    totals: dict[int, int] = {}
    for order in book.sides[side].orders():
        totals[order.price] = totals.get(order.price, 0) + order.shown
    levels = book.sides[side].depth(0)
    assert levels == list(totals.items())
    assert [price for price, _ in levels] == sorted(totals, reverse=side == BUY)
    assert book.sides[side].depth(3) == levels[:3]
    assert book.sides[side].best == (levels[0][0] if levels else 0)
    assert book.sides[side].top is book.sides[side].levels.get(book.sides[side].best)
    for price, total in levels:
        assert book.sides[side].displayed_at(price) == total


def _check_quantities(order: Order) -> None:
    # What an ended order left behind counts as canceled, whoever ended it.
    assert order.filled + order.open_quantity + order.canceled == order.quantity
    assert min(order.filled, order.open_quantity, order.canceled) >= 0
    if is_open(order):
        hidden = order.price == 0 or order.level is None
        assert order.shown == 0 if hidden else 0 < order.shown <= order.open_quantity
        assert order.shown <= (order.display_quantity or order.quantity)
        assert (order.status == PARTIALLY_FILLED) == (order.filled > 0)
        assert order.reason == ""
    else:
        assert order.open_quantity == 0
        assert order.shown == 0
