"""Requests mean commands, and what contradicts itself is refused before it gets near the exchange.

The commands are made as the journal holds them, so they are compared with what a worker will read.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exchange.commands import AmendOrder, CancelAll, CancelOrder, PlaceOrder
from exchange.terms import BUY, GTD, IOC, LIMIT, SELL, STOP_LIMIT
from exchange.units import UNIT
from gateway.errors import ApiError
from gateway.requests import order_requests
from gateway.requests.names import name_of_cursor
from gateway.requests.order_requests import AmendParams, CancelAllParams, NameParams, PlaceParams
from streams.wire.forms import COMMANDS


def place(**members: Any) -> PlaceOrder:
    """The command of a placement: a plain limit order with some members changed; None leaves one out."""
    plain = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "10", "price": "1.5"}
    found = {name: value for name, value in (plain | members).items() if value is not None}
    params = msgspec.json.decode(msgspec.json.encode(found), type=PlaceParams)
    command: PlaceOrder = read(order_requests.place_command(params, "anna", "s1", 7, "made"))
    return command


def read(form: Any) -> Any:
    """What a worker reads of it; to a type checker a form is the command that it stands for."""
    return COMMANDS.unpack(form)


def test_a_limit_order_means_its_command() -> None:
    """Every member of a placement reaches the command, in units."""
    assert place() == PlaceOrder("anna", "ACME", "made", BUY, LIMIT, 10 * UNIT, 150_000_000, session="s1", sent_at=7)
    assert place(
        side="sell",
        type="stop_limit",
        stop_price="2",
        time_in_force="gtd",
        expires="1970-01-01T00:00:01Z",
        post_only=True,
        display_quantity=1,
        self_trade="decrement",
        client_order_id="mine",
    ) == PlaceOrder(
        "anna", "ACME", "mine", SELL, STOP_LIMIT, 10 * UNIT, 150_000_000, 2 * UNIT, GTD, 10**9, True, UNIT, 3, "s1", 7
    )  # fmt: skip
    assert place(time_in_force="ioc").time_in_force == IOC


@pytest.mark.parametrize(
    ("members", "code", "field"),
    [
        ({"price": None}, "bad_request", "price"),
        ({"type": "market"}, "bad_request", "price"),
        ({"type": "stop", "stop_price": "1"}, "bad_request", "price"),
        ({"type": "stop", "price": None}, "bad_request", "stop_price"),
        ({"stop_price": "1"}, "bad_request", "stop_price"),
        ({"expires": "2030-01-01T00:00:00Z"}, "bad_request", "expires"),
        ({"time_in_force": "gtd"}, "bad_request", "expires"),
        ({"time_in_force": "gtd", "expires": "tomorrow"}, "bad_request", "expires"),
        ({"time_in_force": "gtd", "expires": "1969-01-01T00:00:00Z"}, "bad_expires", "expires"),
        ({"time_in_force": "gtd", "expires": "9999-01-01T00:00:00Z"}, "bad_expires", "expires"),
        ({"time_in_force": "ioc", "post_only": True}, "bad_request", "post_only"),
        ({"time_in_force": "fok", "display_quantity": "1"}, "bad_request", "display_quantity"),
        ({"type": "market", "price": None, "post_only": True}, "bad_request", "post_only"),
        ({"type": "stop_limit", "stop_price": "1", "time_in_force": "at_open"}, "bad_request", "time_in_force"),
        ({"side": "hold"}, "bad_request", "side"),
        ({"type": "magic"}, "bad_request", "type"),
        ({"time_in_force": ""}, "bad_request", "time_in_force"),
        ({"self_trade": "never"}, "bad_request", "self_trade"),
        ({"client_order_id": ""}, "bad_request", "client_order_id"),
        ({"client_order_id": "x" * 37}, "bad_request", "client_order_id"),
        ({"client_order_id": "a b"}, "bad_request", "client_order_id"),
        ({"quantity": True}, "bad_decimal", "quantity"),
        ({"price": "1e2"}, "bad_decimal", "price"),
        ({"price": []}, "bad_decimal", "price"),
    ],
)
def test_a_contradiction_is_refused_by_its_field(members: dict[str, Any], code: str, field: str) -> None:
    """docs/rules.md 12: what has no meaning is refused whatever the market is."""
    with pytest.raises(ApiError) as refused:
        place(**members)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    ("expires", "sentence"),
    [
        ("9999-12-31T23:59:59Z", "expires must be at most 2262-04-11T23:47:16.854775807Z"),
        ("2262-04-11T23:47:16.854775808Z", "expires must be at most 2262-04-11T23:47:16.854775807Z"),
        ("1969-12-31T23:59:59Z", "expires must be later than now"),
    ],
)
def test_an_expiry_that_cannot_be_is_told_its_true_bound(expires: str, sentence: str) -> None:
    """The far future is not the past: an order may stay until the last time that there is."""
    with pytest.raises(ApiError) as refused:
        place(time_in_force="gtd", expires=expires)
    assert (refused.value.code, refused.value.field, refused.value.message) == ("bad_expires", "expires", sentence)
    assert place(time_in_force="gtd", expires="2262-04-11T23:47:16.854775807Z").expires == 2**63 - 1


def test_null_is_no_decimal() -> None:
    """`null` counts as left out, except for decimals."""
    params = msgspec.json.decode(
        b'{"symbol":"A","side":"buy","type":"limit","quantity":"1","price":null}', type=PlaceParams
    )
    with pytest.raises(ApiError) as refused:
        order_requests.place_command(params, "anna", "", 0, "made")
    assert (refused.value.code, refused.value.field) == ("bad_decimal", "price")


def test_an_order_is_named_in_one_of_two_ways() -> None:
    """By its id alone, or by the client's id with the symbol."""
    by_id = order_requests.name_of(NameParams(order_id="3-1042"))
    by_client = order_requests.name_of(NameParams(client_order_id="mine", symbol="ACME"))
    assert read(order_requests.cancel_command(by_id, "anna", 7)) == CancelOrder("anna", 1042, sent_at=7)
    assert by_id.partition == 3
    named = order_requests.cancel_command(by_client, "anna", 7)
    assert read(named) == CancelOrder("anna", 0, "ACME", "mine", 7)
    change = AmendParams(order_id="3-1", price=msgspec.Raw(b'"2"'))
    amended = order_requests.amend_command(change, order_requests.name_of(change), "anna", 7)
    assert read(amended) == AmendOrder("anna", 1, price=2 * UNIT, sent_at=7)


