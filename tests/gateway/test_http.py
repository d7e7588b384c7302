"""HTTP: the same orders and market data, with the statuses and headers of the protocol; health, and the page."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from gateway import server
from gateway.http import listing_routes, market_routes, operator_routes, order_routes, page_routes
from tests.support.gateway import SETTINGS, gateway_parts, served, token
from tests.support.http import ORDER, client_of

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.services import Services
    from tests.support.http import Client
    from tests.support.local_venue import LocalVenue


async def test_an_order_lives_its_life(trader: Client) -> None:
    """Placed, found by both names, listed, amended, canceled."""
    placed = await trader.ask("POST", "/v1/orders", json=ORDER | {"client_order_id": "mine"})
    assert (trader.last.status, placed["status"], placed["fills"]) == (201, "open", [])
    path = f"/v1/orders/{placed['order_id']}"
    found = await trader.ask("GET", path)
    assert (await trader.ask("GET", "/v1/orders/by-client-id/mine?symbol=ACME")) == found
    assert (await trader.ask("GET", "/v1/orders?status=open&symbol=ACME&limit=5"))["orders"] == [found]
    amended = await trader.ask("PATCH", path, json={"quantity": "3"})
    assert (trader.last.status, amended["quantity"]) == (200, "3")
    assert (await trader.ask("DELETE", path))["status"] == "canceled"
    assert await trader.problem("DELETE", path) == (409, "order_done", "order_id")
    await trader.ask("POST", "/v1/orders", json=ORDER)
    assert await trader.ask("DELETE", "/v1/orders?symbol=ACME&side=buy") == {"canceled": 1}
    assert await trader.ask("DELETE", "/v1/orders") == {"canceled": 0}


async def test_an_idempotency_key_is_the_client_order_id(trader: Client) -> None:
    """Repeating a request with its key creates nothing; the body's own id comes first."""
    for key in ("key-1", '"key-1"'):
        order = await trader.ask("POST", "/v1/orders", json=ORDER, headers={"Idempotency-Key": key})
        assert (order["order_id"], order["client_order_id"]) == ("0-1", "key-1")
    both = await trader.ask(
        "POST", "/v1/orders", json=ORDER | {"client_order_id": "x"}, headers={"Idempotency-Key": "key-1"}
    )
    assert both["client_order_id"] == "x"
    reused = await trader.problem(
        "POST", "/v1/orders", json=ORDER | {"side": "sell"}, headers={"Idempotency-Key": "key-1"}
    )
    assert reused == (409, "client_order_id_reused", "client_order_id")


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (("POST", "/v1/orders", {"json": ORDER | {"price": "1.555"}}), (422, "price_off_tick", "price")),
        (("POST", "/v1/orders", {"json": ORDER | {"prize": 1}}), (400, "unknown_field", "prize")),
        (("POST", "/v1/orders", {"json": ORDER | {"price": None}}), (400, "bad_decimal", "price")),
        (("POST", "/v1/orders", {"json": ORDER | {"symbol": "NOPE"}}), (404, "unknown_instrument", "symbol")),
        (("POST", "/v1/orders", {"json": ORDER | {"account": "boris"}}), (403, "forbidden", "account")),
        (("POST", "/v1/orders", {"json": []}), (400, "bad_request", None)),
        (("POST", "/v1/orders", {"data": b"{}"}), (415, "unsupported_media_type", None)),
        (
            ("POST", "/v1/orders", {"data": b" " * 65_537, "headers": {"Content-Type": "application/json"}}),
            (413, "too_large", None),
        ),
        (
            ("POST", "/v1/orders", {"data": b'{"a":1,"a":2}', "headers": {"Content-Type": "application/json"}}),
            (400, "unknown_field", "a"),
        ),
        (("GET", "/v1/orders/0-77", {}), (404, "unknown_order", "order_id")),
        (("GET", "/v1/orders/nonsense", {}), (404, "unknown_order", "order_id")),
        (("GET", "/v1/orders?limit=x", {}), (400, "bad_request", "limit")),
        (("GET", "/v1/orders?limit=1&limit=2", {}), (400, "bad_request", "limit")),
        (("GET", "/v1/orders?limit=null", {}), (400, "bad_request", "limit")),
        (("GET", "/v1/orders?symbol=", {}), (400, "bad_request", "symbol")),
        (("GET", "/v1/orders?status=filled", {}), (400, "bad_request", "status")),
        (("GET", "/v1/orders?sort=asc", {}), (400, "unknown_field", "sort")),
        (("PATCH", "/v1/orders/0-1", {"json": {"order_id": "0-2"}}), (400, "unknown_field", "order_id")),
        (("GET", "/v1/orders/by-client-id/x", {}), (400, "bad_request", "symbol")),
        (("PUT", "/v1/admin/instruments/NEW", {"json": {}}), (403, "forbidden", None)),
        (("GET", "/v1/instruments/ACME/book?depth=-7", {}), (400, "bad_request", "depth")),
        (("GET", "/v1/instruments/ACME/trades?limit=0", {}), (400, "bad_request", "limit")),
        (("GET", "/v1/instruments/a.b", {}), (400, "bad_request", "symbol")),
        (("GET", "/v1/instruments/NOPE/ticker", {}), (404, "unknown_instrument", "symbol")),
        (("GET", "/nowhere", {}), (404, "not_found", None)),
    ],
)
async def test_what_is_wrong_is_a_problem(
    trader: Client, request_: tuple[str, str, dict[str, Any]], expected: tuple[int, str, str | None]
) -> None:
    """Each refusal has its status, code and field, in one shape."""
    method, path, more = request_
    assert await trader.problem(method, path, **more) == expected


