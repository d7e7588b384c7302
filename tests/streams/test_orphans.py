"""streams/promises.py and orphans.py: what a gateway has promised to cancel is canceled, also without the gateway."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from streams import orphans, promises, subjects, topology
from streams.bucket import ABSENT, Bucket
from streams.connection import Connection
from streams.embedded import EmbeddedServer
from streams.errors import Unavailable, WrongSequence
from streams.promises import Promises
from streams.settings import StreamSettings
from tests.support.exchange import ask, buy, listing, open_venue, running_worker
from tests.support.nats import until, wire_to

SYMBOLS = ("S0", "S1")


@pytest.fixture
def quick(monkeypatch):
    """Leases that lapse in a second."""
    for module, name, value in (
        (promises, "LEASE_TTL", 1.0),
        (promises, "BEAT_INTERVAL", 0.2),
        (orphans, "LOOK_INTERVAL", 0.1),
        (orphans, "GRACE", 0.5),
    ):
        monkeypatch.setattr(module, name, value)


async def place(venue, account, name, session):
    """An order of an account's in each partition."""
    for partition, symbol in enumerate(SYMBOLS):
        command = buy(account, symbol, 1, 100, f"{name}-{partition}")
        command.session = session
        assert (await venue.submit(partition, command)).code == ""


async def open_orders(venue, account):
    """What is open, by client order id."""
    found = [await ask(venue, partition, "open_orders", account=account) for partition in (0, 1)]
    return [order["client_order_id"] for page in found for order in page["orders"]]


async def listed(venue):
    """Trading in both partitions."""
    for partition, symbol in enumerate(SYMBOLS):
        assert (await venue.submit(partition, listing(symbol))).code == ""
    await until(lambda: venue.well)


async def keys(connection):
    """What the bucket holds, leases left out."""
    entries = await Bucket(connection, subjects.SESSIONS).read_all()
    return sorted(key for key, entry in entries.items() if entry.value and not key.startswith("lease."))


async def kill(venue):
    """End a gateway without a word."""
    venue._running.cancel()
    await venue._connection.close()


@pytest.mark.usefixtures("quick")
async def test_a_killed_gateway_s_promises_are_kept_by_the_leaders(settings, connection):
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

        async def swept():
            return not await keys(connection)

        await until(swept)
        assert await open_orders(survivor, "anna") == ["kept-0", "kept-1"]
        assert await open_orders(survivor, "dora") == []
        gone = await ask(survivor, 1, "by_client_id", account="anna", symbol="S1", client_order_id="gone-1")
        assert (gone["status"], gone["reason"]) == ("canceled", "disconnected")


@pytest.mark.usefixtures("quick")
async def test_a_gateway_that_lives_keeps_its_promises_itself(settings, connection):
    """Leaders touch nothing of it; what it forgets is gone, and when it leaves so is every trace."""
    async with running_worker(settings), open_venue(settings) as watcher:
        await listed(watcher)
        async with open_venue(settings) as venue:
            await until(lambda: venue.well)
            await venue.promises.make("s1", [("anna", "s1")])
            await venue.promises.make("s2", [("anna", "s2")])
            await place(venue, "anna", "mine", "s1")
            await asyncio.sleep(2.5)  # much longer than a lease and the grace
            assert len(await keys(connection)) == 3
            assert len(await open_orders(venue, "anna")) == 2
            await venue.promises.forget("s1")
            assert len(await keys(connection)) == 2
            await venue.promises.forget("s2")

        assert await keys(connection) == []
        assert len(await open_orders(watcher, "anna")) == 2


@pytest.mark.usefixtures("quick")
async def test_a_gateway_that_comes_back_promises_anew(settings, connection):
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

            async def canceled():
                return not await open_orders(watcher, "anna")

            await until(canceled)
            await wire.connect()
            await until(lambda: venue.well)
            await place(venue, "anna", "second", "s1")

            await kill(venue)
        await until(canceled)