@pytest.mark.parametrize(
    ("params", "code", "field"),
    [
        (NameParams(), "bad_request", "order_id"),
        (NameParams(symbol="ACME"), "bad_request", "order_id"),
        (NameParams(client_order_id="x"), "bad_request", "symbol"),
        (NameParams(order_id="0-1", symbol="ACME"), "bad_request", "symbol"),
        (NameParams(order_id="0-1", client_order_id="x", symbol="ACME"), "bad_request", "client_order_id"),
        (NameParams(client_order_id="x", symbol="a.b"), "bad_request", "symbol"),
        (NameParams(order_id=""), "unknown_order", "order_id"),
        (NameParams(order_id="0-0"), "unknown_order", "order_id"),
        (NameParams(order_id="00-1"), "unknown_order", "order_id"),
        (NameParams(order_id="0-1\n"), "unknown_order", "order_id"),
        (NameParams(order_id="0-9999999999999999999"), "unknown_order", "order_id"),
    ],
)
def test_a_name_that_is_none_is_refused(params: NameParams, code: str, field: str) -> None:
    """Half a name is not understood; an id that we never give names no order."""
    with pytest.raises(ApiError) as refused:
        order_requests.name_of(params)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_cancel_all_takes_symbol_and_side() -> None:
    """What is left out means all."""
    assert order_requests.cancel_all_command(CancelAllParams(), "anna", 7) == CancelAll("anna", sent_at=7)
    narrowed = order_requests.cancel_all_command(CancelAllParams(symbol="ACME", side="sell"), "anna", 7)
    assert narrowed == CancelAll("anna", "ACME", SELL, sent_at=7)


@pytest.mark.parametrize("cursor", ["", "1", "x-1", "1-", "-1-1", "0-1 "])
def test_a_cursor_that_we_did_not_give_is_refused(cursor: str) -> None:
    """Cursors are opaque, not guessable into nonsense."""
    with pytest.raises(ApiError) as refused:
        name_of_cursor(cursor)
    assert refused.value.field == "cursor"
