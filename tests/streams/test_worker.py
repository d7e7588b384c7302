"""streams/worker.py and leader.py: orders go in, answers come out, whoever leads."""

from __future__ import annotations

import asyncio
import gc
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from exchange.commands import PlaceOrder, SetPhase
from exchange.terms import AUCTION, BUY, CONTINUOUS, GTD, LIMIT
from streams import subjects, topology, worker
from streams.broker.bucket import Bucket
from streams.broker.connection import Connection
from streams.broker.embedded import EmbeddedServer
from streams.broker.reader import state_of
from streams.errors import Busy, NobodyListens, OutcomeUnknown, TopologyMismatch
from streams.leadership.roster import lease_key, worker_key
from streams.partition.partition import Partition
from streams.settings import StreamSettings
from streams.venue import Venue
from streams.wire import codec
from tests.support import memory
from tests.support.exchange import LOT, TICK, ask, buy, listing, open_venue, running_worker, sell
from tests.support.history import stored
from tests.support.nats import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from streams.broker.answers import Stored

SECOND = 1_000_000_000


@pytest.fixture
def no_collections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What goes, goes because nothing refers to it, and not because a recovery turns the collector on again."""
    with memory.no_collections(), monkeypatch.context() as patch:
        patch.setattr(gc, "enable", lambda: None)
        yield


@asynccontextmanager
async def open_venue_of_first_worker(settings: StreamSettings) -> AsyncIterator[Any]:
    """A venue that outlives its first worker."""
    async with running_worker(settings) as first, open_venue(settings) as venue:
        yield venue, first


@asynccontextmanager
async def colleague(connection: Connection) -> AsyncIterator[Callable[[], Awaitable[Stored]]]:
    """A worker `other` that does nothing but live: while it beats, and answers those who ask whether it does."""

    def answer(_: str, question: bytes, reply: str) -> None:
        if not question:
            connection.publish(reply, b"")

    listening = await connection.subscribe(subjects.worker("other"), answer)
    yield lambda: Bucket(connection, subjects.LEASES).put(worker_key("other"), "other")
    await listening.close()


async def is_answered(connection: Connection, partition: int) -> bool:
    """Whether anybody leads a partition."""
    try:
        await connection.request(subjects.query(partition), codec.encode_query("instruments", {}), 5)
    except NobodyListens:
        return False
    return True


async def assert_events_are_in_step(connection: Connection, partition: int) -> None:
    """Every journal message has exactly one events message: that which a replay gives."""
    replayed = Partition(partition)
    events = subjects.events_stream(partition)
    last = (await state_of(connection, subjects.journal_stream(partition))).last

    async def answered() -> bool:
        return (await state_of(connection, events)).last == last

    await until(answered)
    for sequence in range(1, last + 1):
        payload = await stored(connection, subjects.journal_stream(partition), sequence)
        facts = codec.decode_facts(await stored(connection, events, sequence))
        replayed.late = {sequence: facts.answered_at}
        assert codec.decode_facts(replayed.answer(payload, sequence, facts.at).events) == facts


async def trade(venue: Venue, round_number: int) -> list[str]:
    """A dozen orders on both partitions, some of which match; all are answered."""
    outcomes = []
    for number in range(12):
        name = f"{round_number}-{number}"
        side = buy if number % 3 else sell
        account = "anna" if number < 6 else "boris"
        command = side(account, f"S{number % 2}", 1 + number, 100 + number % 4, name)
        outcomes.append(venue.submit(number % 2, command))
    return [outcome.code for outcome in await asyncio.gather(*outcomes)]


async def state(venue: Venue) -> list[Any]:
    return [
        await ask(venue, partition, kind, **arguments)
        for partition in (0, 1)
        for kind, arguments in (
            ("full", {"symbol": f"S{partition}"}),
            ("trades", {"symbol": f"S{partition}"}),
            ("orders_snapshot", {"account": "anna"}),
            ("reports", {"account": "boris", "after": 0}),
        )
    ]


async def test_output_n_answers_input_n(settings: StreamSettings, connection: Connection) -> None:
    """After some trading both streams of both partitions march in step, and a replay proves every event."""
    async with running_worker(settings), open_venue(settings) as venue:
        for partition in (0, 1):
            await venue.submit(partition, listing(f"S{partition}"))
        for round_number in range(5):
            assert set(await trade(venue, round_number)) == {""}
        for partition in (0, 1):
            await assert_events_are_in_step(connection, partition)


async def test_a_snapshot_comes_after_all_that_it_includes(settings: StreamSettings) -> None:
    """Asked for while a long uncross is told, it waits: what is heard before it is all that it has."""
    async with running_worker(settings), open_venue(settings) as venue:
        await venue.submit(0, listing("S0"))
        await venue.submit(0, SetPhase("S0", AUCTION))
        orders = [side(who, "S0", 1, 100, f"{who}{n}") for n in range(3_000) for side, who in ((buy, "a"), (sell, "b"))]
        for first in range(0, len(orders), 500):
            assert {
                o.code for o in await asyncio.gather(*(venue.submit(0, o) for o in orders[first : first + 500]))
            } == {""}
        heard = {"trades": 0, "a": 0}
        await venue.follow("S0", "trades", lambda data: heard.update(trades=json.loads(data)["seq"]))
        await venue.follow_reports("a", lambda data: heard.update(a=codec.decode_reports(data).reports[-1][0]))
        await ask(venue, 0, "orders_snapshot", account="a")

        assert (await venue.submit(0, SetPhase("S0", CONTINUOUS))).code == ""

        before = dict(heard)
        told = await ask(venue, 0, "orders_snapshot", account="a")
        tape = await ask(venue, 0, "trades", symbol="S0")
        assert (told["seq"], tape["seq"]) == (heard["a"], heard["trades"]) == (6_000, 3_000)
        assert before != heard, "the answer did not wait for it"


@pytest.mark.parametrize("ending", ["kill", "stop"])
async def test_another_worker_goes_on_where_the_first_one_ended(
    settings: StreamSettings, connection: Connection, ending: str
) -> None:
    """Killed or stopped: the next one has the same books, orders and reports, and trading goes on in step."""
    settings = replace(settings, lease_ttl_seconds=1.0)
    async with open_venue_of_first_worker(settings) as (venue, first):
        for partition in (0, 1):
            await venue.submit(partition, listing(f"S{partition}"))
        await trade(venue, 1)
        before = await state(venue)
        await getattr(first, ending)()
        async with running_worker(settings):
            assert await state(venue) == before
            assert set(await trade(venue, 2)) == {""}
            for partition in (0, 1):
                await assert_events_are_in_step(connection, partition)


async def test_orders_that_nobody_answered_are_answered_by_the_next_leader(
    settings: StreamSettings, connection: Connection
) -> None:
    """What the journal holds is carried out once, even if its sender has stopped waiting."""
    async with open_venue_of_first_worker(settings) as (venue, first):
        await venue.submit(0, listing("S0"))
        await first.stop()
        waiting = venue.submit(0, buy("anna", "S0", 1, 100, "late"))
        async with running_worker(settings):
            assert (await waiting).code == ""
            again = await venue.submit(0, buy("anna", "S0", 1, 100, "late"))
            assert json.loads(again.body)["order_id"] == "0-1"
            await assert_events_are_in_step(connection, 0)


async def test_a_lost_partition_gives_its_memory_back(
    settings: StreamSettings, connection: Connection, no_collections: None
) -> None:
    """Its lease is another's, so it is loaded anew; of the orders that the worker had before there are no copies left.

    Garbage is not collected: where much is led it is not either.
    """
    settings = replace(settings, lease_ttl_seconds=1.0)
    before = memory.alive()
    async with running_worker(settings), open_venue(settings) as venue:
        await venue.submit(0, listing("S0"))
        for number in range(50):
            await venue.submit(0, buy("anna", "S0", 1, 1 + number % 5, f"b{number}"))
        for number in range(10):
            await venue.submit(0, sell("boris", "S0", 1, 1, f"s{number}"))
        assert memory.alive() == before + 3
        async with colleague(connection) as beat:
            await beat()
            await Bucket(connection, subjects.LEASES).put(lease_key(0), "other")

            async def left() -> bool:
                await beat()
                return not await is_answered(connection, 0)

            await until(left)
            await until(lambda: memory.alive() == before)  # a count takes long and holds the worker up: one or two
        await ask(venue, 0, "instruments")
        assert memory.alive() == before + 3
        await assert_events_are_in_step(connection, 0)


async def test_two_workers_share_and_the_survivor_takes_over(settings: StreamSettings, connection: Connection) -> None:
    """Each leads one partition; when one is killed in the middle of the flow the other answers for both."""
    settings = replace(settings, lease_ttl_seconds=1.0)
    async with open_venue_of_first_worker(settings) as (venue, first), running_worker(settings):
        for partition in (0, 1):
            await venue.submit(partition, listing(f"S{partition}"))

        async def shared() -> bool:
            names = {await leader_of(connection, partition) for partition in (0, 1)}
            return len(names - {""}) == 2

        await until(shared)
        await ask(venue, 0, "instruments")
        await ask(venue, 1, "instruments")
        trading = asyncio.create_task(trade(venue, 1))
        await first.kill()
        assert set(await trading) == {""}
        assert set(await trade(venue, 2)) == {""}
        for partition in (0, 1):
            await assert_events_are_in_step(connection, partition)


async def test_a_timer_is_moved_by_the_leader(settings: StreamSettings, connection: Connection) -> None:
    """A GTD order expires at its time although nobody sends anything: the leader writes a Tick."""
    async with running_worker(settings), open_venue(settings) as venue:
        await venue.submit(0, listing("S0"))
        expires = venue.now() + SECOND // 2
        order = PlaceOrder("anna", "S0", "gtd", BUY, LIMIT, LOT, TICK, time_in_force=GTD, expires=expires)
        assert (await venue.submit(0, order)).code == ""

        async def expired() -> object:
            order = await ask(venue, 0, "order", account="anna", order_id=1)
            return order["status"] == "expired"

        await until(expired)
        await assert_events_are_in_step(connection, 0)
        last = (await state_of(connection, subjects.journal_stream(0))).last
        assert last < 10


async def test_a_contradiction_stops_its_partition_alone(settings: StreamSettings, connection: Connection) -> None:
    """Events that no journal gives: the worker does not lead that partition, and leads the other.

    Once that is known the stopped one takes no orders: they would only pile up in its journal.
    """
    await topology.ensure(connection, settings)
    await connection.store(subjects.events(0), b"not what the journal gives")
    async with running_worker(settings), open_venue(settings) as venue:
        await venue.submit(1, listing("S1"))
        await until(lambda: venue.is_stopped(0))
        with pytest.raises(Busy):
            venue.submit(0, listing("S0"))
        assert (await state_of(connection, subjects.journal_stream(0))).last == 1


async def test_a_worker_that_does_not_fit_the_exchange_does_not_start(
    settings: StreamSettings, connection: Connection
) -> None:
    """Another number of partitions ends `run` with an error that says what to do."""
    await topology.ensure(connection, settings)
    with pytest.raises(TopologyMismatch):
        await worker.run(replace(settings, partitions=5), asyncio.Event())


async def leader_of(connection: Connection, partition: int) -> str:
    return (await Bucket(connection, subjects.LEASES).get(lease_key(partition))).value


async def test_a_killed_nats_server_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    """SIGKILL in mid-flow and a new server on the same store: every answered order is there, and the flow goes on."""
    server = await EmbeddedServer.start(tmp_path / "store", log_file=tmp_path / "log")
    settings = StreamSettings(nats_url=server.url, partitions=2, journal_max_bytes=64 * 1024 * 1024)
    async with running_worker(settings), open_venue(settings) as venue:
        for partition in (0, 1):
            await venue.submit(partition, listing(f"S{partition}"))
        answered = {}

        async def flow() -> None:
            for number in count():
                name = f"f{number}"
                with suppress(Busy, OutcomeUnknown):
                    outcome = await venue.submit(number % 2, buy("anna", f"S{number % 2}", 1, 100, name))
                    answered[name] = json.loads(outcome.body)["order_id"]
                await asyncio.sleep(0)

        flowing = asyncio.create_task(flow())
        await until(lambda: len(answered) > 50)
        server.kill()
        await server.wait()
        server = await EmbeddedServer.start(tmp_path / "store", server.port, log_file=tmp_path / "log")
        before = len(answered)
        await until(lambda: len(answered) > before + 50, seconds=30)
        flowing.cancel()
        await asyncio.wait([flowing])
        there: dict[str, str] = {}
        for partition in (0, 1):
            snapshot = await ask(venue, partition, "orders_snapshot", account="anna")
            there |= {order["client_order_id"]: order["order_id"] for order in snapshot["orders"]}
        assert answered.items() <= there.items()
        connection = await Connection.open(settings, "test")
        for partition in (0, 1):
            await assert_events_are_in_step(connection, partition)

        async def leased_again() -> object:
            return await leader_of(connection, 0) and await leader_of(connection, 1)

        await until(leased_again)
        await connection.close()
    await server.stop()
