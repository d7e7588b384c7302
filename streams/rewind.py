"""What each event of a command tells of an order: the order as it was right after that event, found on the way back.

Orders are kept as the whole command has left them, so what it did after an event is taken off again. Always true:
what is looked at stays as it is, and each event is looked at once, the last one first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exchange.events import Accepted, Amended, Busted, Canceled, Expired, Refused, Traded, Triggered
from exchange.terms import (
    CANCELED,
    CROSS,
    CROSSED,
    EXPIRED,
    FILLED,
    MAKER,
    OPEN,
    PARTIALLY_FILLED,
    PENDING_TRIGGER,
    REFUSED,
    STOP,
    STOP_LIMIT,
    TAKER,
)
from streams.rendering import OrderState, state_of
from streams.report import ExecutionReport

if TYPE_CHECKING:
    from exchange.engine import Engine
    from exchange.events import Event
    from exchange.order import Order, Terms
    from streams.report import Happening, TradeSide

NOTHING: Final = (0, 0)
"""No quantity traded, at no cost."""

STOPS: Final = (STOP, STOP_LIMIT)

REQUESTED: Final = "requested"
"""The reason of an amendment that its owner has asked for, of which a command has one at most."""


class Rewind:
    """Looks at a command's events from the last to the first, and knows each order as it was after each of them.

    The orders are as the whole command has left them. What traded after the event looked at is taken off again. An
    order's terms change at its own amendment alone: what was due before that command, and concerned the same order, had
    the terms of before (`replaced`). `waiting` are the stops that were triggered after the event looked at.
    `happenings` are what the events looked at so far tell, last first.
    """

    def __init__(self, engine: Engine, orders: dict[int, Order] | dict[int, Order | OrderState], at: int) -> None:
        self.engine = engine
        self.orders = orders
        self.at = at
        self.later: dict[int, tuple[int, int]] = {}
        self.waiting: dict[int, bool] = {}
        self.terms_before = engine.terms_before if engine.due_events else None
        self.replaced: dict[int, OrderState] = {}
        self.happenings: list[Happening] = []

    def look_at(self, event: Event) -> None:
        """Note what an event tells, and go back to before it."""
        if isinstance(event, Accepted):
            status = PENDING_TRIGGER if event.order.type in STOPS else OPEN
            self.note("accepted", event.order_id, status, event.order.quantity)
        elif isinstance(event, Traded):
            self.look_at_trade(event)
        elif isinstance(event, Canceled):
            self.note("canceled", event.order_id, CANCELED, 0, ended=event.reason)
        elif isinstance(event, Expired):
            self.note("expired", event.order_id, EXPIRED, 0, ended=event.reason)
        elif isinstance(event, Amended):
            status = self.status(event.order_id, event.open_quantity)
            self.note("amended", event.order_id, status, event.open_quantity, reason=event.reason)
            if self.terms_before is not None and event.reason == REQUESTED:
                self.replaced[event.order_id] = with_terms(self.orders[event.order_id], self.terms_before)
        elif isinstance(event, Triggered):
            # It has waited until now, so nothing of it has traded.
            self.note("triggered", event.order_id, OPEN, self.order(event.order_id).quantity)
            self.waiting[event.order_id] = True
        elif isinstance(event, Refused):
            self.note("rejected", event.order_id, REFUSED, 0, ended=event.reason)
        elif isinstance(event, Busted):
            self.look_at_bust(event)

    def look_at_trade(self, event: Traded) -> None:
        """A trade tells its taker and its maker."""
        taker, maker = (CROSS, CROSS) if event.side == CROSSED else (TAKER, MAKER)
        own = event.taker_account == event.maker_account
        self.look_at_fill(event, event.taker_order_id, event.taker_open, taker, event.taker_fee, own)
        self.look_at_fill(event, event.maker_order_id, event.maker_open, maker, event.maker_fee, own)

    def look_at_fill(
        self, event: Traded, order_id: int, open_quantity: int, liquidity: int, fee: int, own: bool
    ) -> None:
        """One side of a trade."""
        status = PARTIALLY_FILLED if open_quantity else FILLED
        side = (event.trade_id, event.price, event.quantity, liquidity, fee, own)
        self.note("trade", order_id, status, open_quantity, side=side)
        later_quantity, later_cost = self.later.get(order_id, NOTHING)
        self.later[order_id] = (later_quantity + event.quantity, later_cost + event.price * event.quantity)

    def status(self, order_id: int, open_quantity: int) -> int:
        """What an order is that nobody has ended."""
        if open_quantity == 0:
            return FILLED
        if order_id in self.waiting or self.orders[order_id].status == PENDING_TRIGGER:
            return PENDING_TRIGGER
        filled = self.orders[order_id].filled > self.later.get(order_id, NOTHING)[0]
        return PARTIALLY_FILLED if filled else OPEN

    def note(
        self,
        execution: str,
        order_id: int,
        status: int,
        open_quantity: int,
        *,
        ended: str = "",
        reason: str = "",
        side: TradeSide | None = None,
    ) -> None:
        """Note what happened to an order, and how it was right after; `ended` is the reason that it has ended for."""
        order = self.order(order_id)
        if self.is_wanted(order.command.account):
            later_quantity, later_cost = self.later.get(order_id, NOTHING)
            state = state_before(order, later_quantity, later_cost, status, open_quantity, ended, self.at)
            self.keep((execution, state, reason, side))

    def order(self, order_id: int) -> Order | OrderState:
        """An order with the terms that it had at the event looked at."""
        return self.replaced[order_id] if order_id in self.replaced else self.orders[order_id]

    def is_wanted(self, account: str) -> bool:
        """Whether the account's next happening on the way back is to be kept; asked once for each."""
        return True

    def keep(self, happening: Happening) -> None:
        """Keep what is wanted."""
        self.happenings.append(happening)

    def look_at_bust(self, event: Busted) -> None:
        """A bust tells both sides of the trade, its fee negated; the orders stay as they are, and may be forgotten."""
        trade = self.engine.trades.find(event.symbol, event.trade_id, self.at)
        assert trade is not None, "a trade that was undone just now is remembered"
        taker, maker = (CROSS, CROSS) if event.side == CROSSED else (TAKER, MAKER)
        own = event.taker_account == event.maker_account
        taken, made = self.engine.orders_of(trade)
        for order, liquidity, fee in ((taken, taker, event.taker_fee), (made, maker, event.maker_fee)):
            side = (event.trade_id, event.price, event.quantity, liquidity, -fee, own)
            self.happenings.append(("busted", state_of(order), "", side))


