"""streams/broker/embedded.py: nats-server as a child process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from streams.broker.connection import Connection
from streams.broker.embedded import HOST, EmbeddedServer, binary, configuration, healthy
from streams.errors import ServerFailed
from streams.settings import StreamSettings
from tests.support.nats import until


async def test_a_started_server_is_healthy_and_a_stopped_one_is_not(tmp_path: Path) -> None:
    """Start returns once JetStream answers, and stop leaves nothing that listens."""
    server = await EmbeddedServer.start(tmp_path / "store", log_file=tmp_path / "log")
    assert await healthy(HOST, server.port)
    await server.stop()
    assert not await healthy(HOST, server.port)
    assert await server.wait() is not None


async def test_a_server_that_is_quicker_than_we_are_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have told its port before we come to look for it; what a killed server has told is not taken for it."""
    start_process = asyncio.create_subprocess_exec

    async def start_slowly(*arguments: Any, **options: Any) -> asyncio.subprocess.Process:
        process = await start_process(*arguments, **options)
        ports_file = tmp_path / "store" / f"{Path(binary()).name}_{process.pid}.ports"
        await until(ports_file.exists)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start_slowly)
    (tmp_path / "store").mkdir()
    left = tmp_path / "store" / f"{Path(binary()).name}_1.ports"
    left.write_text("{}")
    server = await EmbeddedServer.start(tmp_path / "store", log_file=tmp_path / "log", start_timeout=5.0)
    assert await healthy(HOST, server.port)
    assert not left.exists()
    await server.stop()


async def test_what_was_stored_outlives_the_server(tmp_path: Path) -> None:
    """A second server on the same store has the streams of the first."""
    for round_number in (1, 2):
        server = await EmbeddedServer.start(tmp_path / "store", log_file=tmp_path / "log")
        connection = await Connection.open(StreamSettings(nats_url=server.url), "test")
        if round_number == 1:
            await connection.api("STREAM.CREATE.S", {"name": "S", "subjects": ["s"], "max_bytes": 1024 * 1024})
        stored = await connection.store("s", b"kept")
        assert stored.sequence == round_number
        await connection.close()
        await server.stop()


async def test_the_server_syncs_every_write(tmp_path: Path) -> None:
    """The configuration that ships asks for an fsync before each acknowledgement, and pins the old acknowledgements."""
    server = await EmbeddedServer.start(tmp_path / "store", log_file=tmp_path / "log")
    await server.stop()
    log = (tmp_path / "log").read_text()
    assert "js_ack_fc_v2 (disabled)" in log
    assert "Max Storage:     64.00 GB" in log
    assert "sync_interval: always" in configuration().read_text()


async def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    """A server that cannot listen fails with an error instead of waiting."""
    first = await EmbeddedServer.start(tmp_path / "one", log_file=tmp_path / "log")
    with pytest.raises(ServerFailed):
        await EmbeddedServer.start(tmp_path / "two", port=first.port, log_file=tmp_path / "log2")
    await first.stop()
