"""Order ledger: every open order as the events alone give it, a second bookkeeping independent of the engine's.

Always true of an undamaged history: an order begins once, under a new id; each trade is numbered one above the last
of its instrument and gives both sides the same; filled + open + canceled = quantity; no event follows an order's end;
and where an event says how its order stands, the events before it give the same. `apply` returns what contradicts
this. Quantities as in `exchange.units`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from exchange.events import Accepted, Amended, Canceled, Expired, Refused, Traded, Triggered
from exchange.terms import (
    BUY,
    CANCELED,
    CROSSED,
    EXPIRED,
    FILLED,
    OPEN,
    PARTIALLY_FILLED,
    PENDING_TRIGGER,
    REFUSED,
    is_open,
)
from exchange.units import UNIT
from streams.errors import WrongEntry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exchange.engine import Engine
    from exchange.events import Event


OfOne = Amended | Canceled | Expired | Refused | Triggered

OPEN_STATUSES: Final = (PENDING_TRIGGER, OPEN, PARTIALLY_FILLED)
ENDED: Final = (FILLED,)
ENDS: Final[dict[type, int]] = {Canceled: CANCELED, Expired: EXPIRED, Refused: REFUSED}


@dataclass(slots=True)
class LedgerOrder:
    """Ledger entry of an open order."""

    symbol: str
    side: int
    quantity: int
    filled: int = 0
    canceled: int = 0
    cost: int = 0
    """Price times quantity of the order's trades, in units²."""

    @property
    def open_quantity(self) -> int:
        """The quantity that is neither filled nor canceled."""
        return self.quantity - self.filled - self.canceled


class OrderLedger:
    """Order ledger: the open orders by id, as of the last event applied."""

    def __init__(self) -> None:
        self.trades = 0
        """How many trades were applied."""
        self._open: dict[int, LedgerOrder] = {}
        self._last_order = 0
        self._last_trade: dict[str, int] = {}

    @classmethod
    def of(cls, engine: Engine) -> Self:
        """A ledger that continues from an engine's state."""
        ledger = cls()
        for order in engine.orders.values():
            if is_open(order.status):
                entry = LedgerOrder(order.symbol, order.side, order.quantity, order.filled, order.canceled, order.cost)
                ledger._open[order.order_id] = entry
        ledger._last_order = engine.register.next_order_id - 1
        ledger._last_trade = {book.symbol: book.last_trade_id for book in engine.books.values()}
        return ledger

    def apply(self, events: Iterable[Event]) -> str:
        """Apply the events of one command; returns what is wrong with them, "" if nothing is."""
        try:
            for event in events:
                self._enter(event)
        except WrongEntry as wrong:
            return str(wrong)
        return ""

    def differs_from(self, engine: Engine) -> str:
        """How the engine's open orders differ from this ledger's, "" if they are the same."""
        theirs = {order.order_id: order for order in engine.orders.values() if is_open(order.status)}
        if theirs.keys() != self._open.keys():
            odd = min(theirs.keys() ^ self._open.keys())
            return f"order {odd} is open for {'the engine' if odd in theirs else 'its events'} alone"
        for order_id, entry in self._open.items():
            order = theirs[order_id]
            if (entry.filled, entry.canceled, entry.quantity) != (order.filled, order.canceled, order.quantity):
                return f"order {order_id} has filled {order.filled}, its events say {entry.filled}"
        return ""

    def _enter(self, event: Event) -> None:
        if isinstance(event, Traded):
            self._trade(event)
        elif isinstance(event, Accepted):
            if event.order_id <= self._last_order:
                raise WrongEntry(f"order {event.order_id} is accepted a second time")
            self._last_order = event.order_id
            self._open[event.order_id] = LedgerOrder(event.order.symbol, event.order.side, event.order.quantity)
        elif isinstance(event, Amended):
            entry = self._entry(event.order_id)
            entry.quantity, entry.canceled = event.quantity, event.canceled
            self._stand(event, entry, ENDED if event.open_quantity == 0 else OPEN_STATUSES)
            self._agree(event.order_id, entry, event.open_quantity)
        elif isinstance(event, Triggered):
            self._stand(event, self._entry(event.order_id), (OPEN,))
        elif isinstance(event, Canceled | Expired | Refused):
            entry = self._entry(event.order_id)
            self._stand(event, entry, (ENDS[type(event)],))
            self._agree(event.order_id, entry, event.quantity)
            self._open.pop(event.order_id, None)

    def _trade(self, trade: Traded) -> None:
        if trade.trade_id != self._last_trade.get(trade.symbol, 0) + 1:
            raise WrongEntry(f"trade {trade.trade_id} of {trade.symbol} is not the next")
        self._last_trade[trade.symbol] = trade.trade_id
        self.trades += 1
        maker, taker = self._entry(trade.maker_order_id), self._entry(trade.taker_order_id)
        if trade.quantity <= 0 or (maker.symbol, taker.symbol) != (trade.symbol, trade.symbol):
            raise WrongEntry(f"trade {trade.trade_id} is none of {trade.symbol}")
        crossed = trade.side == CROSSED
        own = trade.maker_account == trade.taker_account
        if maker.side == taker.side or taker.side != (BUY if crossed else trade.side) or (own and not crossed):
            raise WrongEntry(f"trade {trade.trade_id} of {trade.symbol} has not two sides")
        for order in (maker, taker):
            order.cost += trade.price * trade.quantity
        if trade.taker_status:
            for number, order, cost, rest, status in (
                (trade.maker_order_id, maker, trade.maker_cost, trade.maker_cost_rest, trade.maker_status),
                (trade.taker_order_id, taker, trade.taker_cost, trade.taker_cost_rest, trade.taker_status),
            ):
                ends = order.open_quantity == trade.quantity
                if cost * UNIT + rest != order.cost or status != (FILLED if ends else PARTIALLY_FILLED):
                    raise WrongEntry(f"order {number} does not stand as its trades leave it")
        self._fill(trade.maker_order_id, maker, trade.quantity, trade.maker_filled, trade.maker_open)
        self._fill(trade.taker_order_id, taker, trade.quantity, trade.taker_filled, trade.taker_open)

    def _stand(self, event: OfOne, entry: LedgerOrder, statuses: tuple[int, ...]) -> None:
        """Check that what a complete event says of its order equals what the events before it give."""
        if not event.symbol:
            return
        stands = (event.symbol, event.side, event.filled, event.cost * UNIT + event.cost_rest)
        if stands != (entry.symbol, entry.side, entry.filled, entry.cost) or event.status not in statuses:
            raise WrongEntry(f"order {event.order_id} does not stand as its events leave it")

    def _fill(self, order_id: int, entry: LedgerOrder, quantity: int, filled: int, open_quantity: int) -> None:
        entry.filled += quantity
        if entry.filled != filled:
            raise WrongEntry(f"order {order_id} has filled {filled}, its trades make {entry.filled}")
        self._agree(order_id, entry, open_quantity)

    def _agree(self, order_id: int, entry: LedgerOrder, open_quantity: int) -> None:
        if entry.open_quantity != open_quantity or open_quantity < 0:
            raise WrongEntry(f"order {order_id} has {open_quantity} open, its events leave {entry.open_quantity}")
        if open_quantity == 0:
            self._open.pop(order_id, None)

    def _entry(self, order_id: int) -> LedgerOrder:
        entry = self._open.get(order_id)
        if entry is None:
            raise WrongEntry(f"order {order_id} is not open, and something happened to it")
        return entry
