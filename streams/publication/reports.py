"""Execution reports: the events of an account's orders, numbered so that a missing report shows.

Every event of an order gives its account a report with the order's state right after that event, also when the same
command has later events of the order. Numbers (`seq`) are dense per account, in this partition, and follow from the
journal alone. Refusals and repeats are answers and give no report. The latest reports are kept, unrendered, for
sessions that come back: REPORTS_PER_ACCOUNT_MAX of an account, whatever others do, and beyond REPORTS_MAX in all the
oldest of the accounts with the most are evicted (`exchange/memory/memory.py`).

Of a command with very many events, an uncross, only the reports to be kept are made at once, the others when they are
published (streams/publication/deferred.py).
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final

from exchange.commands import PlaceOrder
from exchange.events import OF_ONE_ORDER, Accepted, Busted, Traded
from exchange.memory.memory import Memory, Share
from streams.publication.order_history import OrderHistory, Recall
from streams.publication.rendering import OrderState
from streams.publication.report import ExecutionReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exchange.engine import Engine
    from exchange.events import Event
    from streams.publication.report import Happening

REPORTS_PER_ACCOUNT_MAX: Final = 1_000
REPORTS_MAX: Final = 100_000

EVENTS_MANY: Final = 2_000
"""Events of a command above which most of its reports are made after its answer."""


PLACED: Final = PlaceOrder("", "", "", 0, 0, 0)
PENDING: Final = ExecutionReport(0, "", "", OrderState(0, PLACED, 0, 0, 0, 0, 0, 0, 0, 0, 0, "", 0, 0), "", None)
"""Stands for a kept report that is still to be made, within one command."""


class AccountReports:
    """Reports of one account: how many there have been, and the latest, without a gap."""

    __slots__ = ("held", "seq")

    def __init__(self, held: Share[ExecutionReport]) -> None:
        self.seq = 0
        self.held = held


class ExecutionReports:
    """Execution reports of all accounts of a partition."""

    def __init__(self) -> None:
        self.held: Memory[ExecutionReport] = Memory(number_of, REPORTS_PER_ACCOUNT_MAX, REPORTS_MAX)
        self.accounts: dict[str, AccountReports] = {}

    def take(self, engine: Engine, journal: str, at: int) -> list[ExecutionReport]:
        """Make the reports of the command just applied, in order."""
        history = OrderHistory(engine, engine.orders, at)
        reports: list[ExecutionReport] = []
        for place, event in enumerate(engine.events):
            for happening in history.tell(event, place):
                reports.append(self.number(happening, journal))  # noqa: PERF401 - a comprehension is slower compiled
        return reports

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
        recall = Recall(OrderHistory(engine, engine.orders, at), journal, numbers, self.to_keep(before))
        self.keep_latest(recall, engine.events)
        return before

    def pass_over(self, account: str, before: dict[str, int]) -> None:
        """Count a report that is made later, if at all; `before` gets the number before an account's first one."""
        reports = self.of(account)
        if account not in before:
            before[account] = reports.seq
        reports.seq += 1
        self.hold(reports, PENDING)

    def to_keep(self, before: dict[str, int]) -> dict[str, int]:
        """For each account, the sequence number above which its uncounted reports must be kept."""
        accounts = [(account, seq, self.accounts[account]) for account, seq in before.items()]
        return {account: max(seq, reports.seq - len(reports.held.items)) for account, seq, reports in accounts}

    def keep_latest(self, recall: Recall, events: Sequence[Event]) -> None:
        """Make the reports that are to be kept, which are the last ones."""
        for place in range(len(events) - 1, -1, -1):
            if recall.left == 0:
                break
            recall.recall(events[place], place)
        for account, made in recall.made.items():
            items = self.accounts[account].held.items
            for _ in made:
                items.pop()
            items.extend(reversed(made))

    def number(self, happening: Happening, journal: str) -> ExecutionReport:
        """Make the next report of an account, and evict the oldest where a bound is met."""
        reports = self.of(happening[1].command.account)
        reports.seq += 1
        report = ExecutionReport(reports.seq, journal, *happening)
        self.hold(reports, report)
        return report

    def hold(self, reports: AccountReports, report: ExecutionReport) -> None:
        """Keep an account's next report, evicting its oldest one if the account has as many as it may have."""
        held = self.held
        if held.put(reports.held, report) is None:
            largest = held.largest()
            if largest is not None:
                held.evict(largest)

    def of(self, account: str) -> AccountReports:
        """An account's reports, none if there have been none."""
        reports = self.accounts.get(account)
        if reports is None:
            reports = self.accounts[account] = AccountReports(self.held.share(account))
        return reports

    def count(self, account: str, more: int) -> None:
        """Count further reports of an account without keeping them; none may be kept then (`forget`)."""
        self.of(account).seq += more

    def forget(self) -> None:
        """Evict all reports."""
        for share in self.held.all():
            self.held.keep(share, deque())

    def seq(self, account: str) -> int:
        """The number of the account's last report, 0 before the first."""
        reports = self.accounts.get(account)
        return 0 if reports is None else reports.seq

    def since(self, account: str, after: int) -> list[ExecutionReport] | None:
        """All reports with a number above `after`, or None if some of them are evicted, or not made yet."""
        reports = self.accounts.get(account)
        if reports is None:
            return None if after else []
        items = reports.held.items
        missing = reports.seq - after
        if not 0 <= missing <= len(items):
            return None
        return list(islice(items, len(items) - missing, None))


def number_of(report: ExecutionReport) -> int:
    """The number of a report, by which an account's reports are ordered."""
    return report.seq


def is_long(events: Sequence[Event]) -> bool:
    """Whether a command has so many events that its reports are deferred; never with a bust, which looks trades up."""
    if len(events) <= EVENTS_MANY:
        return False
    for event in events:  # noqa: SIM110 - any() makes a generator of it, for twice the time
        if isinstance(event, Busted):
            return False
    return True
