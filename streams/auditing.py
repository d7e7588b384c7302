"""The audit of one partition: its journal is replayed, and everything that EVENTS says has to come out of it.

- Message N of EVENTS must be, byte for byte, what message N of the journal gives (or, very large, `as_stored`): its
  time, its events, its chain. Both streams must hold every message.
- The events alone must add up (`ledger`), and now and then and at the end the engine's state must be what RULES.md
  calls always true, and what the ledger says.
- It begins at a checkpoint at or before the sequence that was asked for, else at 1, and ends at the first thing that
  is wrong: behind that nothing can be computed.

It only reads, from a server that may be in use. Two audits that end at one sequence with the same chain have seen the
same commands, times and events.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from exchange.invariants import first_broken
from streams import subjects
from streams.checkpoints import Checkpoints
from streams.connection import Connection
from streams.diagnosis import ENGINE, EVENTS, JOURNAL, Pair, diagnose
from streams.errors import ApiRefused, PartitionFailed, PartitionStopped, StreamGap, StreamTooShort
from streams.event_stream import as_stored
from streams.ledger import Ledger
from streams.partition import Partition
from streams.recovery import load
from streams.stream import NO_SUCH_STREAM, StreamReader, read_message, state_of

if TYPE_CHECKING:
    from streams.stream import StreamMessage, StreamState

COMMANDS_PER_CHECK: Final = 20_000
"""Commands, at least, between two looks at the whole state; more when there are many orders, so that looking takes
no more than its share."""

MESSAGES_PER_TURN: Final = 32
"""Messages replayed before progress is told and the streams are read on."""

Progress = Callable[[int, int], None]
"""Called with the last sequence that was found good, and the last one there is to look at."""


class Finding(NamedTuple):
    """The first thing that is wrong. `where`: as in `diagnosis`."""

    sequence: int
    where: str
    what: str

    def __str__(self) -> str:
        if self.where == ENGINE:
            return f"at sequence {self.sequence} the engine {self.what}"
        return f"sequence {self.sequence} of the {self.where} {self.what}"


@dataclass
class Audit:
    """What was looked at in one partition, sequences `first` to `last`, and what was found.

    chain: after message `last`. unanswered: journal messages behind the end of EVENTS: in flight, or waiting for a
    leader.
    """

    partition: int
    first: int = 1
    last: int = 0
    commands: int = 0
    trades: int = 0
    unanswered: int = 0
    chain: str = ""
    seconds: float = 0.0
    finding: Finding | None = None


class Damage(Exception):
    """The audit has found something, and ends."""

    def __init__(self, sequence: int, where: str, what: str) -> None:
        super().__init__(what)
        self.finding = Finding(sequence, where, what)


class Replay:
    """A partition that replays its journal, with a ledger of the events."""

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.ledger = Ledger.of(partition.engine)
        self._before = partition.commands
        self._check_at = COMMANDS_PER_CHECK

    @property
    def commands(self) -> int:
        """Carried out so far."""
        return self.partition.commands - self._before

    def answer(self, message: StreamMessage) -> bytes:
        """The events of the next message, as they have to stand in EVENTS. Raises Damage."""
        output = self.partition.skim(message.payload, message.sequence, message.stored_at)
        for of_command in output.happened:
            if wrong := self.ledger.take(of_command):
                raise Damage(message.sequence, ENGINE, f"gives events that do not add up: {wrong}")
        return as_stored(output.events)

    def check(self, *, now: bool) -> None:
        """Look at the whole state, if it is time or it is to be `now`. Raises Damage."""
        if self.commands < self._check_at and not now:
            return
        engine = self.partition.engine
        self._check_at = self.commands + max(COMMANDS_PER_CHECK, 4 * len(engine.orders))
        if broken := first_broken(engine) or self.ledger.differs_from(engine):
            raise Damage(self.partition.sequence, ENGINE, f"leaves a state that breaks its rules: {broken}")


async def audit(
    connection: Connection, number: int, first: int = 1, last: int = 0, progress: Progress | None = None
) -> Audit:
    """Audit one partition from sequence `first` or before to `last`, 0 for all that is answered."""
    began = time.monotonic()
    result = Audit(number, first)
    try:
        await _Auditor(connection, result, progress).run(first, last)
    except Damage as damage:
        result.finding = damage.finding
    result.seconds = round(time.monotonic() - began, 3)
    return result


class _Auditor:
    """One audit at work: it fills in `result`, and raises Damage."""

    def __init__(self, connection: Connection, result: Audit, progress: Progress | None) -> None:
        self._connection = connection
        self._result = result
        self._progress = progress or (lambda _, __: None)
        self._journal = subjects.journal_stream(result.partition)
        self._events = subjects.events_stream(result.partition)

    async def run(self, first: int, last: int) -> None:
        journal = await self._held(self._journal, JOURNAL)
        events = await self._held(self._events, EVENTS)
        made = await self._checkpoints()
        self._result.unanswered = max(0, journal.last - events.last)
        end = min(last or events.last, events.last)
        if 1 <= journal.first < events.first:  # Retention trims the journal first (retention.py).
            raise Damage(journal.first, EVENTS, f"is missing, as is all before {events.first}")
        replay = Replay(await self._begin(min(first - 1, end), journal.first, made))
        self._note(replay)
        self._result.first = replay.partition.sequence + 1
        await self._replay(replay, min(end, journal.last))
        if end > journal.last:
            raise Damage(journal.last + 1, JOURNAL, f"is missing: the events go on to {events.last}")
        if not last and made and made[-1] > journal.last:
            raise Damage(journal.last + 1, JOURNAL, f"is missing: there is a checkpoint of {made[-1]}")

    async def _checkpoints(self) -> list[int]:
        """The sequences of which there are checkpoints, ascending."""
        try:
            manifests = await Checkpoints(self._connection, self._result.partition).all()
        except ApiRefused as error:
            if error.code == NO_SUCH_STREAM:
                return []
            raise
        return sorted(manifest.sequence for manifest in manifests)

    async def _begin(self, before: int, held_from: int, made: list[int]) -> Partition:
        """The last checkpoint through `before`; of a trimmed journal the first that it goes on from."""
        number = self._result.partition
        usable = [sequence for sequence in made if sequence >= held_from - 1]
        if held_from > 1 and usable:
            before = max(before, usable[0])
        if not any(sequence <= before for sequence in usable):
            if held_from > 1:
                raise Damage(1, JOURNAL, f"is missing, as is all before {held_from}")
            return Partition(number)
        try:
            return await load(self._connection, number, before)
        except PartitionStopped as stopped:
            raise Damage(stopped.sequence, JOURNAL, f"keeps its partition shut: {stopped}") from stopped

    async def _held(self, stream: str, where: str) -> StreamState:
        try:
            return await state_of(self._connection, stream)
        except ApiRefused as error:
            if error.code == NO_SUCH_STREAM:
                raise Damage(1, where, "is missing: the whole stream is not there") from error
            raise

    async def _replay(self, replay: Replay, end: int) -> None:
        start = replay.partition.sequence + 1
        async with (
            StreamReader(self._connection, self._journal, start) as journal,
            StreamReader(self._connection, self._events, start) as events,
        ):
            while replay.partition.sequence < end:
                message = await _next(journal, replay.partition.sequence + 1, JOURNAL)
                stored = await _next(events, replay.partition.sequence + 1, EVENTS)
                await self._compare(replay, message, stored.payload)
                replay.check(now=message.sequence == end)
                self._note(replay)
                if message.sequence % MESSAGES_PER_TURN == 0:
                    self._progress(message.sequence, end)
                    await asyncio.sleep(0)
        self._progress(end, end)

    async def _compare(self, replay: Replay, message: StreamMessage, stored: bytes) -> None:
        """Answer one message and compare. Raises Damage."""
        chain = replay.partition.chain
        try:
            computed = replay.answer(message)
        except PartitionFailed as failed:
            raise Damage(message.sequence, ENGINE, f"cannot answer this message: {failed}") from failed
        except PartitionStopped as stopped:
            raise Damage(message.sequence, JOURNAL, f"needs another version of Openbell: {stopped}") from stopped
        if computed != stored:
            after = Pair(
                await read_message(self._connection, self._journal, message.sequence + 1),
                await read_message(self._connection, self._events, message.sequence + 1),
            )
            raise Damage(message.sequence, *diagnose(chain, computed, Pair(message.payload, stored), after))

    def _note(self, replay: Replay) -> None:
        """All is well so far."""
        result = self._result
        result.last, result.chain = replay.partition.sequence, replay.partition.chain.hex()
        result.commands, result.trades = replay.commands, replay.ledger.trades


async def _next(reader: StreamReader, sequence: int, where: str) -> StreamMessage:
    try:
        return await anext(reader)
    except (StreamGap, StreamTooShort) as error:
        raise Damage(sequence, where, "is missing") from error
