"""The socket: handshake, close codes and bounds, as a real client sees them."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.gateway import eventually, gateway_parts, served, token

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from gateway.services import Services
    from tests.support.local_venue import LocalVenue

HANDSHAKE = (
    b"GET /v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
MASK = b"\x00" * 4


def url(where: str) -> str:
    return f"ws://{where}/v1/ws"


async def ask(socket: ClientConnection, method: str, **params: Any) -> dict[str, Any]:
    """Send a request and take its answer."""
    await socket.send(json.dumps({"id": 1, "method": method, "params": params}))
    while True:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 5))
        if frame.get("id") == 1:
            return frame


async def close_code(socket: ClientConnection) -> int:
    """Read to the end; the code that the gateway closed with."""
    try:
        async with asyncio.timeout(5):
            while True:
                await socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0


async def test_a_client_logs_in_trades_and_listens(where: str) -> None:
    """The whole way of a program: login, subscribe, place, and the market data of it."""
    async with connect(url(where), compression=None) as socket:
        assert (await ask(socket, "login", token=token()))["result"]["account"] == "anna"
        await ask(socket, "subscribe", channel="book", symbols=["ACME"], depth=0, interval_ms=0)
        await ask(socket, "order.place", symbol="ACME", side="buy", type="limit", quantity=1, price=1)
        assert "time" in (await ask(socket, "ping"))["result"]


async def test_a_header_token_logs_in_and_a_bad_one_refuses_the_handshake(where: str) -> None:
    """401 with WWW-Authenticate, before there is any connection."""
    async with connect(url(where), additional_headers={"Authorization": f"Bearer {token()}"}) as socket:
        assert (await ask(socket, "order.list"))["result"] == {"orders": []}
    for header in ("Bearer nonsense", "Basic x", "Bearer"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url(where), additional_headers={"Authorization": header})
        response = refused.value.response
        assert (response.status_code, response.headers["WWW-Authenticate"][:6]) == (401, "Bearer")
        assert json.loads(response.body)["code"] == "unauthenticated"


@pytest.mark.parametrize(
    ("origin", "status"), [("null", 403), ("https://evil.example", 403), (None, 101), ("own", 101)]
)
async def test_pages_of_other_sites_are_refused(where: str, origin: str | None, status: int) -> None:
    """Only our own origin, configured ones and programs without one may connect."""
    headers = {} if origin is None else {"Origin": f"http://{where}" if origin == "own" else origin}
    async with aiohttp.ClientSession() as http:
        handshake = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        }
        async with http.get(f"http://{where}/v1/ws", headers=headers | handshake) as response:
            assert response.status == status
            response.close()


async def test_a_refused_page_is_told_why_and_what_to_do(where: str) -> None:
    """A proxy that rewrites Host and leaves Origin (Vite's `changeOrigin`) makes two names of one place."""
    headers = {"Origin": "http://localhost:5173", "Host": where}
    async with aiohttp.ClientSession() as http, http.get(f"http://{where}/v1/ws", headers=headers) as response:
        told = await response.json(content_type=None)
    assert (response.status, told["code"]) == (403, "forbidden")
    for word in ("http://localhost:5173", where, "Host", "OPENBELL_ALLOWED_ORIGINS"):
        assert word in told["message"]


async def test_no_extension_is_negotiated(where: str) -> None:
    """Compression is offered by most clients and never taken."""
    async with connect(url(where), compression="deflate") as socket:
        assert socket.response is not None
        assert "Sec-WebSocket-Extensions" not in socket.response.headers
        assert "result" in await ask(socket, "ping")


async def test_frames_in_the_same_packet_as_the_handshake_are_taken(where: str) -> None:
    """A client that does not wait for our 101 loses nothing."""
    host, port = where.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = b'{"id":5,"method":"ping"}'
    writer.write(
        b"GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" + bytes([0x81, 0x80 | len(request)]) + MASK + request
    )
    head = await reader.readuntil(b"\r\n\r\n")
    header = await reader.readexactly(2)
    assert head.startswith(b"HTTP/1.1 101 ")
    assert json.loads(await reader.readexactly(header[1]))["id"] == 5
    writer.close()


async def test_binary_and_large_frames_are_refused_and_too_many_close(where: str) -> None:
    """Each is answered without an id; ten bad frames in a row close with 1008."""
    async with connect(url(where), compression=None) as socket:
        await socket.send(b"binary")
        assert json.loads(await socket.recv())["error"]["code"] == "bad_request"
        await socket.send("x" * 65_537)
        error = json.loads(await socket.recv())
        assert (error["error"]["code"], "id" in error) == ("too_large", False)
        for _ in range(8):
            await socket.send("nonsense")
        assert await close_code(socket) == 1008


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\xff" + (1_048_577).to_bytes(8, "big") + MASK, 1009),
        ((b"\x01\xfe\x9c\x40" + MASK + b"x" * 40_000) + (b"\x80\xfe\x9c\x40" + MASK + b"x" * 40_000), 1009),
        (b"\x81\x01x", 1002),
        (b"\xc1\x80" + MASK, 1002),
        (b"\x81\x81" + MASK + b"\xff", 1007),
    ],
)
async def test_offences_close_with_their_code(where: str, data: bytes, code: int) -> None:
    """What RFC 6455 or the bounds forbid ends the connection, and the client hears why."""
    async with connect(url(where), compression=None) as socket:
        socket.transport.write(data)
        assert await close_code(socket) == code


