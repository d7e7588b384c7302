"""The exchange as somebody has it who installed a wheel: nothing of the source tree is near."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path

import compile_core
import pytest

from tests.support.local_exchange import LocalExchange, wait_for

pytestmark = pytest.mark.timeout(1200)

PROGRAM = Path(__file__).with_name("users_program.py")


@pytest.mark.parametrize(("name", "compiled"), [("compiled-env", not compile_core.why_not()), ("pure-env", False)])
def test_an_exchange_runs_from_an_installed_wheel(release: Path, tmp_path: Path, name: str, compiled: bool) -> None:
    """`openbell up --demo` serves the screen, says which core it runs, trades, and shows the trade to anybody."""
    program = release / name / "bin" / "openbell"
    exchange = LocalExchange(tmp_path / "data", "--demo", program=(str(program),), folder=tmp_path)
    try:
        exchange.wait_until_ready()
        assert exchange.facts["compiled"] is compiled
        assert the_screen(exchange.facts["url"]) > 2
        assert the_trade(exchange)
        assert the_program(exchange, release / name) == ("users-program trade OWN\n", "")
        assert the_core(exchange) == ("ok" if compiled else "warn")
        assert exchange.interrupt() == 0
    finally:
        if exchange.process.poll() is None:
            exchange.kill_everything()


def test_a_users_program_is_typed(release: Path, tmp_path: Path) -> None:
    """`mypy --strict` knows every type of the installed SDK, and none is Any where the program relies on it."""
    environment = release / "compiled-env" / "bin" / "python"
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(environment), PROGRAM.name]
    (tmp_path / PROGRAM.name).write_text(PROGRAM.read_text())
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("Success: no issues found in 1 source file\n", "")


def the_program(exchange: LocalExchange, environment: Path) -> tuple[str, str]:
    """All that a user's program writes: what it prints itself, and nothing of the SDK's."""
    listing = {"tick_size": "0.01", "lot_size": "1"}
    exchange.call("PUT", "/v1/admin/instruments/OWN", "operator", listing, "admin")
    tokens = [exchange.token("anna"), exchange.token("boris")]
    command = [str(environment / "bin" / "python"), str(PROGRAM), exchange.facts["url"], *tokens, "OWN"]
    run = subprocess.run(command, cwd=exchange.data_dir, capture_output=True, text=True, timeout=60, check=False)
    return run.stdout, run.stderr


def the_screen(url: str) -> int:
    """How many files the page names, each of which is served too."""
    page = served(f"{url}/")
    assets = [part.partition('"')[0] for part in page.split('="/assets/')[1:]]
    return len([served(f"{url}/assets/{name}") for name in assets])


def served(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - an http URL of our own
        body: bytes = answer.read()
        return body.decode()


def the_trade(exchange: LocalExchange) -> bool:
    """Whether a trade of two orders of ours is on the public tape."""
    best = wait_for(lambda: exchange.call("GET", "/v1/instruments/ACME/book?depth=1")["asks"])
    order = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "1", "price": best[0][0]}
    resting = exchange.call("POST", "/v1/orders", "anna", order)
    if not resting["fills"]:
        resting = exchange.call("POST", "/v1/orders", "boris", order | {"side": "sell"})
    [fill] = resting["fills"]
    trades = exchange.call("GET", "/v1/instruments/ACME/trades?limit=1000")["trades"]
    return fill["trade_id"] in [trade["trade_id"] for trade in trades]


def the_core(exchange: LocalExchange) -> str:
    """What the doctor finds of the engine."""
    [finding] = exchange.command("doctor", "--json", "--only", "engine")["findings"]
    return str(finding["status"])
