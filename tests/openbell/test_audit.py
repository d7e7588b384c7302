"""`openbell audit`: an exchange's own proof, on a running exchange and on the files of a stopped one."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import pytest

from streams.broker.connection import Connection
from streams.broker.embedded import EmbeddedServer
from streams.leadership.stop_marks import Mark, StopMarks
from streams.settings import StreamSettings
from tests.support.damaged import cut_a_megabyte, files_of, flip_a_bit, journal, make_exchange

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ANSWERED = len(journal()) + 1


def audit(*arguments: str) -> tuple[int, str, str]:
    """Run it; exit code, standard output, standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "openbell", "audit", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a stopped exchange."""
    directory = tmp_path_factory.mktemp("exchange")
    asyncio.run(make_exchange(directory / "nats"))
    return directory


@pytest.fixture
def data_dir(pristine: Path, tmp_path: Path) -> Path:
    """One's own copy of it."""
    return shutil.copytree(pristine, tmp_path / "data")


def fingerprints(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): blake2b(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def test_a_stopped_exchange_is_clean_and_stays_as_it_is(data_dir: Path) -> None:
    """The audit of what nobody touched finds nothing, says up to where, and changes no file."""
    before = fingerprints(data_dir)
    code, output, _ = audit("--data-dir", str(data_dir), "--json")
    told = json.loads(output)
    [partition] = told["partitions"]
    assert (code, told["clean"]) == (0, True)
    assert (partition["first"], partition["last"], partition["finding"]) == (1, ANSWERED, None)
    assert len(bytes.fromhex(partition["digest"])) == 16
    assert fingerprints(data_dir) == before


def test_a_running_exchange_is_read_where_it_is(data_dir: Path) -> None:
    """With the server's address the running streams are read; the digest is that of the files."""

    async def both() -> tuple[int, str, str]:
        server = await EmbeddedServer.start(data_dir / "nats", log_file=data_dir / "log")
        try:
            return await asyncio.to_thread(audit, "--nats-url", server.url, "--partition", "0")
        finally:
            await server.stop()

    code, running, _ = asyncio.run(both())
    assert code == 0
    assert "partition 0: clean, sequences 1 to" in running
    code, stopped, _ = audit("--data-dir", str(data_dir), "--json")
    assert f"digest {json.loads(stopped)['partitions'][0]['digest']} at sequence {ANSWERED}" in running


def test_what_is_damaged_in_a_running_exchange_is_marked(data_dir: Path) -> None:
    """Whoever leads the partition, or is to, looks at the place; what is clean stays without a mark."""

    async def marks() -> tuple[int, Any, dict[int, Mark]]:
        server = await EmbeddedServer.start(data_dir / "nats", log_file=data_dir / "log")
        connection = await Connection.open(StreamSettings(nats_url=server.url), "test")
        try:
            code, output, _ = await asyncio.to_thread(audit, "--nats-url", server.url, "--json")
            stops = StopMarks(connection)
            await stops.read()
            return code, json.loads(output)["partitions"][0]["finding"], stops.marks
        finally:
            await connection.close()
            await server.stop()

    assert asyncio.run(marks()) == (0, None, {})
    flip_a_bit(files_of(data_dir / "nats", "ORDERS_0")[0])
    code, finding, found = asyncio.run(marks())
    assert code == 1
    assert {number: mark.sequence for number, mark in found.items()} == {0: finding["sequence"]}
    assert finding["sentence"] in found[0].why


@pytest.mark.parametrize(
    ("stream", "damage"), [("ORDERS_0", flip_a_bit), ("ORDERS_0", cut_a_megabyte), ("EVENTS_0", flip_a_bit)]
)
def test_damaged_files_are_found_and_left_alone(data_dir: Path, stream: str, damage: Callable[[Path], None]) -> None:
    """A bad disk shows as a sequence that is missing, and the damaged file stays as it is for whoever mends it."""
    damage(files_of(data_dir / "nats", stream)[0])
    before = fingerprints(data_dir)
    code, output, _ = audit("--data-dir", str(data_dir))
    assert code == 1
    assert "sequence" in output
    assert "missing" in output
    assert fingerprints(data_dir) == before


def test_what_cannot_be_audited_is_wrong_use(tmp_path: Path) -> None:
    """No exchange, no server, a range that ends before it begins: exit code 2 and what to do."""
    for arguments in (
        ("--data-dir", str(tmp_path)),
        ("--nats-url", "nats://127.0.0.1:1"),
        ("--from", "5", "--to", "3"),
    ):
        code, output, error = audit(*arguments)
        assert (code, output) == (2, "")
        assert "error:" in error