@pytest.mark.usefixtures("quick")
async def test_a_gateway_is_known_again_after_it_had_nothing_to_lose(settings, connection):
    """Leaders forget a gateway that was away without any promise; its next promise counts all the same."""
    await topology.ensure(connection, settings)
    made = Promises(connection, "gw")
    beating = asyncio.create_task(made.run())
    await until(lambda: made.well)
    await made.make("s1", [("anna", "")])
    await made.forget("s1")
    await Bucket(connection, subjects.SESSIONS).put("gateway.gw", "", None, 1.0)
    made._renewed_at = None  # as after a long silence
    with pytest.raises(Unavailable):
        await made.make("s2", [("anna", "")])
    await made.forget("s2")
    await until(lambda: made.well)
    await made.make("s3", [("anna", "")])
    assert await keys(connection) == ["gateway.gw", promises.session_key("gw", "s3")]
    beating.cancel()


async def test_a_gateway_without_a_lease_promises_nothing(settings, connection):
    """The lease has to be there first, or leaders would take the gateway for gone."""
    await topology.ensure(connection, settings)
    with pytest.raises(Unavailable):
        await Promises(connection, "gw").make("s1", [("anna", "")])


async def test_a_beat_that_failed_is_soon_tried_again(settings, connection, monkeypatch):
    """A server that was just started takes nothing for a moment; a gateway is well as soon as it does."""
    monkeypatch.setattr(promises, "BEAT_INTERVAL", 3600.0)
    monkeypatch.setattr(promises, "RETRY_INTERVAL", 0.01)
    alive = Promises(connection, "gw")
    beating = asyncio.create_task(alive.run())
    await connection.request("$JS.API.INFO", b"", 5.0)  # answered behind the first beat, which no stream took
    assert not alive.well
    await topology.ensure(connection, settings)
    await until(lambda: alive.well)
    beating.cancel()


async def test_a_thousand_sessions_can_be_read(settings, connection):
    """More keys than a bucket gives at once."""
    await topology.ensure(connection, settings)
    bucket = Bucket(connection, subjects.SESSIONS)
    for start in range(0, 1_500, 100):
        names = [promises.session_key("gw", f"s{number}") for number in range(start, start + 100)]
        await asyncio.gather(*[bucket.put(name, '[["anna",""]]') for name in names])
    found = await orphans.Orphans(connection, 2, 0, None)._promises_of("gw")
    assert len(found) == 1_500


async def test_a_lease_outlives_the_server_and_lapses_after_it(tmp_path):
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

    async def lapsed():
        return await bucket.get("lease.gw") == ABSENT

    await until(lapsed)
    await connection.close()
    await server.stop()


@pytest.mark.usefixtures("quick")
async def test_a_promise_made_anew_during_the_sweep_is_not_swept_away(settings, connection):
    """The leader that removes promises may have looked at the gateway's key just before the gateway came back."""
    await topology.ensure(connection, settings)
    bucket = Bucket(connection, subjects.SESSIONS)
    registered = await bucket.put("gateway.gw", "gw")
    await bucket.put(promises.session_key("gw", "old"), '[["anna","old"]]')
    await bucket.put(promises.session_key("gw", "again"), '[["anna","again"]]')
    for partition in (0, 1):
        await bucket.put(promises.swept_key("gw", partition), str(registered.sequence))
    seen = await bucket.get("gateway.gw")
    await bucket.put("gateway.gw", "gw")
    await bucket.put(promises.session_key("gw", "again"), '[["anna","again"]]')
    with pytest.raises(WrongSequence):
        await orphans.Orphans(connection, 2, 0, None)._sweep("gw", seen)
    assert await keys(connection) == [
        "gateway.gw",
        promises.session_key("gw", "again"),
        promises.swept_key("gw", 0),
        promises.swept_key("gw", 1),
    ]
