"""The operator's routes for what happens: limits, kill switches, busts, accounts, and the list of who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.gateway import list_instrument, token
from tests.support.http import ORDER, client_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.http import Client
    from tests.support.local_venue import LocalVenue


@pytest.fixture
async def anna(where: str) -> AsyncIterator[Client]:
    """A trader."""
    async with client_of(where, token("anna")) as client:
        yield client


@pytest.fixture
async def boris(where: str) -> AsyncIterator[Client]:
    """Another."""
    async with client_of(where, token("boris")) as client:
        yield client


async def trade(anna: Client, boris: Client, quantity: str = "2", price: str = "10.00") -> None:
    """Boris buys from anna."""
    await anna.ask("POST", "/v1/orders", json=ORDER | {"side": "sell", "quantity": quantity, "price": price})
    bought = await boris.ask("POST", "/v1/orders", json=ORDER | {"quantity": quantity, "price": price})
    assert bought["status"] == "filled"


async def test_a_trader_sees_what_he_has(venue: LocalVenue, anna: Client, boris: Client) -> None:
    """Cash, fees and positions of both sides, in every partition; the fee account has what they paid."""
    await list_instrument(venue, "ACME", maker_bps=-100, taker_bps=250)
    await list_instrument(venue, "BETA", 1)
    await trade(anna, boris)
    await anna.ask("POST", "/v1/orders", json=ORDER | {"symbol": "BETA", "side": "sell", "quantity": "3"})
    await boris.ask("POST", "/v1/orders", json=ORDER | {"symbol": "BETA", "quantity": "1"})

    account = await boris.ask("GET", "/v1/account")

    assert (account["account"], account["cash"], account["fees"]) == ("boris", "-21.505", "0.005")
    assert account["positions"] == [
        {
            "symbol": "ACME",
            "quantity": "2",
            "average_price": "10.00",
            "realised": "0.00",
            "unrealised": "0.00",
            "fees": "0.005",
        },
        {
            "symbol": "BETA",
            "quantity": "1",
            "average_price": "1.50",
            "realised": "0.00",
            "unrealised": "0.00",
            "fees": "0.00",
        },
    ]
    assert await boris.ask("GET", "/v1/positions") == {"positions": account["positions"]}
    short = await anna.ask("GET", "/v1/account")
    assert (short["cash"], short["fees"]) == ("21.502", "-0.002")
    assert [row["quantity"] for row in short["positions"]] == ["-2", "-1"]
    assert short["used"] == [{"symbol": "BETA", "open_orders": 1, "open_buy_quantity": "0", "open_sell_quantity": "2"}]


async def test_the_fee_account_has_what_was_paid(venue: LocalVenue, admin: Client, anna: Client, boris: Client) -> None:
    """An operator sees any account."""
    await list_instrument(venue, "ACME", maker_bps=-100, taker_bps=250)
    await trade(anna, boris)

    fees = await admin.ask("GET", "/v1/admin/accounts/fees")

    assert (fees["cash"], fees["fees"], fees["positions"]) == ("0.003", "-0.003", [])


async def test_positions_are_private(where: str, anna: Client) -> None:
    """They need a token with the scope, and another's account is forbidden."""
    async with client_of(where, token("anna", "trade")) as trader:
        assert await trader.problem("GET", "/v1/positions") == (403, "forbidden", None)
    assert await anna.problem("GET", "/v1/account?account=boris") == (403, "forbidden", "account")
    assert await anna.problem("GET", "/v1/admin/accounts/anna") == (403, "forbidden", None)


async def test_limits_are_merged_and_removed(venue: LocalVenue, admin: Client, anna: Client) -> None:
    """What is not named stays, null takes away; a limit for all instruments holds in every partition."""
    await list_instrument(venue, "BETA", 1)
    path = "/v1/admin/accounts/anna/limits"
    await admin.ask("PUT", path, json={"max_quantity": "5", "max_open_orders": 2, "taker_bps": "-0.25"})
    await admin.ask("PUT", path, json={"symbol": "BETA", "enabled": False})
    account = await admin.ask("PUT", path, json={"max_open_orders": None, "max_long": 7, "reason": "wish"})

    nothing = dict.fromkeys(
        (
            "enabled",
            "max_quantity",
            "max_value",
            "max_open_orders",
            "max_long",
            "max_short",
            "maker_bps",
            "taker_bps",
            "cross_bps",
        )
    )
    everywhere = nothing | {"symbol": None, "max_quantity": "5", "max_long": "7", "taker_bps": "-0.25"}
    assert account["limits"] == [everywhere, nothing | {"symbol": "BETA", "enabled": False}]
    assert (await anna.ask("GET", "/v1/account"))["limits"] == account["limits"]
    for symbol, problem in (("ACME", "quantity_too_large"), ("BETA", "account_disabled")):
        refused = await anna.problem("POST", "/v1/orders", json=ORDER | {"symbol": symbol, "quantity": "6"})
        assert refused[:2] == (422, problem)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"max_quantity": "-1"}, "bad_request", "max_quantity"),
        ({"max_quantity": "x"}, "bad_decimal", "max_quantity"),
        ({"enabled": "no"}, "bad_request", "enabled"),
        ({"max_open_orders": -1}, "bad_request", "max_open_orders"),
        ({"taker_bps": "10000.01"}, "bad_request", "taker_bps"),
        ({"taker_bps": "0.001"}, "bad_decimal", "taker_bps"),
        ({"symbol": "acme"}, "bad_request", "symbol"),
        ({"leverage": "2"}, "unknown_field", "leverage"),
    ],
)
async def test_a_limit_that_cannot_be_is_refused(admin: Client, body: dict[str, Any], code: str, field: str) -> None:
    """With the member at fault."""
    assert await admin.problem("PUT", "/v1/admin/accounts/anna/limits", json=body) == (400, code, field)


