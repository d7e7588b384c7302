"""The venue without NATS: the real partitions in this process, under the same contract as `streams.venue.Venue`.

Every command is a journal message of its own. What follows from it is delivered in later turns of the loop, as over a
network. Faults are switched on by attributes.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from exchange.commands import Command, Tick
from exchange.units import SECOND
from streams.errors import Busy, NearlyFull, OutcomeUnknown, StreamError, Unavailable
from streams.journal.capacity import EVERYTHING, Room
from streams.journal.writer import Outcome, OutcomeReceiver
from streams.leadership.refused_partitions import Refusal
from streams.leadership.stop_marks import Mark
from streams.partition.partition import Partition
from streams.wire import codec
from streams.wire.urgency import PLACING, urgency_of

Callback = Callable[[bytes], None]


class Answer(NamedTuple):
    """A leader's answer."""

    code: str
    body: bytes


class Following:
    """A subscription."""

    def __init__(self, callbacks: list[Callback], callback: Callback) -> None:
        self._callbacks, self._callback = callbacks, callback
        callbacks.append(callback)

    async def close(self) -> None:
        if self._callback in self._callbacks:
            self._callbacks.remove(self._callback)


class LocalPromises:
    """What was promised, by session, as if it were stored."""

    def __init__(self, venue: LocalVenue) -> None:
        self.stored: dict[str, list[tuple[str, str]]] = {}
        self._venue = venue

    async def make(self, session: str, promises: list[tuple[str, str]]) -> None:
        await asyncio.sleep(0)
        if self._venue.away:
            raise Unavailable("nothing can be stored")
        self.stored[session] = promises

    async def forget(self, session: str) -> None:
        await asyncio.sleep(0)
        if self._venue.away:
            raise Unavailable("nothing can be stored")
        self.stored.pop(session, None)


