"""HTTP beside trading: what operators list and see, health, the page, and what the API tells of itself."""

from __future__ import annotations

import aiohttp
import pytest

from gateway import pages
from gateway.admin_routes import SESSION
from tests.support.gateway import gateway_parts, list_instrument, served, token
from tests.support.http import ORDER, client_of


async def test_an_operator_lists_instruments(admin, public):
    """A listing is stored, answered with the definition, and trades at once; changing it keeps its partition."""
    listing = {"tick_size": "0.05", "lot_size": "0.1", "collar_bps": "12.5", "partition": 1, "reason": "new"}
    listed = await admin.ask("PUT", "/v1/admin/instruments/NEW", json=listing)
    assert (admin.last.status, listed["tick_size"], listed["collar_bps"], listed["partition"]) == (
        200,
        "0.05",
        "12.5",
        1,
    )
    assert await admin.ask("GET", "/v1/admin/instruments/NEW") == listed
    assert await public.ask("GET", "/v1/instruments/NEW") == listed
    ticks = [{"from": "0", "tick": "0.05"}, {"from": "10", "tick": "0.1"}]
    changed = await admin.ask("PUT", "/v1/admin/instruments/NEW", json={"ticks": ticks, "lot_size": "1"})
    assert (changed["partition"], len(changed["ticks"])) == (1, 2)
    elsewhere = {"tick_size": "1", "lot_size": "1", "partition": 0}
    assert await admin.problem("PUT", "/v1/admin/instruments/NEW", json=elsewhere) == (400, "bad_request", "partition")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"lot_size": "1"}, "bad_request", "tick_size"),
        ({"tick_size": "1"}, "bad_request", "lot_size"),
        ({"tick_size": "0", "lot_size": "1"}, "bad_request", "tick_size"),
        ({"tick_size": "0.000001", "lot_size": "0.001"}, "bad_request", "lot_size"),
        ({"tick_size": "1", "lot_size": "1", "ticks": []}, "bad_request", "ticks"),
        ({"ticks": [{"from": "1", "tick": "1"}], "lot_size": "1"}, "bad_request", "ticks"),
        ({"ticks": [{"from": "0", "tick": "1", "x": 1}], "lot_size": "1"}, "unknown_field", "x"),
        ({"tick_size": "1", "lot_size": "1", "min_price": "-1"}, "bad_request", "min_price"),
        ({"tick_size": "1", "lot_size": "1", "max_open_orders": -1}, "bad_request", "max_open_orders"),
        ({"tick_size": "1", "lot_size": "1", "collar_bps": "1.001"}, "bad_decimal", "collar_bps"),
        ({"tick_size": "1", "lot_size": "1", "partition": 2}, "bad_request", "partition"),
        ({"tick_size": "1", "lot_size": "1", "reason": "x" * 300}, "bad_request", "reason"),
        ({"tick_size": None, "lot_size": "1"}, "bad_decimal", "tick_size"),
    ],
)
async def test_a_listing_that_cannot_be_is_refused(admin, body, code, field):
    """Nothing is claimed or stored for a definition that RULES.md forbids."""
    assert await admin.problem("PUT", "/v1/admin/instruments/BAD", json=body) == (400, code, field)


async def test_an_operator_sees_sessions_and_partitions(venue, admin, where):
    """Who is connected here, and which partitions have a leader."""
    await list_instrument(venue, "OTHER", 1)
    async with aiohttp.ClientSession() as http, http.ws_connect(f"http://{where}/v1/ws") as socket:
        await socket.send_json({"id": 1, "method": "login", "params": {"token": token("boris")}})
        await socket.receive_json()
        (row,) = (await admin.ask("GET", "/v1/admin/sessions"))["sessions"]
        assert (row["account"], row["address"], row["requests_in_flight"]) == ("boris", "127.0.0.1", 0)
        assert set(row) == set(SESSION["required"])
    venue.silent.add(1)
    first, second = (await admin.ask("GET", "/v1/admin/partitions"))["partitions"]
    assert (first["partition"], first["available"], first["instruments"]) == (0, True, 1)
    assert set(first) == {"partition", "available", "leader", "standby", "sequence", "lag", "checkpoint", "instruments"}
    assert second == {"partition": 1, "available": False}


