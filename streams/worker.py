"""A matching worker: leads its share of the partitions, and takes over those whose worker has died.

`run` ends by itself only when something cannot be mended: the topology does not fit, the connection is given up, or
we are wrong (an AssertionError). A partition whose streams contradict each other is given up alone, loudly; the
others go on.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from streams import subjects, topology
from streams.clock import JournalClock, keep_time
from streams.connection import Connection
from streams.errors import ConnectionLost, PartitionStopped, StreamError, Unavailable
from streams.identity import new_id
from streams.leader import Leader
from streams.leadership import Leadership
from streams.settings import StreamSettings

log = structlog.get_logger()

DRAIN_TIMEOUT = 5.0

COLLECTION_THRESHOLDS = (10_000, 100, 1_000_000)
"""Of garbage collection. The books are large and live long, and nothing in them is cyclic once it has ended: a full
collection finds nothing in them and stops the partition for a quarter of a second, so there is practically none."""


async def run(settings: StreamSettings, stop: asyncio.Event) -> None:
    """Work until `stop`, then finish what was read and release the leases."""
    worker = new_id()
    connection = await Connection.open(settings, f"worker {worker}")
    try:
        await topology.ensure(connection, settings)
        log.info("worker.started", worker=worker, partitions=settings.partitions)
        with _few_collections():
            await Worker(connection, settings, worker).run(stop)
        log.info("worker.ended", worker=worker)
    finally:
        await connection.close()


class Worker:
    """The partitions that one process leads, each in a task of its own."""

    def __init__(self, connection: Connection, settings: StreamSettings, worker: str) -> None:
        self._connection = connection
        self._settings = settings
        self._worker = worker
        self._clock = JournalClock()
        self._leadership = Leadership(connection, settings, worker)
        self._leaders: dict[int, Leader] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """See the module's `run`."""
        async with asyncio.TaskGroup() as group:
            time_keeper = group.create_task(keep_time(self._connection, self._clock, subjects.journal_stream(0)))
            while not stop.is_set():
                await self._beat(group)
                await _first_of(stop, self._connection.closed, self._leadership.interval)
                if self._connection.closed.is_set():
                    raise ConnectionLost("NATS closed the connection for good")
            await self._drain()
            time_keeper.cancel()

    async def _beat(self, group: asyncio.TaskGroup) -> None:
        """Lead what is held, and only that. While NATS is away nobody can take over, so nothing changes."""
        if not self._connection.connected:
            return
        try:
            await self._leadership.beat()
        except Unavailable as error:
            log.warning("worker.no_beat", error=str(error))
            await self._restore_leases()
            return
        for partition in self._leadership.held - self._tasks.keys():
            leader = Leader(self._connection, self._settings, partition, self._worker, self._clock)
            self._leaders[partition] = leader
            self._tasks[partition] = group.create_task(self._lead(leader))
        for partition in self._tasks.keys() - self._leadership.held:
            self._tasks[partition].cancel()
        for partition in self._leadership.surplus():
            self._leaders[partition].stop()

    async def _lead(self, leader: Leader) -> None:
        partition = leader.number
        try:
            await leader.run()
        except* PartitionStopped as stopped:
            self._leadership.refused.add(partition)
            log.critical("partition.stopped", partition=partition, error=_sentence(stopped))
        except* StreamError as error:
            log.warning("partition.given_up", partition=partition, error=_sentence(error))
        finally:
            del self._tasks[partition], self._leaders[partition]
            await self._release(partition)

    async def _restore_leases(self) -> None:
        try:
            await topology.make_leases(self._connection, self._settings)
        except Unavailable as error:
            log.warning("worker.no_leases", error=str(error))

    async def _release(self, partition: int) -> None:
        try:
            await self._leadership.release(partition)
        except StreamError as error:
            log.warning("worker.not_released", partition=partition, error=str(error))

    async def _drain(self) -> None:
        for leader in self._leaders.values():
            leader.stop()
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=DRAIN_TIMEOUT)
        for task in list(self._tasks.values()):
            task.cancel()
        await self._leadership.leave()


@contextmanager
def _few_collections() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*COLLECTION_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def _first_of(stop: asyncio.Event, closed: asyncio.Event, seconds: float) -> None:
    """Wait for either event, `seconds` at most."""
    waiting = [asyncio.ensure_future(event.wait()) for event in (stop, closed)]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


def _sentence(group: BaseExceptionGroup[BaseException]) -> str:
    """What the leaves of an exception group say."""
    return "; ".join(
        _sentence(error) if isinstance(error, BaseExceptionGroup) else str(error) for error in group.exceptions
    )
