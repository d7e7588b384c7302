"""streams/health.py and streams/probe.py: a container is well if what it is there for would be done now."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from openbell.local.up import free_port
from streams import subjects
from streams.broker.connection import Connection
from streams.probe import main, probe
from streams.topology import CONFIGURE
from streams.wire import codec
from tests.support.answering import answering
from tests.support.exchange import running_worker
from tests.support.nats import until

if TYPE_CHECKING:
    from streams.settings import StreamSettings


async def test_a_worker_is_well_while_what_it_leads_is_answered(settings: StreamSettings) -> None:
    """Not before it leads, and not with a partition that it refuses; whoever asks, in whatever way, is answered."""
    settings = replace(settings, health_port=free_port())

    async def said() -> tuple[bool, str]:
        return await asyncio.to_thread(probe, settings.health_port)

    async def is_told(well: bool, status: str) -> bool:
        return await said() == (well, f'{{"status": "{status}"}}')

    assert not (await said())[0]
    async with running_worker(settings):
        await until(lambda: is_told(True, "ok"))
        connection = await Connection.open(settings, "test")
        unknown = codec.encode_command(replace(CONFIGURE, semantics=99))
        await connection.store(subjects.journal(1), codec.encode_batch("test", 1, [unknown]))
        await connection.close()
        await until(lambda: is_told(False, "partition 1 is refused: see the log"))
        silent = await asyncio.open_connection("127.0.0.1", settings.health_port)
        assert not (await said())[0]
        silent[1].close()
    assert not (await said())[0]


def test_the_probe_believes_nothing_but_200(capsys: pytest.CaptureFixture[str]) -> None:
    """Another status, an empty answer and nobody at all are ill, and what was said is shown."""
    with answering(200, {"status": "ready"}) as server:
        assert main([str(server.server_port)]) == 0
        assert server.asked[0][:2] == ("GET", "/health/ready")
        assert main([str(server.server_port), "/health/live"]) == 0
        assert server.asked[1][:2] == ("GET", "/health/live")
    with answering(503, {"status": "2000"}) as server:
        assert main([str(server.server_port)]) == 1
    assert '{"status": "2000"}' in capsys.readouterr().out
    assert main([str(free_port())]) == 1
    assert "nobody answers" in capsys.readouterr().out


def test_the_probe_loads_nothing_heavy() -> None:
    """It runs in every container every few seconds: no library of ours or of others comes with it."""
    code = "import sys, streams.probe; print(*sorted(name.partition('.')[0] for name in sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"asyncio", "msgspec", "structlog", "typer", "rich", "nats", "exchange", "openbell"} & set(said)