class Recall(Rewind):
    """A Rewind that makes an account's reports above a number, and none of accounts without one.

    numbers: of each account, the number of its next report on the way back. above: of those whose reports are wanted,
    the number above which. left: how many are still to be made. made: them, last first.
    """

    def __init__(
        self,
        engine: Engine,
        orders: dict[int, Order] | dict[int, Order | OrderState],
        at: int,
        journal: str,
        numbers: dict[str, int],
        above: dict[str, int],
    ) -> None:
        super().__init__(engine, orders, at)
        self.journal = journal
        self.numbers = numbers.copy()
        self.above = above
        self.left = sum([numbers[account] - number for account, number in above.items()])
        self.made: dict[str, list[ExecutionReport]] = {account: [] for account in above}

    def is_wanted(self, account: str) -> bool:
        """Count a report, and tell whether it is to be made."""
        number = self.numbers[account]
        self.numbers[account] = number - 1
        above = self.above.get(account)
        return above is not None and number > above

    def keep(self, happening: Happening) -> None:
        """Make the report that was counted last."""
        account = happening[1].command.account
        self.made[account].append(ExecutionReport(self.numbers[account] + 1, self.journal, *happening))
        self.left -= 1


def alone(event: Event, orders: dict[int, Order], at: int) -> Happening | None:
    """What the only event of a command tells, without looking back; None of the kinds that are seldom alone."""
    if isinstance(event, Accepted):
        status = PENDING_TRIGGER if event.order.type in STOPS else OPEN
        state = state_before(orders[event.order_id], 0, 0, status, event.order.quantity, "", at)
        return "accepted", state, "", None
    if isinstance(event, Canceled):
        return "canceled", state_before(orders[event.order_id], 0, 0, CANCELED, 0, event.reason, at), "", None
    return None


def with_terms(order: Order | OrderState, terms: Terms) -> OrderState:
    """An order as it is, but for its terms."""
    price, stop_price, quantity, display_quantity, expires = terms
    return OrderState(
        order.order_id,
        order.command,
        price,
        stop_price,
        quantity,
        display_quantity,
        expires,
        order.filled,
        order.open_quantity,
        order.cost,
        order.status,
        order.reason,
        order.created,
        order.updated,
    )


def state_before(
    order: Order | OrderState,
    later_quantity: int,
    later_cost: int,
    status: int,
    open_quantity: int,
    ended: str,
    at: int,
) -> OrderState:
    """An order as it was at `at`, before it traded this quantity at this cost."""
    return OrderState(
        order.order_id,
        order.command,
        order.price,
        order.stop_price,
        order.quantity,
        order.display_quantity,
        order.expires,
        order.filled - later_quantity,
        open_quantity,
        order.cost - later_cost,
        status,
        ended,
        order.created,
        at,
    )
