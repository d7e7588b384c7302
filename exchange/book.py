"""The order book of one instrument: two sides of price levels, and what trading there has left behind.

Always true: in continuous trading the best bid is below the best ask; a side's `best` is 0 exactly when it is empty.
Each change of a displayed order is noted in `changes`, from which market data is made.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from exchange.instrument import Instrument
from exchange.level import Level
from exchange.order import BUY, SELL, Order

CLOSED: Final = 0
PRE_OPEN: Final = 1
AUCTION: Final = 2
CONTINUOUS: Final = 3
HALTED: Final = 4
CANCEL_ONLY: Final = 5
PHASE_NAMES: Final = ("closed", "pre_open", "auction", "continuous", "halted", "cancel_only")

OPENED: Final = 0
CHANGED: Final = 1
DONE: Final = 2

Change = tuple[str, int, int, int, int, int]
"""What became of a displayed order: symbol, kind, order_id, side, price, what it shows now (0 when DONE)."""


class BookSide:
    """The bids or the asks.

    `keys` holds the levels' prices, turned so that the best is last (an ask's key is its price negated): most
    changes happen near the best price, and there a sorted list inserts and removes cheaply.
    """

    __slots__ = ("best", "keys", "levels", "sign")

    def __init__(self, side: int) -> None:
        self.sign = 1 if side == BUY else -1
        self.best = 0
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}

    def level_at(self, price: int) -> Level:
        """The level at a price, made if there is none."""
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = Level(price)
            key = price * self.sign
            keys = self.keys
            if not keys or key > keys[-1]:
                keys.append(key)
                self.best = price
            else:
                keys.insert(bisect_left(keys, key), key)
        return level

    def drop(self, level: Level) -> None:
        """Forget a level that has become empty."""
        price = level.price
        del self.levels[price]
        keys = self.keys
        if price == self.best:
            keys.pop()
            self.best = keys[-1] * self.sign if keys else 0
        else:
            del keys[bisect_left(keys, price * self.sign)]

    def depth(self, count: int) -> list[tuple[int, int]]:
        """The best `count` levels as (price, displayed quantity), best first; all of them for 0."""
        chosen = self.keys[-count:] if count else self.keys
        sign = self.sign
        levels = self.levels
        return [(key * sign, levels[key * sign].displayed) for key in reversed(chosen)]

    def displayed_at(self, price: int) -> int:
        """What is displayed at a price, 0 where nothing is."""
        level = self.levels.get(price)
        return 0 if level is None else level.displayed

    def orders(self) -> list[Order]:
        """Every resting order in the order in which they would trade."""
        found: list[Order] = []
        for key in reversed(self.keys):
            found.extend(self.levels[key * self.sign].orders())
        return found


class Holding:
    """What one account has in one instrument: its open orders, and all it may be asked about by its own names."""

    __slots__ = ("client_orders", "open")

    def __init__(self) -> None:
        self.open: dict[int, Order] = {}
        self.client_orders: dict[str, Order] = {}


class Book:
    """An instrument in trading. `changes` is the engine's: what the command at work does to displayed orders."""

    __slots__ = ("changes", "holdings", "instrument", "last_price", "last_trade_id", "phase", "sides", "symbol")

    def __init__(self, instrument: Instrument, changes: list[Change]) -> None:
        self.instrument = instrument
        self.symbol = instrument.symbol
        self.phase: int = CONTINUOUS
        self.sides = (BookSide(BUY), BookSide(SELL))
        self.holdings: dict[str, Holding] = {}
        self.last_trade_id = 0
        self.last_price = 0
        self.changes = changes

    def holding(self, account: str) -> Holding:
        """What an account has here, made if there is nothing yet."""
        holding = self.holdings.get(account)
        if holding is None:
            holding = self.holdings[account] = Holding()
        return holding

    def reference_price(self) -> int:
        """The last trade's price, else the listing's, else 0 (RULES.md, "Reference price")."""
        return self.last_price or self.instrument.reference_price

    def crosses(self, side: int, price: int) -> bool:
        """Whether a limit order of `side` at `price` would trade with what rests on the other side."""
        best = self.sides[1 - side].best
        if best == 0:
            return False
        return price >= best if side == BUY else price <= best

    def rest(self, order: Order) -> None:
        """Put an order behind the queue at its price, showing its next part."""
        side, price = order.side, order.price
        shown = order.shown = order.tranche()
        bids_or_asks = self.sides[side]
        level = bids_or_asks.levels.get(price) or bids_or_asks.level_at(price)
        level.append(order)
        self.changes.append((self.symbol, OPENED, order.order_id, side, price, shown))

    def remove(self, order: Order) -> None:
        """Take a resting order out of the book."""
        level = order.level
        assert level is not None, "only a resting order can leave the book"
        level.remove(order)
        order.shown = 0
        if level.first is None:
            self.sides[order.side].drop(level)
        self.changes.append((self.symbol, DONE, order.order_id, order.side, order.price, 0))

    def requeue(self, order: Order) -> None:
        """Move a resting order behind all others at its price, showing its next part with a new time."""
        level = order.level
        assert level is not None, "only a resting order can lose its place"
        level.remove(order)
        self.changes.append((self.symbol, DONE, order.order_id, order.side, order.price, 0))
        order.shown = order.tranche()
        level.append(order)
        self.changes.append((self.symbol, OPENED, order.order_id, order.side, order.price, order.shown))

    def show(self, order: Order, shown: int) -> None:
        """Let a resting order show less than before; it keeps its place."""
        level = order.level
        assert level is not None, "only a resting order shows anything"
        assert 0 < shown <= order.shown, "showing more would need a new place in the queue"
        if shown == order.shown:
            return
        level.displayed -= order.shown - shown
        order.shown = shown
        self.changes.append((self.symbol, CHANGED, order.order_id, order.side, order.price, shown))
