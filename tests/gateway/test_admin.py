"""The operator's routes for what there is: instruments, sessions and partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from gateway.description.operator_routes import SESSION
from tests.support.gateway import list_instrument, token

if TYPE_CHECKING:
    from tests.support.http import Client
    from tests.support.local_venue import LocalVenue


async def test_an_operator_lists_instruments(admin: Client, public: Client) -> None:
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
async def test_a_listing_that_cannot_be_is_refused(admin: Client, body: dict[str, Any], code: str, field: str) -> None:
    """Nothing is claimed or stored for a definition that docs/rules.md forbids."""
    assert await admin.problem("PUT", "/v1/admin/instruments/BAD", json=body) == (400, code, field)


async def test_an_operator_sees_sessions_and_partitions(venue: LocalVenue, admin: Client, where: str) -> None:
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
    described = {"partition", "available", "why", "leader", "standby", "sequence", "lag", "checkpoint", "instruments"}
    assert set(first) == described | {"stopped", "refused_by", "room"}
    assert (first["why"], first["stopped"], first["refused_by"]) == (None, None, [])
    none: dict[str, Any] = {"stopped": None, "refused_by": [], "room": None}
    why = "its leader does not answer: no leader answers"
    assert second == {"partition": 1, "available": False, "why": why} | none
    venue.absent.add(0)
    first, _ = (await admin.ask("GET", "/v1/admin/partitions"))["partitions"]
    assert first == {"partition": 0, "available": False, "why": "no worker answers for partition 0"} | none


async def test_an_operator_sees_which_partition_has_stopped(venue: LocalVenue, admin: Client) -> None:
    """Where, why, who refuses to lead it, and when that worker looks again."""
    venue.stopped.add(1)
    venue.silent.add(1)
    _, second = (await admin.ask("GET", "/v1/admin/partitions"))["partitions"]
    assert second["stopped"] == {"sequence": 7, "why": "a sentence"}
    [refusal] = second["refused_by"]
    assert (refusal["worker"], refusal["sequence"], refusal["why"]) == ("w2", 7, "a sentence")
    assert refusal["next_look"] == "2026-09-21T14:13:20.000000000Z"


@pytest.mark.parametrize("partition", ["2", "-1", "x", "9999999"])
async def test_a_partition_that_there_is_not_is_not_handed_over(admin: Client, partition: str) -> None:
    """Neither is anything else in its place."""
    path = f"/v1/admin/partitions/{partition}/handover"
    assert (await admin.problem("POST", path, json={}))[:2] == (404, "not_found")


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"max_quantity": "90000000000"}, "max_quantity must be from 0 to 40000000000"),
        ({"max_value": "9" * 25}, "max_value must be from 0 to 1600000000000000000000"),
        ({"max_open_orders": 10**19}, "max_open_orders must be from 0 to 4000000000000000000"),
        ({"max_quantity": "0.5"}, "max_quantity must be at least one lot and min_quantity"),
        ({"call_seconds": 0}, "call_seconds must be from 1 to 604800"),
        ({"tick_size": "50000000000"}, "tick_size must be above zero and at most 40000000000"),
    ],
)
async def test_an_impossible_listing_is_told_what_would_do(
    admin: Client, members: dict[str, Any], sentence: str
) -> None:
    """A number that is too large is refused with its bound; it is not cut to it without a word."""
    body = {"tick_size": "1", "lot_size": "1"} | members
    assert (await admin.ask("PUT", "/v1/admin/instruments/BAD", json=body))["message"] == sentence


async def test_a_listing_may_name_any_value(admin: Client) -> None:
    """What it was told it tells."""
    body = {"tick_size": "25", "lot_size": "100", "min_value": "100000000000", "max_value": "1600000000000000000000"}
    listed = await admin.ask("PUT", "/v1/admin/instruments/DONG", json=body)
    assert (listed["min_value"], listed["max_value"]) == ("100000000000", "1600000000000000000000")
    assert (await admin.ask("GET", "/v1/admin/instruments/DONG"))["max_value"] == listed["max_value"]


async def test_an_instrument_with_orders_is_not_said_to_be_in_the_wrong_phase(venue: LocalVenue, admin: Client) -> None:
    """It is closed, and cannot go for another reason."""
    refused = await admin.ask("DELETE", "/v1/admin/instruments/ACME")
    assert refused["message"] == "only an instrument that is closed and has no open order can be taken off"


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        ("9999-12-31T23:59:59Z", "until must be at most 2116-02-20T23:53:38.427387902Z"),
        ("1960-01-01T00:00:00Z", "until must be a time in the future"),
        (
            "2020-01-01T00:00:00Z",
            "only an auction has an until, which must be later than now and before 2116-02-20T23:53:38Z",
        ),
    ],
)
async def test_the_end_of_a_call_is_told_its_true_bound(admin: Client, until: str, sentence: str) -> None:
    """The far future is not the past."""
    body = {"phase": "auction", "until": until}
    assert (await admin.ask("POST", "/v1/admin/instruments/ACME/phase", json=body))["message"] == sentence
