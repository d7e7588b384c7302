"""What one account has in one instrument: its orders there, what is open of them, and what it may do.

Always true: `buying` and `selling` are the sums of what is open of the orders in `open` (`invariants`); an open order
is among `client_orders` too, which also hold those that ended and are remembered. Quantities as in `units`.
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
    """What one account has in one instrument: its open orders, and all it may be asked about by its own names.

    open: oldest first; a dict keeps that order and lets any of them go at once. buying, selling: what may still trade
    of its orders. position: the account's. allowance: what it may do, and what it pays. ended: what is remembered of
    the account's orders, of all instruments. traded: what is of its trades here. session: of its latest order here.
    past: the blocks of its orders here that are in the archive, by client order id, and not among `client_orders`.
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
        """Whether none of its orders is open or remembered."""
        return not self.client_orders and not self.past

    def own_texts(self, command: PlaceOrder, symbol: str) -> None:
        """Let all orders share one text of each name instead of a copy that came with each of them."""
        command.symbol = symbol
        command.account = self.account
        if command.session == self.session:
            command.session = self.session
        else:
            self.session = command.session

    def open_quantity(self, side: int) -> int:
        """What may still trade on a side, hidden reserve and waiting orders included."""
        return self.buying if side == BUY else self.selling

    def count(self, side: int, quantity: int) -> None:
        """So much more may trade on a side, or less."""
        if side == BUY:
            self.buying += quantity
        else:
            self.selling += quantity
