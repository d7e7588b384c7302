"""The doctor finds what is wrong and says how to mend it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from pathlib import Path

import pytest

from openbell.doctor import exchange, machine, report
from openbell.doctor import streams as checks
from openbell.doctor.finding import CheckResult, Setup, Severity, fail, ok, warn
from openbell.errors import Fault
from openbell.local.data_dir import DataDir, Lock
from openbell.local.up import free_port
from streams import topology
from streams.broker.connection import Connection
from streams.errors import PartitionStopped
from streams.leadership.stop_marks import StopMarks
from streams.settings import StreamSettings
from tests.support.answering import answering
from tests.support.exchange import running_worker
from tests.support.nats import nats_server


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    found = DataDir(tmp_path / "exchange")
    found.prepare()
    return found


def setup_of(data_dir: DataDir, url: str = "", nats_url: str = "", **environ: str) -> Setup:
    return Setup.found(data_dir, url or f"http://127.0.0.1:{free_port()}", nats_url, environ)


def statuses(findings: list[CheckResult]) -> dict[str, str]:
    return {finding.check: finding.status.value for finding in findings}


def test_a_secret_that_others_may_read_fails(data_dir: DataDir) -> None:
    """Whoever reads it can trade as anybody; the command to mend it is given."""
    assert exchange.secrets(setup_of(data_dir)).status is Severity.OK
    data_dir.secret_file.chmod(0o640)
    finding = exchange.secrets(setup_of(data_dir))
    assert finding.status is Severity.FAIL
    assert f"chmod 600 {data_dir.secret_file}" in finding.mend


def test_no_secret_yet_is_no_fault(tmp_path: Path) -> None:
    """Before the first start there is nothing to protect."""
    assert exchange.secrets(setup_of(DataDir(tmp_path / "new"))).status is Severity.OK


@pytest.mark.parametrize(("value", "status"), [("off", Severity.WARN), ("on", Severity.OK), ("", Severity.OK)])
def test_rate_limits_that_are_off_are_noticed(data_dir: DataDir, value: str, status: Severity) -> None:
    """Off is for load tests alone."""
    assert exchange.rate_limits(setup_of(data_dir, OPENBELL_RATE_LIMITS=value)).status is status


def test_a_free_port_is_fine_and_a_foreign_one_is_not(data_dir: DataDir) -> None:
    """What `openbell up` would stumble over is found before."""
    assert exchange.port(setup_of(data_dir)).status is Severity.OK
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        setup = setup_of(data_dir, url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        finding = exchange.port(setup)
    assert finding.status is Severity.FAIL
    assert "--port" in finding.mend


def test_an_exchange_that_answers_is_fine(data_dir: DataDir) -> None:
    """Ready is ready, and then the port is its own."""
    with answering(200) as server:
        setup = setup_of(data_dir, url=server.url)
        assert exchange.answers(setup).status is Severity.OK
        assert exchange.port(setup).status is Severity.OK


def test_an_exchange_that_is_not_ready_fails(data_dir: DataDir) -> None:
    """A gateway without NATS listens and is of no use; one that lacks a partition names it, and the port is its own."""
    with answering(503) as server:
        assert exchange.answers(setup_of(data_dir, url=server.url)).status is Severity.FAIL
    rows = [{"partition": 1, "why": "no worker answers for partition 1", "stopped": False, "symbols": ["ACME"]}]
    with answering(503, {"code": "unavailable", "message": "not ready: …", "degraded": rows}) as server:
        setup = setup_of(data_dir, url=server.url)
        finding = exchange.answers(setup)
        assert finding.status is Severity.FAIL
        assert finding.what.endswith(": no worker answers for partition 1 (ACME)")
        assert "worker" in finding.mend
        assert exchange.port(setup).status is Severity.OK


def test_no_exchange_is_a_warning_unless_it_should_run(data_dir: DataDir) -> None:
    """Nothing runs before `openbell up`; but one that holds the lock and does not answer is broken."""
    assert exchange.answers(setup_of(data_dir)).status is Severity.WARN
    with contextlib.closing(Lock(data_dir)):
        assert exchange.answers(setup_of(data_dir)).status is Severity.FAIL


def test_what_runs_here_is_looked_at(data_dir: DataDir) -> None:
    """Without options the doctor finds the exchange of the data directory by itself."""
    with contextlib.closing(Lock(data_dir)) as lock:
        lock.describe(pid=1, url="http://127.0.0.1:9999", nats_url="nats://127.0.0.1:9998")
        setup = Setup.found(data_dir, "", "", {})
    assert (setup.url, setup.nats_url) == ("http://127.0.0.1:9999", "nats://127.0.0.1:9998")
    assert Setup.found(data_dir, "", "", {}).url == "http://127.0.0.1:8080"
    assert Setup.found(data_dir, "", "", {"OPENBELL_PORT": "8081"}).url == "http://127.0.0.1:8081"


def test_little_space_is_said_in_time(data_dir: DataDir) -> None:
    """Below one bound it warns, below the other it fails."""
    assert machine.disk(setup_of(data_dir), little=10**18).status is Severity.WARN
    assert machine.disk(setup_of(data_dir), little=10**18, nothing=10**18).status is Severity.FAIL


def test_a_read_only_disk_is_no_place_for_an_exchange() -> None:
    """However much room it has."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    read_only = [place for place in mounts if Path(place).is_dir() and os.statvfs(place).f_flag & os.ST_RDONLY]
    if not read_only:
        pytest.skip("nothing is mounted read-only here")
    found = machine.disk(setup_of(DataDir(Path(read_only[0]))))
    assert (found.status, "read-only disk" in found.what) == (Severity.FAIL, True)


