"""Our API's documents, read by the tools that users have: the official parser, generators of clients, schemathesis."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.local_exchange import LocalExchange

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
TOOLS = Path(sys.prefix) / "documents"
PYTHON = TOOLS / "python" / "bin"
NODE = TOOLS / "node"
SECONDS_MAX = 240
"""For a tool on a busy machine; schemathesis takes 20 on a quiet one."""
SEED = 20261201
EXAMPLES = 2
"""Of random data for each operation, beside those that schemathesis derives from the schemas one by one."""

ORDER = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "1", "price": "9.00"}

ERROR, WARNING = 0, 1
"""Severities of the AsyncAPI parser; beyond them is advice."""

pytestmark = pytest.mark.skipif(
    not TOOLS.is_dir() and "CI" not in os.environ, reason="`make documents` installs the tools that read our documents"
)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalExchange]:
    """An exchange as a user starts it, with one instrument."""
    running = LocalExchange(tmp_path_factory.mktemp("documents") / "data", "--partitions", "2")
    running.wait_until_ready()
    listing = {"tick_size": "0.01", "lot_size": "1", "reference_price": "10.00"}
    running.call("PUT", "/v1/admin/instruments/ACME", "operator", listing, scope="admin")
    yield running
    running.interrupt()


@pytest.fixture
def openapi(exchange: LocalExchange, tmp_path: Path) -> Path:
    """The document as it is served, in a file."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(exchange.call("GET", "/openapi.json")))
    return path


def run(*command: str | Path, cwd: Path, given: str = "", **environment: str) -> str:
    """What a tool prints; fails with all of it when the tool does."""
    path = os.pathsep.join([str(PYTHON), str(NODE / "bin"), os.environ["PATH"]])
    ran = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=os.environ | {"PATH": path, **environment},
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_official_parser_takes_the_asyncapi_document(exchange: LocalExchange) -> None:
    """@asyncapi/parser finds a document without errors and warnings, and in it every method and channel."""
    document = json.dumps(exchange.call("GET", "/asyncapi.json"))
    script = (HERE / "parse_asyncapi.mjs").read_text()
    told = json.loads(run("node", "--input-type=module", "--eval", script, cwd=NODE, given=document))
    assert [found for found in told["diagnostics"] if found["severity"] in (ERROR, WARNING)] == []
    assert {"order_place", "subscribe", "send_book", "publish_trades"} <= set(told["operations"])


def test_a_typescript_client_compiles_on_the_generated_types(openapi: Path, tmp_path: Path) -> None:
    """openapi-typescript makes types of the document, and a strict compiler takes a client that uses them."""
    tools = NODE / "node_modules" / ".bin"
    run(tools / "openapi-typescript", openapi, "-o", tmp_path / "api.d.ts", cwd=tmp_path)
    (tmp_path / "usage.ts").write_text((HERE / "usage.ts").read_text())
    run(tools / "tsc", "--noEmit", "--strict", "--target", "es2022", "usage.ts", cwd=tmp_path)


def test_a_generated_python_client_trades(exchange: LocalExchange, openapi: Path, tmp_path: Path) -> None:
    """openapi-python-client makes a package without a warning, and a program trades by it."""
    package = tmp_path / "openbell_client"
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"package_name_override": "openbell_client"}))
    options = ("--meta", "none", "--fail-on-warning", "--output-path", package, "--config", config)
    run("openapi-python-client", "generate", "--path", openapi, *options, cwd=tmp_path)
    trade = (PYTHON / "python", HERE / "trade.py", exchange.facts["url"], exchange.token("alice"))
    seen = json.loads(run(*trade, cwd=tmp_path, PYTHONPATH=str(tmp_path)))
    assert seen == {
        "placed": ["open", "3", []],
        "found": True,
        "best_bid": ["10.25", "3"],
        "amended": "2",
        "listed": True,
        "canceled": ["canceled", "requested"],
        "again": [409, "order_done"],
    }


@pytest.mark.timeout(2 * SECONDS_MAX)
def test_schemathesis_finds_nothing(exchange: LocalExchange, tmp_path: Path) -> None:
    """Every check, over every operation, with right and wrong data: the exchange does what its document says."""
    print(f"seed {SEED}")  # noqa: T201
    exchange.call("POST", "/v1/orders", "alice", ORDER)
    bearer = exchange.token("alice", "read trade admin")
    said = run(
        *("st", "--config-file", HERE / "schemathesis.toml", "run", exchange.facts["url"] + "/openapi.json"),
        *("--checks", "all", "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--no-shrink"),
        *("--header", f"Authorization: Bearer {bearer}"),
        cwd=tmp_path,
    )
    tested, cases = re.search(r"Tested: (\d+)", said), re.search(r"(\d+) generated, (\d+) passed", said)
    assert tested, said
    assert cases, said
    paths = exchange.call("GET", "/openapi.json")["paths"]
    del paths["/openapi.json"]  # what it reads its tests from
    assert int(tested[1]) == sum(map(len, paths.values()))
    assert int(cases[1]) > 500
    assert exchange.call("GET", "/health/ready") == {"status": "ready"}
    assert [line for line in exchange.lines if "[error" in line or "[critical" in line] == []
