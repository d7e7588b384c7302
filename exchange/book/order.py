"""Order: the terms of an order, and what has become of the order so far.

Side, type, status and the like are the integers of `terms`. Always true: filled + open + canceled = quantity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mypy_extensions import mypyc_attr

from exchange.terms import OPEN, effective_display, is_open
from exchange.units import UNIT, divide_half_even

if TYPE_CHECKING:
    from exchange.book.book import Book
    from exchange.book.holding import Holding
    from exchange.book.level import Level
    from exchange.book.trades import Trade
    from exchange.commands import PlaceOrder

Terms = tuple[int, int, int, int, int]
"""Price, stop price, quantity, displayed part and expiry, 0 for none."""

Fill = tuple[int, int, int, int, int, int]
"""One side of a trade: trade_id, price, quantity, liquidity, fee, at."""


@mypyc_attr(acyclic=True)
class Order:
    """One order from its acceptance until it is forgotten.

    price, stop_price, display_quantity (a plain order) and expires are 0 where there is none. `shown` is the quantity
    displayed now; the rest of the open quantity is hidden reserve. `cost_whole` and `cost_rest` make up the sum of
    price × quantity of the trades: whole units, and the rest in units² (`cost`). `holding` is the account's in this
    book. `stamp` is the order's time among the orders of the book. While the order rests, `level` is its queue, `older`
    and `newer` are its neighbours, `shown + reserve` its open quantity. Most orders have one trade, so `first_trade` is
    kept outside the list.
    """

    __slots__ = (
        "account",
        "book",
        "canceled",
        "command",
        "cost_rest",
        "cost_whole",
        "created",
        "display_quantity",
        "expires",
        "filled",
        "first_trade",
        "holding",
        "later_trades",
        "level",
        "newer",
        "older",
        "order_id",
        "price",
        "quantity",
        "reason",
        "reserve",
        "shown",
        "side",
        "stamp",
        "status",
        "stop_price",
        "updated",
    )

    def __init__(self, order_id: int, command: PlaceOrder, book: Book, holding: Holding, at: int) -> None:
        self.order_id = order_id
        self.command = command
        self.book = book
        self.holding = holding
        self.account = command.account
        self.side = command.side
        self.price = command.price or 0
        self.stop_price = command.stop_price or 0
        self.quantity = command.quantity
        display = command.display_quantity
        self.display_quantity = 0 if display is None else effective_display(display, command.quantity)
        self.expires = command.expires or 0
        self.filled = 0
        self.canceled = 0
        self.shown = 0
        self.reserve = 0
        self.stamp = 0
        self.cost_whole = 0
        self.cost_rest = 0
        self.status: int = OPEN
        self.reason = ""
        self.created = at
        self.updated = at
        self.first_trade: Trade | None = None
        self.later_trades: list[Trade] | None = None
        self.level: Level | None = None
        self.older: Order | None = None
        self.newer: Order | None = None

    @property
    def symbol(self) -> str:
        """The symbol of the order's instrument."""
        return self.command.symbol

    @property
    def client_order_id(self) -> str:
        """The client's own name for the order."""
        return self.command.client_order_id

    @property
    def type(self) -> int:
        """LIMIT, MARKET, STOP or STOP_LIMIT."""
        return self.command.type

    @property
    def time_in_force(self) -> int:
        """GTC, DAY, IOC, FOK, GTD, AT_OPEN or AT_CLOSE."""
        return self.command.time_in_force

    @property
    def post_only(self) -> bool:
        """Whether the order may only rest, never take."""
        return self.command.post_only

    @property
    def self_trade(self) -> int:
        """The mode for when the order, as taker, meets one of its own account."""
        return self.command.self_trade

    @property
    def session(self) -> str:
        """The client connection that placed the order, or an empty string."""
        return self.command.session

    @property
    def open_quantity(self) -> int:
        """The quantity that may still trade, hidden reserve included; 0 once the order has ended."""
        return self.quantity - self.filled - self.canceled if is_open(self.status) else 0

    @property
    def terms(self) -> Terms:
        """The terms that an amendment may change."""
        return self.price, self.stop_price, self.quantity, self.display_quantity, self.expires

    @property
    def cost(self) -> int:
        """The sum of price × quantity of the order's trades, in units²."""
        return self.cost_whole * UNIT + self.cost_rest

    @property
    def average_price(self) -> int:
        """Mean price of the order's trades, rounded half to even at 8 decimals; 0 before the first."""
        return divide_half_even(self.cost, self.filled) if self.filled else 0

    @property
    def fills(self) -> list[Fill]:
        """The order's fills so far, oldest first."""
        if self.first_trade is None:
            return []
        trades = [self.first_trade] if self.later_trades is None else [self.first_trade, *self.later_trades]
        return [trade.fill_of(self.order_id) for trade in trades]

    def add_cost(self, whole: int, rest: int) -> None:
        """Add a trade's cost: `whole` units, and `rest` beyond them in units², less than a unit."""
        self.cost_whole += whole
        if rest:
            self.cost_rest += rest
            if self.cost_rest >= UNIT:
                self.cost_rest -= UNIT
                self.cost_whole += 1

    def enter_trade(self, trade: Trade) -> None:
        """Record another trade of the order."""
        if self.first_trade is None:
            self.first_trade = trade
        elif self.later_trades is None:
            self.later_trades = [trade]
        else:
            self.later_trades.append(trade)

    def forget_trades(self) -> None:
        """Drop the order's trades: its fills are not needed any more."""
        self.first_trade = None
        self.later_trades = None

    def tranche(self) -> int:
        """The quantity shown when the order joins a queue: all of a plain order, a part of an iceberg."""
        rest = self.quantity - self.filled - self.canceled
        display = self.display_quantity
        return display if display and display < rest else rest


def order_id_of(order: Order) -> int:
    """The key that lists orders in the order of their acceptance."""
    return order.order_id
