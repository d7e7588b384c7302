"""Worker: leads its share of the partitions, follows others as standby, and takes over when their leader is gone.

`run` ends by itself only after a fault that no retry mends: the topology does not fit, the connection is given up, or
we are wrong outside of any partition (an AssertionError). A partition whose streams contradict each other, or whose
next message breaks an invariant of ours, is given up alone, loudly and with evidence; the others go on, and the worker
tries the refused one again now and then (streams/leadership/refused_partitions.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from streams import subjects, topology
from streams.audit import evidence
from streams.broker.connection import Connection
from streams.errors import ConnectionLost, Overtaken, PartitionStopped, StreamError, Unavailable, Undecodable
from streams.health import HealthPage
from streams.journal import calendar_files
from streams.journal.clock import JournalClock, keep_time
from streams.leadership.handover import (
    GO,
    HOW_FAR,
    LEAD,
    NOT_AT_ALL,
    PATIENCE,
    Gone,
    ask_how_far,
    encode_number,
    hand_over,
    read_ask,
)
from streams.leadership.leases import Leadership
from streams.leadership.partition_runner import Post
from streams.leadership.process_liveness import PULSE_INTERVAL, Pulse
from streams.leadership.refused_partitions import Refusals
from streams.leadership.roster import NOBODY
from streams.leadership.stop_marks import StopMarks
from streams.partition.queries import PartitionStanding
from streams.settings import StreamSettings

log = structlog.get_logger()

DRAIN_TIMEOUT = 7.0
PATIENCE_AT_END = 4.0
"""Seconds that a worker that ends waits for its successors to be ready, leading on meanwhile."""

POLL_INTERVAL = 0.01


async def run(settings: StreamSettings, stop: asyncio.Event) -> None:
    """Work until `stop`, then hand the led partitions over, or finish them and release their leases."""
    worker = subjects.new_id()
    connection = await Connection.open(settings, f"worker {worker}")
    try:
        await topology.ensure(connection, settings)
        log.info("worker.started", worker=worker, partitions=settings.partitions)
        await Worker(connection, settings, worker).run(stop)
        log.info("worker.ended", worker=worker)
    finally:
        await connection.close()


class Worker:
    """Worker: the partitions that one process leads and follows, each at a post of its own."""

    def __init__(self, connection: Connection, settings: StreamSettings, worker: str) -> None:
        self._connection = connection
        self._settings = settings
        self._worker = worker
        self._clock = JournalClock()
        self._calendars = calendar_files.load(settings.calendars)
        self._leadership = Leadership(connection, settings, worker)
        self._refusals = Refusals(connection, worker)
        self._posts: dict[int, Post] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._handovers: dict[int, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._beaten = float("-inf")
        self._group = asyncio.TaskGroup()

    async def run(self, stop: asyncio.Event) -> None:
        """Run the worker, as the module's `run`."""
        control = await self._connection.subscribe(subjects.worker(self._worker), self._answer)
        forget_reconnects = self._connection.on_reconnect(self._wake.set)
        async with self._group as group:
            beside = [
                group.create_task(keep_time(self._connection, self._clock, subjects.journal_stream(0))),
                group.create_task(self._beat_on()),
                group.create_task(self._watch()),
                group.create_task(self._connection.failover.run()),
                group.create_task(self._attend()),
            ]
            if self._settings.health_port:
                beside.append(group.create_task(HealthPage(self.faults).run(self._settings.health_port)))
            await _first_of(stop, self._connection.closed)
            if self._connection.closed.is_set():
                raise ConnectionLost("NATS closed the connection for good")
            await self._drain()
            # Before the posts end: a beat would start the posts again that could not be handed over.
            for task in beside:
                task.cancel()
            await self._end_posts()
        forget_reconnects()
        await control.close()

    def faults(self) -> list[str]:
        """Why orders would not be answered, as far as this worker causes it: a sentence each."""
        found = []
        if self._loop.time() - self._beaten > self._settings.leader_absent_seconds:
            found.append("no leases are stored: NATS does not answer")
        found += [f"partition {number} is refused: see the log" for number in sorted(self._leadership.refused)]
        for number, post in sorted(self._posts.items()):
            if post.leads and not post.answers:
                found.append(f"partition {number} is led here and not answered")
        return found

    async def _beat_on(self) -> None:
        while True:
            self._wake.clear()
            await self._beat()
            self._man_posts()
            try:
                async with asyncio.timeout(self._leadership.interval):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _beat(self) -> None:
        """Beat, unless NATS is away: then no worker can take over, and nothing changes."""
        if not self._connection.connected:
            return
        self._leadership.refused = self._refusals.standing
        self._leadership.busy = any(post.may_take_long for post in self._posts.values())
        try:
            await self._leadership.beat()
            self._beaten = self._loop.time()
        except Unavailable as error:
            log.warning("worker.no_beat", error=str(error))
            await self._restore_leases()

    def _man_posts(self) -> None:
        """Start and end posts so that this worker leads the held partitions and follows those assigned to it."""
        held = self._leadership.held
        following = self._leadership.roster.standing() - self._leadership.refused
        for partition in list(self._posts):
            lost = self._posts[partition].leads and partition not in held
            if partition not in self._handovers and (lost or partition not in held.keys() | following):
                self._tasks[partition].cancel()
        for partition in sorted(held.keys() | following):
            if partition not in self._posts:
                self._open_post(partition)
            if partition in held and partition not in self._handovers:
                self._posts[partition].promote()

    def _open_post(self, partition: int) -> None:
        post = Post(
            self._connection,
            self._settings,
            partition,
            self._worker,
            self._clock,
            self._leadership.certainty,
            self._calendars,
        )
        self._posts[partition] = post
        self._tasks[partition] = self._group.create_task(self._man(post))

    async def _man(self, post: Post) -> None:
        partition, loop = post.number, asyncio.get_running_loop()
        began = loop.time()
        try:
            await post.run()
        except* PartitionStopped as stopped:
            took = loop.time() - began if post.sequence < 0 else 0.0
            await self._stop(evidence.stopped_in(stopped), took)
        except* Overtaken as overtaken:
            log.warning("partition.overtaken", partition=partition, error=_sentence(overtaken))
        except* StreamError as error:
            log.warning("partition.given_up", partition=partition, error=_sentence(error))
        finally:
            del self._tasks[partition], self._posts[partition]
            await self._leadership.pass_on(partition, NOBODY)
            self._release(post)

    async def _stop(self, stopped: PartitionStopped, took: float) -> None:
        """Refuse a partition for a while, and mark it before its lease passes to another worker."""
        partition, news = stopped.partition, self._refusals.record(stopped, took)
        self._leadership.refused = self._refusals.standing
        if news:
            log.critical("partition.stopped", partition=partition, error=str(stopped))
            if not self._beside(evidence.leave(self._connection, self._settings.data_dir, stopped)):
                log.error("evidence.not_left", partition=partition, error="the worker ends")
        else:
            log.error("partition.still_stopped", partition=partition, error=str(stopped))
        self._beside(self._refusals.tell(partition))
        # This task is canceled as soon as the lease is lost; the mark must be stored all the same.
        marking = asyncio.ensure_future(self._mark(stopped))
        await asyncio.shield(marking)

    def _release(self, post: Post) -> None:
        """Release a post's memory beside the led partitions; not when the worker ends, and its memory with it."""
        self._beside(post.release())

    def _beside(self, work: Coroutine[Any, Any, None]) -> bool:
        """Run `work` as a task of its own; False if the worker ends, and `work` is not started any more."""
        try:
            self._group.create_task(work)
        except RuntimeError:
            work.close()
            return False
        return True

    async def _mark(self, stopped: PartitionStopped) -> None:
        """Store the stop mark before the lease passes to another worker, which must check the place too."""
        try:
            await StopMarks(self._connection, stopped.partition).put(stopped)
        except Unavailable as error:
            log.warning("partition.not_marked", partition=stopped.partition, error=str(error))

    async def _restore_leases(self) -> None:
        try:
            await topology.make_leases(self._connection, self._settings)
        except Unavailable as error:
            log.warning("worker.no_leases", error=str(error))

    async def _watch(self) -> None:
        """Detect early that a worker has died, and that this process was frozen."""
        pulse, roster = Pulse(self._connection), self._leadership.roster
        while True:
            await asyncio.sleep(PULSE_INTERVAL)
            if not self._leadership.certainty.refresh():
                self._wake.set()
            for worker in await pulse.missing(roster.suspects()):
                log.warning("worker.missing", worker=worker)
                roster.record_gone(worker)
                self._wake.set()

    async def _attend(self) -> None:
        """Record how far the standbys are, and hand over partitions above the share, one at a time."""
        while True:
            await asyncio.sleep(self._leadership.interval)
            await asyncio.gather(*(self._look_at_standby(partition) for partition in list(self._leadership.held)))
            surplus = self._leadership.roster.next_to_go(self._leadership.held)
            if surplus is not None and not self._handovers and not self._leadership.leaving:
                self._begin_handover(surplus, PATIENCE)

    async def _look_at_standby(self, partition: int) -> None:
        standby = self._leadership.roster.standby_of(partition)
        followed = NOT_AT_ALL if standby == NOBODY else await ask_how_far(self._connection, standby, partition)
        post = self._posts.get(partition)
        if post is not None:
            lag = None if followed == NOT_AT_ALL else max(0, post.sequence - followed)
            post.describe(PartitionStanding(self._worker, standby, lag))

    def _answer(self, _: str, request: bytes, reply: str) -> None:
        """Answer requests of other workers and operators (streams/leadership/handover.py)."""
        if not request:
            self._connection.publish(reply, b"")
            return
        try:
            ask = read_ask(request)
        except Undecodable as error:
            log.warning("worker.asked_nonsense", error=str(error))
            return
        if ask.what == HOW_FAR:
            self._connection.publish(reply, encode_number(self._how_far(ask.partition)))
        elif ask.what == LEAD:
            self._leadership.receive(ask.partition, ask.revision)
            if ask.partition in self._posts:
                self._posts[ask.partition].promote()
            self._wake.set()
        elif ask.what == GO:
            self._begin_handover(ask.partition, PATIENCE, reply)

    def _how_far(self, partition: int) -> int:
        post = self._posts.get(partition)
        return NOT_AT_ALL if post is None or self._leadership.leaving else post.sequence

    def _begin_handover(self, partition: int, patience: float, reply: str = "") -> None:
        post = self._posts.get(partition)
        if post is not None and post.leads and partition not in self._handovers:
            self._handovers[partition] = self._group.create_task(self._hand_over(post, patience, reply))
        elif reply:
            self._connection.publish(reply, Gone(NOBODY, "the partition is not led here, or is on its way").encode())

    async def _hand_over(self, post: Post, patience: float, reply: str) -> None:
        began = asyncio.get_running_loop().time()
        try:
            gone = await hand_over(self._connection, self._leadership, post, patience)
            if gone.to == NOBODY and self._leadership.leaving:
                await post.step_down()
                await self._leadership.pass_on(post.number, NOBODY)
                await post.leave_checkpoint()
        finally:
            del self._handovers[post.number]
            self._wake.set()
        seconds = round(asyncio.get_running_loop().time() - began, 3)
        log.info("partition.handed_over", partition=post.number, to=gone.to, why=gone.why, seconds=seconds)
        if reply:
            self._connection.publish(reply, gone.encode())

    async def _drain(self) -> None:
        """Hand over every partition whose standby is ready."""
        self._leadership.leaving = True
        self._wake.set()
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT):
                while self._leadership.held or self._handovers:
                    for partition in list(self._leadership.held):
                        self._begin_handover(partition, PATIENCE_AT_END)
                    await asyncio.sleep(POLL_INTERVAL)
        except TimeoutError:
            log.warning("worker.not_drained", partitions=sorted(self._leadership.held))

    async def _end_posts(self) -> None:
        """End the remaining posts, and leave their partitions to the next worker."""
        ending = [*self._handovers.values(), *self._tasks.values()]
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)
        await self._leadership.leave()


async def _first_of(*events: asyncio.Event) -> None:
    """Wait for any of the events."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


def _sentence(group: BaseExceptionGroup[BaseException]) -> str:
    """The messages of an exception group's leaves, joined."""
    return "; ".join(
        _sentence(error) if isinstance(error, BaseExceptionGroup) else str(error) for error in group.exceptions
    )
