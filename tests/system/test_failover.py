"""Workers as real processes under steady flow: killed, frozen, asked to go. Nothing is lost, nothing comes twice.

Gateways refuse orders (`busy`) after three seconds without a leader, and give them up (`unknown`) after five: that none
was is the bound here. How long exactly an order waits is told on virtual time (tests/simulation/test_takeover.py).
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from streams import subjects
from streams.broker.bucket import Bucket
from streams.broker.connection import Connection
from streams.broker.reader import StreamReader, state_of
from streams.errors import Unavailable
from streams.leadership.handover import ask_to_go
from streams.leadership.roster import lease_key, standby_key
from streams.partition.partition import Partition
from streams.settings import StreamSettings
from streams.wire import codec
from tests.support.exchange import open_venue
from tests.support.flow import Flow
from tests.support.local_exchange import LocalExchange, wait_for
from tests.support.nats import nats_server, until
from tests.support.worker_process import WorkerProcess, worker_processes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

pytestmark = pytest.mark.timeout(240)

PARTITIONS = 4
START_SECONDS = 60


@dataclass
class Exchange:
    """Two workers that share the partitions, and orders flowing into all of them."""

    settings: StreamSettings
    connection: Connection
    flow: Flow
    workers: list[WorkerProcess]
    start: Callable[[], None]

    async def leases(self) -> dict[str, str]:
        try:
            entries = await Bucket(self.connection, subjects.LEASES).read_all()
        except Unavailable:  # before the first worker has made the bucket
            return {}
        return {key: entry.value for key, entry in entries.items()}

    async def journaled(self, partition: int) -> int:
        """The last sequence of a partition's journal."""
        return (await state_of(self.connection, subjects.journal_stream(partition))).last

    async def led_by(self, worker: WorkerProcess) -> list[int]:
        leases = await self.leases()
        return [number for number in range(PARTITIONS) if leases.get(lease_key(number)) == worker.worker]

    async def settled(self) -> bool:
        """Whether both lead half of it and follow the other half."""
        leases = await self.leases()
        names = sorted(worker.worker for worker in self.workers)
        sharing = sorted(leases.get(lease_key(number), "") for number in range(PARTITIONS))
        following = [
            (leases.get(lease_key(number), ""), leases.get(standby_key(number), "")) for number in range(PARTITIONS)
        ]
        return sharing == sorted(names * (PARTITIONS // 2)) and all(sorted(pair) == names for pair in following)

    async def followed(self) -> bool:
        """Whether every standby has loaded, as the leaders see it."""
        answers = [await self.flow.venue.query(number, "partition") for number in range(PARTITIONS)]
        return all(b'"lag":null' not in answer.body for answer in answers)

    async def answers_again(self, partitions: list[int]) -> None:
        """Wait until each of the partitions has answered an order that was sent after this call."""
        since = time.monotonic()
        await until(lambda: all(self.flow.answered_since(since, number) for number in partitions), START_SECONDS)


@asynccontextmanager
async def exchange_in(directory: Path) -> AsyncIterator[Any]:
    """An exchange in trading; at its end all that was answered is looked for, and all is replayed."""
    async with nats_server(directory) as url:
        settings = StreamSettings(nats_url=url, partitions=PARTITIONS, journal_max_bytes=64 * 1024 * 1024)
        with worker_processes(settings, directory) as workers:
            started = 0

            def start() -> None:
                nonlocal started
                started += 1
                workers.append(WorkerProcess(settings, directory / f"worker-{started}.log"))

            start()
            start()
            connection = await Connection.open(settings, "test")
            async with open_venue(settings) as venue:
                flow = Flow(venue, rate=200)
                exchange = Exchange(settings, connection, flow, workers, start)
                await flow.list_instruments()
                flowing = asyncio.create_task(flow.run())
                await until(exchange.settled, START_SECONDS)
                await until(exchange.followed, START_SECONDS)
                yield exchange
                flowing.cancel()
                await asyncio.wait([flowing])
                await flow.drained()
                await flow.assert_nothing_was_lost()
            for number in range(PARTITIONS):
                await assert_one_history(connection, number)
            await connection.close()


@pytest_asyncio.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with exchange_in(tmp_path) as exchange:
        yield exchange


async def assert_one_history(connection: Connection, number: int) -> None:
    """A replay of the journal gives every message of EVENTS, byte for byte, and no more."""
    journal, events = subjects.journal_stream(number), subjects.events_stream(number)

    async def answered() -> bool:
        return (await state_of(connection, events)).last == (await state_of(connection, journal)).last

    await until(answered)
    partition = Partition(number)
    async with StreamReader(connection, journal, 1) as stored, StreamReader(connection, events, 1) as told:
        for sequence in range(1, (await state_of(connection, journal)).last + 1):
            message, answer = await anext(stored), await anext(told)
            partition.late = {sequence: codec.answered_at(answer.payload)}
            output = partition.answer(message.payload, sequence, message.stored_at, render=False)
            assert codec.decode_facts(output.events) == codec.decode_facts(answer.payload)


async def test_a_killed_leaders_standby_answers_at_once(exchange: Exchange) -> None:
    """Kill -9 again and again, with no farewell: the other one answers before an order is refused, and none is lost."""
    for _ in range(3):
        victim = exchange.workers.pop(0)
        led = await exchange.led_by(victim)
        assert led
        victim.kill()
        await exchange.answers_again(led)
        exchange.start()
        await until(exchange.settled, START_SECONDS)
        await until(exchange.followed, START_SECONDS)
    assert (exchange.flow.busy, exchange.flow.unknown) == (0, 0)


async def test_a_worker_that_is_asked_to_go_hands_over(exchange: Exchange) -> None:
    """SIGTERM, a rolling restart: the standby is handed each partition, and no order is refused or unknown."""
    for _ in range(2):
        leaving = exchange.workers.pop(0)
        led = await exchange.led_by(leaving)
        # At the start, workers that come one after the other hand partitions to each other too.
        earlier = len(leaving.logged("partition.handed_over"))
        leaving.terminate()
        assert await asyncio.to_thread(leaving.wait) == 0
        assert {event["to"] for event in leaving.logged("partition.handed_over")[earlier:]} == {
            exchange.workers[0].worker
        }
        await exchange.answers_again(led)
        exchange.start()
        await until(exchange.settled, START_SECONDS)
        await until(exchange.followed, START_SECONDS)
    assert (exchange.flow.busy, exchange.flow.unknown) == (0, 0)


async def test_an_operator_moves_a_partition(exchange: Exchange) -> None:
    """The standby leads when the answer comes; the workers go on sharing evenly."""
    first, second = exchange.workers
    partition = (await exchange.led_by(first))[0]
    gone = await ask_to_go(exchange.connection, first.worker, partition)
    assert gone.to == second.worker
    await exchange.answers_again([partition])
    await until(exchange.settled, START_SECONDS)
    assert (exchange.flow.busy, exchange.flow.unknown) == (0, 0)


async def test_a_thawed_leader_steps_down(exchange: Exchange) -> None:
    """Frozen past its lease, it finds another leader, says so once for each partition, and answers nothing more.

    Only what it was about to send when it froze leaves when it thaws, and is refused.
    """
    frozen = exchange.workers[0]
    led = await exchange.led_by(frozen)
    frozen.freeze()
    known = {partition: await exchange.journaled(partition) for partition in led}
    await exchange.answers_again(led)
    frozen.thaw()
    await until(lambda: len(frozen.logged("lease.lost")) >= len(led))
    await until(exchange.settled, START_SECONDS)
    await until(exchange.followed, START_SECONDS)
    assert frozen.logged("worker.was_frozen")
    assert sorted(event["partition"] for event in frozen.logged("lease.lost")) == led
    assert all(refused["through"] <= known[refused["partition"]] for refused in frozen.logged("events.mending"))
    assert (exchange.flow.busy, exchange.flow.unknown) == (0, 0)


def test_an_operator_moves_a_partition_from_the_command_line(tmp_path: Path) -> None:
    """`openbell admin partitions` shows who leads and who follows; `handover` has the follower lead."""
    local = LocalExchange(tmp_path / "exchange", "--workers", "2", "--partitions", "2")
    try:
        local.wait_until_ready()

        def followed() -> Any:
            rows = local.command("admin", "partitions", "--json")
            return rows if all(row.get("lag") is not None for row in rows) else None

        before = wait_for(followed, START_SECONDS)[0]
        assert before["leader"] != before["standby"]
        after = local.command("admin", "handover", "--partition", "0", "--json")
        assert after == {"partition": 0, "leader": before["standby"]}
        assert local.interrupt() == 0
    finally:
        if local.process.poll() is None:
            local.kill_everything()