async def test_a_client_that_closes_is_answered(where: str, services: Services) -> None:
    """Our half of the closing handshake has the client's code, and the session is gone."""
    socket = await connect(url(where), compression=None)
    await socket.close(4000, "bye")
    assert socket.close_code == 4000
    await eventually(lambda: services.sessions.described() == [])


async def test_a_vanished_client_leaves_nothing(where: str, services: Services) -> None:
    """Without a closing handshake the session ends with its socket."""
    socket = await connect(url(where), compression=None)
    await ask(socket, "subscribe", channel="book", symbols=["ACME"])
    assert len(services.sessions.described()) == 1
    socket.transport.abort()
    await eventually(lambda: services.sessions.described() == [])


async def test_a_silent_client_is_pinged_and_then_let_go(venue: LocalVenue) -> None:
    """A library that answers pings keeps its connection; a half-open one is closed."""
    quick = {"ping_seconds": 0.2, "silence_seconds": 2.5}
    async with (
        gateway_parts(venue, **quick) as services,
        served(services) as where,
        connect(url(where), compression=None, ping_interval=None) as socket,
    ):
        await ask(socket, "subscribe", channel="heartbeat")
        reader, writer = await asyncio.open_connection(*where.split(":"))
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        heard = await asyncio.wait_for(reader.read(), 10)  # to the end
        assert heard.startswith(b"\x89\x00")
        assert b"\x88" in heard
        assert b"no answer to pings" in heard
        assert "time" in (await ask(socket, "ping"))["result"]
        writer.close()


async def test_connections_per_address_are_bounded(venue: LocalVenue) -> None:
    """One too many is closed with 4429; when one leaves there is room."""
    async with gateway_parts(venue, connections_per_address=2) as services, served(services) as where:
        first, _second = await connect(url(where)), await connect(url(where))
        assert await close_code(await connect(url(where))) == 4429
        await first.close()
        await eventually(lambda: len(services.sessions.described()) == 1)
        assert "result" in await ask(await connect(url(where)), "ping")


async def test_connections_per_account_are_bounded_at_the_handshake_too(venue: LocalVenue) -> None:
    """A header token counts like a login."""
    headers = {"Authorization": f"Bearer {token()}"}
    async with gateway_parts(venue, connections_per_account=1) as services, served(services) as where:
        await connect(url(where), additional_headers=headers)
        assert await close_code(await connect(url(where), additional_headers=headers)) == 4429


async def test_a_client_that_does_not_read_is_closed_and_its_neighbour_is_not(venue: LocalVenue) -> None:
    """Answers are not piled up for ever: 4408, while others go on."""
    async with gateway_parts(venue, unread_bytes=65_536) as services, served(services) as where:
        host, port = where.split(":")
        slow = await connect(url(where), compression=None, max_queue=1)
        await ask(slow, "login", token=token())
        slow.transport.pause_reading()
        number = os.urandom(4).hex() * 6_000
        sending = asyncio.create_task(flood(slow, json.dumps({"id": number, "method": "ping"})))
        await eventually(lambda: services.sessions.described() == [], 10)
        sending.cancel()
        async with connect(url(where)) as neighbour:
            assert "result" in await ask(neighbour, "ping")
        assert (host, int(port)) != ("", 0)


async def flood(socket: ClientConnection, text: str) -> None:
    while True:
        await socket.send(text)


async def test_stopping_answers_what_is_under_way_and_says_goodbye(venue: LocalVenue) -> None:
    """A draining gateway waits for the answer it owes, then closes with 1001."""
    async with gateway_parts(venue) as services:
        async with served(services) as where:
            socket = await connect(url(where), compression=None)
            await ask(socket, "login", token=token())
            venue.held.add(0)
            order = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": 1, "price": 1}
            await socket.send(json.dumps({"id": 9, "method": "order.place", "params": order}))
            await eventually(lambda: services.sessions.described()[0]["requests_in_flight"] == 1)
            draining = asyncio.create_task(services.sessions.drain())
            await asyncio.sleep(0)
            venue.release()
            assert json.loads(await socket.recv())["id"] == 9
            await draining
        assert await close_code(socket) == 1001


async def test_what_is_no_handshake_is_refused(where: str) -> None:
    """A plain request, an old version and a bad key get a problem, not a socket."""
    good = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    async with aiohttp.ClientSession() as http:
        for headers in (
            {},
            good | {"Sec-WebSocket-Key": "short"},
            good | {"Sec-WebSocket-Key": "A" * 24, "Sec-WebSocket-Version": "8"},
        ):
            async with http.get(f"http://{where}/v1/ws", headers=headers) as response:
                assert (response.status, (await response.json(content_type=None))["code"]) == (400, "bad_request")
