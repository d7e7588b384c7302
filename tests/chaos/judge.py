"""The end of every scenario: ledgers, journals and events are compared, and every difference is a fault.

- Each EVENTS message is, byte for byte, what its journal message gives when it is replayed
  (`streams.partition.partition`).
- Each answer that a trader was given is the one that the replay gives at the place in the journal that it names.
- Each execution report that a trader has is the replay's, and none is missing up to the last.
- An order that somebody was told of was accepted, once; one that was refused, or answered `busy`, never was.
- Every trade has a taker and a maker, each once; both know of it.
- What RULES calls "Always true" is true of each partition at the end.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from exchange.events import Accepted, Traded
from streams import subjects
from streams.broker.connection import Connection
from streams.broker.reader import StreamReader, state_of
from streams.journal.event_writer import as_stored
from streams.partition.partition import Output, Partition
from streams.wire import codec
from tests.chaos.ledger import Feed, Ledger, digest
from tests.support.invariants import check_always_true
from tests.support.nats import until

IN_STEP_SECONDS = 60.0
REPORTS_SECONDS = 15.0
"""How late a report may be. A gateway that was cut off asks again after its question has timed out."""

FAULTS_MAX = 50
"""More of them say nothing more."""


@dataclass
class Verdict:
    """What was compared, and what was wrong with it."""

    commands: int = 0
    trades: int = 0
    answers: int = 0
    reports: int = 0
    orders: int = 0
    doubts: int = 0
    """Orders that somebody had not been told of at some moment; each was settled one way."""

    chains: dict[int, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def fault(self, sentence: str) -> None:
        """Note a fault."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(sentence)


class Replay:
    """One partition's journal, answered again, and what it told whom."""

    def __init__(self, number: int) -> None:
        self.partition = Partition(number)
        self.answers: dict[str, bytes] = {}
        self.reports: dict[str, dict[int, bytes]] = {}
        self.accepted: Counter[str] = Counter()
        self.fills: set[tuple[str, int, str]] = set()
        self.commands = 0
        self.trades = 0

    def take(self, payload: bytes, sequence: int, stored_at: int, answered: bytes) -> Output:
        """Answer the next message; `answered` is what EVENTS has of it."""
        self.partition.late = {sequence: codec.answered_at(answered)}
        output = self.partition.answer(payload, sequence, stored_at, hears=lambda subject: subject[:5] == "exec.")
        if output.results is not None:
            for index, (_, body) in enumerate(codec.decode_results(output.results[1]).bodies):
                self.answers[f"{sequence}.{index}"] = digest(json.loads(body))
        for told in output.messages():
            if told is None:
                continue
            of_account = self.reports.setdefault(told[0].removeprefix("exec."), {})
            for seq, report in codec.decode_reports(told[1]).reports:
                frame = json.loads(report)
                of_account[seq] = digest({key: frame[key] for key in frame.keys() - {"prev", "type"}})
        for of_command in codec.decode_facts(output.events).events:
            self.commands += 1
            for event in of_command:
                self._note(event)
        return output

    def _note(self, event: object) -> None:
        if isinstance(event, Accepted):
            self.accepted[event.order.client_order_id] += 1
        elif isinstance(event, Traded):
            self.trades += 1
            for order_id in (event.maker_order_id, event.taker_order_id):
                self.fills.add((event.symbol, event.trade_id, f"{self.partition.number}-{order_id}"))


async def judge(connection: Connection, partitions: int, ledgers: Iterable[Ledger]) -> Verdict:
    """Compare everything; the traders must have settled."""
    verdict = Verdict()
    replays = [await replayed(connection, number, verdict) for number in range(partitions)]
    everybody = list(ledgers)
    await _last_reports(everybody, replays)
    known: set[tuple[str, int, str]] = set()
    for ledger in everybody:
        _compare(ledger, replays, verdict)
        known |= ledger.fills
    made = set().union(*(replay.fills for replay in replays))
    for fill in sorted(made - known):
        verdict.fault(f"nobody was told of the fill {fill}")
    for fill in sorted(known - made):
        verdict.fault(f"somebody was told of a fill that never was: {fill}")
    return verdict


async def _last_reports(ledgers: list[Ledger], replays: list[Replay]) -> None:
    """Wait until everybody has the last reports, which may be on their way still; what never comes is a fault."""

    def all_came() -> bool:
        return all(
            feed.top >= max(replays[number].reports.get(ledger.account, {0: b""}))
            for ledger in ledgers
            for number, feed in ledger.feeds.items()
        )

    try:
        await until(all_came, REPORTS_SECONDS)
    except TimeoutError:
        return


async def replayed(connection: Connection, number: int, verdict: Verdict) -> Replay:
    """Answer a partition's journal again; where its events differ is a fault."""
    journal, events = subjects.journal_stream(number), subjects.events_stream(number)

    async def in_step() -> bool:
        return (await state_of(connection, journal)).last == (await state_of(connection, events)).last

    await until(in_step, IN_STEP_SECONDS)
    last = (await state_of(connection, journal)).last
    replay = Replay(number)
    async with StreamReader(connection, journal, 1) as commands, StreamReader(connection, events, 1) as facts:
        for sequence in range(1, last + 1):
            message, answered = await anext(commands), (await anext(facts)).payload
            output = replay.take(message.payload, sequence, message.stored_at, answered)
            if as_stored(output.events) != answered:
                verdict.fault(f"partition {number}: the events of {sequence} are not what the journal gives")
                break
    check_always_true(replay.partition.engine)
    verdict.chains[number] = replay.partition.chain.hex()
    verdict.commands += replay.commands
    verdict.trades += replay.trades
    return replay


def _compare(ledger: Ledger, replays: list[Replay], verdict: Verdict) -> None:
    for fault in ledger.faults:
        verdict.fault(f"{ledger.account}: {fault}")
    for told in ledger.told:
        verdict.answers += 1
        given = replays[told.partition].answers.get(told.journal)
        if given != told.content:
            why = "is not what the journal gives" if given else "is of no command in the journal"
            verdict.fault(f"{ledger.account}: the answer of {told.journal} in partition {told.partition} {why}")
    _compare_orders(ledger, replays, verdict)
    for number, feed in ledger.feeds.items():
        _compare_reports(ledger.account, feed, replays[number], verdict)


def _compare_orders(ledger: Ledger, replays: list[Replay], verdict: Verdict) -> None:
    for placement in ledger.placements.values():
        verdict.orders += 1
        verdict.doubts += placement.maybe_stored
        times = replays[placement.partition].accepted[placement.name]
        if not placement.settled:
            verdict.fault(f"{placement.name} was never settled; accepted {times} times")
        elif times != bool(placement.order_id):
            told = placement.order_id or placement.refused or "busy"
            verdict.fault(f"{placement.name} was told {told!r} and accepted {times} times")


def _compare_reports(account: str, feed: Feed, replay: Replay, verdict: Verdict) -> None:
    number = replay.partition.number
    given = {seq: report for seq, report in replay.reports.get(account, {}).items() if seq > feed.start}
    verdict.reports += len(feed.content)
    for seq in sorted(given.keys() - feed.content.keys()):
        verdict.fault(f"{account}: report {seq} of partition {number} never came")
    for seq in sorted(feed.content.keys() - given.keys()):
        verdict.fault(f"{account}: report {seq} of partition {number} is not in its history")
    for seq in sorted(given.keys() & feed.content.keys()):
        if given[seq] != feed.content[seq]:
            verdict.fault(f"{account}: report {seq} of partition {number} is not what the journal gives")