class LocalVenue:
    """See the module.

    away: NATS is gone: nothing can be stored. silent: partitions whose leader is gone, which nobody
    has noticed yet; absent: those of which it is known. deaf: what is published does not
    arrive. leaders: how many publish everything. held: partitions whose answers wait until `release`. stopped:
    partitions that have stopped for good, and are known to.
    """

    def __init__(self, partitions: int = 2) -> None:
        self.partitions = partitions
        self.connected = True
        self.closed = asyncio.Event()
        self.away = False
        self.silent: set[int] = set()
        self.stopped: set[int] = set()
        self.absent: set[int] = set()
        self.deaf = False
        self.leaders = 1
        self.held: set[int] = set()
        self.queries: list[str] = []
        self.rooms = [Room() for _ in range(partitions)]
        self._waiting: list[Callable[[], None]] = []
        self._partitions = [Partition(number) for number in range(partitions)]
        self._claims: dict[str, int] = {}
        self._callbacks: dict[str, list[Callback]] = defaultdict(list)
        self._reconnected: list[Callable[[], None]] = []
        self._led_anew: list[Callable[[int], None]] = []
        self._journal_time = time.time_ns()
        self._ahead = 0
        self.promises = LocalPromises(self)

    @property
    def well(self) -> bool:
        return self.connected and not self.away

    def is_stopped(self, partition: int) -> bool:
        return partition in self.stopped

    def stop_of(self, partition: int) -> Mark | None:
        return Mark(7, "a sentence", 1) if partition in self.stopped else None

    async def refusals(self) -> list[Refusal]:
        return [Refusal(partition, "w2", 7, "a sentence", 1_790_000_000.0) for partition in sorted(self.stopped)]

    def is_absent(self, partition: int) -> bool:
        return partition in self.absent

    @property
    def dead(self) -> frozenset[int]:
        return frozenset(self.absent | self.stopped)

    def why_not(self, partition: int) -> str:
        if partition in self.stopped:
            return f"partition {partition} stopped at sequence 7: a sentence"
        if partition in self.absent:
            return f"no worker answers for partition {partition}"
        takes = self.rooms[partition].takes
        return "" if takes == EVERYTHING else f"the journal of partition {partition} is nearly full and takes {takes}"

    def room(self, partition: int) -> Room:
        return self.rooms[partition]

    def now(self) -> int:
        return self._journal_time

    def submit(self, partition: int, command: Command) -> asyncio.Future[Outcome]:
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def settle(outcome: Outcome | StreamError) -> None:
            if answer.done():
                return
            if isinstance(outcome, Outcome):
                answer.set_result(outcome)
            else:
                answer.set_exception(outcome)

        self.send(partition, command, settle)
        return answer

    def send(self, partition: int, command: Command, receiver: OutcomeReceiver) -> None:
        if self.away:
            raise Busy("NATS is away", retry_after=0.5)
        if partition in self.stopped:
            raise Busy("the partition has stopped", retry_after=5.0)
        if partition in self.absent and urgency_of(command) == PLACING:
            raise Busy("no worker leads the partition", retry_after=1.0)
        if self.rooms[partition].left[urgency_of(command)] <= 0:
            raise NearlyFull("the journal is nearly full", retry_after=1.0)
        if partition in self.silent | self.absent:
            asyncio.get_running_loop().call_soon(receiver, OutcomeUnknown("no answer in time"))
            return
        self._journal_time = max(self._journal_time + 1, time.time_ns() + self._ahead)
        core = self._partitions[partition]
        data = codec.encode_batch("test", core.sequence + 1, [codec.encode_command(command)])
        output = core.answer(data, core.sequence + 1, self._journal_time)
        assert output.results is not None
        code, body = codec.decode_results(output.results[1]).bodies[0]
        outcome = Outcome(code, body, partition, output.sequence, 0, output.at)
        self._later(partition, lambda: receiver(outcome))
        for account, payload in output.reports:
            self._publish(partition, f"exec.{account}", payload)
        for subject, payload in output.market_data:
            self._publish(partition, subject, payload)

    async def query(self, partition: int, kind: str, **arguments: str | int) -> Answer:
        self.queries.append(kind)
        await asyncio.sleep(0)
        if partition in self.silent | self.stopped | self.absent:
            raise Unavailable("no leader answers")
        answer = Answer(*codec.decode_answer(self._partitions[partition].query(codec.encode_query(kind, arguments))))
        await asyncio.sleep(0)
        return answer

    async def follow(self, symbol: str, channel: str, callback: Callback) -> Following:
        return Following(self._callbacks[f"md.{symbol}.{channel}"], callback)

    async def follow_instruments(self, callback: Callback) -> Following:
        return Following(self._callbacks["instruments"], callback)

    async def follow_reports(self, account: str, callback: Callback) -> Following:
        return Following(self._callbacks[f"exec.{account}"], callback)

    async def claim(self, symbol: str, partition: int | None = None) -> int:
        wanted = zlib.crc32(symbol.encode()) % self.partitions if partition is None else partition
        return self._claims.setdefault(symbol, wanted)

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        self._reconnected.append(callback)

    def on_new_leader(self, callback: Callable[[int], None]) -> None:
        self._led_anew.append(callback)

    # What tests do with it

    async def pass_time(self, seconds: int) -> None:
        """Move the journals' time, and let every partition notice."""
        self._ahead += seconds * SECOND
        await asyncio.gather(*(self.submit(partition, Tick()) for partition in range(self.partitions)))

    def reconnect(self) -> None:
        """The connection is back."""
        for callback in self._reconnected:
            callback()

    def replace_leader(self, partition: int) -> None:
        """The partition has a new leader."""
        for callback in self._led_anew:
            callback(partition)

    def page_snapshots(self, orders_max: int) -> None:
        """Have the leaders tell of so many open orders at most in one page."""
        for partition in self._partitions:
            partition.queries.snapshot_orders_max = orders_max

    def release(self) -> None:
        """Deliver what was held."""
        self.held.clear()
        waiting, self._waiting = self._waiting, []
        for deliver in waiting:
            deliver()

    def followed(self, subject: str) -> int:
        """How many follow a subject."""
        return len(self._callbacks[subject])

    def _publish(self, partition: int, subject: str, payload: bytes) -> None:
        if self.deaf:
            return
        name = "instruments" if subject.endswith(".instruments") else subject
        for callback in list(self._callbacks[name]) * self.leaders:
            self._later(partition, partial(callback, payload))

    def _later(self, partition: int, deliver: Callable[[], None]) -> None:
        if partition in self.held:
            self._waiting.append(deliver)
        else:
            asyncio.get_running_loop().call_soon(deliver)
