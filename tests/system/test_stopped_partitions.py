"""An exchange of which a part cannot trade says so wherever it is asked, and never that it is open."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from streams import subjects, topology
from streams.broker.connection import Connection
from streams.settings import StreamSettings
from streams.topology import CONFIGURE
from streams.wire import codec
from tests.support.local_exchange import LocalExchange
from tests.support.nats import nats_server

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)

VERSION = 99
"""Of the rules, which no worker knows."""


@pytest.fixture
async def data_dir(tmp_path: Path) -> Path:
    """Of two partitions, whose second wants rules that this version does not know."""
    directory = tmp_path / "exchange"
    directory.mkdir(mode=0o700)
    async with nats_server(directory) as url:
        settings = StreamSettings(nats_url=url, partitions=2)
        connection = await Connection.open(settings, "test")
        await topology.ensure(connection, settings)
        command = codec.encode_command(replace(CONFIGURE, semantics=VERSION))
        await connection.store(subjects.journal(1), codec.encode_batch("test", 1, [command]))
        await connection.close()
    return directory


async def test_what_does_not_trade_is_named_and_the_rest_trades(data_dir: Path) -> None:
    """`up`, `/health/ready`, the admin API and the doctor say the same of it; the other partition takes orders."""
    exchange = LocalExchange(data_dir, "--partitions", "2", "--demo")
    try:
        exchange.wait_until_ready()
        (row,) = exchange.facts["degraded"]
        assert (exchange.facts["ready"], exchange.facts["demo"], row["partition"], row["stopped"]) == (
            False,
            False,
            1,
            True,
        )
        assert f"the journal wants version {VERSION} of the rules" in row["why"]
        status, problem = exchange.try_to_call("GET", "/health/ready")
        assert (status, problem["degraded"]) == (503, [row])
        assert exchange.call("GET", "/health/gateway") == {"status": "ok"}
        first, second = exchange.call("GET", "/v1/admin/partitions", "ops", scope="admin")["partitions"]
        assert (first["available"], first["why"]) == (True, None)
        assert (second["available"], second["why"]) == (False, row["why"])

        listing = {"tick_size": "0.01", "lot_size": "1", "partition": 0}
        exchange.call("PUT", "/v1/admin/instruments/ACME", "ops", listing, "admin")
        order = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "1", "price": "1"}
        assert exchange.call("POST", "/v1/orders", "anna", order)["status"] == "open"
        status, problem = exchange.try_to_call("POST", "/v1/orders", "anna", order | {"symbol": "GONE"})
        assert (status, problem["code"]) == (503, "unavailable")
        assert "stopped" in problem["message"]

        doctor = [sys.executable, "-m", "openbell", "doctor", "--data-dir", str(data_dir)]
        said = await asyncio.to_thread(subprocess.run, doctor, capture_output=True, text=True, check=False)
        assert said.returncode != 0
        failed = [line for line in said.stdout.splitlines() if line.startswith("fail")]
        assert [line.split()[1] for line in failed] == ["exchange", "partitions"]
        assert all(f"version {VERSION}" in line for line in failed)
    finally:
        exchange.kill_everything()
