"""One process's way into one partition's journal: group commit.

- Commands that arrive while as many batches as allowed are in flight leave together in the next one. There is no
  timer: an idle journal sends what one turn of the event loop brings.
- The order of this process's commands in this partition is never changed, whatever is lost or repeated.
- A batch whose acknowledgement did not come is *unknown*. It is sent again, same bytes and same message id, until
  the answer is definite; until then nothing else leaves and nothing new is taken. It is not sent again behind a
  later batch that is known to be stored (that would change the order), nor after REPEAT_MAX (JetStream forgets
  message ids): then it stays unknown.
- Every command ends in its Outcome, or in Busy (surely not stored), or in OutcomeUnknown. Whoever sent it is told by a
  plain call, straight from the socket that brought the answer, and may not wait in it.

Bounds: `commands_waiting_max` not yet sent and COMMANDS_UNANSWERED_MAX sent, beyond either `Busy`; the last of both,
and of the journal itself, is kept for cancels and operators (urgency.py, capacity.py). A journal message holds no more
than COMMANDS_MAX commands and BATCH_BYTES_MAX bytes. Times are seconds, but `sent` is monotonic ns.
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
"""Well inside the streams' duplicate window (topology.py)."""

BUSY_RETRY_AFTER = 1.0
DUPLICATE_IN_FLIGHT = 10158
"""The first copy of a repeated message is still on its way through the cluster: try again."""


class Outcome(Struct, frozen=True, gc=False):
    """What became of a command: `code` "" and the result's JSON, or a code and the error's.

    It stands at `index` in the journal message `sequence` of `partition`, stored at journal time `at`, ns.
    """

    code: str
    body: bytes
    partition: int
    sequence: int
    index: int
    at: int

    @property
    def journal(self) -> bytes:
        """The command's place, as clients are told it."""
        return b"%d.%d" % (self.sequence, self.index)


FutureOutcome = asyncio.Future[Outcome]
OutcomeReceiver = Callable[[Outcome | StreamError], None]
"""Called once with what became of a command: its Outcome, Busy or OutcomeUnknown."""


class PendingBatch:
    """One journal message and whoever waits for its answers."""

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
        """End those that wait."""
        for receiver in self.receivers:
            _tell(receiver, error)


class Appends(Protocol):
    """What takes commands for a journal, as `Journal` does: all that a sweep or a timekeeper needs of it."""

    def append(self, command: Command, urgency: int = OPERATING) -> FutureOutcome:
        """See `Journal`."""


class Journal:
    """See the module. `run` has to run for as long as commands are appended."""

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
        """Whoever measures the streams has it learn; without that, it takes everything."""
        self._waiting_max = bounds_of(settings.commands_waiting_max)
        self._unanswered_max = bounds_of(commands_unanswered_max)
        self._batch_bytes_max = batch_bytes_max
        self._connection = connection
        self._settings = settings
        self._subject = subjects.journal(partition)
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._pending_bytes = 0  # of commands that were taken and are not known to be stored or not
        self._receivers: list[OutcomeReceiver] = []  # of those that wait, in the same order
        self._in_flight: deque[PendingBatch] = deque()  # in order of number
        self._unanswered: dict[int, PendingBatch] = {}
        self._commands_unanswered = 0
        self._next_number = 1
        self._stored_through = 0  # the highest number known to be stored
        self._leaving = False
        self._trouble = asyncio.Event()  # a batch in flight is unknown

    @property
    def in_doubt(self) -> bool:
        """Whether a batch was not acknowledged in time and nobody knows yet what became of it; all is Busy then."""
        return self._trouble.is_set()

    def append(self, command: Command, urgency: int = OPERATING) -> FutureOutcome:
        """Take a command; Busy at once if it cannot be taken, later Busy or OutcomeUnknown from the future."""
        answer: FutureOutcome = self._loop.create_future()
        self.send(encode_command(command), partial(_settle, answer), urgency)
        return answer

    def send(self, command: bytes, receiver: OutcomeReceiver, urgency: int = OPERATING) -> None:
        """Take a command that `encode_command` made; Busy at once if it cannot be taken, and nobody is told then."""
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
        """Hand out a batch's results; they may come before its acknowledgement. When it was sent, 0 if unknown."""
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
        """Bring unknown batches to an end, for ever."""
        while True:
            await self._trouble.wait()
            await self._mend()
            self._trouble.clear()
            self._leave()

    def close(self) -> None:
        """End all that wait: nobody will be there to hear more."""
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
        """How many of those that wait fit into one message: at least one."""
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
        """A batch in flight is definite: stored, or ended with `error`."""
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
        # They were never sent, so this is the truth, and better than to let them wait behind the unknown.
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
        """Nobody waits for this batch's answers any more."""
        if self._unanswered.pop(batch.number, None) is not None:
            self._commands_unanswered -= len(batch.receivers)
        if batch.timer is not None:
            batch.timer.cancel()

    async def _mend(self) -> None:
        # Those in flight beside the unknown one come to their own end first; each has its time limit.
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
                    # The first copy may have been on another connection that the server still reads from.
                    self._end(batch, OutcomeUnknown(str(error)))
                    return
                await asyncio.sleep(REPEAT_INTERVAL)
            else:
                log.info("journal.outcome_known", partition=self.partition, number=batch.number)
                self._end(batch, None)
                return


def _tell(receiver: OutcomeReceiver, outcome: Outcome | StreamError) -> None:
    """Tell one of many: whatever it makes of it, the others are told too."""
    try:
        receiver(outcome)
    except Exception:
        log.exception("journal.receiver_failed")


def _settle(answer: FutureOutcome, outcome: Outcome | StreamError) -> None:
    """The receiver of those who wait in a task."""
    if answer.done():
        return
    if isinstance(outcome, Outcome):
        answer.set_result(outcome)
    else:
        answer.set_exception(outcome)
        answer.exception()  # else the event loop complains where whoever waited for it is gone, or has gone on
