"""Order history: the content of each event's report to the order's owner, a map from that one event.

The event says how its order stood right after it (exchange/events.py); owner and terms are read from the order. Always
true: an event's report is the same whenever it is made, before later events or after them, in any order; only terms
change later, by the order's own amendment, of which a command has at most one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exchange.events import Accepted, Amended, Busted, Canceled, Event, Expired, Refused, Traded, Triggered
from exchange.terms import CROSS, CROSSED, MAKER, TAKER
from exchange.units import UNIT
from streams.publication.rendering import OrderState, state_of
from streams.publication.report import ExecutionReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exchange.book.order import Order
    from exchange.engine import Engine
    from streams.publication.report import Happening, TradeSide

REQUESTED: Final = "requested"
"""The reason of an amendment that its owner has asked for."""


class OrderHistory:
    """Order history of the command just applied.

    orders: the orders of the events, as the command has left them. amended: the order that the command has amended
    after timers had acted on it, or 0; the reports of these timers have the terms of `terms_before`.
    """

    def __init__(self, engine: Engine, orders: Mapping[int, Order | OrderState], at: int) -> None:
        self.engine = engine
        self.orders = orders
        self.at = at
        self.due_events = engine.due_events
        self.terms_before = engine.terms_before if engine.due_events else None
        self.amended = amended_in(engine) if self.terms_before is not None else 0

    def tell(self, event: Event, place: int) -> list[Happening]:
        """The happenings of an event at this place among its command's; of a trade the maker's side first."""
        if isinstance(event, Accepted):
            state = self.state(event.order_id, place, 0, 0, event.order.quantity, event.status, "")
            return [("accepted", state, "", None)]
        if isinstance(event, Traded):
            return [self.tell_side(event, place, taker=False), self.tell_side(event, place, taker=True)]
        if isinstance(event, Canceled):
            return [("canceled", self.ended(event, place), "", None)]
        if isinstance(event, Expired):
            return [("expired", self.ended(event, place), "", None)]
        if isinstance(event, Refused):
            return [("rejected", self.ended(event, place), "", None)]
        if isinstance(event, Amended):
            return [("amended", self.amendment(event, place), event.reason, None)]
        if isinstance(event, Triggered):
            state = self.state(event.order_id, place, 0, 0, event.open_quantity, event.status, "")
            return [("triggered", state, "", None)]
        if isinstance(event, Busted):
            return self.tell_bust(event)
        return []

    def tell_side(self, event: Traded, place: int, *, taker: bool) -> Happening:
        """One side of a trade."""
        crossed = event.side == CROSSED
        own = event.taker_account == event.maker_account
        if taker:
            cost = event.taker_cost * UNIT + event.taker_cost_rest
            numbers = (event.taker_filled, cost, event.taker_open, event.taker_status)
            order_id, liquidity, fee = event.taker_order_id, CROSS if crossed else TAKER, event.taker_fee
        else:
            cost = event.maker_cost * UNIT + event.maker_cost_rest
            numbers = (event.maker_filled, cost, event.maker_open, event.maker_status)
            order_id, liquidity, fee = event.maker_order_id, CROSS if crossed else MAKER, event.maker_fee
        side: TradeSide = (event.trade_id, event.price, event.quantity, liquidity, fee, own)
        state = self.state(order_id, place, numbers[0], numbers[1], numbers[2], numbers[3], "")
        return "trade", state, "", side

    def tell_bust(self, event: Busted) -> list[Happening]:
        """Both sides of a busted trade, its fee negated; the orders stay as they are, and may be evicted already."""
        trade = self.engine.trades.find(event.symbol, event.trade_id, self.at)
        assert trade is not None, "a trade that was undone just now is remembered"
        taker, maker = (CROSS, CROSS) if event.side == CROSSED else (TAKER, MAKER)
        own = event.taker_account == event.maker_account
        taken, made = self.engine.orders_of(trade)
        told: list[Happening] = []
        for order, liquidity, fee in ((made, maker, event.maker_fee), (taken, taker, event.taker_fee)):
            side = (event.trade_id, event.price, event.quantity, liquidity, -fee, own)
            told.append(("busted", state_of(order), "", side))
        return told

    def ended(self, event: Canceled | Expired | Refused, place: int) -> OrderState:
        """An order that has ended."""
        cost = event.cost * UNIT + event.cost_rest
        return self.state(event.order_id, place, event.filled, cost, 0, event.status, event.reason)

    def amendment(self, event: Amended, place: int) -> OrderState:
        """An order under new terms."""
        cost = event.cost * UNIT + event.cost_rest
        return self.state(event.order_id, place, event.filled, cost, event.open_quantity, event.status, "")

    def state(
        self, order_id: int, place: int, filled: int, cost: int, open_quantity: int, status: int, reason: str
    ) -> OrderState:
        """An order as it stood right after the event at this place."""
        order = self.orders[order_id]
        if order_id == self.amended and place < self.due_events and self.terms_before is not None:
            terms = self.terms_before
        else:
            terms = order.price, order.stop_price, order.quantity, order.display_quantity, order.expires
        return OrderState(
            order_id,
            order.command,
            terms[0],
            terms[1],
            terms[2],
            terms[3],
            terms[4],
            filled,
            open_quantity,
            cost,
            status,
            reason,
            order.created,
            self.at,
        )


class Recall:
    """Recall: makes the reports of a long command above a number of each account, from the last event to the first.

    numbers: for each account, the number of its next report on the way back. above: for each account whose reports are
    wanted, the number above which. left: how many are still to be made. made: the made reports, last first.
    """

    def __init__(self, history: OrderHistory, journal: str, numbers: dict[str, int], above: dict[str, int]) -> None:
        self.history = history
        self.journal = journal
        self.numbers = numbers.copy()
        self.above = above
        self.left = sum([numbers[account] - number for account, number in above.items()])
        self.made: dict[str, list[ExecutionReport]] = {account: [] for account in above}

    def recall(self, event: Event, place: int) -> None:
        """Make the wanted reports of an event."""
        if isinstance(event, Traded):
            if self.is_wanted(event.taker_account):
                self.keep(self.history.tell_side(event, place, taker=True))
            if self.is_wanted(event.maker_account):
                self.keep(self.history.tell_side(event, place, taker=False))
        elif isinstance(event, Accepted):
            if self.is_wanted(event.order.account):
                self.keep(self.history.tell(event, place)[0])
        elif isinstance(event, (Amended, Canceled, Expired, Refused, Triggered)) and self.is_wanted(event.account):
            self.keep(self.history.tell(event, place)[0])

    def is_wanted(self, account: str) -> bool:
        """Count a report; whether it is to be made."""
        number = self.numbers[account]
        self.numbers[account] = number - 1
        above = self.above.get(account)
        return above is not None and number > above

    def keep(self, happening: Happening) -> None:
        """Make the report that was counted last."""
        account = happening[1].command.account
        self.made[account].append(ExecutionReport(self.numbers[account] + 1, self.journal, *happening))
        self.left -= 1


def amended_in(engine: Engine) -> int:
    """The order that the command just applied has amended, 0 if it has amended none."""
    own = engine.events[engine.due_events :]
    if own and isinstance(own[0], Amended) and own[0].reason == REQUESTED:
        return own[0].order_id
    return 0
