"""streams/promises/: what a gateway has promised to cancel is canceled, also without the gateway."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from exchange.commands import CancelAll, Command
from streams import subjects, topology, worker
from streams.broker.answers import Stored
from streams.broker.bucket import ABSENT, Bucket
from streams.broker.connection import Connection
from streams.broker.embedded import EmbeddedServer
from streams.errors import StoreUnknown, Unavailable
from streams.journal.writer import FutureOutcome, Outcome
from streams.promises import cancel_promises, gateway_register, orphaned_promises
from streams.promises.cancel_promises import Promises
from streams.promises.gateway_register import REGISTER_KEY, GatewayRegister
from streams.settings import StreamSettings
from streams.venue import Venue
from streams.wire.urgency import OPERATING
from tests.support.exchange import ask, buy, listing, open_venue, running_worker
from tests.support.nats import until, wire_to
from tests.support.virtual import Stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

SYMBOLS = ("S0", "S1")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that lapse in a second."""
    for module, name, value in (
        (cancel_promises, "LEASE_TTL", 1.0),
        (cancel_promises, "BEAT_INTERVAL", 0.2),
        (orphaned_promises, "LOOK_INTERVAL", 0.1),
        (orphaned_promises, "GRACE", 0.5),
    ):
        monkeypatch.setattr(module, name, value)


async def place(venue: Venue, account: str, name: str, session: str) -> None:
    """An order of an account's in each partition."""
    for partition, symbol in enumerate(SYMBOLS):
        command = buy(account, symbol, 1, 100, f"{name}-{partition}")
        command.session = session
        assert (await venue.submit(partition, command)).code == ""


async def open_orders(venue: Venue, account: str) -> list[str]:
    """What is open, by client order id."""
    found = [await ask(venue, partition, "open_orders", account=account) for partition in (0, 1)]
    return [order["client_order_id"] for page in found for order in page["orders"]]


async def listed(venue: Venue) -> None:
    """Trading in both partitions."""
    for partition, symbol in enumerate(SYMBOLS):
        assert (await venue.submit(partition, listing(symbol))).code == ""
    await until(lambda: venue.well)


async def registered(connection: Connection) -> list[str]:
    """The gateways whose promises count."""
    return sorted(gateway_register.read(await Bucket(connection, subjects.SESSIONS).get(REGISTER_KEY)).numbers)


async def promised(connection: Connection, gateway: str = "gw") -> dict[str, list[tuple[str, str]]]:
    """What a gateway's keys hold, by session."""
    entries = await Bucket(connection, subjects.SESSIONS).read_all(f"promised.{gateway}.*")
    held: dict[str, list[tuple[str, str]]] = {}
    for entry in entries.values():
        held |= cancel_promises.decoder.decode(entry.value)
    return held


async def kill(venue: Venue) -> None:
    """End a gateway without a word."""
    assert venue._running is not None
    venue._running.cancel()
    await venue._connection.close()


@pytest.mark.usefixtures("quick")
async def test_a_killed_gateway_s_promises_are_kept_by_the_leaders(
    settings: StreamSettings, connection: Connection
) -> None:
    """The orders of a session, or all of an account, in every partition, once; then nothing is left of them."""
    async with running_worker(settings), open_venue(settings) as survivor:
        await listed(survivor)
        async with open_venue(settings) as killed:
            await until(lambda: killed.well)
            await killed.promises.make("s1", [("anna", "s1")])
            await killed.promises.make("s2", [("dora", "")])
            await place(killed, "anna", "gone", "s1")
            await place(killed, "anna", "kept", "s3")
            await place(survivor, "dora", "gone", "")
            await kill(killed)

        async def swept() -> bool:
            return await registered(connection) == []

        await until(swept)
        assert await open_orders(survivor, "anna") == ["kept-0", "kept-1"]
        assert await open_orders(survivor, "dora") == []
        gone = await ask(survivor, 1, "by_client_id", account="anna", symbol="S1", client_order_id="gone-1")
        assert (gone["status"], gone["reason"]) == ("canceled", "disconnected")


def test_a_gateway_that_lives_keeps_its_promises_itself() -> None:
    """Leaders touch nothing of it; what it forgets is gone, and when it leaves so is every trace; on virtual time."""
    stage = Stage()
    settings = replace(stage.settings, partitions=2)

    async def act(connection: Connection) -> None:
        stop = asyncio.Event()
        working = asyncio.create_task(worker.run(settings, stop))
        async with open_venue(settings) as watcher:
            await listed(watcher)
            async with open_venue(settings) as venue:
                await until(lambda: venue.well)
                await venue.promises.make("s1", [("anna", "s1")])
                await venue.promises.make("s2", [("anna", "s2")])
                await place(venue, "anna", "mine", "s1")
                await asyncio.sleep(10 * (cancel_promises.LEASE_TTL + orphaned_promises.GRACE))
                gateway = venue.origin
                assert await promised(connection, gateway) == {"s1": [("anna", "s1")], "s2": [("anna", "s2")]}
                assert len(await open_orders(venue, "anna")) == 2
                await venue.promises.forget("s1")
                assert await promised(connection, gateway) == {"s2": [("anna", "s2")]}
                await venue.promises.forget("s2")
                assert await registered(connection) == [gateway]
            assert await registered(connection) == []
            await asyncio.sleep(10 * (cancel_promises.LEASE_TTL + orphaned_promises.GRACE))
            assert len(await open_orders(watcher, "anna")) == 2
        stop.set()
        await working

    stage.play(act)
    assert not {"promises.lapsed", "promises.no_beat", "orphans.swept"} & set(stage.logged)


