"""Execution reports: what became of an account's orders, numbered so that nothing can be missed.

Every event that concerns an order gives its account a report with the order as it was right after that event, also
when the same command did more to it later. Numbers (`seq`) are dense per account, in this partition, and follow from
the journal alone. Refusals and repeats are answers and give no report. The latest reports are kept, unprinted, for
sessions that come back: REPORTS_PER_ACCOUNT_MAX of an account, among the REPORTS_MAX latest of all.

Of a command with very many events, an uncross, only those to be kept are made at once, and the others when they are
told (streams/later.py).
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final

from mypy_extensions import mypyc_attr

from exchange.events import OF_ONE_ORDER, Accepted, Amended, Busted, Canceled, Expired, Refused, Traded, Triggered
from exchange.order import (
    CANCELED,
    CROSS,
    CROSSED,
    EXPIRED,
    FILLED,
    LIQUIDITY_NAMES,
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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exchange.engine import Engine
    from exchange.events import Event
    from exchange.order import Order
    from streams.rendering import Printer, Renderer

REPORTS_PER_ACCOUNT_MAX: Final = 1_000
REPORTS_MAX: Final = 100_000

EVENTS_MANY: Final = 2_000
"""A command with more events than this has most of its reports made after its answer."""

SELF_MATCH: Final = '"self_match":true,'
"""Marks both reports of an uncross that brought two orders of one account together."""

NOTHING: Final = (0, 0)
"""No quantity traded, at no cost."""

STOPS: Final = (STOP, STOP_LIMIT)

Side = tuple[int, int, int, int, int, bool]
"""One side of a trade: trade_id, price, quantity, liquidity, fee, whether both sides are of one account."""

Happening = tuple[str, OrderState, str, Side | None]
"""What a report tells: what happened, the order right after it, an amendment's reason, a trade's side."""


@mypyc_attr(acyclic=True)
class Report:
    """The `seq`-th report of its account."""

    __slots__ = ("execution", "journal", "reason", "seq", "side", "state")

    def __init__(
        self, seq: int, journal: str, execution: str, state: OrderState, reason: str, side: Side | None
    ) -> None:
        self.seq = seq
        self.journal = journal
        self.execution = execution
        self.state = state
        self.reason = reason
        self.side = side


class Rewind:
    """Looks at a command's events from the last to the first, and knows each order as it was after each of them.

    The orders are as the whole command has left them. What traded after the event looked at is taken off again; an
    order's terms do not change between the first and the last event that a command gives it. `waiting` are the stops
    that were triggered after the event looked at.
    `happenings` are what the events looked at so far tell, last first.
    """

    def __init__(self, engine: Engine, orders: dict[int, Order] | dict[int, Order | OrderState], at: int) -> None:
        self.engine = engine
        self.orders = orders
        self.at = at
        self.later: dict[int, tuple[int, int]] = {}
        self.waiting: dict[int, bool] = {}
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
        elif isinstance(event, Triggered):
            # It has waited until now, so nothing of it has traded.
            self.note("triggered", event.order_id, OPEN, self.orders[event.order_id].quantity)
            self.waiting[event.order_id] = True
        elif isinstance(event, Refused):
            self.note("rejected", event.order_id, REFUSED, 0, ended=event.reason)
        elif isinstance(event, Busted):
            self.look_at_bust(event)

    def look_at_trade(self, event: Traded) -> None:
        """A trade tells its taker and its maker."""
        trade_id, price, quantity = event.trade_id, event.price, event.quantity
        cost = price * quantity
        taker, maker = (CROSS, CROSS) if event.side == CROSSED else (TAKER, MAKER)
        own = event.taker_account == event.maker_account
        for order_id, open_quantity, liquidity, fee in (
            (event.taker_order_id, event.taker_open, taker, event.taker_fee),
            (event.maker_order_id, event.maker_open, maker, event.maker_fee),
        ):
            status = PARTIALLY_FILLED if open_quantity else FILLED
            self.note("trade", order_id, status, open_quantity, side=(trade_id, price, quantity, liquidity, fee, own))
            later_quantity, later_cost = self.later.get(order_id, NOTHING)
            self.later[order_id] = (later_quantity + quantity, later_cost + cost)

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
        side: Side | None = None,
    ) -> None:
        """Note what happened to an order, and how it was right after; `ended` is the reason that it has ended for."""
        order = self.orders[order_id]
        if self.is_wanted(order.command.account):
            later_quantity, later_cost = self.later.get(order_id, NOTHING)
            state = state_before(order, later_quantity, later_cost, status, open_quantity, ended, self.at)
            self.keep((execution, state, reason, side))

    def is_wanted(self, account: str) -> bool:
        """Whether the account's next happening on the way back is to be kept; asked once for each."""
        return True

    def keep(self, happening: Happening) -> None:
        """Keep what is wanted."""
        self.happenings.append(happening)

    def look_at_bust(self, event: Busted) -> None:
        """A bust tells both sides of the trade, its fee negated; the orders stay as they are, and may be forgotten."""
        trade = self.engine.accounts.trades.find(event.symbol, event.trade_id, self.at)
        assert trade is not None, "a trade that was undone just now is remembered"
        taker, maker = (CROSS, CROSS) if event.side == CROSSED else (TAKER, MAKER)
        own = event.taker_account == event.maker_account
        for order, liquidity, fee in ((trade.taker, taker, event.taker_fee), (trade.maker, maker, event.maker_fee)):
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
        self.made: dict[str, list[Report]] = {account: [] for account in above}

    def is_wanted(self, account: str) -> bool:
        """Count a report, and tell whether it is to be made."""
        number = self.numbers[account]
        self.numbers[account] = number - 1
        above = self.above.get(account)
        return above is not None and number > above

    def keep(self, happening: Happening) -> None:
        """Make the report that was counted last."""
        account = happening[1].command.account
        self.made[account].append(Report(self.numbers[account] + 1, self.journal, *happening))
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


