"""`openbell up` as a user meets it: real processes, a real nats-server, HTTP from outside."""

from __future__ import annotations

import os
import re
import signal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from openbell.local.demo_instruments import DEMO_INSTRUMENTS
from tests.support.local_exchange import LocalExchange, alive, command_of, kill, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., LocalExchange]]:
    """Start exchanges, by default all on one data directory, and leave none behind."""
    started = []

    def begin(*options: str, directory: str = "exchange") -> LocalExchange:
        exchange = LocalExchange(tmp_path / directory, *options)
        started.append(exchange)
        return exchange

    yield begin
    for exchange in started:
        if exchange.process.poll() is None:
            exchange.kill_everything()


ROLE = re.compile(r"openbell (?:gateway|worker)|nats-server")


def listed(exchange: LocalExchange) -> None:
    """List ACME."""
    body = {"tick_size": "0.01", "lot_size": "1"}
    exchange.call("PUT", "/v1/admin/instruments/ACME", "operator", body, "admin")


def place(exchange: LocalExchange, account: str, side: str, quantity: str, price: str, name: str) -> Any:
    """Place a limit order under a client order id."""
    order = {
        "symbol": "ACME",
        "side": side,
        "type": "limit",
        "quantity": quantity,
        "price": price,
        "client_order_id": name,
    }
    return exchange.call("POST", "/v1/orders", account, order)


def role_of(command: str) -> str:
    """Which role a command line is of; that of no role as it is."""
    found = ROLE.search(command)
    return found[0] if found else command


def is_followed(exchange: LocalExchange, role: str, victim: int) -> bool:
    """Whether a role has another process than the one that was killed."""
    return bool(set(exchange.children(role)) - {victim})


def picture(exchange: LocalExchange) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    """What must survive: the whole book, the last trades, and each account's open orders."""
    book = exchange.call("GET", "/v1/instruments/ACME/book?depth=0")
    trades = exchange.call("GET", "/v1/instruments/ACME/trades")["trades"]
    orders = {name: exchange.call("GET", "/v1/orders", name)["orders"] for name in ("anna", "boris")}
    return {name: book[name] for name in ("bids", "asks", "seq", "checksum")}, trades, orders


def test_an_exchange_survives_whatever_is_killed(start: Callable[..., LocalExchange]) -> None:
    """List, trade, kill a worker, kill everything: the book, the open orders and every answer are as before."""
    exchange = start()
    exchange.wait_until_ready()
    listed(exchange)
    resting = place(exchange, "anna", "sell", "10", "101.25", "a-1")
    assert resting["status"] == "open"
    taker = place(exchange, "boris", "buy", "4", "101.30", "b-1")
    assert taker["status"] == "filled"
    assert [(fill["price"], fill["quantity"]) for fill in taker["fills"]] == [("101.25", "4")]
    place(exchange, "boris", "buy", "7", "101.00", "b-2")
    before = picture(exchange)
    assert before[0]["asks"] == [["101.25", "6"]]
    assert before[0]["bids"] == [["101.00", "7"]]

    (worker,) = exchange.children("openbell worker")
    kill(worker)
    wait_for(lambda: [pid for pid in exchange.children("openbell worker") if pid != worker])
    wait_for(lambda: exchange.try_to_call("GET", "/v1/instruments/ACME/book")[0] == 200)
    assert picture(exchange) == before

    exchange.kill_everything()
    again = start()
    again.wait_until_ready()
    assert picture(again) == before
    repeated = place(again, "boris", "buy", "4", "101.30", "b-1")
    assert (repeated["order_id"], repeated["status"]) == (taker["order_id"], "filled")
    assert picture(again) == before
    assert place(again, "boris", "buy", "6", "101.25", "b-3")["status"] == "filled"
    assert again.interrupt() == 0


def test_ctrl_c_ends_everything_in_order(start: Callable[..., LocalExchange]) -> None:
    """The exit code is 0, no process is left, and each role drained rather than being killed."""
    exchange = start("--workers", "2", "--gateways", "2", "--partitions", "2")
    exchange.wait_until_ready()
    children = exchange.children()
    roles = sorted(role_of(command_of(pid)) for pid in children)
    assert roles == ["nats-server", *["openbell gateway"] * 2, *["openbell worker"] * 2]
    assert exchange.interrupt() == 0
    assert not [pid for pid in children if alive(pid)]
    log = "".join(exchange.lines)
    assert "child.killed" not in log
    assert log.rindex("gateway.ended") < log.rindex("worker.ended") < log.rindex("exchange.closed")


def test_killing_up_alone_leaves_nobody_in_the_way(start: Callable[..., LocalExchange]) -> None:
    """After kill -9 of the supervisor the children are gone and the next start is as usual."""
    exchange = start()
    exchange.wait_until_ready()
    children = exchange.children()
    assert len(children) == 3
    kill(exchange.process.pid)
    again = start()
    again.wait_until_ready()
    assert not [pid for pid in children if alive(pid)]
    assert again.interrupt() == 0


def test_a_second_exchange_on_the_same_data_is_refused(start: Callable[..., LocalExchange]) -> None:
    """It says where the first one is, and the first one does not notice."""
    exchange = start()
    exchange.wait_until_ready()
    second = start()
    assert second.wait() == 1
    assert f"already runs on {exchange.data_dir} at {exchange.facts['url']}" in "".join(second.lines)
    assert exchange.call("GET", "/health/ready")
    assert exchange.interrupt() == 0


