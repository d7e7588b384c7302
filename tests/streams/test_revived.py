"""Keys that nats-server brings back after an unclean stop: nobody's orders are canceled because of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from streams import subjects, topology
from streams.broker.bucket import ABSENT, Bucket
from streams.broker.connection import Connection
from streams.broker.embedded import EmbeddedServer
from streams.errors import PartitionStopped
from streams.leadership.stop_marks import StopMarks
from streams.promises import cancel_promises, leftovers, orphaned_promises
from streams.promises.gateway_register import GatewayRegister
from streams.settings import StreamSettings
from streams.venue import Venue
from tests.support.exchange import ask, buy, listing, open_venue, running_worker
from tests.support.nats import until

if TYPE_CHECKING:
    from pathlib import Path


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


async def kill_server(server: EmbeddedServer, folder: Path) -> EmbeddedServer:
    """Kill it, and start another on its port and its store."""
    server.kill()
    await server.wait()
    return await EmbeddedServer.start(folder / "nats", server.port, folder / "log")


async def lapsed(bucket: Bucket, gateway: str) -> bool:
    """Whether a gateway's lease has gone by itself, and with it whatever was removed before."""
    return await bucket.get(f"lease.{gateway}") == ABSENT


async def end_without_a_word(venue: Venue) -> None:
    """As if killed."""
    assert venue._running is not None
    venue._running.cancel()
    await venue._connection.close()


@pytest.mark.usefixtures("quick")
async def test_what_ended_before_an_unclean_stop_cancels_nothing_after_it(tmp_path: Path) -> None:
    """Sessions that ended in good order, of a gateway that left and of one that is killed later; their owners trade on.

    The killed one's session that was still there is the proof that everybody has looked.
    """
    server = await EmbeddedServer.start(tmp_path / "nats", log_file=tmp_path / "log")
    settings = StreamSettings(nats_url=server.url, partitions=1, journal_max_bytes=16 * 1024 * 1024)
    async with running_worker(settings), open_venue(settings) as watcher:
        assert (await watcher.submit(0, listing("S"))).code == ""
        bucket = Bucket(watcher._connection, subjects.SESSIONS)
        async with open_venue(settings) as killed:
            await until(lambda: killed.well)
            await killed.promises.make("s1", [("anna", "")])
            await killed.promises.forget("s1")
            await killed.promises.make("s2", [("dora", "s2")])
            async with open_venue(settings) as left:
                await until(lambda: left.well)
                await left.promises.make("s3", [("carla", "")])
                await left.promises.make("s4", [("carla", "")])
                await left.promises.forget("s3")
                await left.promises.forget("s4")
            for account, session in (("anna", ""), ("carla", ""), ("dora", "s2")):
                command = buy(account, "S", 1, 100, account)
                command.session = session
                assert (await watcher.submit(0, command)).code == ""
            await until(lambda: lapsed(bucket, left.origin))
            server = await kill_server(server, tmp_path)
            await until(lambda: watcher.well and killed.well)
            await end_without_a_word(killed)

        async def dora_is_canceled() -> bool:
            return not (await ask(watcher, 0, "open_orders", account="dora"))["orders"]

        await until(dora_is_canceled, 20)
        for account in ("anna", "carla"):
            (order,) = (await ask(watcher, 0, "open_orders", account=account))["orders"]
            assert order["status"] == "open"
    await server.stop()


async def test_a_mark_that_came_back_does_not_stop_its_partition(tmp_path: Path) -> None:
    """One that was taken back is written over, not removed; one of an older exchange is looked into and taken back."""
    server = await EmbeddedServer.start(tmp_path / "nats", log_file=tmp_path / "log")
    settings = StreamSettings(nats_url=server.url, partitions=2)
    connection = await Connection.open(settings, "test")
    await topology.ensure(connection, settings)
    stops = StopMarks(connection)
    for partition in (0, 1):
        await stops.put(PartitionStopped(partition, 1, "somebody thought so"))
    await stops.read()
    await stops.take_back(0)
    bucket = Bucket(connection, subjects.DIRECTORY)
    await bucket.put("stopped.1", "", None, 1.0)
    await bucket.put("symbol.S", "0")

    async def gone() -> bool:
        return not (await bucket.get("stopped.1")).revision

    await until(gone)
    server = await kill_server(server, tmp_path)
    await until(lambda: connection.connected)
    await stops.read()
    assert set(stops.marks) == {1}, "as an older exchange would find it"

    async def taken_back() -> bool:
        await stops.read()
        return stops.marks == {}

    async with running_worker(settings), open_venue(settings) as venue:
        await until(taken_back, 20)
        await until(lambda: not venue.is_stopped(1))
        assert (await asyncio.wait_for(venue.submit(1, listing("S")), 10)).code == ""
    await connection.close()
    await server.stop()


async def test_keys_of_gateways_that_have_ended_do_not_pile_up(
    settings: StreamSettings, connection: Connection
) -> None:
    """They are removed a few at a time; those of a registered one, or written after the register, stay."""
    await topology.ensure(connection, settings)
    bucket = Bucket(connection, subjects.SESSIONS)
    register = GatewayRegister(bucket)
    for number in range(3):
        await register.enter(f"ended{number}")
        await bucket.put(cancel_promises.promised_key(f"ended{number}", 0), "{}")
        await bucket.put(cancel_promises.swept_key(f"ended{number}", 0), "7")
    await register.enter("alive")
    for number in range(3):
        await register.strike(f"ended{number}")
    await bucket.put(cancel_promises.promised_key("alive", 0), "{}")
    await bucket.put(cancel_promises.promised_key("later", 0), "{}")

    async def stay() -> list[str]:
        left = await bucket.read_all("promised.>", "swept.>")
        return sorted(key for key, entry in left.items() if entry.value)

    looking = leftovers.Leftovers(connection, looks_between=1, keys_at_once=2)
    await looking.sweep()
    assert await stay() == ["promised.alive.0", "promised.later.0"]
