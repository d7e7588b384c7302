"""One partition as a function of its journal: engine, execution reports and market data, without any I/O.

`answer` turns the journal's message N into everything that follows from it; the messages have to come in order and
none may be missing. `query` answers from the state that the last of them has left. The same journal gives the same
bytes of EVENTS anywhere, and every number that clients count by; whether the rest is rendered changes nothing of it.

Journal time is the larger of a message's time and the last one seen: a cluster's clocks may step back. The chain
runs over every message, its time and what it did, so two equal chains mean equal histories.
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
"""With fewer, an uncross takes less than a tenth of a second."""

CHAIN_BYTES: Final = 16
CHAIN_START: Final = bytes(CHAIN_BYTES)
TIME_BYTES: Final = 8


class Output(NamedTuple):
    """All that one journal message gives. Only `events` and `happened` are made when it is not rendered.

    events: the message for EVENTS. happened: what is in it, for each command.
    results: who is to get the answers, and the message; None if nobody can be told.
    reports: one message (of very many reports, several) for each account, in the order in which they are first
    concerned.
    market_data: in the order of publication.
    later: what there is to tell after both, if a command did so much that printing it has to wait
    (streams/publication/deferred.py).
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
        """When messages to come are answered, by sequence, of those that are answered long after they were stored."""
        self.commands = 0
        """Carried out so far."""
        self.complete = True
        """Whether the journal had come to complete events before the message at work."""
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

        `hears` tells which subjects of reports and market data are worth printing for.
        Raises PartitionFailed when we are wrong, PartitionStopped when the journal wants rules that are not known
        here; the partition must not go on from either.
        """
        heard = hears if render else nobody
        return self.take(data, sequence, stored_at, lambda batch: self.carry_out(batch, data, heard, render=render))

    def skim(self, data: bytes, sequence: int, stored_at: int) -> Output:
        """Like `answer` without rendering, and quicker: reports are only counted, none of them is held after it."""
        if self.reports.held.count:
            self.reports.forget()
        return self.take(data, sequence, stored_at, lambda batch: self.count_out(batch, data))

    def take(self, data: bytes, sequence: int, stored_at: int, carry_out: Callable[[CommandBatch], Output]) -> Output:
        """Read the journal's next message and have it carried out."""
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
        except Exception as fault:  # Whatever it is, the same message will do it to every leader: this partition ends.
            raise because(fault, PartitionFailed(self.number, sequence, fault)) from fault

    def may_take_long(self) -> bool:
        """Whether the next message may end a call of very many orders, which is one piece of work."""
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
        """Apply a batch's commands in order, and only count what follows."""
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
        """Remember an operator's command; print an instrument's numbers by a listing, if it was not refused."""
        events = self.engine.events
        self.actions.record(command, events, self.at, self.sequence, index)
        if isinstance(command, ListInstrument) and isinstance(events[-1], InstrumentListed):
            self.renderer.define(command.instrument)

    def follow(self, command: Command, index: int, moment: CommandMoment, *, last: bool) -> None:
        """Let what is counted follow the command just applied; of its reports, that is left to others."""
        engine = self.engine
        if type(command) in operator_actions.NAMES:
            self.record(command, index)
        self.market_data.take(engine.events, engine.changes, moment, last=last)
        self.queries.journal = moment.journal

    def print_reports(
        self, made: list[ExecutionReport], reports: dict[str, list[tuple[int, bytes]]], hears: Hears
    ) -> dict[int, str]:
        """Print a command's reports, each to its account; the orders in them as the command has left them, by id.

        An order's last report alone has it so: if that one is not printed, what was printed before tells less.
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
        """The message for EVENTS, linked to all before it."""
        complete = self.complete and self.engine.semantics >= COMPLETE_EVENTS
        encoded, answered_at = codec.encode_events(events, complete=complete), self.engine.answered_at
        self.chain = link(self.chain, self.at, data, encoded, answered_at)
        facts = codec.encode_facts(self.at, self.chain, encoded, answered_at)
        return Output(self.sequence, self.at, facts, events, None, [], [], None)


def because(cause: Exception, error: PartitionStopped) -> PartitionStopped:
    """The error, raised from its cause: mypyc leaves out the `from` of a raise."""
    error.__cause__ = cause
    return error


def link(chain: bytes, at: int, data: bytes, encoded_events: bytes, answered_at: int = 0) -> bytes:
    """The chain after a journal message, its journal time and what it did, from the chain before it.

    When it was answered belongs to what it did: of a message that was answered in its time, nothing.
    """
    if answered_at:
        encoded_events += answered_at.to_bytes(TIME_BYTES, "big")
    return blake2b(chain + at.to_bytes(TIME_BYTES, "big") + data + encoded_events, digest_size=CHAIN_BYTES).digest()


def fingerprint(data: bytes) -> str:
    """What a journal message that cannot be read is known by."""
    return blake2b(data, digest_size=CHAIN_BYTES).hexdigest()