class AccountReports:
    """The reports of one account: how many there have been, the latest, and how many have grown too old to hold."""

    __slots__ = ("held", "old", "seq")

    def __init__(self, held_max: int) -> None:
        self.seq = 0
        self.old = 0
        self.held: deque[Report] = deque(maxlen=held_max)


class ExecutionReports:
    """The reports of all accounts of a partition. `latest` names the account of each of the `held_max` latest."""

    def __init__(self) -> None:
        self.per_account_max = REPORTS_PER_ACCOUNT_MAX
        self.held_max = REPORTS_MAX
        self.accounts: dict[str, AccountReports] = {}
        self.latest: deque[AccountReports] = deque()

    def take(self, engine: Engine, journal: str, at: int) -> list[Report]:
        """The reports that the events of the command just applied give, in order."""
        events = engine.events
        if len(events) == 1:
            single = alone(events[0], engine.orders, at)
            if single is not None:
                return [self.number(single, journal)]
        rewind = Rewind(engine, engine.orders, at)
        for event in reversed(events):
            rewind.look_at(event)
        return [self.number(happening, journal) for happening in reversed(rewind.happenings)]

    def take_many(self, engine: Engine, journal: str, at: int) -> dict[str, int]:
        """Count the reports of the command just applied, which `is_long`, and make those that are to be kept.

        Returns the accounts in the order in which they are concerned, each with the number before its first report.
        """
        before: dict[str, int] = {}
        for event in engine.events:
            if isinstance(event, Traded):
                self.pass_over(event.maker_account, before)
                self.pass_over(event.taker_account, before)
            elif isinstance(event, Accepted):
                self.pass_over(event.order.account, before)
            elif isinstance(event, OF_ONE_ORDER):
                self.pass_over(event.account, before)
        numbers = {account: self.accounts[account].seq for account in before}
        self.keep_latest(Recall(engine, engine.orders, at, journal, numbers, self.to_keep(before)), engine.events)
        return before

    def pass_over(self, account: str, before: dict[str, int]) -> None:
        """Count a report that is made later, if at all; `before` gets the number before an account's first one."""
        reports = self.of(account)
        if account not in before:
            before[account] = reports.seq
        reports.seq += 1
        self.latest.append(reports)
        if len(self.latest) > self.held_max:
            self.let_go()

    def to_keep(self, before: dict[str, int]) -> dict[str, int]:
        """Above which number the reports of each account that were passed over are to be kept."""
        return {
            account: max(seq, self.accounts[account].seq - self.per_account_max, self.accounts[account].old)
            for account, seq in before.items()
        }

    def keep_latest(self, recall: Recall, events: Sequence[Event]) -> None:
        """Make the reports that are to be kept, which are the last ones."""
        for event in reversed(events):
            if recall.left == 0:
                break
            recall.look_at(event)
        for account, made in recall.made.items():
            made.reverse()
            self.accounts[account].held.extend(made)

    def number(self, happening: Happening, journal: str) -> Report:
        """Make the next report of an account, and let go of the oldest where a bound is met."""
        reports = self.of(happening[1].command.account)
        reports.seq += 1
        report = Report(reports.seq, journal, *happening)
        reports.held.append(report)
        self.latest.append(reports)
        if len(self.latest) > self.held_max:
            self.let_go()
        return report

    def of(self, account: str) -> AccountReports:
        """An account's reports, none if there have been none."""
        reports = self.accounts.get(account)
        if reports is None:
            reports = self.accounts[account] = AccountReports(self.per_account_max)
        return reports

    def count(self, account: str, more: int) -> None:
        """An account has had more reports, which are not kept; none may be held (`forget`)."""
        reports = self.of(account)
        reports.seq += more
        reports.old += more

    def forget(self) -> None:
        """Hold no report any more."""
        for reports in self.accounts.values():
            reports.held.clear()
            reports.old = reports.seq
        self.latest.clear()

    def let_go(self) -> None:
        """Forget the oldest report of all, if its account still holds it."""
        reports = self.latest.popleft()
        reports.old += 1
        if reports.held and reports.held[0].seq == reports.old:
            reports.held.popleft()

    def seq(self, account: str) -> int:
        """The number of the account's last report, 0 before the first."""
        reports = self.accounts.get(account)
        return 0 if reports is None else reports.seq

    def since(self, account: str, after: int) -> list[Report] | None:
        """All reports with a number above `after`, or None if some of them are not held, or not made yet."""
        reports = self.accounts.get(account) or AccountReports(0)
        missing = reports.seq - after
        if not 0 <= missing <= len(reports.held):
            return None
        return list(islice(reports.held, len(reports.held) - missing, None))


