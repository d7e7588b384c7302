"""Deferred publication: reports and frames of a very large command, rendered in pieces after its answer.

An uncross may give a hundred thousand trades; its answer does not wait for their reports. Order, numbers and texts of
all messages are the same as if they had been rendered at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exchange.events import Accepted, Amended, Canceled, Expired, Refused, Traded, Triggered
from exchange.terms import is_open
from streams import subjects
from streams.publication.instrument_feed import Unprinted
from streams.publication.order_history import OrderHistory, Recall
from streams.publication.rendering import state_of
from streams.publication.report import print_report
from streams.wire import codec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exchange.book.order import Order
    from exchange.engine import Engine
    from exchange.events import Event
    from streams.publication.instrument_feed import Hears, PublishedFrame
    from streams.publication.rendering import OrderState, Renderer
    from streams.publication.report import ExecutionReport

EVENTS_PER_TURN: Final = 2_000
"""Events whose reports are made in one turn of the event loop: a few milliseconds."""

REPORTS_PER_MESSAGE_MAX: Final = 4_000
"""Reports of one account in one NATS message, about three megabytes; an uncross may give an account more."""

Printed = dict[str, list[tuple[int, bytes]]]
"""Reports by account: number and JSON."""


class LateReports:
    """Deferred reports of one command with very many events, for accounts with a subscriber, rendered in pieces.

    Later commands change none of the reports. `messages` can be iterated once.
    """

    def __init__(self, engine: Engine, journal: str, at: int, numbers: dict[str, int], above: dict[str, int]) -> None:
        self.events: Sequence[Event] = engine.events
        orders = engine.orders
        copies: dict[int, Order | OrderState] = {}
        for event in self.events:
            if isinstance(event, Traded):
                copies[event.maker_order_id] = lasting(orders[event.maker_order_id])
                copies[event.taker_order_id] = lasting(orders[event.taker_order_id])
            elif isinstance(event, (Accepted, Amended, Canceled, Expired, Refused, Triggered)):
                copies[event.order_id] = lasting(orders[event.order_id])
        self.recall = Recall(OrderHistory(engine, copies, at), journal, numbers, above)

    def messages(self, renderer: Renderer, hears: Hears) -> Iterator[tuple[str, bytes] | None]:
        """Subject and message, account by account in the order in which each is first concerned.

        None after a piece of work that gave no message.
        """
        recall, events = self.recall, self.events
        end = len(events)
        while end > 0 and recall.left:
            start = max(0, end - EVENTS_PER_TURN)
            for place in range(end - 1, start - 1, -1):
                recall.recall(events[place], place)
            end = start
            yield None
        for account, made in recall.made.items():
            subject = subjects.reports(account)
            made.reverse()
            for first in range(0, len(made), REPORTS_PER_MESSAGE_MAX):
                if hears(subject):
                    yield subject, print_reports(made[first : first + REPORTS_PER_MESSAGE_MAX], renderer)
            made.clear()


class Later:
    """Deferred rest of a journal message: reports from its first long command on, frames from its first long frame."""

    def __init__(self, renderer: Renderer, hears: Hears) -> None:
        self.renderer = renderer
        self.hears = hears
        self.reports: list[tuple[LateReports, Printed]] = []
        self.frames: Sequence[PublishedFrame | Unprinted] = ()

    def add(self, late: LateReports) -> Printed:
        """Add a long command's reports; returns where the reports of the commands after it are put."""
        printed: Printed = {}
        self.reports.append((late, printed))
        return printed

    def messages(self) -> Iterator[tuple[str, bytes] | None]:
        """Subject and message, in the order of publication; None after a piece of work that gave no message.

        A deferred message whose subject has no subscriber any more at its turn is left out.
        """
        hears = self.hears
        for late, printed in self.reports:
            yield from late.messages(self.renderer, hears)
            for account, message in messages_of(self.renderer.partition, printed):
                yield subjects.reports(account), message
        for frame in self.frames:
            if not isinstance(frame, Unprinted):
                yield frame
            elif hears(frame.subject):
                yield frame.subject, frame.print()


def lasting(order: Order) -> Order | OrderState:
    """An order as it is now, for good: a copy if it is open; itself if it has ended, and so changes no more."""
    return state_of(order) if is_open(order.status) else order


def messages_of(partition: int, printed: Printed) -> list[tuple[str, bytes]]:
    """Account and message, each small enough for NATS."""
    return [
        (account, codec.encode_reports(codec.Reports(partition, reports[first : first + REPORTS_PER_MESSAGE_MAX])))
        for account, reports in printed.items()
        for first in range(0, len(reports), REPORTS_PER_MESSAGE_MAX)
    ]


def print_reports(reports: Sequence[ExecutionReport], renderer: Renderer) -> bytes:
    """A message of one account's reports, encoded."""
    printed = [
        (report.seq, print_report(report, renderer.order(report.state), renderer).encode()) for report in reports
    ]
    return codec.encode_reports(codec.Reports(renderer.partition, printed))


def split(
    frames: Sequence[PublishedFrame | Unprinted],
) -> tuple[list[PublishedFrame], Sequence[PublishedFrame | Unprinted]]:
    """The frames before the first long one, and the rest."""
    at_once: list[PublishedFrame] = []
    for frame in frames:
        if isinstance(frame, Unprinted):
            return at_once, frames[len(at_once) :]
        at_once.append(frame)
    return at_once, ()
