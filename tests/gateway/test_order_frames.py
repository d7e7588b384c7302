"""What is read in one pass is what the slow way reads: it takes no frame more, and none of them otherwise."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import msgspec
import pytest

from gateway.requests import protocol
from gateway.requests.order_frames import order_of
from gateway.requests.order_requests import AmendParams, NameParams, PlaceParams

DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "order.place": msgspec.json.Decoder(PlaceParams),
    "order.amend": msgspec.json.Decoder(AmendParams),
    "order.cancel": msgspec.json.Decoder(NameParams),
}
PLACE = (
    b'{"id":12345,"method":"order.place","params":{"symbol":"ACME","side":"buy","type":"limit","quantity":"10",'
    b'"price":"101.25","time_in_force":"gtc","client_order_id":"abc12345"}}'
)
AMEND = b'{"method":"order.amend","id":"a-1","params":{"order_id":"0-7","quantity":12.5,"price":null,"expires":null}}'
CANCEL = b'{"params":{"client_order_id":"c1","symbol":"ACME"}, "id": -7, "method": "order.cancel"}'
COLON = b'{"id":"a:b","method":"order.cancel","params":{"client_order_id":":c:1","symbol":"ACME"}}'
FRAMES = (PLACE, AMEND, CANCEL, COLON)

PIECES = (b'"', b":", b",", b"{", b"}", b"\\", b"\\u003a", b"null", b"true", b"1e5", b'"id":1,', b'"x":1,', b" ")


def read_slowly(frame: bytes) -> tuple[bytes, msgspec.Struct]:
    """Id and params as `protocol` reads them; the type of the params tells the method."""
    request = protocol.request_of(frame)
    return request.id, protocol.params_of(request, DECODERS[request.method])


@pytest.mark.parametrize("frame", FRAMES)
def test_an_order_is_read_in_one_pass(frame: bytes) -> None:
    """A frame as clients write it needs no second look, whatever the order of its members."""
    assert order_of(frame) == read_slowly(frame)


@pytest.mark.parametrize(
    "frame",
    [
        *(b"", b"[1]", b'{"id":1}', b'{"id":1,"method":"ping"}', b'{"id":1,"method":"order.cancel"}'),
        b'{"id":1,"method":"order.cancel","params":null}',
        b'{"id":1,"method":"order.get","params":{"order_id":"0-1"}}',
        b'{"id":1,"id":1,"method":"order.cancel","params":{"order_id":"0-1"}}',
        b'{"id":1,"method":"order.cancel","method":"order.amend","params":{"order_id":"0-1"}}',
        b'{"id":1,"method":"order.cancel","params":{"order_id":"0-1","order_id":"0-2"}}',
        b'{"id":1,"method":"order.cancel","params":{"order_id":"0-1","order\\u005fid":"0-2"}}',
        b'{"id":1,"method":"order.cancel","params":{"order_id":1}}',
        b'{"id":1.5,"method":"order.cancel","params":{"order_id":"0-1"}}',
        b'{"id":null,"method":"order.cancel","params":{"order_id":"0-1"}}',
        b'{"id":1,"method":"order.amend","params":{"order_id":"0-1","price":{"a":1}}}',
        b'{"id":1,"method":"order.amend","params":{"order_id":"0-1","price":' + b"[" * 30_000,
    ],
)
def test_whatever_is_unusual_is_left_to_the_slow_way(frame: bytes) -> None:
    """Other methods, every fault, and what takes more than a glance to tell from one."""
    assert order_of(frame) is None


def test_no_mutation_is_taken_otherwise() -> None:
    """Of frames with pieces put in, left out or said twice: what is taken means what the slow way says it does."""
    choices = random.Random(58)  # noqa: S311 - a seed, no secret
    seen: Counter[bool] = Counter()
    for _ in range(20_000):
        frame = choices.choice(FRAMES)
        for _ in range(choices.randint(1, 2)):
            start = choices.randrange(len(frame))
            end = start + choices.choice((0, 0, 1, 8))
            piece = choices.choice((*PIECES, frame[start : start + 12], b""))
            frame = frame[:start] + piece + frame[end:]
        order = order_of(frame)
        seen[order is not None] += 1
        if order is not None:
            assert order == read_slowly(frame), frame
    assert min(seen.values()) > 1_000
