"""What a client does is no error of ours: no line above `info` comes of it, and none with what the client has sent."""

from __future__ import annotations

import asyncio
import io
import logging
import random
import socket
import struct
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import aiohttp
import pytest
import structlog

from gateway.http.call import Call
from openbell.local import logs
from tests.support.gateway import eventually, gateway_parts, served, token
from tests.support.http import client_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.local_venue import LocalVenue

HANDSHAKES = 1_500
SEED = 20261201
SECRET = "opaque-and-secret"  # no JWT: nothing but its place tells that it is a secret

HANDSHAKE = (
    "GET /v1/ws HTTP/1.1\r\nHost: exchange\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
BODY = "POST /v1/demo/token HTTP/1.1\r\nHost: exchange\r\nContent-Type: application/json\r\n"

REFUSED = {
    "a header's value": f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\x00\r\n\r\n",
    "a header's name": f"GET / HTTP/1.1\r\nHost: x\r\nAuthor ization: Bearer {SECRET}\r\n\r\n",
    "a header too long": f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET * 1_000}\r\n\r\n",
    "a header folded": f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization:\r\n Bearer {SECRET}\x01\r\n\r\n",
    "a cookie": f"GET / HTTP/1.1\r\nHost: x\r\nCookie: a={SECRET}; b=\x02\r\n\r\n",
    "no method": f"{SECRET} / HTTP/1.1\r\n\r\n",
    "no version": f"GET /v1/time?token={SECRET} HTTP/9.9\r\n\r\n",
    "no address": f"GET http://user:{SECRET}@[x HTTP/1.1\r\nHost: x\r\n\r\n",
    "two lengths": f"{BODY}Content-Length: 2\r\nContent-Length: 3\r\nX-Key: {SECRET}\r\n\r\n" + "{}",
    "a chunk": f"{BODY}Transfer-Encoding: chunked\r\n\r\n{SECRET}\r\n",
    "an encoding": f"{BODY}Content-Encoding: gzip\r\nContent-Length: 17\r\n\r\n{SECRET}",
    "an expectation": f"{BODY}Expect: {SECRET}\r\nContent-Length: 2\r\n\r\n" + "{}",
}


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """The log of this process as an operator reads it; gives a function that returns what was written."""
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    root = logging.getLogger()
    before, level = root.handlers, root.level
    logs.configure(logs.LogSettings(level="debug", format="json"))
    yield lambda: written.getvalue().splitlines()
    root.handlers, root.level = before, level
    structlog.reset_defaults()


def connected(where: str, data: bytes) -> socket.socket:
    """A connection that has sent something."""
    host, _, port = where.partition(":")
    made = socket.create_connection((host, int(port)), timeout=5)
    made.sendall(data)
    return made


def reset(connection: socket.socket) -> None:
    """Break a connection off without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def answer_to(where: str, data: bytes) -> bytes:
    """The beginning of what the gateway answers."""
    with connected(where, data) as connection:
        return connection.recv(65_536)


async def test_connections_reset_at_any_moment_are_no_errors(
    venue: LocalVenue, log_lines: Callable[[], list[str]]
) -> None:
    """Connect, handshake, reset, with and without a token, a body that never comes, frames before the reset."""
    print(f"seed {SEED}")  # noqa: T201
    chance = random.Random(SEED)  # noqa: S311 - a seed, no secret
    kinds = (
        (HANDSHAKE + "\r\n").encode(),
        (HANDSHAKE + f"Authorization: Bearer {token()}\r\n\r\n").encode(),
        (HANDSHAKE + "\r\n").encode() + bytes(chance.randrange(256) for _ in range(40)),
        (BODY + "Content-Length: 9\r\n\r\n{").encode(),
        (BODY + "Transfer-Encoding: chunked\r\n\r\n5\r\n{").encode(),
        b"GET / HTTP/1.1\r\nHost: x\r\n",
    )

    def break_off() -> None:
        for number in range(HANDSHAKES):
            connection = connected(where, kinds[number % len(kinds)])
            if chance.random() < 0.2:
                connection.settimeout(0.001)
                with suppress(TimeoutError):
                    connection.recv(1)
            reset(connection)

    parts = gateway_parts(venue, demo=True, connections_per_address=HANDSHAKES)
    async with parts as services, served(services) as where:
        await asyncio.to_thread(break_off)
        await eventually(lambda: not services.sessions.described())
    assert Counter(line for line in log_lines() if '"info"' not in line and '"debug"' not in line) == {}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_cannot_be_read_is_answered_and_not_repeated(
    venue: LocalVenue, log_lines: Callable[[], list[str]], what: str
) -> None:
    """A header, a body or a first line that is refused is in no log line; the client gets a 4xx."""
    async with gateway_parts(venue, demo=True) as services, served(services) as where:
        answer = await asyncio.to_thread(answer_to, where, REFUSED[what].encode("latin-1"))
    assert answer.split()[1][:1] == b"4", answer
    assert [line for line in log_lines() if SECRET[:10] in line] == []
    assert [line for line in log_lines() if '"info"' not in line and '"debug"' not in line] == []


async def test_a_fault_of_ours_tells_no_header(
    venue: LocalVenue, log_lines: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that quotes a header is logged without it, in the gateway's own line and in aiohttp's."""

    def fail(*_: object) -> None:
        raise ValueError(f"what is {SECRET}?")

    headers = {"Authorization": f"Bearer {token()}", "X-Own": SECRET}
    async with gateway_parts(venue) as services, served(services) as where, client_of(where) as client:
        monkeypatch.setattr(services.directory, "all", fail)
        assert await client.problem("GET", "/v1/instruments", headers=headers) == (500, "internal", None)
        monkeypatch.setattr(Call, "show_limits", fail)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.ask("GET", "/docs", headers=headers)
    faults = [line for line in log_lines() if '"http.fault"' in line]
    assert len(faults) >= 2
    assert all("ValueError" in line for line in faults)
    assert SECRET not in "".join(log_lines())
