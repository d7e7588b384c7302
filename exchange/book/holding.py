"""Holding of one account in one instrument: its orders there, their open quantity, and the account's allowance.

Always true: `buying` and `selling` are the open quantities of the orders in `open`, summed by side (`invariants`);
`client_orders` holds every open order and the ended ones that are remembered. Quantities as in `units`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.accounts.allowance import Allowance
from exchange.accounts.position import Position
from exchange.book.order import Order
from exchange.terms import BUY

if TYPE_CHECKING:
    from exchange.book.trades import Trade
    from exchange.commands import PlaceOrder
    from exchange.memory.archive import Block
    from exchange.memory.memory import Share


class Holding:
    """The orders of one account in one instrument, by the account's own names, and what the account may do here.

    open: oldest first, in a dict, which keeps that order and removes any of them in O(1). buying, selling: open
    quantity of these orders. position: the account's. allowance: its limits and rates. ended: the account's remembered
    orders, of all instruments. traded: its remembered trades here. session: that of its latest order here. past: the
    blocks of its archived orders here, by client order id; `client_orders` has none of these.
    """

    __slots__ = (
        "account",
        "allowance",
        "buying",
        "client_orders",
        "ended",
        "open",
        "past",
        "position",
        "selling",
        "session",
        "traded",
    )

    def __init__(
        self, account: str, position: Position, allowance: Allowance, ended: Share[Order], traded: Share[Trade]
    ) -> None:
        self.open: dict[Order, None] = {}
        self.client_orders: dict[str, Order] = {}
        self.past: dict[str, Block] = {}
        self.account = account
        self.buying = 0
        self.selling = 0
        self.position = position
        self.allowance = allowance
        self.ended = ended
        self.traded = traded
        self.session = ""

    @property
    def is_forgotten(self) -> bool:
        """Whether none of the holding's orders is open or remembered."""
        return not self.client_orders and not self.past

    def own_texts(self, command: PlaceOrder, symbol: str) -> None:
        """Make a placement share its texts with the other orders here, instead of own copies."""
        command.symbol = symbol
        command.account = self.account
        if command.session == self.session:
            command.session = self.session
        else:
            self.session = command.session

    def open_quantity(self, side: int) -> int:
        """The open quantity on a side, hidden reserve and waiting orders included."""
        return self.buying if side == BUY else self.selling

    def count(self, side: int, quantity: int) -> None:
        """Add to the open quantity of a side; negative to subtract."""
        if side == BUY:
            self.buying += quantity
        else:
            self.selling += quantity
