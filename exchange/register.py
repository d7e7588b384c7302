"""Every order that can still be asked about: the open ones, and those that ended not long ago.

The memory of ended orders is what makes a placement safe to repeat. It is bounded in time (24 hours of journal time)
and in number (`Configure.ended_orders_max`); whichever is met first, the order that ended longest ago is forgotten.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import Final

from exchange.book import Book
from exchange.order import PARTIALLY_FILLED, Order
from exchange.units import HOUR

MEMORY: Final = 24 * HOUR
"""How long an ended order is remembered, in nanoseconds of journal time."""

ENDED_ORDERS_MAX: Final = 100_000
"""How many ended orders are remembered unless the journal says otherwise."""


class Register:
    """The orders of a partition by id, by client order id, and by when they are due."""

    __slots__ = ("books", "due", "ended", "ended_max", "next_order_id", "orders")

    def __init__(self, books: dict[str, Book]) -> None:
        self.books = books
        self.orders: dict[int, Order] = {}
        self.next_order_id = 1
        self.ended: deque[tuple[int, int]] = deque()
        self.ended_max = ENDED_ORDERS_MAX
        self.due: list[tuple[int, int]] = []

    def enter(self, order: Order, book: Book) -> None:
        """Take in a new order. It is open until `end`."""
        command = order.command
        holding = book.holding(command.account)
        order_id = order.order_id
        self.orders[order_id] = order
        holding.open[order_id] = order
        holding.client_orders[command.client_order_id] = order
        if order.expires:
            heappush(self.due, (order.expires, order_id))

    def end(self, order: Order, status: int, reason: str, at: int) -> None:
        """An order is done; it is remembered until `forget`."""
        order.status = status
        order.reason = reason
        order.updated = at
        order_id = order.order_id
        del self.books[order.command.symbol].holdings[order.account].open[order_id]
        self.ended.append((at, order_id))

    def forget(self, at: int) -> None:
        """Forget the orders that ended 24 hours before `at` or earlier, and those above the bound in number.

        Done before a command and never within one, so that what a command ended can be asked about after it.
        """
        while self.ended and (self.ended[0][0] <= at - MEMORY or len(self.ended) > self.ended_max):
            self.forget_one()

    def forget_one(self) -> None:
        """Forget the order that ended longest ago."""
        order = self.orders.pop(self.ended.popleft()[1])
        book = self.books[order.command.symbol]
        holding = book.holdings[order.account]
        del holding.client_orders[order.command.client_order_id]
        if not holding.client_orders:
            del book.holdings[order.account]

    def reschedule(self, order: Order) -> None:
        """An open order has a new expiry; its old place among the timers is passed over when it comes up."""
        heappush(self.due, (order.expires, order.order_id))

    def take_due(self, at: int) -> Order | None:
        """The next open order whose expiry is at or before `at`, taken off the timers."""
        while self.due and self.due[0][0] <= at:
            expires, order_id = heappop(self.due)
            if self.is_due(expires, order_id):
                return self.orders[order_id]
        return None

    def next_due(self) -> int:
        """Journal time of the next expiry, 0 if none waits."""
        while self.due:
            expires, order_id = self.due[0]
            if self.is_due(expires, order_id):
                return expires
            heappop(self.due)
        return 0

    def is_due(self, expires: int, order_id: int) -> bool:
        """Whether this timer still stands for an open order with this expiry."""
        order = self.orders.get(order_id)
        return order is not None and order.status <= PARTIALLY_FILLED and order.expires == expires

    def has_work(self, at: int) -> bool:
        """Whether something is to be expired or forgotten by `at`. Asked before every command, so it is quick."""
        ended = self.ended
        if ended and (ended[0][0] <= at - MEMORY or len(ended) > self.ended_max):
            return True
        return bool(self.due) and self.due[0][0] <= at
