"""A gateway is killed with -9: its clients go on through another, and what it had promised to cancel is canceled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.support.local_exchange import LocalExchange, kill, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

HEARTBEATS = 4
"""Seconds: whatever the first session's end has removed is not there any more."""

LISTING = {"tick_size": "0.01", "lot_size": "1"}


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[LocalExchange]:
    """One gateway, which the supervisor starts again."""
    exchange = LocalExchange(tmp_path, "--no-demo", "--partitions", "2")
    try:
        exchange.wait_until_ready()
        exchange.call("PUT", "/v1/admin/instruments/ACME", "operator", LISTING, "admin")
        yield exchange
    finally:
        exchange.kill_everything()


def ask(socket: ClientConnection, method: str, **params: Any) -> Any:
    """The result of a request."""
    socket.send(json.dumps({"id": 1, "method": method, "params": params}))
    answer = json.loads(socket.recv(10))
    assert "result" in answer, answer
    return answer["result"]


def test_orders_of_its_sessions_are_canceled_and_no_others(exchange: LocalExchange) -> None:
    """By the partition's leader, when the gateway's lease has lapsed; orders by HTTP belong to no session."""
    order = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "1", "price": "1"}
    with connect(exchange.facts["url"].replace("http", "ws", 1) + "/v1/ws") as socket:
        ask(socket, "login", token=exchange.token("anna"), cancel_on_disconnect="connection")
        orphan = ask(socket, "order.place", **order)["order_id"]
        kept = exchange.call("POST", "/v1/orders", "anna", order)["order_id"]
        for pid in exchange.children("gateway"):
            kill(pid)
        with pytest.raises(ConnectionClosed):
            socket.recv(10)

    def ended() -> Any:
        status, found = exchange.try_to_call("GET", f"/v1/orders/{orphan}", "anna")
        return found if status == 200 and found["status"] != "open" else None

    found = wait_for(ended, 30)
    assert (found["status"], found["reason"]) == ("canceled", "disconnected")
    assert exchange.call("GET", f"/v1/orders/{kept}", "anna")["status"] == "open"


def test_orders_of_a_session_that_ended_in_good_order_live_on_whatever_dies(tmp_path: Path) -> None:
    """All processes are killed, nats-server among them, and started again; then a gateway that came after that is.

    A second session, which is still there when all dies, is the proof that the promises of the dead have been kept.
    """
    order = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "1", "price": "1"}
    exchange = LocalExchange(tmp_path, "--no-demo", "--partitions", "1")
    try:
        exchange.wait_until_ready()
        exchange.call("PUT", "/v1/admin/instruments/ACME", "operator", LISTING, "admin")
        url = exchange.facts["url"].replace("http", "ws", 1) + "/v1/ws"
        with connect(url) as socket:
            ask(socket, "login", token=exchange.token("anna"), cancel_on_disconnect="account")
        kept = exchange.call("POST", "/v1/orders", "anna", order)["order_id"]
        with connect(url) as socket:
            ask(socket, "login", token=exchange.token("boris"), cancel_on_disconnect="account")
            orphan = ask(socket, "order.place", **order)["order_id"]
            ask(socket, "subscribe", channel="heartbeat")
            for _ in range(HEARTBEATS):
                socket.recv(10)
            exchange.kill_everything()
    finally:
        exchange.kill_everything()
    exchange = LocalExchange(tmp_path, "--no-demo", "--partitions", "1")
    try:
        exchange.wait_until_ready()
        wait_for(lambda: exchange.call("GET", f"/v1/orders/{orphan}", "boris")["status"] == "canceled", 30)
        assert exchange.call("GET", f"/v1/orders/{kept}", "anna")["status"] == "open"
    finally:
        exchange.kill_everything()