async def test_without_an_exchange_nats_is_not_looked_at(data_dir: DataDir) -> None:
    """Nobody named a server, so none is missing."""
    assert statuses(await checks.nats(setup_of(data_dir))) == {"nats": "warn"}


async def test_a_nats_server_that_is_away_fails(data_dir: DataDir) -> None:
    """A server that was named and does not answer is named in turn, without its password."""
    away = setup_of(data_dir, nats_url=f"nats://me:hidden@127.0.0.1:{free_port()}")
    (finding,) = await checks.nats(away, connect_seconds=0.3)
    assert finding.status is Severity.FAIL
    assert "hidden" not in finding.what


async def test_a_nats_server_of_an_exchange_is_well(data_dir: DataDir) -> None:
    """Reachable, with JetStream, the streams of this exchange, no partition stopped, and a clock like ours."""
    async with nats_server(data_dir.path) as url:
        settings = StreamSettings(nats_url=url, partitions=2)
        setup = setup_of(data_dir, nats_url=url)
        assert statuses(await checks.nats(setup))["topology"] == "warn"
        connection = await Connection.open(settings, "test")
        await topology.ensure(connection, settings)
        silent = {finding.check: finding for finding in await checks.nats(setup)}["partitions"]
        assert (silent.status, silent.what) == (Severity.FAIL, "no worker answers for partition 0, 1")
        async with running_worker(settings):
            found = {finding.check: finding for finding in await checks.nats(setup)}
        wanted = ("nats", "jetstream", "topology", "partitions", "clock")
        assert {name: found[name].status.value for name in wanted} == dict.fromkeys(wanted, "ok")
        assert found["topology"].what.startswith("2 partitions")
        await StopMarks(connection).put(PartitionStopped(1, 42, "a sentence"))
        await connection.close()
        rows = await asyncio.to_thread(report.examine, setup, ())
        (stopped,) = [finding for finding in rows if finding.check == "partitions"]
        sentence = "partition 1 stopped at sequence 42: a sentence; no worker answers for partition 0"
        assert (stopped.status, stopped.what) == (Severity.FAIL, sentence)
        assert report.exit_code([stopped], strict=False) != 0
        other = setup_of(data_dir, nats_url=url, OPENBELL_PARTITIONS="4")
        mismatch = {finding.check: finding for finding in await checks.nats(other)}["topology"]
        assert mismatch.status is Severity.FAIL
        assert "OPENBELL_PARTITIONS to 2" in mismatch.mend


def test_the_embedded_server_syncs_every_write(data_dir: DataDir) -> None:
    """What our own configuration says is known without asking the server."""
    with contextlib.closing(Lock(data_dir)):
        assert checks.sync(setup_of(data_dir, nats_url="nats://127.0.0.1:1")).status is Severity.OK


def test_every_check_gives_a_finding(data_dir: DataDir) -> None:
    """All of them run on any machine, none breaks, and what is not ok says how to mend it."""
    findings = list(report.findings_of(setup_of(data_dir), (*report.CHECKS, *report.NATS_CHECKS)))
    assert [finding.check for finding in findings] == [*report.CHECKS, "nats"]
    assert not [finding for finding in findings if "broke" in finding.what]
    assert all(finding.mend for finding in findings if finding.status is not Severity.OK)


def test_a_check_that_breaks_is_a_finding(data_dir: DataDir) -> None:
    """The doctor is of use exactly where things are broken."""

    def broken(_: Setup) -> CheckResult:
        raise ZeroDivisionError("ouch")

    finding = report.survived("port", broken, setup_of(data_dir))
    assert finding.status is Severity.FAIL
    assert "ouch" in finding.what


def test_an_unknown_check_lists_the_known_ones(data_dir: DataDir) -> None:
    """A typing mistake is told with the names there are."""
    with pytest.raises(Fault, match="no check pulse") as caught:
        report.examine(setup_of(data_dir), ["pulse"])
    assert "secrets" in caught.value.mend


@pytest.mark.parametrize(
    ("findings", "lenient", "strict"),
    [([ok("a", "")], 0, 0), ([ok("a", ""), warn("b", "", "c")], 0, 1), ([fail("a", "", "b")], 1, 1), ([], 0, 0)],
)
def test_the_exit_code_tells_scripts(findings: list[CheckResult], lenient: int, strict: int) -> None:
    """A failure is 1; a warning is 1 where the script is strict."""
    assert report.exit_code(findings, strict=False) == lenient
    assert report.exit_code(findings, strict=True) == strict
