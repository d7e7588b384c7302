"""Audit of one partition: the journal is replayed, and must give every message of EVENTS.

- Message N of EVENTS must equal, byte for byte, what message N of the journal gives (or, very large, `as_stored`): its
  time, its events, its chain. Both streams must have every message.
- The events alone must add up (`order_ledger`), and every COMMANDS_PER_CHECK and at the end the engine's state must
  obey docs/rules.md, "Always true", and equal the ledger.
- An audit begins at a checkpoint at or before the sequence that was asked for, else at 1, and ends at the first fault:
  behind it nothing can be computed.

An audit only reads, from a server that may be in use. Two audits that end at one sequence with the same chain have seen
the same commands, times and events.

In a cluster each server's copy of the streams is read (streams/recovery/replicas.py). One copy is replayed; another is
the same, to the last byte, if its messages link up to the same chain at the same sequence. A message counts as missing
only after a second look (streams/broker/second_look.py).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from exchange.commands import Resume
from exchange.invariants import first_broken
from streams import subjects
from streams.audit.diagnosis import BOTH, ENGINE, EVENTS, JOURNAL, Pair, diagnose
from streams.audit.findings import Audit, CopyFound, Finding
from streams.audit.order_ledger import OrderLedger
from streams.broker.connection import Connection
from streams.broker.reader import NO_SUCH_STREAM, Asks, read_message, state_of
from streams.broker.second_look import beyond_doubt
from streams.errors import (
    ApiRefused,
    CopyAway,
    Damage,
    PartitionFailed,
    PartitionStopped,
    StreamGap,
    StreamTooShort,
    Unavailable,
    Undecodable,
)
from streams.journal.event_writer import as_stored
from streams.partition.partition import Partition
from streams.recovery.checkpoints import Checkpoints
from streams.recovery.recovery import load
from streams.recovery.replicas import ANY, Copy, Proof, Proofs, copies_of, see_that_it_is_there
from streams.recovery.scrub import Links
from streams.wire.codec import Sealed, answered_at, decode_batch

if TYPE_CHECKING:
    from streams.broker.reader import StreamMessage, StreamReader, StreamState

COMMANDS_PER_CHECK: Final = 20_000
"""Commands, at least, between two checks of the whole state; more when there are many orders, so that checks take
no more than their share."""

ATTEMPTS_MAX: Final = 5
"""Retention may overtake an audit that begins at the oldest checkpoint; each new attempt begins at a newer one."""

MESSAGES_PER_TURN: Final = 32
"""Messages replayed before progress is reported and the event loop has its turn."""

COPY_SECONDS: Final = 30.0
"""Seconds without a message of its copy after which a server is not read any more."""

Progress = Callable[[int, int], None]
"""Called with the last sequence that was found good, and the last one to audit."""


def is_resume(payload: bytes) -> bool:
    """Whether a journal message is a Resume."""
    try:
        return any(isinstance(command, Resume) for command in decode_batch(payload).commands)
    except Undecodable:
        return False


class Replay:
    """Replay of one partition's journal, with a ledger of the events."""

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self._resumes: set[int] = set()  # times of Resumes by which messages were answered late, until each is met
        self.begun_from = Sealed(partition.at, partition.chain, b"")
        self.ledger = OrderLedger.of(partition.engine)
        self._before = partition.commands
        self._check_at = COMMANDS_PER_CHECK

    @property
    def commands(self) -> int:
        """Commands carried out so far."""
        return self.partition.commands - self._before

    def answer(self, message: StreamMessage) -> bytes:
        """The message of EVENTS that the journal's next message gives. Raises Damage."""
        output = self.partition.skim(message.payload, message.sequence, message.stored_at)
        for of_command in output.happened:
            if wrong := self.ledger.apply(of_command):
                raise self._damage(f"gives events that do not add up: {wrong}")
        return as_stored(output.events)

    def heed(self, message: StreamMessage, answered: int) -> None:
        """Record whether the next message was answered late, at `answered`, the time of a Resume further on."""
        if self._resumes and is_resume(message.payload):
            self._resumes.discard(message.stored_at)
        if answered:
            self._resumes.add(answered)
            self.partition.late[message.sequence] = answered

    def end(self) -> None:
        """End the replay. Damage if a message was answered late by a Resume that the journal does not have."""
        if self._resumes:
            raise self._damage("has answered messages late, and nobody resumed then")

    def check(self, *, now: bool) -> None:
        """Check the whole state, if a check is due or `now` is set. Raises Damage."""
        if self.commands < self._check_at and not now:
            return
        engine = self.partition.engine
        self._check_at = self.commands + max(COMMANDS_PER_CHECK, 4 * engine.register.known_count)
        if broken := first_broken(engine) or self.ledger.differs_from(engine):
            raise self._damage(f"leaves a state that breaks its rules: {broken}")

    def _damage(self, what: str) -> Damage:
        return Damage(self.partition.number, self.partition.sequence, ENGINE, what)


