"""No frame whatever brings more than an error code, and neighbours notice nothing."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import random
from functools import partial
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from gateway.errors import CODES, ApiError
from tests.support.gateway import Trader, eventually, gateway_parts, list_instrument, served, token
from tests.support.local_venue import LocalVenue

FRAMES = int(os.environ.get("OPENBELL_FUZZ_FRAMES", "100000"))
SOCKET_FRAMES = 3_000
BATCH = 500

LIMIT = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "3", "price": "1.01"}
FUTURE = "2090-01-01T00:00:00.000000001Z"

SEEDS = [
    {"method": method, "params": params}
    for method, params in (
        ("order.place", LIMIT | {"time_in_force": "gtc", "post_only": False, "client_order_id": "c-1"}),
        (
            "order.place",
            LIMIT | {"side": "sell", "quantity": 2, "price": 1.0, "time_in_force": "gtd", "expires": FUTURE},
        ),
        ("order.place", LIMIT | {"display_quantity": "1", "self_trade": "decrement"}),
        ("order.place", {"symbol": "ACME", "side": "sell", "type": "market", "quantity": "1"}),
        ("order.place", LIMIT | {"type": "stop_limit", "stop_price": "8"}),
        ("order.amend", {"order_id": "0-1", "quantity": "9", "price": "1.02"}),
        ("order.amend", {"client_order_id": "c-1", "symbol": "ACME", "display_quantity": "1"}),
        ("order.cancel", {"order_id": "0-2"}),
        ("order.cancel", {"client_order_id": "c-1", "symbol": "ACME", "account": "anna"}),
        ("order.cancel_all", {"symbol": "ACME", "side": "sell"}),
        ("order.cancel_after", {"seconds": 30}),
        ("order.get", {"order_id": "0-1"}),
        ("order.list", {"symbol": "ACME", "limit": 3, "cursor": "0-1"}),
        (
            "order.batch",
            {
                "requests": [
                    {"method": "order.place", "params": LIMIT},
                    {"method": "order.cancel", "params": {"order_id": "0-3"}},
                ]
            },
        ),
        ("subscribe", {"channel": "book", "symbols": ["ACME"], "depth": 10, "interval_ms": 20}),
        ("subscribe", {"channel": "orders"}),
        ("unsubscribe", {"channel": "book", "symbols": ["ACME"]}),
        ("resume", {"channel": "orders", "cursor": "0-1"}),
        ("login", {"token": "a.b.c", "cancel_on_disconnect": "account"}),
        ("ping", {}),
        ("time", None),
    )
]

ODD_VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1.5,
        1e300,
        10**30,
        "",
        "x",
        "ACME",
        "buy",
        "NaN",
        "1e5",
        "-0",
        "0x1",
        "9" * 41,
        "a.b",
        "*",
    ),
    *(
        ">",
        "0-0",
        "1-1",
        "99-1",
        [],
        {},
        [[]],
        {"a": 1},
        "\u0000",
        "\ud7ff",
        "é",
        "💥",
        "x" * 300,
        ["ACME"] * 5,
        [None],
        ["*"],
    ),
    *("2026-11-22T10:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", 2**63, -(2**63), 2**64),
]
ODD_BYTES = [
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\xc3",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\\",
    b"\x00",
    b"1e5",
    b"NaN",
]


class Mutator:
    """Makes frames: real ones, real ones bent as values or as bytes, and pure noise."""

    def __init__(self, seed: int) -> None:
        self.choices = random.Random(seed)  # noqa: S311 - a seed, no secret
        self.number = 0

    def frame(self) -> bytes:
        self.number += 1
        kind = self.choices.random()
        if kind < 0.02:
            return self.choices.randbytes(self.choices.randint(0, 60))
        whole = {"id": self.number, **json.loads(json.dumps(self.choices.choice(SEEDS)))}
        for _ in range(self.choices.randint(0, 2)):
            self.bend(whole)
        data = json.dumps(whole, ensure_ascii=self.choices.random() < 0.5).encode("utf-8", "surrogatepass")
        return self.scramble(data) if kind < 0.4 else data

    def bend(self, node: dict[str, Any]) -> None:
        """Change one value, somewhere, or a member's name."""
        while isinstance(node, dict | list) and node:
            places = list(node) if isinstance(node, dict) else range(len(node))
            place = self.choices.choice(list(places))
            if isinstance(node[place], dict | list) and node[place] and self.choices.random() < 0.8:
                node = node[place]
                continue
            if isinstance(node, dict) and self.choices.random() < 0.3:
                node[self.choices.choice(["x", "", "id", "price", "symbol", "params", place])] = node.pop(place)
            else:
                node[place] = copy.deepcopy(self.choices.choice(ODD_VALUES))
            return

    def scramble(self, data: bytes) -> bytes:
        """Cut, repeat, flip or insert bytes."""
        start, end = sorted(self.choices.randint(0, len(data)) for _ in range(2))
        kind = self.choices.randrange(4)
        if kind == 0:
            return data[:start] + data[end:]
        if kind == 1:
            return data[:end] + data[start:]
        if kind == 2:
            return data[:start] + self.choices.choice(ODD_BYTES) + data[start:]
        return data[:start] + self.choices.randbytes(1) + data[start + 1 :]