async def test_a_killed_account_has_no_orders_and_places_none(
    venue: LocalVenue, admin: Client, anna: Client, boris: Client
) -> None:
    """In every partition; others trade on, cancels work, and it stays until it is switched off."""
    await list_instrument(venue, "BETA", 1)
    for symbol in ("ACME", "BETA"):
        await anna.ask("POST", "/v1/orders", json=ORDER | {"symbol": symbol})
    assert (await admin.ask("GET", "/v1/admin/kill-switch?account=anna"))["open_orders"] == 2

    killed = await admin.ask("POST", "/v1/admin/kill-switch", json={"account": "anna", "active": True})

    assert killed == {"account": "anna", "symbol": None, "active": True, "canceled": 2}
    assert await admin.ask("GET", "/v1/admin/kill-switch") == {
        "open_orders": 0,
        "switches": [{"account": "anna", "symbol": None}],
    }
    assert (await anna.problem("POST", "/v1/orders", json=ORDER))[:2] == (422, "killed")
    assert await anna.ask("DELETE", "/v1/orders") == {"canceled": 0}
    assert (await boris.ask("POST", "/v1/orders", json=ORDER))["status"] == "open"
    await admin.ask("POST", "/v1/admin/kill-switch", json={"account": "anna", "active": False})
    assert (await anna.ask("POST", "/v1/orders", json=ORDER))["status"] == "open"


async def test_a_killed_exchange_keeps_its_orders_unless_told_otherwise(admin: Client, anna: Client) -> None:
    """Resting orders stay, until a second word cancels them."""
    await anna.ask("POST", "/v1/orders", json=ORDER)

    stays = await admin.ask("POST", "/v1/admin/kill-switch", json={"active": True})
    goes = await admin.ask("POST", "/v1/admin/kill-switch", json={"active": True, "cancel": True})

    assert (stays["canceled"], goes["canceled"]) == (0, 1)
    assert (await anna.problem("POST", "/v1/orders", json=ORDER))[:2] == (422, "killed")


async def test_a_kill_switch_is_for_one_thing(admin: Client) -> None:
    """An account or an instrument, one that there is."""
    path = "/v1/admin/kill-switch"
    both = {"active": True, "account": "anna", "symbol": "ACME"}
    assert await admin.problem("POST", path, json=both) == (400, "bad_request", "symbol")
    assert (await admin.problem("POST", path, json={"active": True, "symbol": "NONE"}))[1] == "unknown_instrument"
    assert await admin.problem("POST", path, json={}) == (400, "bad_request", "active")


async def test_a_partition_that_does_not_answer_is_told_and_repeating_is_safe(venue: LocalVenue, admin: Client) -> None:
    """What is for all is known to be done only when all have answered."""
    venue.silent.add(1)
    body = {"account": "anna", "active": True}
    assert (await admin.problem("POST", "/v1/admin/kill-switch", json=body))[:2] == (503, "outcome_unknown")
    venue.silent.clear()
    assert (await admin.ask("POST", "/v1/admin/kill-switch", json=body))["active"] is True


async def test_a_bust_undoes_a_trade_once(admin: Client, anna: Client, boris: Client) -> None:
    """Positions, cash and fees go back; the tape marks it; a body is not needed."""
    await trade(anna, boris)

    undone = await admin.ask("POST", "/v1/admin/trades/ACME/1/bust")

    assert undone == {
        "symbol": "ACME",
        "trade_id": 1,
        "price": "10.00",
        "quantity": "2",
        "side": "buy",
        "bust": True,
    }
    for trader in (anna, boris):
        account = await trader.ask("GET", "/v1/account")
        assert (account["cash"], account["positions"]) == ("0", [])
    tape = await admin.ask("GET", "/v1/instruments/ACME/trades")
    assert [(row["trade_id"], row["bust"]) for row in tape["trades"]] == [(1, True)]
    again = await admin.problem("POST", "/v1/admin/trades/ACME/1/bust", json={"reason": "again"})
    assert again[:2] == (409, "already_busted")
    for number in ("2", "0", "x", "9" * 30):
        assert (await admin.problem("POST", f"/v1/admin/trades/ACME/{number}/bust"))[:2] == (404, "unknown_trade")


