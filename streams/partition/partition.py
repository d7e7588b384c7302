"""Partition as a function of its journal: engine, execution reports and market data, without any I/O.

`answer` computes the whole output of the journal's message N; the messages must come in order, without a gap. `query`
answers from the state after the last message. The same journal gives the same bytes of EVENTS and the same sequence
numbers anywhere, whether or not reports and frames are rendered.

Journal time is the larger of a message's time and the last journal time: a cluster's clocks may step back. The chain
covers every message, its time and its events, so two equal chains mean equal histories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

from exchange.commands import Command, ListInstrument
from exchange.engine import Engine
from exchange.errors import UnknownSemantics
from exchange.events import Event, MessageRejected
from exchange.market_events import InstrumentListed
from exchange.semantics import COMPLETE_EVENTS
from streams import subjects
from streams.errors import PartitionFailed, PartitionStopped, Undecodable
from streams.partition import operator_actions
from streams.partition.operator_actions import Actions
from streams.partition.queries import Queries
from streams.partition.results import result_of
from streams.partition.skim import Skim
from streams.publication.deferred import Later, LateReports, messages_of, split
from streams.publication.instrument_feed import CommandMoment, Hears, PublishedFrame, Unprinted, everybody, nobody
from streams.publication.market_data import MarketData
from streams.publication.rendering import Renderer
from streams.publication.report import ExecutionReport, print_report
from streams.publication.reports import ExecutionReports, is_long
from streams.wire import codec
from streams.wire.codec import Body, CommandBatch, Results

OPEN_ORDERS_MANY: Final = 10_000
"""Open orders below which an uncross takes less than a tenth of a second."""

CHAIN_BYTES: Final = 16
CHAIN_START: Final = bytes(CHAIN_BYTES)
TIME_BYTES: Final = 8


class Output(NamedTuple):
    """Output of one journal message. Without rendering only `events` and `happened` are made.

    events: the message for EVENTS. happened: the events in it, for each command.
    results: the origin that gets the answers, and the message; None for an unreadable journal message.
    reports: one message (of very many reports, several) for each account, in the order in which accounts are first
    concerned.
    market_data: in the order of publication.
    later: the deferred rest of a very large command, published after both (streams/publication/deferred.py).
    """

    sequence: int
    at: int
    events: bytes
    happened: list[list[Event]]
    results: tuple[str, bytes] | None
    reports: list[tuple[str, bytes]]
    market_data: list[PublishedFrame]
    later: Later | None

    def messages(self) -> Iterator[tuple[str, bytes] | None]:
        """Reports and market data by subject, in the order of publication; None after work that gave no message."""
        for account, reports in self.reports:
            yield subjects.reports(account), reports
        yield from self.market_data
        if self.later is not None:
            yield from self.later.messages()


class Partition:
    """The state of one partition after the journal message `sequence`, at journal time `at`."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.engine = Engine()
        self.sequence = 0
        self.at = 0
        self.chain = CHAIN_START
        self.late: dict[int, int] = {}
        """Late answers of messages to come: journal time at which each is answered, by sequence."""
        self.commands = 0
        """Commands carried out so far."""
        self.complete = True
        """Whether complete events were in force before the message being applied."""
        self.renderer = Renderer(number)
        self.reports = ExecutionReports()
        self.market_data = MarketData(self.engine, self.renderer)
        self.actions = Actions()
        self.tally = Skim(self.reports, self.market_data)
        self.queries = Queries(self.engine, self.renderer, self.reports, self.market_data, self.actions)

    def answer(
        self, data: bytes, sequence: int, stored_at: int, render: bool = True, hears: Hears = everybody
    ) -> Output:
        """Apply the journal's next message, which JetStream stored at `stored_at`.

        `hears`: whether a subject of reports or market data has subscribers; only those are rendered.
        Raises PartitionFailed when we are wrong, PartitionStopped when the journal adopts semantics that this version
        does not know; the partition must not go on from either.
        """
        heard = hears if render else nobody
        return self.take(data, sequence, stored_at, lambda batch: self.carry_out(batch, data, heard, render=render))

    def skim(self, data: bytes, sequence: int, stored_at: int) -> Output:
        """Like `answer` without rendering, and quicker: reports are only counted, none is kept afterwards."""
        if self.reports.held.count:
            self.reports.forget()
        return self.take(data, sequence, stored_at, lambda batch: self.count_out(batch, data))

    def take(self, data: bytes, sequence: int, stored_at: int, carry_out: Callable[[CommandBatch], Output]) -> Output:
        """Decode the journal's next message and apply it with `carry_out`."""
        assert sequence == self.sequence + 1, "the journal has a gap"
        self.sequence = sequence
        self.at = max(self.at, stored_at)
        self.complete = self.engine.semantics >= COMPLETE_EVENTS
        self.engine.answered_at = self.late.pop(sequence, 0) if self.late else 0
        try:
            batch = codec.decode_batch(data)
        except Undecodable:
            return self.seal(data, [[MessageRejected(fingerprint(data))]])
        try:
            return carry_out(batch)
        except UnknownSemantics as unknown:
            raise because(unknown, PartitionStopped(self.number, sequence, str(unknown))) from unknown
        except Exception as fault:  # The same message will raise it in every leader, so this partition ends.
            raise because(fault, PartitionFailed(self.number, sequence, fault)) from fault

    def may_take_long(self) -> bool:
        """Whether the next message may uncross a call of very many orders, which is one piece of work."""
        register = self.engine.register
        if register.open_count < OPEN_ORDERS_MANY:
            return False
        return any(not book.is_trading() and book.is_crossed() for book in self.engine.books.values())

    def query(self, request: bytes) -> bytes:
        """The reply to a request to `query.<p>`."""
        return self.queries.answer(request)

    def carry_out(self, batch: CommandBatch, data: bytes, hears: Hears, *, render: bool) -> Output:
        """Apply a batch's commands in order."""
        events: list[list[Event]] = []
        bodies: list[Body] = []
        first: dict[str, list[tuple[int, bytes]]] = {}
        reports = first
        frames: list[PublishedFrame | Unprinted] = []
        later = Later(self.renderer, hears)
        self.commands += len(batch.commands)
        last = len(batch.commands) - 1
        for index, command in enumerate(batch.commands):
            moment = CommandMoment(f"{self.sequence}.{index}", self.at, hears)
            of_command = self.engine.apply(command, self.sequence, self.at)
            events.append(of_command)
            self.follow(command, index, moment, last=index == last)
            made: list[ExecutionReport] = []
            if is_long(of_command):
                before = self.reports.take_many(self.engine, moment.journal, self.at)
                heard = {account: seq for account, seq in before.items() if hears(subjects.reports(account))}
                if heard:
                    numbers = {account: self.reports.seq(account) for account in before}
                    reports = later.add(LateReports(self.engine, moment.journal, self.at, numbers, heard))
            else:
                made = self.reports.take(self.engine, moment.journal, self.at)
            if render:
                printed = self.print_reports(made, reports, hears)
                bodies.append(result_of(command, self.engine, self.renderer, made, printed))
                frames += moment.frames
        output = self.seal(data, events)
        if not render:
            return output
        results = Results(self.number, batch.number, self.sequence, self.at, bodies)
        at_once, later.frames = split(frames)
        return output._replace(
            results=(batch.origin, codec.encode_results(results)),
            reports=messages_of(self.number, first),
            market_data=at_once,
            later=later if later.reports or later.frames else None,
        )

    def count_out(self, batch: CommandBatch, data: bytes) -> Output:
        """Apply a batch's commands in order, and only count their reports and frames."""
        engine, tally, sequence, at = self.engine, self.tally, self.sequence, self.at
        events: list[list[Event]] = []
        last = len(batch.commands) - 1
        for index, command in enumerate(batch.commands):
            of_command = engine.apply(command, sequence, at)
            events.append(of_command)
            if type(command) in operator_actions.NAMES:
                self.record(command, index)
            tally.take(of_command, engine.changes, at, last=index == last)
        tally.enter()
        self.commands += len(events)
        if events:
            self.queries.journal = f"{sequence}.{len(events) - 1}"
        return self.seal(data, events)

    def record(self, command: Command, index: int) -> None:
        """Record an operator's command; render an instrument's numbers by a listing that was not refused."""
        events = self.engine.events
        self.actions.record(command, events, self.at, self.sequence, index)
        if isinstance(command, ListInstrument) and isinstance(events[-1], InstrumentListed):
            self.renderer.define(command.instrument)

    def follow(self, command: Command, index: int, moment: CommandMoment, *, last: bool) -> None:
        """Advance actions and market data by the command just applied; its reports are numbered elsewhere."""
        engine = self.engine
        if type(command) in operator_actions.NAMES:
            self.record(command, index)
        self.market_data.take(engine.events, engine.changes, moment, last=last)
        self.queries.journal = moment.journal

    def print_reports(
        self, made: list[ExecutionReport], reports: dict[str, list[tuple[int, bytes]]], hears: Hears
    ) -> dict[int, str]:
        """Render a command's reports for their accounts; returns the rendered orders as the command left them, by id.

        Only an order's last report has its final state: if that report is not rendered, the order is left out.
        """
        printed: dict[int, str] = {}
        for report in made:
            state = report.state
            if not hears(subjects.reports(state.command.account)):
                printed.pop(state.order_id, None)
                continue
            order = printed[state.order_id] = self.renderer.order(state)
            text = print_report(report, order, self.renderer)
            reports.setdefault(state.command.account, []).append((report.seq, text.encode()))
        return printed

    def seal(self, data: bytes, events: list[list[Event]]) -> Output:
        """The output with the message for EVENTS, whose chain links it to all earlier messages."""
        complete = self.complete and self.engine.semantics >= COMPLETE_EVENTS
        encoded, answered_at = codec.encode_events(events, complete=complete), self.engine.answered_at
        self.chain = link(self.chain, self.at, data, encoded, answered_at)
        facts = codec.encode_facts(self.at, self.chain, encoded, answered_at)
        return Output(self.sequence, self.at, facts, events, None, [], [], None)


def because(cause: Exception, error: PartitionStopped) -> PartitionStopped:
    """Set an error's cause: mypyc ignores the `from` of a raise."""
    error.__cause__ = cause
    return error


def link(chain: bytes, at: int, data: bytes, encoded_events: bytes, answered_at: int = 0) -> bytes:
    """The chain after a journal message, from the chain before, the journal time, the message and its events.

    A late answer's time is part of the chain; a message that was answered in time adds nothing.
    """
    if answered_at:
        encoded_events += answered_at.to_bytes(TIME_BYTES, "big")
    return blake2b(chain + at.to_bytes(TIME_BYTES, "big") + data + encoded_events, digest_size=CHAIN_BYTES).digest()


def fingerprint(data: bytes) -> str:
    """Digest of a journal message that is unreadable."""
    return blake2b(data, digest_size=CHAIN_BYTES).hexdigest()