@pytest.mark.usefixtures("quick")
async def test_a_gateway_that_comes_back_promises_anew(settings: StreamSettings, connection: Connection) -> None:
    """What it had promised was kept while it was away, and holds again from then on, for its next end too."""
    async with running_worker(settings), open_venue(settings) as watcher, wire_to(settings.nats_url) as wire:
        await listed(watcher)
        async with open_venue(replace(settings, nats_url=wire.url)) as venue:
            await until(lambda: venue.well)
            await venue.promises.make("s1", [("anna", "s1")])
            await place(venue, "anna", "first", "s1")
            wire.cut()
            await until(lambda: not venue.well)
            with pytest.raises(Unavailable):
                await venue.promises.make("s2", [("dora", "")])

            async def canceled() -> bool:
                return not await open_orders(watcher, "anna")

            await until(canceled)
            await wire.connect()
            await until(lambda: venue.well)
            await place(venue, "anna", "second", "s1")

            await kill(venue)
        await until(canceled)


@pytest.mark.usefixtures("quick")
async def test_a_gateway_is_known_again_after_it_had_nothing_to_lose(
    settings: StreamSettings, connection: Connection
) -> None:
    """Leaders forget a gateway that was away without any promise; its next promise counts all the same."""
    await topology.ensure(connection, settings)
    made = Promises(connection, "gw")
    beating = asyncio.create_task(made.run())
    await until(lambda: made.well)
    await made.make("s1", [("anna", "")])
    await made.forget("s1")
    await GatewayRegister(Bucket(connection, subjects.SESSIONS)).strike("gw")
    made._renewed_at = None  # as after a long silence
    with pytest.raises(Unavailable):
        await made.make("s2", [("anna", "")])
    await made.forget("s2")
    await until(lambda: made.well)
    await made.make("s3", [("anna", "")])
    assert await registered(connection) == ["gw"]
    assert await promised(connection) == {"s3": [("anna", "")]}
    beating.cancel()


async def test_a_gateway_without_a_lease_promises_nothing(settings: StreamSettings, connection: Connection) -> None:
    """The lease has to be there first, or leaders would take the gateway for gone."""
    await topology.ensure(connection, settings)
    with pytest.raises(Unavailable):
        await Promises(connection, "gw").make("s1", [("anna", "")])


async def test_a_beat_that_failed_is_soon_tried_again(settings: StreamSettings, connection: Connection) -> None:
    """A server that was just started takes nothing for a moment; a gateway is well as soon as it does."""
    alive = Promises(connection, "gw")
    alive.beat_interval, alive.retry_interval = 3600.0, 0.01
    beating = asyncio.create_task(alive.run())
    await connection.request("$JS.API.INFO", b"", 5.0)  # answered behind the first beat, which no stream took
    assert not alive.well
    await topology.ensure(connection, settings)
    await until(lambda: alive.well)
    beating.cancel()


async def test_thousands_of_sessions_can_be_read(settings: StreamSettings, connection: Connection) -> None:
    """More than a bucket gives keys at once; logins that come together share a write of their shard."""
    await topology.ensure(connection, settings)
    made = Promises(connection, "gw")
    beating = asyncio.create_task(made.run())
    await until(lambda: made.well)
    await asyncio.gather(*[made.make(f"s{number}", [("anna", "")]) for number in range(1_500)])
    looking = orphaned_promises.Orphans(connection, 2, 0, Told())
    bucket = Bucket(connection, subjects.SESSIONS)
    number = gateway_register.read(await bucket.get(REGISTER_KEY)).numbers["gw"]
    beating.cancel()
    await bucket.put(cancel_promises.lease_key("gw"), "", None, 1.0)
    claim = await bucket.put(cancel_promises.swept_key("gw", 0), orphaned_promises.CLAIM)
    assert claim.sequence < 500
    assert await looking.promises_of("gw", number, claim.sequence) == [[("anna", "")]] * 1_500


async def test_a_lease_outlives_the_server_and_lapses_after_it(tmp_path: Path) -> None:
    """A restart takes no gateway for gone, and makes none immortal."""
    server = await EmbeddedServer.start(tmp_path)
    connection = await Connection.open(StreamSettings(nats_url=server.url, partitions=1), "test")
    await topology.ensure(connection, StreamSettings(partitions=1))
    bucket = Bucket(connection, subjects.SESSIONS)
    await bucket.put("lease.gw", "gw", None, 2.0)
    server.kill()
    await server.wait()
    server = await EmbeddedServer.start(tmp_path, server.port)
    await until(lambda: connection.connected)
    assert (await bucket.get("lease.gw")).value == "gw"

    async def lapsed() -> bool:
        return await bucket.get("lease.gw") == ABSENT

    await until(lapsed)
    await connection.close()
    await server.stop()


