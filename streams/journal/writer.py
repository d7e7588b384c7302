"""Journal writer: group commit of one process's commands into one partition's journal.

- Commands that arrive while as many batches as allowed are in flight are sent together in the next batch. There is no
  timer: an idle journal sends what one turn of the event loop brings.
- The order of this process's commands in this partition is never changed, whatever is lost or repeated.
- A batch whose acknowledgement did not come is *unknown*. It is sent again, same bytes and same message id, until its
  outcome is definite; until then no other batch is sent and no command accepted. It is not sent again behind a later
  batch that is known to be stored (that would change the order), nor after REPEAT_MAX (JetStream forgets message ids):
  then it stays unknown.
- Every command ends in its Outcome, or in Busy (surely not stored), or in OutcomeUnknown. Its receiver is called
  straight from the socket that brought the answer, and may not await.

Bounds: `commands_waiting_max` not yet sent and COMMANDS_UNANSWERED_MAX sent, beyond either `Busy`; the last of both,
and of the journal itself, is reserved for cancels and operators (streams/wire/urgency.py, streams/journal/capacity.py).
A journal message has at most COMMANDS_MAX commands and BATCH_BYTES_MAX bytes. Times: seconds; `sent` is monotonic ns.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

import structlog
from msgspec import Struct

from exchange.commands import Command
from streams import subjects
from streams.broker.answers import Stored
from streams.broker.connection import Connection
from streams.errors import Busy, NearlyFull, NotSent, NotStored, OutcomeUnknown, StoreUnknown, StreamError
from streams.journal.capacity import STREAM_FULL, Room
from streams.settings import StreamSettings
from streams.wire.codec import BATCH_BYTES_MAX, COMMANDS_MAX, Results, encode_batch, encode_command
from streams.wire.urgency import OPERATING, bounds_of

log = structlog.get_logger()

COMMANDS_UNANSWERED_MAX = 50_000
BATCH_OVERHEAD_BYTES = 64
"""Room for what a batch adds to its commands: version, origin, number, length."""

REPEAT_INTERVAL = 0.25
REPEAT_MAX = 60.0
"""Well inside the streams' duplicate window (streams/topology.py)."""

BUSY_RETRY_AFTER = 1.0
DUPLICATE_IN_FLIGHT = 10158
"""JetStream's error code: the first copy of a repeated message is still on its way in the cluster; try again."""


class Outcome(Struct, frozen=True, gc=False):
    """Outcome of a command: `code` "" and the result's JSON, or a code and the error's.

    The command is at `index` in the journal message `sequence` of `partition`, stored at journal time `at`, ns.
    """

    code: str
    body: bytes
    partition: int
    sequence: int
    index: int
    at: int

    @property
    def journal(self) -> bytes:
        """The command's place in the journal, as clients see it."""
        return b"%d.%d" % (self.sequence, self.index)


FutureOutcome = asyncio.Future[Outcome]
OutcomeReceiver = Callable[[Outcome | StreamError], None]
"""Called once for each command, with its Outcome, Busy or OutcomeUnknown."""


class PendingBatch:
    """Pending batch: one journal message and the receivers of its commands' outcomes."""

    __slots__ = (
        "first_sent",
        "known",
        "message_id",
        "number",
        "payload",
        "receivers",
        "sent",
        "size",
        "stored",
        "timer",
    )

    def __init__(
        self, number: int, message_id: str, payload: bytes, receivers: list[OutcomeReceiver], size: int
    ) -> None:
        self.number = number
        self.message_id = message_id
        self.payload = payload
        self.receivers = receivers
        self.size = size  # bytes of its commands
        self.known = False  # whether it is stored for sure
        self.first_sent = 0.0
        self.sent = 0
        self.stored: asyncio.Future[Stored] | None = None
        self.timer: asyncio.TimerHandle | None = None

    def fail(self, error: StreamError) -> None:
        """Call every receiver with `error`."""
        for receiver in self.receivers:
            _tell(receiver, error)


class Appends(Protocol):
    """The part of `Journal` that a sweep or a timekeeper needs: appending commands."""

    def append(self, command: Command, urgency: int = OPERATING) -> FutureOutcome:
        """See `Journal`."""