def test_the_number_of_partitions_stays(start: Callable[..., LocalExchange]) -> None:
    """Another number on existing data is refused with both numbers, and nothing is left running."""
    exchange = start("--partitions", "2")
    exchange.wait_until_ready()
    assert exchange.interrupt() == 0
    other = start("--partitions", "3")
    assert other.wait() == 2
    assert "2 partitions" in "".join(other.lines)
    assert "Traceback" not in "".join(other.lines)
    assert not other.children()


def test_a_role_that_dies_is_started_again_and_told(start: Callable[..., LocalExchange]) -> None:
    """NATS and the gateway, too, come back after kill -9, and orders are taken again."""
    exchange = start()
    exchange.wait_until_ready()
    listed(exchange)
    for role in ("nats-server", "openbell gateway"):
        (victim,) = exchange.children(role)
        kill(victim)
        wait_for(partial(is_followed, exchange, role, victim))
    wait_for(lambda: exchange.try_to_call("GET", "/v1/instruments/ACME/book")[0] == 200)
    order = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "1", "price": "1", "client_order_id": "x"}
    wait_for(lambda: exchange.try_to_call("POST", "/v1/orders", "anna", order)[0] == 201)
    assert exchange.interrupt() == 0
    log = "".join(exchange.lines)
    assert re.search(r"child\.ended .*by=SIGKILL child=nats", log)
    assert re.search(r"child\.ended .*by=SIGKILL child=gateway-1", log)


def test_stopping_while_it_opens_works_too(start: Callable[..., LocalExchange]) -> None:
    """SIGTERM before it is ready ends it with 0 and without orphans."""
    exchange = start()
    wait_for(exchange.children)
    children = exchange.children()
    exchange.process.send_signal(signal.SIGTERM)
    assert exchange.wait() == 0
    assert not [pid for pid in children if alive(pid)]


def test_the_doctor_finds_the_exchange_well(start: Callable[..., LocalExchange]) -> None:
    """On a running exchange nothing fails, and what is to be seen of NATS is seen."""
    exchange = start()
    exchange.wait_until_ready()
    run = exchange.command("doctor", "--json")
    findings = {finding["check"]: finding for finding in run["findings"]}
    assert not [finding for finding in findings.values() if finding["status"] == "fail"]
    for check in ("nats-server", "secrets", "port", "exchange", "nats", "jetstream", "sync", "topology", "clock"):
        assert findings[check]["status"] == "ok", findings[check]
    assert exchange.interrupt() == 0


def test_an_operator_lists_from_the_command_line(start: Callable[..., LocalExchange]) -> None:
    """`openbell admin` mints its own token from the data directory and shows what is listed."""
    exchange = start()
    exchange.wait_until_ready()
    terms = ("--tick", "0.05", "--lot", "10", "--reference-price", "48.30", "--collar-bps", "500")
    instrument = exchange.command("admin", "list-instrument", "BIRCH", *terms, "--json")
    assert instrument["symbol"] == "BIRCH"
    rows = exchange.command("admin", "instruments", "--json")
    assert [(row["symbol"], row["tick_size"], row["lot_size"]) for row in rows] == [("BIRCH", "0.05", "10")]
    assert exchange.interrupt() == 0


def test_a_second_ctrl_c_kills(start: Callable[..., LocalExchange]) -> None:
    """Whoever does not want to wait for the drain does not have to, and is told that it was cut short."""
    exchange = start()
    exchange.wait_until_ready()
    (worker,) = exchange.children("openbell worker")
    os.kill(worker, signal.SIGSTOP)  # it cannot drain now
    exchange.process.send_signal(signal.SIGINT)
    wait_for(lambda: not exchange.children("openbell gateway"))

    def killed() -> bool:
        if alive(worker):
            exchange.process.send_signal(signal.SIGINT)  # close behind the first one it is the same request
        return not alive(worker)

    wait_for(killed)
    assert exchange.wait() == 1
    assert not alive(worker)
    assert "killed before everything had drained" in "".join(exchange.lines)


def test_the_demo_is_worth_looking_at(start: Callable[..., LocalExchange]) -> None:
    """Eight instruments with quotes on both sides, trades, and a token for whoever opens the page."""
    exchange = start("--demo")
    exchange.wait_until_ready()
    symbols = [row["symbol"] for row in exchange.call("GET", "/v1/instruments")["instruments"]]
    assert sorted(symbols) == sorted(DEMO_INSTRUMENTS)

    def lively(symbol: str) -> bool:
        ticker = exchange.call("GET", f"/v1/instruments/{symbol}/ticker")
        return bool(ticker["bid"] and ticker["ask"])

    wait_for(lambda: all(lively(symbol) for symbol in symbols))
    wait_for(lambda: exchange.call("GET", "/v1/instruments/ACME/trades")["trades"])
    assert exchange.call("POST", "/v1/demo/token", body={"account": "demo-1"})["token"]
    assert exchange.interrupt() == 0
    log = "".join(exchange.lines)
    assert "child.ended" not in log
    assert "Traceback" not in log
