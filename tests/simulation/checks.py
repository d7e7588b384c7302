"""What must be true whatever happens, looked at after every message that is stored and every answer that is heard.

Beside the exchange runs its history: for each partition one more `Partition`, which nothing disturbs, fed from the
stored journal. EVENTS, answers and reports are held against what it gives. Whether a message was answered late is what
EVENTS says (streams/leadership/resumption.py), so what clients were told before EVENTS was stored is looked at when it
is.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from exchange.commands import CancelAll, PlaceOrder
from exchange.events import Accepted
from streams.errors import Undecodable
from streams.journal.event_writer import as_stored
from streams.partition.partition import Partition
from streams.wire import codec
from tests.support.invariants import check_always_true, check_bought_equals_sold

if TYPE_CHECKING:
    from collections.abc import Callable

    from exchange.commands import Command
    from tests.support.broker.stored import Message, StoredStream

DISCONNECTED = "disconnected"
LOOKED_AT_WHOLE_EVERY = 16
PROBLEMS_MAX = 20

Frame = dict[str, Any]


def commands_in(message: Message) -> list[Command]:
    """The commands of a journal message; none if it cannot be read."""
    try:
        return codec.decode_batch(message.payload).commands
    except Undecodable:
        return []


class History:
    """One partition as its journal tells it."""

    def __init__(self, number: int) -> None:
        self.partition = Partition(number)
        self.waiting: deque[Message] = deque()
        """What EVENTS has not answered yet."""
        self.late = 0
        """Messages that were answered late."""
        self.answered = 0
        self.answers: dict[tuple[int, int], tuple[str, Any]] = {}
        self.commands: dict[tuple[int, int], Command] = {}
        self.reports: dict[str, list[Frame]] = defaultdict(list)
        self.accepted: Counter[tuple[str, str, str]] = Counter()
        self.disconnections = 0
        """Cancels of a whole account because a connection of it ended."""

    def take_command_message(self, message: Message) -> None:
        """The journal has stored another message. What it gives is known when EVENTS says whether it was late."""
        self.waiting.append(message)
        for index, command in enumerate(commands_in(message)):
            self.commands[message.sequence, index] = command
            if isinstance(command, CancelAll) and command.reason == DISCONNECTED and not command.session:
                self.disconnections += 1

    def take_events_message(self, message: Message) -> None:
        """EVENTS has stored another message."""
        self.answered += 1
        assert message.sequence == self.answered, "EVENTS has a gap"
        assert self.waiting, "EVENTS is ahead of the journal"
        journaled = self.waiting.popleft()
        if late := codec.answered_at(message.payload):
            assert late - journaled.stored_at >= 0, "it was answered before it was stored"
            self.partition.late[message.sequence] = late
            self.late += 1
        output = self.partition.answer(journaled.payload, journaled.sequence, journaled.stored_at)
        assert message.payload == as_stored(output.events), f"events {message.sequence} are not the journal's"
        if output.results is not None:
            for index, (code, body) in enumerate(codec.decode_results(output.results[1]).bodies):
                self.answers[message.sequence, index] = (code, json.loads(body))
        for account, reports in output.reports:
            for seq, report in codec.decode_reports(reports).reports:
                assert seq == len(self.reports[account]) + 1, "reports are dense per account"
                self.reports[account].append(json.loads(report))
        commands = commands_in(journaled)
        self._check(commands, output.events, whole=message.sequence % LOOKED_AT_WHOLE_EVERY == 0)

    def _check(self, commands: list[Command], events: bytes, *, whole: bool) -> None:
        for command, of_command in zip(commands, codec.decode_facts(events).events, strict=False):
            check_bought_equals_sold(of_command)
            for event in of_command:
                if isinstance(event, Accepted) and isinstance(command, PlaceOrder):
                    self.accepted[command.account, command.symbol, command.client_order_id] += 1
        if whole:
            check_always_true(self.partition.engine)


class Checks:
    """See the module. `problems` are sentences; an empty list is what everything here is for."""

    def __init__(self, partitions: int) -> None:
        self.histories = [History(number) for number in range(partitions)]
        self.problems: list[str] = []
        self._told: list[list[tuple[int, Callable[[], None]]]] = [[] for _ in range(partitions)]
        self.answers = 0
        self.never_stored: set[str] = set()
        """Client order ids of placements that were answered as surely not stored."""

        self.digest = blake2b(digest_size=16)
        """Of everything that was stored and answered, in order: equal for equal seeds."""

    def stored(self, stream: StoredStream, sequence: int) -> None:
        """The server has stored a message."""
        kind, _, number = stream.config["name"].partition("_")
        if kind not in ("ORDERS", "EVENTS"):
            return
        message = stream.message(sequence)
        assert message is not None
        self.digest.update(b"%b %d %b" % (kind.encode(), message.stored_at, message.payload))
        history = self.histories[int(number)]
        try:
            if kind == "ORDERS":
                history.take_command_message(message)
            else:
                history.take_events_message(message)
                self._look_at_told(int(number))
        except AssertionError as error:
            self.problem(f"partition {number}, {kind} {sequence}: {error}")

    def _look_at_told(self, number: int) -> None:
        """What clients were told ahead of EVENTS, now that it is stored."""
        answered, told = self.histories[number].answered, self._told[number]
        self._told[number] = [(sequence, look) for sequence, look in told if sequence > answered]
        for sequence, look in told:
            if sequence <= answered:
                look()

    def _look_when_stored(self, number: int, sequence: int, look: Callable[[], None]) -> None:
        if sequence <= self.histories[number].answered:
            look()
        else:
            self._told[number].append((sequence, look))

    def answered(self, account: str, partition: int, frame: Frame) -> None:
        """A client was told what became of a command: it stands in the journal, with that outcome."""
        self.answers += 1
        self.digest.update(json.dumps(frame, sort_keys=True).encode())
        sequence, _, index = frame["journal"].partition(".")
        place = (int(sequence), int(index))
        self._look_when_stored(partition, place[0], lambda: self._look_at_answer(account, partition, place, frame))

    def _look_at_answer(self, account: str, partition: int, place: tuple[int, int], frame: Frame) -> None:
        history = self.histories[partition]
        command, answer = history.commands.get(place), history.answers.get(place)
        told = ("", frame["result"]) if "result" in frame else (frame["error"]["code"], None)
        if command is None or answer is None or getattr(command, "account", "") != account:
            self.problem(f"{account} was answered from {partition}:{place}, where it has no command")
        elif told != (answer[0], answer[1] if not answer[0] else None):
            self.problem(f"{account} was told {told} of {partition}:{place}, the journal gives {answer}")

    def reported(self, account: str, frame: Frame) -> None:
        """A client was sent a report: it is the one of that number."""
        sequence = int(frame["journal"].partition(".")[0])
        self._look_when_stored(frame["partition"], sequence, lambda: self._look_at_report(account, frame))

    def _look_at_report(self, account: str, frame: Frame) -> None:
        reports = self.histories[frame["partition"]].reports[account]
        if not (0 < frame["seq"] <= len(reports) and reports[frame["seq"] - 1] == frame):
            self.problem(f"{account} was sent a report {frame['partition']}-{frame['seq']} that the journal gives not")

    def at_the_end(self, streams: dict[str, StoredStream]) -> None:
        """Everything has come to rest."""
        for number, history in enumerate(self.histories):
            journal = streams[f"ORDERS_{number}"].last
            if history.answered != journal:
                self.problem(f"partition {number}: the journal has {journal} messages, EVENTS {history.answered}")
            check_always_true(history.partition.engine)
            for key, count in history.accepted.items():
                if count > 1:
                    self.problem(f"{key} was accepted {count} times")
                if key[2] in self.never_stored:
                    self.problem(f"{key} was answered as not stored, and is in the journal")

    def problem(self, sentence: str) -> None:
        """Something is not true."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(sentence)