def is_done(trader: Trader) -> bool:
    """Whether nothing of a trader's is under way any more, or its session is closed."""
    return trader.closed is not None or not (trader.session.in_flight or trader.paused)


def say(trader: Trader, frame: bytes) -> None:
    """Send a frame as a client can: what is no UTF-8 only as a binary one."""
    try:
        frame.decode()
    except UnicodeDecodeError:
        trader.session.accept_bad(ApiError("bad_request"))
    else:
        trader.session.accept(frame)


def check_answers(frames: list[dict[str, Any]]) -> set[str]:
    """Every message is a channel's, a result or one error of a known code other than `internal`."""
    codes = set()
    for frame in frames:
        if "channel" in frame or "result" in frame:
            continue
        error = frame["error"]
        assert error["code"] in CODES, frame
        assert error["code"] != "internal", frame
        codes.add(error["code"])
    return codes


async def test_random_frames_bring_only_error_codes() -> None:
    """A hundred thousand bent frames are each answered or refused by code; nothing is logged as a fault."""
    venue = LocalVenue()
    await list_instrument(venue)
    mutator, codes, answered = Mutator(20_261_122), set(), 0
    with capture_logs() as logs:
        async with gateway_parts(venue, bad_frames=FRAMES) as services:
            while mutator.number < FRAMES:
                trader = Trader(services)
                await trader.login()
                for _ in range(BATCH):
                    if trader.closed is None:
                        say(trader, mutator.frame())
                await eventually(partial(is_done, trader))
                await asyncio.sleep(0)
                trader.listen()
                answered += len(trader.heard)
                codes |= check_answers(trader.heard)
                trader.session.end()
    faults = [entry for entry in logs if entry["log_level"] in ("error", "critical")]
    assert not faults, (mutator.number, faults[:3])
    assert answered > FRAMES // 2
    assert codes >= {
        "bad_request",
        "unknown_field",
        "bad_decimal",
        "unknown_method",
        "unknown_instrument",
        "unknown_order",
    }


@pytest.mark.parametrize("seed", [1, 2])
async def test_neighbours_notice_nothing(seed: int) -> None:
    """While one socket sends rubbish, another's orders are answered as ever."""
    venue = LocalVenue()
    await list_instrument(venue)
    mutator = Mutator(seed)
    async with gateway_parts(venue) as services, served(services) as where, aiohttp.ClientSession() as http:

        async def rubbish() -> None:
            while mutator.number < SOCKET_FRAMES:
                async with http.ws_connect(f"http://{where}/v1/ws") as socket:
                    while not socket.closed and mutator.number < SOCKET_FRAMES:
                        frame = mutator.frame()
                        try:
                            await socket.send_str(frame.decode())
                        except UnicodeDecodeError:
                            await socket.send_bytes(frame)
                        except ConnectionError:
                            break
                        if mutator.number % 50 == 0:
                            await drain(socket)

        async def drain(socket: aiohttp.ClientWebSocketResponse) -> None:
            """Read what is there until our own ping is answered, or the gateway has closed."""
            await socket.send_str('{"id":"mark","method":"ping"}')
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT and message.json().get("id") == "mark":
                    return

        async with http.ws_connect(f"http://{where}/v1/ws") as neighbour:
            await neighbour.send_json({"id": 0, "method": "login", "params": {"token": token("boris")}})
            assert "result" in await neighbour.receive_json()
            working = asyncio.create_task(rubbish())
            number = 0
            while not working.done():
                number += 1
                order = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": 1, "price": 1}
                await neighbour.send_json({"id": number, "method": "order.place", "params": order})
                answer = await neighbour.receive_json(timeout=5)
                assert (answer["id"], answer["result"]["status"]) == (number, "open")
            await working
            assert number > 10
