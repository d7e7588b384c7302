"""Order book of one instrument: two sides of price levels, the orders that wait unseen, and the instrument's phase.

Always true: in continuous trading, unless halted, the best bid is below the best ask; a side's `best` is 0 exactly when
the side is empty. Each change of a displayed order is recorded in `changes`, from which market data is made; market
orders that rest in a call, stops, and orders that wait for the closing call are not displayed.
"""

from __future__ import annotations

from exchange.accounts.accounts import Accounts
from exchange.book.balance import Balance, Indication
from exchange.book.book_side import BookSide
from exchange.book.holding import Holding
from exchange.book.level import Level
from exchange.book.luld import Luld
from exchange.book.order import Order
from exchange.book.stop_orders import Stops
from exchange.book.trades import Trade, Trades, share_of
from exchange.commands import UNNAMED
from exchange.instrument import Instrument
from exchange.memory.memory import Memory, Share
from exchange.semantics import ROUNDED_REFERENCE
from exchange.terms import BUY, CHANGED, CLOSED, CONTINUOUS, DONE, OPENED, PENDING_TRIGGER, SELL, Change, takes_orders
from exchange.units import NEVER


class Book:
    """An instrument in trading.

    Shared with the market: `changes` (the current command's changes of displayed orders), `accounts`, `trades`, and
    `ended` (the register's memory of ended orders).

    Phase: phase (never HALTED: `halted` is a flag beside it), kind (UNNAMED outside an auction), until (a call's
    earliest end, 0 if none is planned), drawn (the random time added to `until`, -1 until drawn), length (of the call),
    extended (how often), call (number of calls so far), reason (of the last change). last_due: the calendar is applied
    up to here. due: the book's timer. number: the place in the order of listing.

    semantics: the version of the rules in force, the engine's.

    Prices: last_price, previous_price (of the trade before; the same after an uncross), auction_price (of the last
    uncross); luld: the limit bands, if any; banded: the book may have bands of any kind.

    Orders: sides, markets (orders without a price that rest in a call), stops, waiting (for the closing call, by time).
    `stamps` counts the times assigned. In a call `balance` and `indicated` give the result of an uncross
    (`book/balance.py`, `matching/auction.py`).
    """

    __slots__ = (
        "accounts",
        "auction_price",
        "balance",
        "banded",
        "call",
        "changes",
        "drawn",
        "due",
        "ended",
        "extended",
        "halted",
        "holdings",
        "indicated",
        "instrument",
        "kind",
        "last_due",
        "last_price",
        "last_trade_id",
        "length",
        "luld",
        "markets",
        "number",
        "phase",
        "previous_price",
        "reason",
        "semantics",
        "sides",
        "stamps",
        "stops",
        "symbol",
        "trades",
        "until",
        "waiting",
    )

    def __init__(
        self,
        instrument: Instrument,
        changes: list[Change],
        accounts: Accounts,
        ended: Memory[Order],
        trades: Trades,
        semantics: int,
    ) -> None:
        self.instrument = instrument
        self.semantics = semantics
        self.symbol = instrument.symbol
        self.number = 0
        self.phase: int = CLOSED if instrument.calendar else CONTINUOUS
        self.kind: int = UNNAMED
        self.until = 0
        self.drawn = 0
        self.length = 0
        self.extended = 0
        self.call = 0
        self.halted = False
        self.reason = ""
        self.last_due = 0
        self.due: int = NEVER
        self.sides = (BookSide(BUY), BookSide(SELL))
        self.markets = (Level(0), Level(0))
        self.stops = Stops()
        self.waiting: dict[int, Order] = {}
        self.stamps = 0
        self.holdings: dict[str, Holding] = {}
        self.last_trade_id = 0
        self.last_price = 0
        self.previous_price = 0
        self.auction_price = 0
        self.luld: Luld | None = None
        self.banded = False
        self.balance: Balance | None = None
        self.indicated: Indication | None = None
        self.changes = changes
        self.accounts = accounts
        self.ended = ended
        self.trades = trades
        self.define(instrument)

    def define(self, instrument: Instrument) -> None:
        """Replace the definition; resting orders stay as they are."""
        instrument.adopt(self.semantics)
        self.instrument = instrument
        self.indicated = None
        if instrument.luld_tier == 0:
            self.luld = None
        elif self.luld is None:
            self.luld = Luld(instrument.reference_price or self.last_price)
        if self.luld is not None:
            self.luld.reference = self.on_tick(self.luld.reference)
            self.luld.find_bands(instrument)
        self.banded = self.luld is not None or instrument.static_band_bps > 0 or instrument.dynamic_band_bps > 0
        for account in self.holdings:
            self.renew_allowance(account)

    def is_trading(self) -> bool:
        """Whether orders are matched on arrival."""
        return self.phase == CONTINUOUS and not self.halted

    def takes_orders(self) -> bool:
        """Whether orders may be placed and amended (docs/rules.md, "Trading day")."""
        return takes_orders(self.phase) and not self.halted

    def holding(self, account: str) -> Holding:
        """The account's holding in this book, made if there is none."""
        holding = self.holdings.get(account)
        if holding is None:
            position = self.accounts.open_position(account, self.symbol)
            allowance = self.accounts.allowance(account, self.instrument)
            ended, traded = self.shares(account)
            holding = self.holdings[account] = Holding(account, position, allowance, ended, traded)
        return holding

    def release(self, account: str) -> None:
        """Drop an account's holding: none of its orders is open or remembered."""
        holding = self.holdings.pop(account)
        self.ended.leave(holding.ended)
        self.trades.sides.leave(holding.traded)
        self.accounts.close_position(account, self.symbol)

    def shares(self, account: str) -> tuple[Share[Order], Share[Trade]]:
        """An account's shares of remembered orders and of trades here, for a holding that keeps both."""
        return self.ended.share(account), self.trades.sides.share(share_of(account, self.symbol))

    def share_anew(self) -> None:
        """Give each holding its shares anew, after the memory was divided otherwise."""
        for account, holding in self.holdings.items():
            holding.ended, holding.traded = self.shares(account)

    def renew_allowance(self, account: str) -> None:
        """Apply the changed limits of the listing or the account from here on."""
        holding = self.holdings.get(account)
        if holding is not None:
            holding.allowance = self.accounts.allowance(account, self.instrument)

    def reference_price(self) -> int:
        """The last trade's price, else the listing's, else 0; whole ticks (docs/rules.md, "Before matching")."""
        return self.on_tick(self.last_price or self.instrument.reference_price)

    def on_tick(self, price: int) -> int:
        """A price as a reference: the nearest whole number of present ticks."""
        return price if self.semantics < ROUNDED_REFERENCE else self.instrument.on_tick(price)

    def crosses(self, side: int, price: int) -> bool:
        """Whether a limit order of `side` at `price` would trade with an order resting on the other side."""
        best = self.sides[1 - side].best
        if best == 0:
            return False
        return price >= best if side == BUY else price <= best

    def is_crossed(self) -> bool:
        """Whether any two resting orders would trade if the instrument entered continuous trading now."""
        bids, asks = self.sides
        buys, sells = self.markets
        if buys.first is not None:
            return asks.best > 0 or sells.first is not None
        if bids.best == 0:
            return False
        return sells.first is not None or 0 < asks.best <= bids.best

    def stamp(self, order: Order) -> None:
        """Assign an order the next time, behind all others."""
        self.stamps = order.stamp = self.stamps + 1

    def part(self, order: Order) -> None:
        """Divide an order's open quantity into the shown part and the reserve; a market order shows nothing."""
        order.shown = order.tranche() if order.price else 0
        order.reserve = order.quantity - order.filled - order.canceled - order.shown

    def rest(self, order: Order) -> None:
        """Add an order to the end of its queue, showing its next part; a market order to that of market orders."""
        self.stamps = order.stamp = self.stamps + 1  # As `stamp` and `part`, without these calls for a plain order.
        side, price = order.side, order.price
        if price and not order.display_quantity:
            order.shown = order.quantity - order.filled - order.canceled
            order.reserve = 0
        else:
            self.part(order)
        if self.balance is not None:
            self.weigh(order, order.shown + order.reserve)
        if price == 0:
            self.markets[side].append(order)
            return
        bids_or_asks = self.sides[side]
        level = bids_or_asks.levels.get(price) or bids_or_asks.level_at(price)
        level.append(order)
        self.changes.append((self.symbol, OPENED, order.order_id, side, price, order.shown))

    def wait(self, order: Order) -> None:
        """Add an order that waits for the closing call."""
        self.stamp(order)
        self.waiting[order.order_id] = order

    def wait_for_trigger(self, order: Order) -> None:
        """Add a stop order that waits for its trigger."""
        self.stamp(order)
        self.stops.add(order)

    def remove(self, order: Order) -> None:
        """Remove an open order from the book, wherever the order rests or waits."""
        level = order.level
        if level is None:
            if order.status == PENDING_TRIGGER:
                self.stops.remove(order)
            else:
                assert order.order_id in self.waiting, "only an order that rests or waits can leave the book"
                del self.waiting[order.order_id]
            return
        level.remove(order)
        if self.balance is not None:
            self.weigh(order, -order.shown - order.reserve)
        order.shown = 0
        order.reserve = 0
        if order.price == 0:
            return
        if level.first is None:
            self.sides[order.side].drop(level)
        self.changes.append((self.symbol, DONE, order.order_id, order.side, order.price, 0))

    def requeue(self, order: Order) -> None:
        """Move a resting order behind all others at its price, showing its next part with a new time."""
        level = order.level
        assert level is not None, "only a resting order can lose its place"
        level.remove(order)
        self.changes.append((self.symbol, DONE, order.order_id, order.side, order.price, 0))
        self.stamp(order)
        self.part(order)
        level.append(order)
        self.changes.append((self.symbol, OPENED, order.order_id, order.side, order.price, order.shown))

    def show(self, order: Order, shown: int) -> None:
        """Set what a resting order shows, after its open or displayed quantity shrank; the order keeps its place."""
        level = order.level
        assert level is not None, "only a resting order shows anything"
        reserve = order.quantity - order.filled - order.canceled - shown
        if self.balance is not None:
            self.weigh(order, shown + reserve - order.shown - order.reserve)
        level.reserve += reserve - order.reserve
        order.reserve = reserve
        if shown == order.shown:
            return
        level.displayed += shown - order.shown
        order.shown = shown
        self.changes.append((self.symbol, CHANGED, order.order_id, order.side, order.price, shown))

    def weigh(self, order: Order, quantity: int) -> None:
        """Add the change of a resting order's open quantity to a call's balance."""
        balance = self.balance
        assert balance is not None, "there is nothing to weigh outside a call"
        balance.add(order.side, order.price, quantity)
        self.indicated = None

    def join(self, orders: list[Order]) -> None:
        """Add orders, given by time, to the queues at the places that their times give them.

        A follower of `changes` rebuilds a queue from the sequence of OPENED entries, so the orders behind open anew.
        """
        self.balance = None
        by_queue: dict[tuple[int, int], list[Order]] = {}
        for order in orders:
            self.part(order)
            by_queue.setdefault((order.side, order.price), []).append(order)
        for (side, price), joining in by_queue.items():
            if price:
                self.merge(self.sides[side].level_at(price), joining)
            else:
                self.merge(self.markets[side], joining)

    def merge(self, level: Level, joining: list[Order]) -> None:
        """Merge orders, by time, into one queue."""
        behind = [order for order in level.orders() if order.stamp > joining[0].stamp]
        for order in behind:
            level.remove(order)
            if level.price:
                self.changes.append((self.symbol, DONE, order.order_id, order.side, level.price, 0))
        for order in sorted(behind + joining, key=stamp_of):
            level.append(order)
            if level.price:
                self.changes.append((self.symbol, OPENED, order.order_id, order.side, level.price, order.shown))


def stamp_of(order: Order) -> int:
    """The key by which orders queue."""
    return order.stamp