async def test_another_method_is_told_which_there_are(trader: Client) -> None:
    """405 with Allow."""
    assert (await trader.problem("PUT", "/v1/orders"))[:2] == (405, "method_not_allowed")
    assert trader.last.headers["Allow"] == "DELETE,GET,HEAD,POST"
    assert (await trader.problem("PUT", "/health/live"))[:2] == (405, "method_not_allowed")
    assert trader.last.headers["Allow"] == "GET,HEAD"


async def test_head_answers_as_get_does_without_the_content(where: str) -> None:
    """On every route that has GET: the same status and type, its length told, no body."""
    paths = {"symbol": "ACME", "order_id": "0-1", "client_order_id": "mine", "account": "anna", "name": "x.js"}
    routes = (
        *market_routes.ROUTES,
        *order_routes.ROUTES,
        *listing_routes.ROUTES,
        *operator_routes.ROUTES,
        *page_routes.ROUTES,
    )
    asked = [path.format(**paths) for method, path, _ in routes if method == "GET"]
    assert len(asked) > 20
    async with client_of(where, token("operator", "read trade admin")) as client:
        for path in (*asked, "/v1/ws", "/v1/instruments/NONE", "/v1/instruments?x=1"):
            told = await client.ask("GET", path)
            status, kind = client.last.status, client.last.content_type
            assert await client.ask("HEAD", path) == ""
            assert (path, client.last.status, client.last.content_type) == (path, status, kind)
            assert int(client.last.headers["Content-Length"]) > 0 or not told
        assert (await client.ask("HEAD", "/v1/demo/token"), client.last.status) == ("", 405)


async def test_a_body_that_is_no_json_object_is_told_so(trader: Client) -> None:
    """In words of HTTP: there are no frames here."""
    sentence = "the body must be one JSON object, in UTF-8"
    for data in (b"", b"{", b'{"symbol":"ACME"', b'{"symbol":NaN}', b"\xff"):
        answer = await trader.ask("POST", "/v1/orders", data=data, headers={"Content-Type": "Application/JSON"})
        assert (answer["code"], answer["message"]) == ("bad_request", sentence), data


async def test_who_speaks_is_asked_first(public: Client, where: str) -> None:
    """401 with WWW-Authenticate without a token, and for one that is not valid, whatever else is wrong."""
    assert (await public.problem("POST", "/v1/orders", data=b"x"))[:2] == (401, "unauthenticated")
    assert public.last.headers["WWW-Authenticate"].startswith("Bearer")
    for header in ("Bearer x", "Basic x", "Bearer"):
        assert (await public.problem("GET", "/v1/time", headers={"Authorization": header}))[:2] == (
            401,
            "unauthenticated",
        )
    async with client_of(where, token(scope="read")) as reader:
        assert (await reader.problem("POST", "/v1/orders", json=ORDER))[:2] == (403, "forbidden")


async def test_market_data_is_there_for_everybody(public: Client, trader: Client) -> None:
    """Time, instruments, book, trades, ticker and status need no token."""
    await trader.ask("POST", "/v1/orders", json=ORDER)
    assert set(await public.ask("GET", "/v1/time")) == {"time"}
    rows = (await public.ask("GET", "/v1/instruments"))["instruments"]
    assert rows == [await public.ask("GET", "/v1/instruments/ACME")]
    book = await public.ask("GET", "/v1/instruments/ACME/book?depth=1")
    assert (book["bids"], book["asks"], book["seq"]) == ([["1.50", "1"]], [], 1)
    for price in ("1.40", "1.30", "1.20"):
        await trader.ask("POST", "/v1/orders", json=ORDER | {"price": price})
    for depth, bids in ((2, 2), (3, 3), (7, 4), (0, 4), (10_000, 4)):
        assert len((await public.ask("GET", f"/v1/instruments/ACME/book?depth={depth}"))["bids"]) == bids
    for depth in (-1, 10_001):
        expected = (400, "bad_request", "depth")
        assert await public.problem("GET", f"/v1/instruments/ACME/book?depth={depth}") == expected
    assert (await public.ask("GET", "/v1/instruments/ACME/trades?limit=5&before=9"))["trades"] == []
    assert (await public.ask("GET", "/v1/instruments/ACME/ticker"))["bid"] == "1.50"
    assert (await public.ask("GET", "/v1/instruments/ACME/status"))["phase"] == "continuous"


