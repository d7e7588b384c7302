"""Expiries: when each open order of time in force GTD expires.

The time is the order's own (`Order.expires`); an amendment replaces that time, and the order's end clears it. Orders of
one time expire by id. Times are nanoseconds of journal time. Bound: stale entries are bounded by `due_queue`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.terms import is_open
from exchange.timers.due_queue import DueQueue

if TYPE_CHECKING:
    from exchange.book.order import Order
    from exchange.book.register import Register


class Expiries(DueQueue[int]):
    """The ids of open orders by expiry. `register` is the market's."""

    __slots__ = ("register",)

    def __init__(self, register: Register) -> None:
        super().__init__()
        self.register = register

    def is_due(self, due: int, key: int) -> bool:
        """Whether the order of this id is open and expires at `due`."""
        order = self.register.orders.get(key)
        return order is not None and is_open(order.status) and order.expires == due

    def take(self) -> Order:
        """Remove and return the order due at `first`, which must not be NEVER."""
        return self.register.orders[self.pop()]
