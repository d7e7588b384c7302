"""What must be true whatever happens, looked at after every message that is stored and every answer that is heard.

Beside the exchange runs its history: for each partition one more `Partition`, which nothing disturbs, fed from the
stored journal. EVENTS, answers and reports are held against what it gives.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from exchange.commands import CancelAll
from exchange.events import Accepted
from streams import codec
from streams.codec import Undecodable
from streams.event_stream import as_stored
from streams.partition import Partition
from tests.support.invariants import check_always_true, check_bought_equals_sold

if TYPE_CHECKING:
    from exchange.commands import Command
    from tests.support.broker.stored import Message, StoredStream

DISCONNECTED = "disconnected"
LOOKED_AT_WHOLE_EVERY = 16
PROBLEMS_MAX = 20

Frame = dict[str, Any]


class History:
    """One partition as its journal tells it."""

    def __init__(self, number: int) -> None:
        self.partition = Partition(number)
        self.events: list[bytes] = [b""]
        self.answered = 0
        self.answers: dict[tuple[int, int], tuple[str, Any]] = {}
        self.commands: dict[tuple[int, int], Command] = {}
        self.reports: dict[str, list[Frame]] = defaultdict(list)
        self.accepted: Counter[tuple[str, str, str]] = Counter()
        self.disconnections = 0
        """Cancels of a whole account because a connection of it ended."""

    def take_command_message(self, message: Message) -> None:
        """The journal has stored another message."""
        output = self.partition.answer(message.payload, message.sequence, message.stored_at)
        self.events.append(as_stored(output.events))
        try:
            commands = codec.decode_batch(message.payload).commands
        except Undecodable:
            commands = []
        for index, command in enumerate(commands):
            self.commands[message.sequence, index] = command
            if isinstance(command, CancelAll) and command.reason == DISCONNECTED and not command.session:
                self.disconnections += 1
        if output.results is not None:
            for index, (code, body) in enumerate(codec.decode_results(output.results[1]).bodies):
                self.answers[message.sequence, index] = (code, json.loads(body))
        for account, reports in output.reports:
            for seq, report in codec.decode_reports(reports).reports:
                assert seq == len(self.reports[account]) + 1, "reports are dense per account"
                self.reports[account].append(json.loads(report))
        self._check(commands, output.events, whole=message.sequence % LOOKED_AT_WHOLE_EVERY == 0)

    def take_events_message(self, message: Message) -> None:
        """EVENTS has stored another message."""
        self.answered += 1
        assert message.sequence == self.answered, "EVENTS has a gap"
        assert message.sequence < len(self.events), "EVENTS is ahead of the journal"
        assert message.payload == self.events[message.sequence], f"events {message.sequence} are not the journal's"

    def _check(self, commands: list[Command], events: bytes, *, whole: bool) -> None:
        for command, of_command in zip(commands, codec.decode_facts(events).events, strict=False):
            check_bought_equals_sold(of_command)
            for event in of_command:
                if isinstance(event, Accepted) and hasattr(command, "client_order_id"):
                    self.accepted[command.account, command.symbol, command.client_order_id] += 1
        if whole:
            check_always_true(self.partition.engine)


class Checks:
    """See the module. `problems` are sentences; an empty list is what everything here is for."""

    def __init__(self, partitions: int) -> None:
        self.histories = [History(number) for number in range(partitions)]
        self.problems: list[str] = []
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
        except AssertionError as error:
            self.problem(f"partition {number}, {kind} {sequence}: {error}")

    def answered(self, account: str, partition: int, frame: Frame) -> None:
        """A client was told what became of a command: it stands in the journal, with that outcome."""
        self.answers += 1
        self.digest.update(json.dumps(frame, sort_keys=True).encode())
        sequence, _, index = frame["journal"].partition(".")
        place = (int(sequence), int(index))
        history = self.histories[partition]
        command, answer = history.commands.get(place), history.answers.get(place)
        told = ("", frame["result"]) if "result" in frame else (frame["error"]["code"], None)
        if command is None or answer is None or getattr(command, "account", "") != account:
            self.problem(f"{account} was answered from {partition}:{place}, where it has no command")
        elif told != (answer[0], answer[1] if not answer[0] else None):
            self.problem(f"{account} was told {told} of {partition}:{place}, the journal gives {answer}")

    def reported(self, account: str, frame: Frame) -> None:
        """A client was sent a report: it is the one of that number."""
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