@pytest.mark.parametrize("partition", ["2", "-1", "x", "9999999"])
async def test_a_partition_that_there_is_not_is_not_handed_over(admin, partition):
    """Neither is anything else in its place."""
    path = f"/v1/admin/partitions/{partition}/handover"
    assert (await admin.problem("POST", path, json={}))[:2] == (404, "not_found")


async def test_a_gateway_that_starts_beside_a_stopped_partition_is_ready(venue):
    """The stopped one will tell nothing, and the others are to trade."""
    venue.stopped.add(1)
    async with gateway_parts(venue) as services, served(services) as where, client_of(where) as public:
        assert await public.ask("GET", "/health/ready") == {"status": "ready"}
        assert [row["symbol"] for row in (await public.ask("GET", "/v1/instruments"))["instruments"]] == ["ACME"]


async def test_health_tells_whether_trading_is_possible(services, venue, public):
    """Live is the process; ready is NATS and every partition."""
    assert (await public.ask("GET", "/health/live"), await public.ask("GET", "/health/ready")) == (
        {"status": "live"},
        {"status": "ready"},
    )
    venue.away = True
    assert (await public.problem("GET", "/health/ready"))[:2] == (503, "unavailable")
    venue.away = False
    venue.silent.add(0)
    venue.reconnect()
    assert await public.ask("GET", "/health/ready") == {"status": "ready"}
    venue.connected = False
    assert (await public.problem("GET", "/health/ready"))[:2] == (503, "unavailable")
    assert await public.ask("GET", "/health/live") == {"status": "live"}


async def test_the_page_is_served_with_a_strict_policy(public, monkeypatch, tmp_path):
    """Built files come from their folder alone, nothing inline may run; without a build the page says what to do."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>the screen")
    (tmp_path / "assets" / "a-1.js").write_text("1")
    (tmp_path / "secret.txt").write_text("no")
    monkeypatch.setattr(pages, "STATIC", tmp_path)
    assert "the screen" in await public.ask("GET", "/")
    assert "unsafe" not in public.last.headers["Content-Security-Policy"]
    assert await public.ask("GET", "/assets/a-1.js") == "1"
    assert "immutable" in public.last.headers["Cache-Control"]
    for path in ("/assets/..%2fsecret.txt", "/assets/missing.js", "/assets/.hidden", "/secret.txt"):
        assert (await public.problem("GET", path))[:2] == (404, "not_found")
    (tmp_path / "index.html").unlink()
    assert "make build" in await public.ask("GET", "/")


async def test_the_api_describes_itself(public):
    """OpenAPI, AsyncAPI and a page for people."""
    assert (await public.ask("GET", "/openapi.json"))["openapi"].startswith("3.1")
    assert (await public.ask("GET", "/asyncapi.json"))["asyncapi"].startswith("3.")
    assert "<html" in await public.ask("GET", "/docs")


async def test_demo_tokens_are_only_for_demos(venue, public):
    """Closed unless the operator opens it, and then for demo accounts alone."""
    assert (await public.problem("POST", "/v1/demo/token", json={"account": "demo-1"}))[:2] == (404, "not_found")
    async with gateway_parts(venue, demo=True) as services, served(services) as where, client_of(where) as visitor:
        given = await visitor.ask("POST", "/v1/demo/token", json={"account": "demo-1"})
        refused = await visitor.problem("POST", "/v1/demo/token", json={"account": "anna"})
        assert (given["account"], refused) == ("demo-1", (403, "forbidden", "account"))
        for taken in ("demo-maker", "demo-taker", "demo-", "demo-0"):
            refused = await visitor.problem("POST", "/v1/demo/token", json={"account": taken})
            assert refused == (403, "forbidden", "account")
        async with client_of(where, given["token"]) as demo:
            assert (await demo.ask("POST", "/v1/orders", json=ORDER))["account"] == "demo-1"


async def test_a_fault_of_ours_tells_no_details(public, services, monkeypatch):
    """500 with `internal` and the request's id, nothing else."""

    def broken():
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(services.directory, "all", broken)
    assert (await public.problem("GET", "/v1/instruments"))[:2] == (500, "internal")
