"""Request frames are read strictly, and answers are written as the protocol says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.errors import ApiError, BadRequest, Malformed
from gateway.requests import protocol
from gateway.requests.order_requests import CancelAllParams, PlaceParams

if TYPE_CHECKING:
    from collections.abc import Callable

PLACE = msgspec.json.Decoder(PlaceParams)
CANCEL_ALL = msgspec.json.Decoder(CancelAllParams)

ORDER = (
    b'{"id":12345,"method":"order.place","params":{"symbol":"ACME","side":"buy","type":"limit","quantity":"10",'
    b'"price":"101.25","time_in_force":"gtc","client_order_id":"abc:12345"}}'
)


@pytest.mark.parametrize(
    "frame",
    [
        *(b"", b"nope", b"[1]", b"1", b'"text"', b"null", b'{"id":1', b'{"id":1,"method":"a"} x', b"{'id':1}"),
        *(b'{"id":1,"method":"a","params":{"a":NaN}}', b'{"id":01,"method":"a"}', b"\xef\xbb\xbf{}", b'{"a":' * 20_000),
        *(b'{"id":1,"method":"a","params":' + b"[" * 60_000, b'{"id":1,"method":"\\ud800"}'),
    ],
)
def test_what_is_no_json_object_is_malformed(frame: bytes) -> None:
    """A frame that is no JSON object has no id to answer to."""
    with pytest.raises(Malformed):
        protocol.request_of(frame)


@pytest.mark.parametrize(
    ("frame", "code", "field", "identity"),
    [
        (b'{"method":"a"}', "bad_request", "id", b""),
        (b'{"id":null,"method":"a"}', "bad_request", "id", b""),
        (b'{"id":1.5,"method":"a"}', "bad_request", "id", b""),
        (b'{"id":true,"method":"a"}', "bad_request", "id", b""),
        (b'{"id":{},"method":"a"}', "bad_request", "id", b""),
        (b'{"id":7}', "bad_request", "method", b"7"),
        (b'{"id":"x","method":1}', "bad_request", "method", b'"x"'),
        (b'{"id":7,"method":"a","extra":1}', "unknown_field", "extra", b"7"),
        (b'{"id":7,"method":"a","e`x":1}', "unknown_field", "e`x", b"7"),
        (b'{"id":7,"method":1,"method":"a","x":1}', "bad_request", "method", b"7"),
    ],
)
def test_an_object_that_is_no_request_is_refused_by_name(frame: bytes, code: str, field: str, identity: bytes) -> None:
    """A frame's own members are checked like any others, and answered under its id where it has one."""
    with pytest.raises(BadRequest) as refused:
        protocol.request_of(frame)
    error = refused.value
    assert (error.code, error.field, error.id) == (code, field, identity)


@pytest.mark.parametrize(
    "identity", [b"7", b"-7", b"0", b'"x"', b'""', b"123456789012345678901234567890", b'"\xc3\xa9"']
)
def test_any_string_or_integer_is_echoed(identity: bytes) -> None:
    """The id comes back as it was, however large."""
    request = protocol.request_of(b'{"id":%b,"method":"ping"}' % identity)
    answer = protocol.result_frame(request.id, b"{}")
    assert json.loads(answer)["id"] == json.loads(identity)


def test_an_escaped_id_comes_back_as_sound_json() -> None:
    """An id with escapes keeps its meaning."""
    request = protocol.request_of(rb'{"id":"a\u0022b\\","method":"ping"}')
    assert json.loads(protocol.result_frame(request.id, b"1")) == {"id": 'a"b\\', "result": 1}


@pytest.mark.parametrize(
    ("frame", "code", "field"),
    [
        (ORDER.replace(b'"side":"buy"', b'"side":1'), "bad_request", "side"),
        (ORDER.replace(b'"side":"buy"', b'"side":null'), "bad_request", "side"),
        (ORDER.replace(b'"side":"buy",', b""), "bad_request", "side"),
        (ORDER.replace(b'"side":"buy"', b'"sied":"buy"'), "unknown_field", "sied"),
        (ORDER.replace(b'"side":"buy"', b'"side":"buy","side":"buy"'), "bad_request", "side"),
        (ORDER.replace(b'"side":"buy"', rb'"side":"buy","sid\u0065":"sell"'), "bad_request", "side"),
        (ORDER.replace(b'"side":"buy"', rb'"symbol":"A\u003a","side":"buy"'), "bad_request", "symbol"),
        (ORDER.replace(b'"id":12345', b'"id":12345,"id":12345'), "bad_request", "id"),
        (b'{"id":1,"method":"order.place","params":[1]}', "bad_request", "params"),
        (b'{"id":1,"method":"order.place","params":"x"}', "bad_request", "params"),
        (b'{"id":1,"method":"order.place"}', "bad_request", "symbol"),
    ],
)
def test_params_are_read_strictly(frame: bytes, code: str, field: str) -> None:
    """Wrong types, missing, unknown and repeated members are each refused by name."""
    with pytest.raises(ApiError) as refused:
        protocol.params_of(protocol.request_of(frame), PLACE)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize("params", [b"", b',"params":null', b',"params":{}', b',"params":{"symbol":null,"side":null}'])
def test_null_counts_as_left_out(params: bytes) -> None:
    """Optional members and params themselves may be null."""
    request = protocol.request_of(b'{"id":1,"method":"order.cancel_all"%b}' % params)
    assert protocol.params_of(request, CANCEL_ALL) in (CancelAllParams(), CancelAllParams(symbol=None, side=None))


def test_colons_and_quotes_in_texts_are_no_members() -> None:
    """Counting members is not deceived by what stands in strings."""
    frame = ORDER.replace(b"abc:12345", b":::").replace(b'"ACME"', rb'"\"\":"')
    assert protocol.params_of(protocol.request_of(frame), PLACE).symbol == '"":'


def test_bodies_and_queries_are_read_the_same_way() -> None:
    """HTTP bodies refuse repeated members and bad UTF-8; queries refuse repeated and unknown names."""
    assert protocol.body_of(b'{"symbol":"A"}', CANCEL_ALL) == CancelAllParams(symbol="A")
    assert protocol.query_of([("symbol", "A")], CancelAllParams) == CancelAllParams(symbol="A")
    attempts: list[tuple[Callable[[], object], str, str]] = [
        (lambda: protocol.body_of(b'{"symbol":"A","symbol":"B"}', CANCEL_ALL), "bad_request", "symbol"),
        (lambda: protocol.body_of(b'{"symbol":"\xff"}', CANCEL_ALL), "bad_request", ""),
        (lambda: protocol.body_of(b"", CANCEL_ALL), "bad_request", ""),
        (lambda: protocol.query_of([("side", "buy"), ("side", "buy")], CancelAllParams), "bad_request", "side"),
        (lambda: protocol.query_of([("sied", "buy")], CancelAllParams), "unknown_field", "sied"),
    ]
    for attempt, code, field in attempts:
        with pytest.raises(ApiError) as refused:
            attempt()
        assert (refused.value.code, refused.value.field) == (code, field)


def test_answers_carry_id_and_journal() -> None:
    """An answer is the id, the place of its command in the journal, and the exchange's own JSON."""
    assert protocol.result_frame(b"7", b"{}", b"3.1") == b'{"id":7,"journal":"3.1","result":{}}'
    assert protocol.error_frame(b"7", b"{}") == b'{"id":7,"error":{}}'
    assert protocol.error_frame(b"", b"{}") == b'{"error":{}}'
    assert json.loads(protocol.with_request_id(b'{"code":"x"}', "r-1")) == {"code": "x", "request_id": "r-1"}
