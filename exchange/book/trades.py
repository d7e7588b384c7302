"""Trades that may still be busted, with all that a bust needs.

Each trade is remembered for 24 hours of journal time, together with both orders and both positions right before it. A
bust restores both positions to just before the trade and replays the later trades of these two accounts, so the
positions end as if the trade had never happened (`matching/bust.py`). Source: docs/rules.md, "Bust".

A trade is remembered by both of its accounts, each within its own bound for each instrument
(`Configure.trades_remembered_max`, `memory/memory.py`), and may be busted while both remember it: other accounts'
trades evict nothing here. A trade that only one account remembers is still replayed for the bust of an earlier one.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from mypy_extensions import mypyc_attr

from exchange.commands import TRADES_REMEMBERED_MAX, TRADES_TOTAL_MAX
from exchange.memory.memory import Memory, Share
from exchange.terms import BUY, CROSS, CROSSED, MAKER, TAKER
from exchange.units import HOUR

if TYPE_CHECKING:
    from exchange.accounts.position import Standing
    from exchange.book.order import Fill, Order
    from exchange.events import Traded
    from exchange.memory.archive import PastOrder

MEMORY: Final = 24 * HOUR
"""How long a trade may be busted, in nanoseconds of journal time."""


@mypyc_attr(acyclic=True)
class Trade:
    """A remembered trade: its event, its two orders, and the standing of each account right before its fill.

    The maker's fill is booked first: where an account trades with itself, the maker's standing is the earlier one.
    Remembered orders refer to their trades, perhaps after an account has forgotten a trade; such a trade refers to no
    order. An order in the archive is kept as text instead, without its fills.
    """

    __slots__ = (
        "at",
        "busted",
        "event",
        "maker",
        "maker_before",
        "past_maker",
        "past_taker",
        "taker",
        "taker_before",
    )

    def __init__(
        self,
        event: Traded,
        maker: Order | None,
        taker: Order | None,
        maker_before: Standing,
        taker_before: Standing,
        at: int,
    ) -> None:
        self.event = event
        self.maker = maker
        self.taker = taker
        self.maker_before = maker_before
        self.taker_before = taker_before
        self.at = at
        self.busted = False
        self.past_maker: PastOrder | None = None
        self.past_taker: PastOrder | None = None

    @property
    def may_be_undone(self) -> bool:
        """Whether both accounts of the trade remember it."""
        return self.maker is not None or self.past_maker is not None

    @property
    def taker_side(self) -> int:
        """BUY or SELL; in an uncross the buy order stands as taker."""
        return BUY if self.event.side == CROSSED else self.event.side

    def fill_of(self, order_id: int) -> Fill:
        """The fill of one of the trade's orders."""
        event = self.event
        if event.maker_order_id == order_id:
            liquidity, fee = MAKER, event.maker_fee
        else:
            liquidity, fee = TAKER, event.taker_fee
        if event.side == CROSSED:
            liquidity = CROSS
        return event.trade_id, event.price, event.quantity, liquidity, fee, self.at

    def release(self) -> None:
        """Drop the orders: the trade cannot be busted any more."""
        self.maker = self.past_maker = None
        self.taker = self.past_taker = None


class Trades:
    """The trades of each account in each instrument, oldest first.

    `orders`: orders of a restored state that only trades remember (`checkpoint/state.py`).
    """

    __slots__ = ("orders", "sides")

    def __init__(self) -> None:
        self.sides: Memory[Trade] = Memory(at_of, TRADES_REMEMBERED_MAX, TRADES_TOTAL_MAX)
        self.orders: dict[int, PastOrder] = {}

    def remember(self, trade: Trade, maker: Share[Trade], taker: Share[Trade]) -> None:
        """Record a new trade, and evict the trades beyond the bounds in time or number."""
        sides = self.sides
        displaced = sides.put(maker, trade)
        if displaced is not None:
            self.release(displaced)
        if taker is not maker:
            displaced = sides.put(taker, trade)
            if displaced is not None:
                self.release(displaced)
        if sides.crowded or sides.scheduled[0][0] <= trade.at - MEMORY:
            self.forget(trade.at)

    def take(self, trade: Trade, *, maker: bool = True, taker: bool = True) -> None:
        """Record a trade for both of its accounts, or one: from a restored state, or for another version."""
        event, sides = trade.event, self.sides
        makers = sides.find(share_of(event.maker_account, event.symbol))
        takers = sides.find(share_of(event.taker_account, event.symbol))
        if maker:
            sides.take(makers, trade)
        if taker and takers is not makers:
            sides.take(takers, trade)

    def forget(self, at: int) -> None:
        """Evict the trades of 24 hours before `at` or earlier, and those beyond the bounds in number."""
        sides, until = self.sides, at - MEMORY
        for share in sides.outdated(until):
            while share.items and share.items[0].at <= until:
                self.forget_one(share)
            if share.items:
                sides.schedule(share)
        for share in sides.overfull():
            while len(share.items) > sides.own_max:
                self.forget_one(share)
        largest = sides.largest()
        while largest is not None:
            self.forget_one(largest)
            largest = sides.largest()

    def forget_one(self, share: Share[Trade]) -> None:
        """Evict the oldest trade of a share."""
        self.release(self.sides.evict(share))

    def release(self, trade: Trade) -> None:
        """Release a trade that one of its accounts forgot: it cannot be busted any more."""
        trade.release()
        if self.orders:
            self.orders.pop(trade.event.maker_order_id, None)
            self.orders.pop(trade.event.taker_order_id, None)

    def forget_symbol(self, symbol: str) -> None:
        """Forget all trades of an instrument, and the orders that only they remember."""
        self.orders = {order_id: order for order_id, order in self.orders.items() if order.symbol != symbol}
        for share in self.sides.by_owner():
            for trade in share.items:
                if trade.event.symbol == symbol:
                    trade.release()
            kept = deque([trade for trade in share.items if trade.event.symbol != symbol])
            if len(kept) < len(share.items):
                self.sides.keep(share, kept)

    def find(self, symbol: str, trade_id: int, at: int) -> Trade | None:
        """The trade of this number, if it may still be busted at journal time `at`."""
        for share in self.sides.by_owner():
            for trade in reversed(share.items):
                event = trade.event
                if event.symbol != symbol:
                    if self.sides.divided:
                        break
                    continue
                if event.trade_id <= trade_id:
                    if event.trade_id == trade_id:
                        return trade if trade.at > at - MEMORY and trade.may_be_undone else None
                    break
        return None

    def after(self, trade: Trade) -> list[Trade]:
        """The later trades in the instrument by either of its accounts, unless busted; oldest first."""
        event = trade.event
        found: dict[int, Trade] = {}
        for account in (event.maker_account, event.taker_account):
            for later in reversed(self.sides.find(share_of(account, event.symbol)).items):
                if later is trade:
                    break
                if later.event.symbol == event.symbol and not later.busted:
                    found[later.event.trade_id] = later
        return [found[trade_id] for trade_id in sorted(found)]


def in_order(trades: list[Trade]) -> list[Trade]:
    """The trades that may be busted, each once, those of an instrument in order."""
    found = {(trade.at, trade.event.symbol, trade.event.trade_id): trade for trade in trades if trade.may_be_undone}
    return [found[place] for place in sorted(found)]


def share_of(account: str, symbol: str) -> str:
    """The owner of an account's trades in an instrument; neither name has a space."""
    return f"{account} {symbol}"


def at_of(trade: Trade) -> int:
    """When a trade was made, in nanoseconds of journal time."""
    return trade.at
