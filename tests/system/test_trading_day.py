"""A leader that is killed with -9 in the middle of a call or a limit state: its successor ends it as it would have."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from exchange.commands import Command, ListInstrument, SetPhase
from exchange.events import Traded
from exchange.instrument import Instrument
from exchange.market_events import EndDrawn, PhaseSet
from exchange.terms import AUCTION, CONTINUOUS, CROSSED, OPERATOR
from exchange.units import SECOND, UNIT
from streams import subjects
from streams.broker.bucket import Bucket
from streams.broker.connection import Connection
from streams.broker.reader import StreamReader, state_of
from streams.errors import Unavailable
from streams.leadership.roster import lease_key
from streams.partition.partition import Partition
from streams.settings import StreamSettings
from streams.venue import Venue
from tests.support.exchange import ask, open_venue
from tests.support.history import events_of, times_of
from tests.support.journaled import buy, sell
from tests.support.nats import nats_server, until
from tests.support.worker_process import WorkerProcess, worker_processes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)

START_SECONDS = 60
TICK = UNIT // 100


@dataclass
class Exchange:
    """One partition, a leader and a standby that has loaded."""

    connection: Connection
    venue: Venue
    workers: list[WorkerProcess]

    async def leader(self) -> str:
        try:
            return (await Bucket(self.connection, subjects.LEASES).get(lease_key(0))).value
        except Unavailable:
            return ""

    async def is_followed(self) -> bool:
        return (await ask(self.venue, 0, "partition"))["lag"] is not None

    async def kill_leader(self) -> None:
        leader = await self.leader()
        next(worker for worker in self.workers if worker.worker == leader).kill()

    async def until_status(self, **wanted: object) -> dict[str, Any]:
        """Wait for a status with these members."""
        found: dict[str, Any] = {}

        async def is_there() -> bool:
            found.update(await ask(self.venue, 0, "status", symbol="ACME"))
            return {name: found[name] for name in wanted} == wanted

        await until(is_there, 30)
        return found

    async def do(self, *commands: Command) -> None:
        """Submit commands that must be taken."""
        for command in commands:
            outcome = await self.venue.submit(0, command)
            assert outcome.code == "", outcome


@asynccontextmanager
async def exchange_in(directory: Path) -> AsyncIterator[Any]:
    """An exchange whose leader may be killed; at its end a replay must give what is stored."""
    async with nats_server(directory) as url:
        settings = StreamSettings(nats_url=url, partitions=1, journal_max_bytes=64 * 1024 * 1024)
        with worker_processes(settings, directory) as workers:
            workers.extend(WorkerProcess(settings, directory / f"worker-{number}.log") for number in range(2))
            connection = await Connection.open(settings, "test")
            async with open_venue(settings) as venue:
                exchange = Exchange(connection, venue, workers)
                await until(exchange.is_followed, START_SECONDS)
                yield exchange
            await assert_one_history(connection)
            await connection.close()


async def assert_one_history(connection: Connection) -> None:
    """A replay of the journal gives every message of EVENTS, byte for byte."""
    journal, events = subjects.journal_stream(0), subjects.events_stream(0)
    last = (await state_of(connection, events)).last
    partition = Partition(0)
    async with StreamReader(connection, journal, 1) as stored, StreamReader(connection, events, 1) as told:
        for sequence in range(1, last + 1):
            message, answer = await anext(stored), await anext(told)
            assert partition.answer(message.payload, sequence, message.stored_at).events == answer.payload


async def test_a_call_ends_when_it_was_to_end(tmp_path: Path) -> None:
    """The draw is in the journal, so the uncross comes at the first message behind the end that was drawn, and once."""
    async with exchange_in(tmp_path) as exchange:
        await exchange.do(ListInstrument(Instrument("ACME", [(0, TICK)], UNIT, call_random=2 * SECOND)))
        end = exchange.venue.now() + 4 * SECOND
        call = SetPhase("ACME", AUCTION, OPERATOR, until=end)
        await exchange.do(call, buy("anna", 5, 11, "a-1"), sell("boris", 3, 10, "b-1"))
        before = await exchange.until_status(phase="auction", paired_quantity="3")

        await exchange.kill_leader()

        after = await exchange.until_status(phase="continuous")
        assert (before["indicative_price"], after["until"]) == ("11.00", None)
        history = await events_of(exchange.connection)
        assert [event.phase for _, event in history if isinstance(event, PhaseSet)] == [AUCTION, CONTINUOUS]
        [drawn] = [event for _, event in history if isinstance(event, EndDrawn)]
        [(made, trade)] = [(at, event) for at, event in history if isinstance(event, Traded)]
        assert (trade.side, trade.price, trade.quantity) == (CROSSED, 11 * UNIT, 3 * UNIT)
        due = end + drawn.extra
        assert min(at for at in await times_of(exchange.connection) if at >= due) == made


async def test_a_limit_state_goes_on_into_its_call(tmp_path: Path) -> None:
    """The clock of the limit state, and then that of the call, are the journal's."""
    luld: dict[str, Any] = {"luld_tier": 1, "luld_limit_state": 4 * SECOND, "luld_call": 2 * SECOND}
    async with exchange_in(tmp_path) as exchange:
        await exchange.do(ListInstrument(Instrument("ACME", [(0, TICK)], UNIT, reference_price=10 * UNIT, **luld)))
        await exchange.do(buy("anna", 5, "10.50", "a-1"))
        assert (await exchange.until_status(phase="continuous"))["band_high"] == "10.50"
        began = (await times_of(exchange.connection))[-1]

        await exchange.kill_leader()

        await exchange.until_status(phase="auction", kind="reopening", reason="limit_state")
        await exchange.until_status(phase="continuous")
        history = await events_of(exchange.connection)
        [call, over] = [(at, event) for at, event in history if isinstance(event, PhaseSet)]
        times = await times_of(exchange.connection)
        assert call[1].until == began + 6 * SECOND
        for at, due in ((call[0], began + 4 * SECOND), (over[0], began + 6 * SECOND)):
            assert min(time for time in times if time >= due) == at
