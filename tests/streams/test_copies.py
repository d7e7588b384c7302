"""recovery/replicas.py: a bit that flips in one server's copy is found there, while another leads; on three servers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from openbell.doctor import streams as checks
from openbell.doctor.finding import CheckResult, Setup, Severity
from openbell.local.data_dir import DataDir
from streams import subjects, topology
from streams.audit.audit import audit
from streams.broker.connection import Connection
from streams.broker.second_look import leader_of
from streams.errors import StreamError
from streams.partition.partition import Partition
from streams.recovery.replicas import Copy, Proof, Proofs, copies_of, key_of, place_of
from streams.recovery.scrub import Scrub
from streams.settings import StreamSettings
from streams.wire import codec
from tests.chaos import nats_nodes
from tests.support.altered import read_all, trading
from tests.support.damaged import files_of, flip_a_bit
from tests.support.nats import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)

JOURNAL = subjects.journal_stream(0)
LARGE = b"x" * 100_000
"""Nobody can read it as commands; it is the middle of its file."""


class Cluster:
    """Three servers, and a connection to them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.nodes = nats_nodes.cluster(directory)
        self.settings = StreamSettings(nats_url=nats_nodes.url_of(self.nodes), partitions=1, replicas=3)
        self.connection: Connection

    async def start(self) -> None:
        for node in self.nodes:
            node.start()
        await asyncio.gather(*(node.healthy() for node in self.nodes))
        self.connection = await Connection.open(self.settings, "test")
        await topology.ensure(self.connection, self.settings)

    async def stop(self) -> None:
        await self.connection.close()
        for node in self.nodes:
            node.kill()
        await asyncio.gather(*(node.ended() for node in self.nodes))

    async def restart_damaged(self, server: str) -> None:
        """One server is down while a bit of its journal flips, and comes back with all that it missed."""
        place = [node.name for node in self.nodes].index(server)
        self.nodes[place].terminate()
        await self.nodes[place].ended()
        flip_a_bit(files_of(self.directory / f"store-{place + 1}", JOURNAL)[0])
        self.nodes[place].start()
        await self.nodes[place].healthy()
        await until(self.is_whole, 60)

    async def is_led_by_others(self, server: str) -> bool:
        """Whether a server does not lead the journal; if it does another one is asked to."""
        with suppress(StreamError):
            if (await leader_of(self.connection, JOURNAL)).server not in ("", server):
                return True
            await self.connection.api(f"STREAM.LEADER.STEPDOWN.{JOURNAL}")
        return False

    async def end(self, server: str) -> None:
        """One server goes, and the others know it."""
        node = next(node for node in self.nodes if node.name == server)
        node.terminate()
        await node.ended()

        async def known() -> bool:
            try:
                cluster = (await self.connection.api(f"STREAM.INFO.{JOURNAL}"))["cluster"]
            except StreamError:
                return False
            return any(each.get("offline") for each in cluster.get("replicas", []))

        await until(known, 60)

    async def is_whole(self) -> bool:
        """Whether each server has all of both streams."""
        try:
            for stream in (JOURNAL, subjects.events_stream(0)):
                cluster = (await self.connection.api(f"STREAM.INFO.{stream}"))["cluster"]
                replicas = cluster.get("replicas", [])
                if len(replicas) < 2 or not all(each["current"] and not each.get("offline") for each in replicas):
                    return False
        except StreamError:
            return False
        return True


@pytest_asyncio.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    made = Cluster(tmp_path)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


async def fill(connection: Connection) -> int:
    """Trade, with something large in the midst, and answer all of it; how many messages that makes."""
    batches = [[codec.encode_command(command) for command in commands] for commands in trading()[1:]]
    messages = [codec.encode_batch("me", number, commands) for number, commands in enumerate(batches)]
    middle = len(messages) // 2
    for payload in (*messages[:middle], LARGE, *messages[middle:]):
        await connection.store(subjects.journal(0), payload)
    partition = Partition(0)
    for message in await read_all(connection, JOURNAL):
        answer = partition.answer(message.payload, message.sequence, message.stored_at)
        await connection.store(subjects.events(0), answer.events)
    return partition.sequence


async def test_a_bit_that_flips_in_a_copy_is_found_there(cluster: Cluster, tmp_path: Path) -> None:
    """By an audit and by the scrub beside a leader, while whoever asks the leader finds nothing; doctor names it.

    When its server has gone, that copy is named as not read.
    """
    connection = cluster.connection
    last = await fill(connection)
    servers = [copy.name for copy in await copies_of(connection, 0)]
    assert sorted(servers) == ["nats-1", "nats-2", "nats-3"]
    assert not (await leader_of(connection, JOURNAL)).alone
    setup = Setup(DataDir(tmp_path / "data"), "", cluster.settings.nats_url, {})
    assert "nobody has read these yet" in (await copies_check(setup)).what
    found = await audit(connection, 0)
    assert found.clean
    assert sorted([found.server, *(copy.server for copy in found.copies)]) == sorted(servers)
    assert {copy.last for copy in found.copies} == {found.last} == {last}
    assert (await copies_check(setup)).status is Severity.OK

    damaged = servers[-1]
    await cluster.restart_damaged(damaged)
    await until(lambda: cluster.is_led_by_others(damaged), 60)
    found = await audit(connection, 0)
    findings = {found.server: found.finding} | {copy.server: copy.finding for copy in found.copies}
    wrong = findings[damaged]
    assert wrong is not None
    assert wrong.where == "journal"
    assert not found.clean
    everybody_else = [copy.finding for copy in found.copies if copy.server != damaged]
    assert not any(everybody_else)
    assert found.last == last
    with capture_logs() as logs:
        await Scrub(connection, 0, last).run()
    said = {(entry["event"], entry["server"]) for entry in logs if "server" in entry}
    whole = {("partition.scrubbed", server) for server in servers if server != damaged}
    assert said == whole | {("partition.copy_damaged", damaged)}
    finding = await copies_check(setup)
    assert finding.status is Severity.FAIL
    assert damaged in finding.what
    assert "start it empty" in finding.mend

    await cluster.end(damaged)
    found = await audit(connection, 0)
    assert found.clean
    assert [copy.server for copy in found.copies if copy.unread] == [damaged]
    with capture_logs() as logs:
        await Scrub(connection, 0, last, away_interval=0.0).run()
    assert {(entry["event"], entry["server"]) for entry in logs if "server" in entry} == whole | {
        ("partition.copy_not_read", damaged)
    }


async def copies_check(setup: Setup) -> CheckResult:
    """What doctor says of the copies."""
    return next(finding for finding in await checks.nats(setup) if finding.check == "copies")


async def test_a_server_may_have_any_name(connection: Connection, settings: StreamSettings) -> None:
    """A key of the bucket takes few characters; what was found is kept for each server."""
    await topology.ensure(connection, replace(settings, partitions=1))
    proofs = Proofs(connection)
    await proofs.put(0, Copy("nats 1.example>", "", ""), Proof(7, "", 1.0))
    await proofs.put(0, Copy("", "", ""), Proof(7, "", 1.0))
    assert await proofs.all() == {(0, "nats 1.example>"): Proof(7, "", 1.0)}
    assert place_of(key_of(12, "ä")) == (12, "ä")
