"""The trades that may still be undone, and how one is.

Each is remembered for 24 hours of journal time, within a bound in number (`Configure.trades_remembered_max`), together
with both orders, and with what both positions were right before it. So undoing one is going back to there and letting
the later ones happen again: the positions are then exactly as if it had never been. Source: RULES.md, "Bust".
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from mypy_extensions import mypyc_attr

from exchange.commands import TRADES_REMEMBERED_MAX
from exchange.order import BUY, CROSS, CROSSED, MAKER, TAKER
from exchange.units import HOUR

if TYPE_CHECKING:
    from exchange.events import Traded
    from exchange.order import Fill, Order
    from exchange.position import Standing

MEMORY: Final = 24 * HOUR
"""How long a trade may be undone, in nanoseconds of journal time."""


@mypyc_attr(acyclic=True)
class Trade:
    """A remembered trade: what was told of it, its two orders, and how their accounts stood before each had its fill.

    The maker has its fill first: the one order of an account that trades with itself stands before the other there.
    Both orders know it for as long as they are remembered, which may be longer than it can be undone: then it does not
    hold on to them any more.
    """

    __slots__ = ("at", "busted", "maker", "maker_before", "taker", "taker_before", "told")

    def __init__(
        self,
        told: Traded,
        maker: Order | None,
        taker: Order | None,
        maker_before: Standing,
        taker_before: Standing,
        at: int,
    ) -> None:
        self.told = told
        self.maker = maker
        self.taker = taker
        self.maker_before = maker_before
        self.taker_before = taker_before
        self.at = at
        self.busted = False

    @property
    def orders(self) -> tuple[Order, Order]:
        """Taker and maker, as long as it may be undone."""
        assert self.taker is not None, "what may be undone has its orders"
        assert self.maker is not None, "what may be undone has its orders"
        return self.taker, self.maker

    @property
    def taker_side(self) -> int:
        """BUY or SELL; in an uncross the buy order stands as taker."""
        return BUY if self.told.side == CROSSED else self.told.side

    def fill_of(self, order_id: int) -> Fill:
        """The side of one of its orders."""
        told = self.told
        if told.maker_order_id == order_id:
            liquidity, fee = MAKER, told.maker_fee
        else:
            liquidity, fee = TAKER, told.taker_fee
        if told.side == CROSSED:
            liquidity = CROSS
        return told.trade_id, told.price, told.quantity, liquidity, fee, self.at

    def let_go(self) -> None:
        """It cannot be undone any more."""
        self.maker = None
        self.taker = None


class Trades:
    """Oldest first. `orders` are those that a state brought and that only trades remember (`checkpoint`)."""

    __slots__ = ("count", "oldest_at", "orders", "remembered", "remembered_max")

    def __init__(self) -> None:
        self.remembered: deque[Trade] = deque()
        self.remembered_max: int = TRADES_REMEMBERED_MAX
        self.count = 0
        self.oldest_at = 0
        self.orders: dict[int, Order] = {}

    def remember(self, trade: Trade) -> None:
        """Take in a new trade, and let go of those whose time or number is over."""
        self.remembered.append(trade)
        self.count += 1
        if self.count > self.remembered_max or self.oldest_at <= trade.at - MEMORY:
            self.forget(trade.at)

    def forget(self, at: int) -> None:
        """Forget the trades of 24 hours before `at` or earlier, and those above the bound in number."""
        remembered = self.remembered
        while remembered and (len(remembered) > self.remembered_max or remembered[0].at <= at - MEMORY):
            oldest = remembered.popleft()
            oldest.let_go()
            if self.orders:
                self.orders.pop(oldest.told.maker_order_id, None)
                self.orders.pop(oldest.told.taker_order_id, None)
        self.look_again()

    def look_again(self) -> None:
        """Note how many there are, and when the oldest was."""
        self.count = len(self.remembered)
        self.oldest_at = self.remembered[0].at if self.remembered else 0

    def restore(self, trades: list[Trade]) -> None:
        """Take in the next trades of a state."""
        self.remembered.extend(trades)
        self.look_again()

    def forget_symbol(self, symbol: str) -> None:
        """Forget all trades of an instrument, and the orders that only they remember."""
        self.orders = {order_id: order for order_id, order in self.orders.items() if order.symbol != symbol}
        for trade in self.remembered:
            if trade.told.symbol == symbol:
                trade.let_go()
        self.remembered = deque([trade for trade in self.remembered if trade.told.symbol != symbol])
        self.look_again()

    def find(self, symbol: str, trade_id: int, at: int) -> Trade | None:
        """The trade of that number, if it may still be undone at journal time `at`. The latest are found soonest."""
        for trade in reversed(self.remembered):
            if trade.told.symbol == symbol and trade.told.trade_id <= trade_id:
                return trade if trade.told.trade_id == trade_id and trade.at > at - MEMORY else None
        return None

    def after(self, trade: Trade) -> list[Trade]:
        """The trades of the same instrument that came later and still stand."""
        symbol = trade.told.symbol
        found: list[Trade] = []
        for later in reversed(self.remembered):
            if later is trade:
                break
            if later.told.symbol == symbol and not later.busted:
                found.append(later)
        found.reverse()
        return found