async def test_what_operators_did_is_listed(venue: LocalVenue, admin: Client, anna: Client, boris: Client) -> None:
    """Newest first, with who and why, refused or not, page by page, over all partitions."""
    await trade(anna, boris)
    await admin.ask("POST", "/v1/admin/kill-switch", json={"symbol": "ACME", "active": True, "reason": 'a "test"'})
    await admin.problem("POST", "/v1/admin/trades/ACME/7/bust")
    limits = {"max_long": "5", "max_short": None, "taker_bps": "1.5", "enabled": True}
    await admin.ask("PUT", "/v1/admin/accounts/anna/limits", json=limits)

    first = await admin.ask("GET", "/v1/admin/audit?limit=3")
    second = await admin.ask("GET", f"/v1/admin/audit?cursor={first['cursor']}")

    told = [
        (row["action"], row["symbol"], row["account"], row["reason"], row["code"], row["details"])
        for row in first["actions"] + second["actions"]
    ]
    details = {"enabled": True, "max_long": "5", "taker_bps": "1.5", "max_short": None}
    assert told == [
        ("set_limits", None, "anna", None, None, details),
        ("set_limits", None, "anna", None, None, details),
        ("bust_trade", "ACME", None, None, "unknown_trade", {"trade_id": 7}),
        ("set_kill_switch", "ACME", None, 'a "test"', None, {"active": True, "cancel": False}),
        ("list_instrument", "ACME", None, None, None, {}),
    ]
    assert {row["principal"] for row in first["actions"]} == {"operator"}
    assert {row["partition"] for row in first["actions"][:2]} == {0, 1}
    assert "cursor" not in second


async def test_a_page_of_the_audit_is_asked_for_rightly(admin: Client) -> None:
    """Its bounds and its cursor are looked at."""
    assert await admin.problem("GET", "/v1/admin/audit?limit=0") == (400, "bad_request", "limit")
    assert await admin.problem("GET", "/v1/admin/audit?cursor=x") == (400, "bad_request", "cursor")


async def test_sums_of_money_are_never_cut(venue: LocalVenue, admin: Client, anna: Client, boris: Client) -> None:
    """Three blocks of 30 billion in one partition and one in another: the sum, to the last unit, for everybody."""
    await list_instrument(venue, "ACME", taker_bps=100)
    await list_instrument(venue, "BETA", 1)
    for symbol in ("ACME", "ACME", "ACME", "BETA"):
        block = ORDER | {"symbol": symbol, "quantity": "3000000", "price": "10000"}
        await anna.ask("POST", "/v1/orders", json=block | {"side": "sell"})
        assert (await boris.ask("POST", "/v1/orders", json=block))["status"] == "filled"
    told = await admin.ask("GET", "/v1/admin/accounts/boris")
    assert (told["cash"], told["fees"]) == ("-120009000000", "9000000")
    assert (await anna.ask("GET", "/v1/account"))["cash"] == "120000000000"
    assert (await admin.ask("GET", "/v1/admin/accounts/fees"))["cash"] == "9000000"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"max_open_orders": 10**19}, "max_open_orders must be from 0 to 3999999999999999999"),
        ({"max_long": "40000000000"}, "max_long must be from 0 to 39999999999.99999999"),
        ({"max_value": "9" * 30}, "max_value must be from 0 to 1600000000000000000000"),
        ({"max_short": "-1"}, "max_short must be from 0 to 39999999999.99999999"),
    ],
)
async def test_a_limit_beyond_its_bound_is_told_that(admin: Client, body: dict[str, Any], sentence: str) -> None:
    """What is too large is not said to be negative, nor is it cut to what is possible."""
    assert (await admin.ask("PUT", "/v1/admin/accounts/anna/limits", json=body))["message"] == sentence


async def test_a_limit_of_value_may_be_above_any_number_of_64_bits(
    venue: LocalVenue, admin: Client, anna: Client
) -> None:
    """It is kept, told, and binds."""
    await list_instrument(venue, "ACME")
    told = await admin.ask("PUT", "/v1/admin/accounts/anna/limits", json={"max_value": "100000000000000"})
    assert told["limits"][0]["max_value"] == "100000000000000"
    order = ORDER | {"quantity": "10000000", "price": "10000025"}
    refused = await anna.ask("POST", "/v1/orders", json=order)
    assert refused["message"] == "price times quantity must be at most 100000000000000.00"
    assert (await anna.ask("POST", "/v1/orders", json=order | {"price": "10000000"}))["status"] == "open"
