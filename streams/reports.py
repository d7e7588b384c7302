"""Execution reports: what became of an account's orders, numbered so that nothing can be missed.

Every event that concerns an order gives its account a report with the order as it was right after that event, also
when the same command did more to it later. Numbers (`seq`) are dense per account, in this partition, and follow from
the journal alone. Refusals and repeats are answers and give no report. The latest reports are kept, unprinted, for
sessions that come back: REPORTS_PER_ACCOUNT_MAX of an account, among the REPORTS_MAX latest of all.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from exchange.events import Accepted, Amended, Canceled, Expired, Traded
from exchange.order import CANCELED, EXPIRED, FILLED, LIQUIDITY_NAMES, MAKER, OPEN, PARTIALLY_FILLED, TAKER
from streams.rendering import OrderState, Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exchange.events import Event
    from exchange.order import Order

REPORTS_PER_ACCOUNT_MAX: Final = 1_000
REPORTS_MAX: Final = 100_000

Side = tuple[int, int, int, int, int]
"""One side of a trade: trade_id, price, quantity, liquidity, fee."""


class Happening(NamedTuple):
    """What is told in a report. `reason` is an amendment's, `trade` a trade's."""

    execution: str
    state: OrderState
    reason: str = ""
    trade: Side | None = None


class Report(NamedTuple):
    """The `seq`-th report of its account."""

    seq: int
    journal: str
    happening: Happening


class Rewind:
    """Looks at a command's events from the last to the first, and knows each order as it was after each of them.

    The orders are as the whole command has left them. What trades took place after the event looked at is taken off
    again; an order's terms do not change between the first and the last event that a command gives it.
    """

    def __init__(self, orders: dict[int, Order], at: int) -> None:
        self.orders = orders
        self.at = at
        self.later_quantity: dict[int, int] = {}
        self.later_cost: dict[int, int] = {}

    def happenings(self, event: Event) -> Iterator[Happening]:
        """What an event tells accounts, last first; then everything before it can be asked for."""
        if isinstance(event, Accepted):
            yield Happening("accepted", self.state(event.order_id, OPEN, event.order.quantity))
        elif isinstance(event, Traded):
            yield from self.sides(event)
        elif isinstance(event, Canceled):
            yield Happening("canceled", self.state(event.order_id, CANCELED, 0, event.reason))
        elif isinstance(event, Expired):
            yield Happening("expired", self.state(event.order_id, EXPIRED, 0, event.reason))
        elif isinstance(event, Amended):
            status = self.status(event.order_id, event.open_quantity)
            yield Happening("amended", self.state(event.order_id, status, event.open_quantity), event.reason)

    def sides(self, event: Traded) -> Iterator[Happening]:
        """What a trade tells its taker and its maker."""
        trade_id, price, quantity = event.trade_id, event.price, event.quantity
        for order_id, open_quantity, liquidity, fee in (
            (event.taker_order_id, event.taker_open, TAKER, event.taker_fee),
            (event.maker_order_id, event.maker_open, MAKER, event.maker_fee),
        ):
            state = self.state(order_id, PARTIALLY_FILLED if open_quantity else FILLED, open_quantity)
            yield Happening("trade", state, "", (trade_id, price, quantity, liquidity, fee))
            self.later_quantity[order_id] = self.later_quantity.get(order_id, 0) + quantity
            self.later_cost[order_id] = self.later_cost.get(order_id, 0) + price * quantity

    def status(self, order_id: int, open_quantity: int) -> int:
        """What an order is that has not been ended by anybody."""
        if open_quantity == 0:
            return FILLED
        return PARTIALLY_FILLED if self.filled(order_id) else OPEN

    def filled(self, order_id: int) -> int:
        """How much of an order had traded."""
        return self.orders[order_id].filled - self.later_quantity.get(order_id, 0)

    def state(self, order_id: int, status: int, open_quantity: int, reason: str = "") -> OrderState:
        """An order as it was after the event looked at."""
        order = self.orders[order_id]
        return OrderState(
            order_id,
            order.command,
            order.price,
            order.stop_price,
            order.quantity,
            order.display_quantity,
            order.expires,
            order.filled - self.later_quantity.get(order_id, 0),
            open_quantity,
            order.cost - self.later_cost.get(order_id, 0),
            status,
            reason,
            order.created,
            self.at,
        )


class AccountReports:
    """The reports of one account: how many there have been, and the latest."""

    __slots__ = ("held", "seq")

    def __init__(self) -> None:
        self.seq = 0
        self.held: deque[Report] = deque(maxlen=REPORTS_PER_ACCOUNT_MAX)


class ExecutionReports:
    """The reports of all accounts of a partition."""

    def __init__(self) -> None:
        self.accounts: dict[str, AccountReports] = {}
        self.latest: deque[tuple[AccountReports, int]] = deque()

    def take(self, events: Sequence[Event], orders: dict[int, Order], journal: str, at: int) -> list[Report]:
        """The reports that a command's events give, in order. `orders` are as the command has left them."""
        rewind = Rewind(orders, at)
        happenings = [happening for event in reversed(events) for happening in rewind.happenings(event)]
        return [self.number(happening, journal) for happening in reversed(happenings)]

    def number(self, happening: Happening, journal: str) -> Report:
        """Make the next report of an account, and let go of the oldest where a bound is met."""
        account = happening.state.command.account
        reports = self.accounts.get(account)
        if reports is None:
            reports = self.accounts[account] = AccountReports()
        reports.seq += 1
        report = Report(reports.seq, journal, happening)
        reports.held.append(report)
        self.latest.append((reports, report.seq))
        if len(self.latest) > REPORTS_MAX:
            self.let_go()
        return report

    def let_go(self) -> None:
        """Forget the oldest report of all, if its account still holds it."""
        reports, seq = self.latest.popleft()
        if reports.held and reports.held[0].seq == seq:
            reports.held.popleft()

    def seq(self, account: str) -> int:
        """The number of the account's last report, 0 before the first."""
        reports = self.accounts.get(account)
        return 0 if reports is None else reports.seq

    def since(self, account: str, after: int) -> list[Report] | None:
        """All reports with a number above `after`, or None if some of them are not held, or not made yet."""
        reports = self.accounts.get(account) or AccountReports()
        missing = reports.seq - after
        if not 0 <= missing <= len(reports.held):
            return None
        return list(islice(reports.held, len(reports.held) - missing, None))


def print_report(report: Report, renderer: Renderer) -> str:
    """The frame of channel `orders`, complete."""
    partition, seq = renderer.partition, report.seq
    execution, state, reason, trade = report.happening
    return (
        f'{{"channel":"orders","type":"update","partition":{partition},"seq":{seq},"prev":{seq - 1},'
        f'"cursor":"{partition}-{seq}","journal":"{report.journal}","exec":"{execution}",'
        f"{print_reason(reason) if reason else ''}{print_side(trade, state.command.symbol, renderer) if trade else ''}"
        f'"order":{renderer.order(state)}}}'
    )


def print_reason(reason: str) -> str:
    """Why the order was amended."""
    return f'"reason":"{reason}",'


def print_side(trade: Side, symbol: str, renderer: Renderer) -> str:
    """The order's side of a trade."""
    trade_id, price, quantity, liquidity, fee = trade
    printer = renderer.printers[symbol]
    return (
        f'"last_price":{printer.price[price]},"last_quantity":{printer.quantity[quantity]},"trade_id":{trade_id},'
        f'"liquidity":"{LIQUIDITY_NAMES[liquidity]}","fee":{printer.price[fee]},'
    )