async def test_every_answer_has_its_headers(public: Client, trader: Client) -> None:
    """Request ids are echoed or made, nothing is sniffed, private answers are not kept, our software has no version."""
    await public.ask("GET", "/v1/time", headers={"X-Request-Id": "mine-1"})
    assert public.last.headers["X-Request-Id"] == "mine-1"
    await public.ask("GET", "/nowhere", headers={"X-Request-Id": "bad id"})
    assert len(public.last.headers["X-Request-Id"]) == 16
    await trader.ask("GET", "/v1/orders")
    assert trader.last.headers["Cache-Control"] == "no-store"
    for response in (public.last, trader.last):
        assert (response.headers["X-Content-Type-Options"], response.headers["Server"]) == ("nosniff", "openbell")


async def test_a_trace_is_passed_on(public: Client) -> None:
    """A traceparent comes back as it came, one that is none does not."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await public.ask("GET", "/v1/time", headers={"traceparent": trace})
    assert public.last.headers["traceparent"] == trace
    for wrong in (trace.upper(), trace[:-1], "00-" + "0" * 32 + "-b7ad6b7169203331-01", "x"):
        await public.ask("GET", "/nowhere", headers={"traceparent": wrong})
        assert "traceparent" not in public.last.headers


async def test_every_line_of_the_way_here_counts(venue: LocalVenue) -> None:
    """A proxy may add a line of X-Forwarded-For of its own: the last one says who spoke to it."""
    trusted = (ip_network("127.0.0.1/32"),)
    async with gateway_parts(venue, trusted_proxies=trusted) as services, served(services) as where:
        reader, writer = await asyncio.open_connection(*where.split(":"))
        writer.write(
            b"GET /v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"
        )
        assert b"101" in await reader.readline()
        assert services.sessions.described()[0]["address"] == "203.0.113.9"
        writer.close()


async def test_connections_are_bounded_and_have_to_say_something(venue: LocalVenue) -> None:
    """One too many is closed at once; one that sends no request, or half of one, soon; one that asked may stay."""
    settings = replace(SETTINGS, connections_max=2, first_request_seconds=0.2)
    async with gateway_parts(venue) as services:
        runner = server.make_runner(services)
        await runner.setup()
        door = await server.open_door(runner, settings)
        where = door.sockets[0].getsockname()[:2]
        half, _half = await asyncio.open_connection(*where)
        _half.write(b"GET /v1/time HTTP/1.1\r\nHost: x\r\n")
        asked, _asked = await asyncio.open_connection(*where)
        _asked.write(b"GET /v1/time HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" in await asked.readline()
        third, _third = await asyncio.open_connection(*where)
        for closed in (third, half):
            with suppress(ConnectionError):
                assert await asyncio.wait_for(closed.read(), 5) == b""
        _asked.write(b"GET /v1/time HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.wait_for(asked.readuntil(b"HTTP/1.1 200"), 5)
        for writer in (_half, _asked, _third):
            writer.close()
        door.close()
        await runner.cleanup()


async def test_what_is_no_http_is_told_nothing_about_us(where: str) -> None:
    """Even the answer to rubbish does not name a version."""
    reader, writer = await asyncio.open_connection(*where.split(":"))
    writer.write(b"RUBBISH\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert answer.startswith(b"HTTP/1.0 400")
    assert b"aiohttp" not in answer.lower()


async def test_the_limits_are_told_and_kept(venue: LocalVenue) -> None:
    """RateLimit on every answer; beyond the bucket 429 with Retry-After."""
    async with (
        gateway_parts(venue, rate_limits=True, address_requests_per_second=1, address_requests_burst=2) as services,
        served(services) as where,
        client_of(where) as public,
    ):
        await public.ask("GET", "/health/live")
        assert public.last.headers["RateLimit-Policy"] == '"address";q=2;w=2'
        assert public.last.headers["RateLimit"].startswith('"address";r=2')
        await public.ask("GET", "/v1/time")
        await public.ask("GET", "/v1/time")
        assert (await public.problem("GET", "/v1/time"))[:2] == (429, "rate_limited")
        assert int(public.last.headers["Retry-After"]) >= 1
        async with client_of(where, token()) as trader:
            assert (await trader.ask("GET", "/v1/orders")) == {"orders": []}
            assert trader.last.headers["RateLimit-Policy"].startswith('"reads"')


async def test_what_cannot_be_stored_is_503(venue: LocalVenue, trader: Client) -> None:
    """With Retry-After when it surely was not stored; `outcome_unknown` when nobody knows."""
    venue.away = True
    assert (await trader.problem("POST", "/v1/orders", json=ORDER))[:2] == (503, "busy")
    assert trader.last.headers["Retry-After"] == "1"
    venue.away = False
    venue.silent.add(0)
    assert (await trader.problem("POST", "/v1/orders", json=ORDER))[:2] == (503, "outcome_unknown")
    assert (await trader.problem("DELETE", "/v1/orders"))[:2] == (503, "outcome_unknown")
    assert (await trader.problem("GET", "/v1/instruments/ACME/book"))[:2] == (503, "unavailable")


async def test_a_gateway_beside_a_stopped_partition_serves_the_others_and_says_so(venue: LocalVenue) -> None:
    """It is not ready, and names what does not trade; it does its part, and no other gateway could do more."""
    venue.stopped.add(1)
    async with gateway_parts(venue) as services, served(services) as where, client_of(where) as public:
        body = await public.ask("GET", "/health/ready")
        why = "partition 1 stopped at sequence 7: a sentence"
        row = {"partition": 1, "why": why, "stopped": True, "symbols": []}
        assert (public.last.status, body["degraded"]) == (503, [row])
        assert await public.ask("GET", "/health/gateway") == {"status": "ok"}
        assert [row["symbol"] for row in (await public.ask("GET", "/v1/instruments"))["instruments"]] == ["ACME"]


async def test_a_partition_without_a_leader_is_named(
    services: Services, venue: LocalVenue, public: Client, trader: Client
) -> None:
    """With its instruments; orders for it are busy, cancels are stored, and the gateway still does its part."""
    venue.absent.add(0)
    body = await public.ask("GET", "/health/ready")
    assert (public.last.status, body["code"]) == (503, "unavailable")
    assert body["message"] == "not ready: no worker answers for partition 0"
    row = {"partition": 0, "why": "no worker answers for partition 0", "stopped": False, "symbols": ["ACME"]}
    assert body["degraded"] == [row]
    assert await public.ask("GET", "/health/gateway") == {"status": "ok"}
    assert (await trader.problem("POST", "/v1/orders", json=ORDER))[:2] == (503, "busy")
    assert (await trader.problem("DELETE", "/v1/orders"))[:2] == (503, "outcome_unknown")


async def test_health_tells_whether_trading_is_possible(services: Services, venue: LocalVenue, public: Client) -> None:
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


async def test_the_page_is_served_with_a_strict_policy(
    public: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Built files come from their folder alone, nothing inline may run; without a build the page says what to do."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>the screen")
    (tmp_path / "assets" / "a-1.js").write_text("1")
    (tmp_path / "secret.txt").write_text("no")
    monkeypatch.setattr(page_routes, "STATIC", tmp_path)
    assert "the screen" in await public.ask("GET", "/")
    assert "unsafe" not in public.last.headers["Content-Security-Policy"]
    assert await public.ask("GET", "/assets/a-1.js") == "1"
    assert "immutable" in public.last.headers["Cache-Control"]
    for path in ("/assets/..%2fsecret.txt", "/assets/missing.js", "/assets/.hidden", "/secret.txt"):
        assert (await public.problem("GET", path))[:2] == (404, "not_found")
    (tmp_path / "index.html").unlink()
    assert "make build" in await public.ask("GET", "/")


async def test_the_api_describes_itself(public: Client) -> None:
    """OpenAPI, AsyncAPI and a page for people."""
    assert (await public.ask("GET", "/openapi.json"))["openapi"].startswith("3.1")
    assert (await public.ask("GET", "/asyncapi.json"))["asyncapi"].startswith("3.")
    assert "<html" in await public.ask("GET", "/docs")


async def test_demo_tokens_are_only_for_demos(venue: LocalVenue, public: Client) -> None:
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


async def test_a_fault_of_ours_tells_no_details(
    public: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 with `internal` and the request's id, nothing else."""

    def broken() -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(services.directory, "all", broken)
    assert (await public.problem("GET", "/v1/instruments"))[:2] == (500, "internal")