async def nothing() -> None:
    """Happens when a command is appended."""


class Told:
    """In place of a journal: what was appended, each answered once something else has happened."""

    def __init__(self, before_answer: Callable[[], Awaitable[None]] = nothing) -> None:
        self.commands: list[tuple[str, str]] = []
        self._before_answer = before_answer

    def append(self, command: Command, urgency: int = OPERATING) -> FutureOutcome:
        assert isinstance(command, CancelAll)
        self.commands.append((command.account, command.session))
        return asyncio.ensure_future(self._answer())

    async def _answer(self) -> Outcome:
        await self._before_answer()
        return Outcome("", b"", 0, 0, 0, 0)


async def test_a_gateway_that_comes_back_during_the_sweep_is_left_alone(
    settings: StreamSettings, connection: Connection
) -> None:
    """What was not canceled by then is not canceled at all, and its new registration is swept by nobody."""
    await topology.ensure(connection, settings)
    bucket = Bucket(connection, subjects.SESSIONS)
    book = GatewayRegister(bucket)
    await book.enter("gw")
    held = {f"s{number}": [["anna", f"s{number}"]] for number in range(3)}
    await bucket.put(cancel_promises.promised_key("gw", 0), json.dumps(held))

    async def come_back() -> None:
        await bucket.put(cancel_promises.lease_key("gw"), "gw", None, 2.0)

    journal = Told(come_back)
    sweeper = orphaned_promises.Orphans(connection, 2, 0, journal)
    sweeper.commands_at_once = 1
    number = gateway_register.read(await bucket.get(REGISTER_KEY)).numbers["gw"]
    await sweeper.sweep("gw", number)
    assert journal.commands == [("anna", "s0")]
    for partition in (0, 1):
        await bucket.put(cancel_promises.swept_key("gw", partition), str(number))
    await book.enter("gw")
    await sweeper.sweep("gw", number)
    assert await registered(connection) == ["gw"]


async def test_a_leader_whose_store_is_cut_off_cancels_nothing(
    settings: StreamSettings, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sees no lease renewed, in a copy that nobody writes to, and cannot store its claim."""
    await topology.ensure(connection, settings)
    bucket = Bucket(connection, subjects.SESSIONS)
    await GatewayRegister(bucket).enter("gw")
    await bucket.put(cancel_promises.promised_key("gw", 0), '{"s1":[["anna",""]]}')
    journal = Told()
    sweeper = orphaned_promises.Orphans(connection, 2, 0, journal)
    sweeper.grace = 0.0
    store = connection.store
    monkeypatch.setattr(connection, "store", lambda *_, **__: _unanswered())
    with pytest.raises(StoreUnknown):
        await sweeper.sweep_all()
    assert journal.commands == []
    monkeypatch.setattr(connection, "store", store)
    await sweeper.sweep_all()
    assert journal.commands == [("anna", "")]


def _unanswered() -> asyncio.Future[Stored]:
    answer = asyncio.get_running_loop().create_future()
    answer.set_exception(StoreUnknown("no acknowledgement in time"))
    return answer


async def test_a_copy_that_lags_behind_decides_nothing(settings: StreamSettings, connection: Connection) -> None:
    """A read that does not show the claim may lack a lease as well."""
    await topology.ensure(connection, settings)
    bucket = Bucket(connection, subjects.SESSIONS)
    await GatewayRegister(bucket).enter("gw")
    claim = await bucket.put(cancel_promises.swept_key("gw", 0), orphaned_promises.CLAIM)
    with pytest.raises(Unavailable):
        await orphaned_promises.Orphans(connection, 2, 0, Told()).promises_of("gw", 1, claim.sequence + 1)


async def test_of_an_older_exchange_only_promises_to_sessions_are_kept(
    settings: StreamSettings, connection: Connection
) -> None:
    """A key of a session's that came back cannot be told from one that is owed; one to a session harms nobody."""
    await topology.ensure(connection, settings)
    bucket = Bucket(connection, subjects.SESSIONS)
    await bucket.put("gateway.old", "old")
    await bucket.put("session.old.3.s1", '[["anna","s1"],["anna",""]]')
    await bucket.put("session.old.4.s2", '[["boris",""]]')
    journal = Told()
    sweepers = [orphaned_promises.Orphans(connection, 2, partition, journal) for partition in (0, 1)]
    for sweeper in sweepers:
        sweeper.grace = 0.0
    for _ in range(2):
        for sweeper in sweepers:
            await sweeper.sweep_all()
    assert journal.commands == [("anna", "s1")] * 2
    left = await bucket.read_all("gateway.*", "session.>")
    assert [key for key, entry in left.items() if entry.value] == []