class Journal:
    """Journal writer of one partition. `run` must run for as long as commands are appended."""

    def __init__(
        self,
        connection: Connection,
        partition: int,
        origin: str,
        settings: StreamSettings,
        *,
        batch_bytes_max: int = BATCH_BYTES_MAX,
        commands_unanswered_max: int = COMMANDS_UNANSWERED_MAX,
    ) -> None:
        self.partition = partition
        self.origin = origin
        self.room = Room()
        """Room left in the streams, as last measured; unmeasured, it refuses nothing."""
        self._waiting_max = bounds_of(settings.commands_waiting_max)
        self._unanswered_max = bounds_of(commands_unanswered_max)
        self._batch_bytes_max = batch_bytes_max
        self._connection = connection
        self._settings = settings
        self._subject = subjects.journal(partition)
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._pending_bytes = 0  # of accepted commands that are not known to be stored or not
        self._receivers: list[OutcomeReceiver] = []  # of the waiting commands, in the same order
        self._in_flight: deque[PendingBatch] = deque()  # in order of number
        self._unanswered: dict[int, PendingBatch] = {}
        self._commands_unanswered = 0
        self._next_number = 1
        self._stored_through = 0  # the highest number known to be stored
        self._leaving = False
        self._trouble = asyncio.Event()  # a batch in flight is unknown

    @property
    def in_doubt(self) -> bool:
        """Whether a batch is unknown: not acknowledged in time. Every command is Busy until its outcome is definite."""
        return self._trouble.is_set()

    def append(self, command: Command, urgency: int = OPERATING) -> FutureOutcome:
        """Append a command; raises Busy if it is refused at once, later the future fails: Busy or OutcomeUnknown."""
        answer: FutureOutcome = self._loop.create_future()
        self.send(encode_command(command), partial(_settle, answer), urgency)
        return answer

    def send(self, command: bytes, receiver: OutcomeReceiver, urgency: int = OPERATING) -> None:
        """Append a command that `encode_command` made; raises Busy if it is refused, without calling `receiver`."""
        if self._trouble.is_set() or not self._connection.connected:
            raise Busy("the journal does not answer", BUSY_RETRY_AFTER)
        if self._pending_bytes >= self.room.left[urgency]:
            raise NearlyFull("the journal is nearly full: what is left is for what is more urgent", BUSY_RETRY_AFTER)
        if len(self._waiting) >= self._waiting_max[urgency]:
            raise Busy("too many commands wait for the journal", BUSY_RETRY_AFTER)
        if self._commands_unanswered >= self._unanswered_max[urgency]:
            raise Busy("too many commands wait for the partition's leader", BUSY_RETRY_AFTER)
        self._waiting.append(command)
        self._waiting_bytes += len(command)
        self._pending_bytes += len(command)
        self._receivers.append(receiver)
        if not self._leaving and len(self._in_flight) < self._settings.batches_in_flight_max:
            self._leaving = True
            self._loop.call_soon(self._leave)

    def answer(self, results: Results) -> int:
        """Deliver a batch's results, maybe before its acknowledgement; returns when it was sent, 0 if unknown."""
        batch = self._unanswered.get(results.number)
        if batch is None or len(batch.receivers) != len(results.bodies):
            return 0
        self._retire(batch)
        batch.known = True
        self._stored_through = max(self._stored_through, batch.number)
        partition, sequence, at = self.partition, results.sequence, results.at
        for index, (receiver, (code, body)) in enumerate(zip(batch.receivers, results.bodies, strict=True)):
            _tell(receiver, Outcome(code, body, partition, sequence, index, at))
        return batch.sent

    async def run(self) -> None:
        """Repeat unknown batches until each has an outcome, for ever."""
        while True:
            await self._trouble.wait()
            await self._mend()
            self._trouble.clear()
            self._leave()

    def close(self) -> None:
        """Fail every waiting and unanswered command: no answer will be received any more."""
        self._refuse_waiting()
        for batch in list(self._unanswered.values()):
            self._stop_waiting(batch)

    def _leave(self) -> None:
        self._leaving = False
        limit = self._settings.batches_in_flight_max
        while self._waiting and len(self._in_flight) < limit and not self._trouble.is_set():
            self._send(self._next_batch())

    def _next_batch(self) -> PendingBatch:
        count = self._count_of_next()
        commands, self._waiting = self._waiting[:count], self._waiting[count:]
        receivers, self._receivers = self._receivers[:count], self._receivers[count:]
        size = sum(map(len, commands))
        self._waiting_bytes -= size
        number = self._next_number
        self._next_number += 1
        message_id = f"{self.origin}-{self.partition}-{number}"
        return PendingBatch(number, message_id, encode_batch(self.origin, number, commands), receivers, size)

    def _count_of_next(self) -> int:
        """How many of the waiting commands fit into one message: at least one."""
        count, room = min(len(self._waiting), COMMANDS_MAX), self._batch_bytes_max - BATCH_OVERHEAD_BYTES
        if self._waiting_bytes > room:
            for place in range(count):
                room -= len(self._waiting[place])
                if room < 0:
                    return max(place, 1)
        return count

    def _send(self, batch: PendingBatch) -> None:
        batch.first_sent = self._loop.time()
        batch.sent = time.monotonic_ns()
        batch.timer = self._loop.call_later(self._settings.outcome_timeout_seconds, self._stop_waiting, batch)
        self._in_flight.append(batch)
        self._unanswered[batch.number] = batch
        self._commands_unanswered += len(batch.receivers)
        batch.stored = self._connection.store(self._subject, batch.payload, batch.message_id)
        batch.stored.add_done_callback(lambda future: self._acknowledged(batch, future))

    def _acknowledged(self, batch: PendingBatch, stored: asyncio.Future[Stored]) -> None:
        error = None if stored.cancelled() else stored.exception()
        if error is None:
            self.room.record(stored.result().sequence, len(batch.payload))
            self._end(batch, None)
        elif isinstance(error, NotStored) and error.code != DUPLICATE_IN_FLIGHT:
            if error.code == STREAM_FULL:
                self.room.overflow()
            self._end(batch, Busy(str(error), BUSY_RETRY_AFTER))
        elif batch.known:
            self._land(batch)
        else:
            self._refuse_waiting()
            self._trouble.set()
        self._leave()

    def _end(self, batch: PendingBatch, error: StreamError | None) -> None:
        """End a batch in flight whose outcome is definite: stored, or failed with `error`."""
        self._land(batch)
        if error is None:
            batch.known = True
            self._stored_through = max(self._stored_through, batch.number)
        else:
            self._retire(batch)
            batch.fail(error)

    def _land(self, batch: PendingBatch) -> None:
        self._in_flight.remove(batch)
        self._pending_bytes -= batch.size

    def _refuse_waiting(self) -> None:
        # Never sent, so Busy is exact, and better than holding them behind a batch whose outcome is unknown.
        error = Busy("the journal does not answer", BUSY_RETRY_AFTER)
        refused, self._receivers = self._receivers, []
        self._pending_bytes -= self._waiting_bytes
        self._waiting, self._waiting_bytes = [], 0
        for receiver in refused:
            _tell(receiver, error)

    def _stop_waiting(self, batch: PendingBatch) -> None:
        self._retire(batch)
        batch.fail(OutcomeUnknown("no answer in time"))

    def _retire(self, batch: PendingBatch) -> None:
        """Stop waiting for this batch's answers."""
        if self._unanswered.pop(batch.number, None) is not None:
            self._commands_unanswered -= len(batch.receivers)
        if batch.timer is not None:
            batch.timer.cancel()

    async def _mend(self) -> None:
        # The other batches in flight end first; each store has its own time limit.
        await asyncio.wait([batch.stored for batch in self._in_flight if batch.stored])
        for batch in list(self._in_flight):
            await self._repeat(batch)

    async def _repeat(self, batch: PendingBatch) -> None:
        while True:
            if batch.known:
                self._land(batch)
                return
            if self._stored_through > batch.number or self._loop.time() > batch.first_sent + REPEAT_MAX:
                log.error("journal.outcome_never_known", partition=self.partition, number=batch.number)
                self._end(batch, OutcomeUnknown("the journal did not answer"))
                return
            try:
                await self._connection.store(self._subject, batch.payload, batch.message_id)
            except (StoreUnknown, NotSent):
                await asyncio.sleep(REPEAT_INTERVAL)
            except NotStored as error:
                if error.code != DUPLICATE_IN_FLIGHT:
                    # The first copy may have been sent on an older connection that the server still reads from.
                    self._end(batch, OutcomeUnknown(str(error)))
                    return
                await asyncio.sleep(REPEAT_INTERVAL)
            else:
                log.info("journal.outcome_known", partition=self.partition, number=batch.number)
                self._end(batch, None)
                return


def _tell(receiver: OutcomeReceiver, outcome: Outcome | StreamError) -> None:
    """Call one of many receivers; its exception is logged, so that the others are called too."""
    try:
        receiver(outcome)
    except Exception:
        log.exception("journal.receiver_failed")


def _settle(answer: FutureOutcome, outcome: Outcome | StreamError) -> None:
    """Receiver for callers that await a future."""
    if answer.done():
        return
    if isinstance(outcome, Outcome):
        answer.set_result(outcome)
    else:
        answer.set_exception(outcome)
        answer.exception()  # retrieved, or the event loop would log it when no caller awaits it any more