async def audit(
    connection: Connection, number: int, first: int = 1, last: int = 0, progress: Progress | None = None
) -> Audit:
    """Audit one partition from sequence `first` or before to `last`, 0 for all that is answered."""
    began = time.monotonic()
    result: Audit | None = None
    passed: list[CopyFound] = []
    copies = await _copies(connection, number)
    for place, copy in enumerate(copies):
        try:
            auditor = await _audit_copy(connection, Audit(number, first, server=copy.name), copy, last, progress)
        except CopyAway as error:
            if result is None and place + 1 == len(copies):
                raise Unavailable(str(error)) from error
            passed.append(CopyFound(copy.name, unread=str(error)))
            continue
        if result is None or not auditor.result.finding:
            result = auditor.result
        if not result.finding or result.finding.where == ENGINE:
            break
        passed.append(CopyFound(copy.name, auditor.result.last, auditor.result.finding, leads=place == 0))
    assert result is not None, "the last copy is audited or raises"
    result.copies = [found for found in passed if found.server != result.server]
    if not result.finding:
        result.copies += [await auditor.compare(copy) for copy in copies[len(passed) + 1 :]]
        await _keep(connection, result)
    result.seconds = round(time.monotonic() - began, 3)
    return result


async def _audit_copy(link: Connection, asked: Audit, copy: Copy, last: int, progress: Progress | None) -> _Auditor:
    """Audit one copy, beginning again when retention has dropped the messages that were next."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        auditor = _Auditor(link, replace(asked), copy, progress)
        try:
            await auditor.run(asked.first, last)
        except Damage as damage:
            auditor.result.finding = Finding(damage.sequence, damage.where, damage.what)
        except Unavailable:
            if attempt < ATTEMPTS_MAX:
                continue
            raise
        return auditor
    raise AssertionError("the last attempt returns or raises")


async def _copies(connection: Connection, number: int) -> list[Copy]:
    """The copies to read; a missing stream is found later."""
    try:
        return await copies_of(connection, number)
    except ApiRefused as error:
        if error.code == NO_SUCH_STREAM:
            return [ANY]
        raise


async def _keep(connection: Connection, result: Audit) -> None:
    """Store the findings of each copy for `openbell doctor`; a failure to store them does not fail the audit."""
    proofs = Proofs(connection)
    found = [CopyFound(result.server, result.last), *result.copies]
    for copy in found:
        if not copy.server or copy.unread:
            continue
        wrong = str(copy.finding) if copy.finding else ""
        place = copy.finding.sequence if copy.finding else copy.last
        with suppress(Unavailable):
            await proofs.put(result.partition, Copy(copy.server, "", ""), Proof(place, wrong, time.time()))


class _Auditor:
    """Auditor of one copy: fills in `result`, and raises Damage."""

    def __init__(self, connection: Connection, result: Audit, copy: Copy, progress: Progress | None) -> None:
        self.result = result
        self._connection = connection
        self._copy = copy
        self._progress = progress or (lambda _, __: None)
        self._journal = subjects.journal_stream(result.partition)
        self._events = subjects.events_stream(result.partition)
        self._begun_from: Sealed | None = None

    async def run(self, first: int, last: int) -> None:
        number = self.result.partition
        journal, events, made = await beyond_doubt(self._connection, number, self._look_at_extent)
        self.result.unanswered = max(0, journal.last - events.last)
        end = min(last or events.last, events.last)
        replay = Replay(await self._begin(min(first - 1, end), journal.first, made))
        self._begun_from = replay.begun_from if replay.partition.sequence else None
        self._record(replay)
        self.result.first = replay.partition.sequence + 1
        await self._replay(replay, min(end, journal.last))
        if replay.partition.sequence == journal.last:
            replay.end()
        if end > journal.last:
            raise Damage(number, journal.last + 1, JOURNAL, f"is missing: the events go on to {events.last}")
        if not last and made and made[-1] > journal.last:
            raise Damage(number, journal.last + 1, JOURNAL, f"is missing: there is a checkpoint of {made[-1]}")

    async def compare(self, copy: Copy) -> CopyFound:
        """Compare another copy with the replayed one: the same messages link up to the same chain."""
        found, result = CopyFound(copy.name), self.result
        links = Links(result.first, self._begun_from)
        try:
            await see_that_it_is_there(self._connection, result.partition, copy)
            async with copy.readers(self._connection, result.partition, result.first) as readers:
                while links.next <= result.last:
                    await self._compare_one(links, *readers)
        except Damage as damage:
            found.finding = Finding(damage.sequence, damage.where, damage.what)
        except (TimeoutError, Unavailable, CopyAway) as error:
            found.unread = str(error) or "it does not answer"
        found.last = links.next - 1
        return found

    async def _compare_one(self, links: Links, journal: StreamReader, events: StreamReader) -> None:
        sequence = links.next
        async with asyncio.timeout(COPY_SECONDS):
            message, stored = await self._next(journal, sequence, JOURNAL), await self._next(events, sequence, EVENTS)
        try:
            links.compare(message, stored)
        except StreamGap as error:
            raise Damage(self.result.partition, sequence, BOTH, f"do not belong together: {error}") from error
        if sequence == self.result.last and (links.before is None or links.before.chain.hex() != self.result.chain):
            raise Damage(self.result.partition, sequence, BOTH, "tell another history than the copy that was replayed")
        if sequence % MESSAGES_PER_TURN == 0:
            await asyncio.sleep(0)

    async def _look_at_extent(self, asks: Asks) -> tuple[StreamState, StreamState, list[int]]:
        """The states of both streams, and the sequences of the checkpoints."""
        journal = await self._held(asks, self._journal, JOURNAL)
        events = await self._held(asks, self._events, EVENTS)
        made = await self._checkpoints(asks)
        if 1 <= journal.first < events.first:  # Retention trims the journal first.
            what = f"is missing, as is all before {events.first}"
            raise Damage(self.result.partition, journal.first, EVENTS, what)
        return journal, events, made

    async def _checkpoints(self, asks: Asks) -> list[int]:
        """The sequences of which there are checkpoints, ascending."""
        try:
            manifests = await Checkpoints(self._connection, self.result.partition, asks).all()
        except ApiRefused as error:
            if error.code == NO_SUCH_STREAM:
                return []
            raise
        return sorted(manifest.sequence for manifest in manifests)

    async def _begin(self, before: int, held_from: int, made: list[int]) -> Partition:
        """The partition of the last checkpoint up to `before`; of a trimmed journal the first that it continues."""
        number = self.result.partition
        usable = [sequence for sequence in made if sequence >= held_from - 1]
        if held_from > 1 and usable:
            before = max(before, usable[0])
        if not any(sequence <= before for sequence in usable):
            if held_from > 1:
                raise Damage(number, 1, JOURNAL, f"is missing, as is all before {held_from}")
            return Partition(number)
        try:
            return await load(self._connection, number, before)
        except PartitionStopped as stopped:
            raise Damage(number, stopped.sequence, JOURNAL, f"keeps its partition shut: {stopped}") from stopped

    async def _held(self, asks: Asks, stream: str, where: str) -> StreamState:
        try:
            return await state_of(asks, stream)
        except ApiRefused as error:
            if error.code == NO_SUCH_STREAM:
                raise Damage(self.result.partition, 1, where, "is missing: the whole stream is not there") from error
            raise

    async def _replay(self, replay: Replay, end: int) -> None:
        start = replay.partition.sequence + 1
        async with self._copy.readers(self._connection, self.result.partition, start) as (journal, events):
            while replay.partition.sequence < end:
                message = await self._next(journal, replay.partition.sequence + 1, JOURNAL)
                stored = await self._next(events, replay.partition.sequence + 1, EVENTS)
                await self._compare(replay, message, stored.payload)
                replay.check(now=message.sequence == end)
                self._record(replay)
                if message.sequence % MESSAGES_PER_TURN == 0:
                    self._progress(message.sequence, end)
                    await asyncio.sleep(0)
        self._progress(end, end)

    async def _compare(self, replay: Replay, message: StreamMessage, stored: bytes) -> None:
        """Answer one message and compare. Raises Damage."""
        number, sequence, chain = self.result.partition, message.sequence, replay.partition.chain
        replay.heed(message, answered_at(stored))
        try:
            computed = replay.answer(message)
        except Damage:
            raise
        except PartitionFailed as failed:
            raise Damage(number, sequence, ENGINE, f"cannot answer this message: {failed}") from failed
        except PartitionStopped as stopped:
            raise Damage(number, sequence, JOURNAL, f"needs another version of Openbell: {stopped}") from stopped
        if computed != stored:
            after = Pair(
                await read_message(self._connection, self._journal, sequence + 1),
                await read_message(self._connection, self._events, sequence + 1),
            )
            raise Damage(number, sequence, *diagnose(chain, computed, Pair(message.payload, stored), after))

    async def _next(self, reader: StreamReader, sequence: int, where: str) -> StreamMessage:
        """The next message of a stream. Damage if it is missing: by a second look, or in a copy that is read alone.

        Unavailable if the message was trimmed meanwhile, or is there after all.
        """
        try:
            return await anext(reader)
        except (StreamGap, StreamTooShort) as error:
            damage = Damage(self.result.partition, sequence, where, "is missing")
            stream = self._journal if where == JOURNAL else self._events
            held = await beyond_doubt(self._connection, damage.partition, partial(self._look_for, stream, damage))
            if not held:
                raise Unavailable(f"{stream} was trimmed meanwhile, up to {sequence} at least") from error
            if self._copy.name and isinstance(error, StreamGap):
                raise damage from error
            raise Unavailable(f"{error}, it was said; but it does") from error

    async def _look_for(self, stream: str, damage: Damage, asks: Asks) -> bool:
        """Whether the stream has a message; False if the message was trimmed, Damage if it is lost."""
        state = await state_of(asks, stream)
        if damage.sequence < state.first:
            return False
        if damage.sequence > state.last or await read_message(asks, stream, damage.sequence) is None:
            raise damage
        return True

    def _record(self, replay: Replay) -> None:
        """Record in the result that all is well so far."""
        result = self.result
        result.last, result.chain = replay.partition.sequence, replay.partition.chain.hex()
        result.commands, result.trades = replay.commands, replay.ledger.trades