def is_long(events: Sequence[Event]) -> bool:
    """Whether a command did so much that its reports wait; what is undone with it is looked up at once."""
    if len(events) <= EVENTS_MANY:
        return False
    for event in events:  # noqa: SIM110 - any() makes a generator of it, for twice the time
        if isinstance(event, Busted):
            return False
    return True


def print_report(report: Report, order: str, renderer: Renderer) -> str:
    """The frame of channel `orders`, complete; `order` is the report's, printed."""
    seq, partition = report.seq, renderer.partition
    extra = ""
    if report.side:
        extra = print_side(report.side, renderer.printers[report.state.command.symbol])
    elif report.reason:
        extra = f'"reason":"{report.reason}",'
    return (
        f'{{"channel":"orders","type":"update","partition":{partition},"seq":{seq},"prev":{seq - 1},'
        f'"cursor":"{partition}-{seq}","journal":"{report.journal}",'
        f'"exec":"{report.execution}",{extra}"order":{order}}}'
    )


def print_side(side: Side, printer: Printer) -> str:
    """The order's side of a trade."""
    trade_id, price, quantity, liquidity, fee, own = side
    return (
        f'"last_price":{printer.price[price]},"last_quantity":{printer.quantity[quantity]},"trade_id":{trade_id},'
        f'"liquidity":"{LIQUIDITY_NAMES[liquidity]}","fee":{printer.price[fee]},{SELF_MATCH if own else ""}'
    )
