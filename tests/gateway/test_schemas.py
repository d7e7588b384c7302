"""What the documents say of requests is what decodes them."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from exchange.accounts.limits import LIMIT_NAMES
from gateway.description import openapi
from gateway.description.request_schemas import MEMBERS, word
from gateway.requests.listing_requests import ListingParams
from gateway.requests.operator_requests import KillSwitchParams, LimitsParams, PhaseParams, ReasonParams
from gateway.requests.order_requests import AmendParams, PlaceParams

BODIES: dict[str, type[msgspec.Struct]] = {
    "post /v1/orders": PlaceParams,
    "patch /v1/orders/{order_id}": AmendParams,
    "put /v1/admin/instruments/{symbol}": ListingParams,
    "post /v1/admin/instruments/{symbol}/phase": PhaseParams,
    "put /v1/admin/accounts/{account}/limits": LimitsParams,
    "post /v1/admin/kill-switch": KillSwitchParams,
    "post /v1/admin/trades/{symbol}/{trade_id}/bust": ReasonParams,
}


@pytest.mark.parametrize("route", BODIES)
def test_null_is_described_where_it_is_taken_and_nowhere_else(route: str) -> None:
    """A member of a body takes null if what decodes it does; of limits null removes decimals too."""
    method, path = route.split()
    body = openapi.openapi()["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    fields = {field.encode_name: field for field in msgspec.structs.fields(BODIES[route])}
    described = {name for name, member in body["properties"].items() if {"type": "null"} in member.get("anyOf", [])}
    taken = {name for name in body["properties"] if type(None) in get_args(fields[name].type)}
    assert described == taken | (set(LIMIT_NAMES) if BODIES[route] is LimitsParams else set())
    assert all(member.get("description") for member in body["properties"].values())


def test_a_word_is_listed_once() -> None:
    """A doubled word makes a document that no tool takes."""
    with pytest.raises(AssertionError, match="twice"):
        word("Which.", ("killed", "busted", "killed"))
    assert all(len(set(member.get("enum", []))) == len(member.get("enum", [])) for member in MEMBERS.values())
