"""Promises of a session: what is canceled when its connection ends, and when that is promised."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.support.gateway import Trader, eventually, token
from tests.support.local_venue import LocalVenue

if TYPE_CHECKING:
    from gateway.services import Services


async def test_cancel_on_disconnect_covers_the_connection_or_the_account(venue: LocalVenue, services: Services) -> None:
    """Mode "connection" cancels what was placed on it, for whomever; "account" all; without a mode nothing."""
    watcher = Trader(services, "watcher")
    await watcher.login("anna", accounts="*")
    plain, connection, account = (Trader(services, name) for name in ("plain", "connection", "account"))
    await plain.login("anna")
    await connection.login("anna", accounts=["carla"], cancel_on_disconnect="connection")
    await account.login("dora", cancel_on_disconnect="account")
    kept = await plain.place("buy", 1, "1")
    await connection.place("buy", 2, "1")
    await connection.place("buy", 3, "1", account="carla")
    await watcher.place("buy", 4, "1", account="dora")
    for trader in (plain, connection, account):
        trader.session.end()
    await eventually(lambda: not services.sessions.promises_at_work)
    left = {name: (await watcher.do("order.list", account=name))["orders"] for name in ("anna", "carla", "dora")}
    assert {name: [row["order_id"] for row in rows] for name, rows in left.items()} == {
        "anna": [kept["order_id"]],
        "carla": [],
        "dora": [],
    }
    gone = await watcher.do("order.get", order_id="0-2")
    assert (gone["status"], gone["reason"]) == ("canceled", "disconnected")
    assert venue.promises.stored == {}


async def test_what_is_to_be_canceled_is_stored_before_the_client_hears_of_it(
    venue: LocalVenue, services: Services
) -> None:
    """At the login, and before the first order for another account; a login without it takes "account" back."""
    broker = Trader(services, "broker")
    await broker.login("anna", accounts=["carla"], cancel_on_disconnect="connection")
    assert venue.promises.stored == {"broker": [("anna", "broker")]}
    await broker.place("buy", 1, "1", account="carla")
    await broker.place("buy", 1, "1", account="carla")
    assert venue.promises.stored == {"broker": [("anna", "broker"), ("carla", "broker")]}
    dora = Trader(services, "dora")
    await dora.login("dora", cancel_on_disconnect="account")
    assert venue.promises.stored["dora"] == [("dora", "")]
    await dora.login("dora")
    assert venue.promises.stored["dora"] == []


async def test_a_promise_that_cannot_be_stored_is_not_given(venue: LocalVenue, services: Services) -> None:
    """The login fails and changes nothing; so does the first order for another account."""
    broker = Trader(services, "broker")
    await broker.login("anna", accounts=["carla"], cancel_on_disconnect="connection")
    venue.away = True
    order = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "1", "price": "1", "account": "carla"}
    assert (await broker.refused("order.place", **order))["code"] == "unavailable"
    fresh = Trader(services, "fresh")
    refusal = await fresh.refused("login", token=token("dora"), cancel_on_disconnect="account")
    assert refusal["code"] == "unavailable"
    assert (await fresh.refused("order.list"))["code"] == "unauthenticated"
    venue.away = False
    fresh.session.end()
    await eventually(lambda: list(venue.promises.stored) == ["broker"])


async def test_a_promise_is_kept_when_the_exchange_is_back(venue: LocalVenue, services: Services) -> None:
    """However long it was away."""
    trader, watcher = Trader(services, "trader"), Trader(services, "watcher")
    trader.session.login.cancel_pause_seconds = 0
    await watcher.login("anna")
    await trader.login("anna", cancel_on_disconnect="connection")
    await trader.place("buy", 1, "1")
    venue.away = True
    trader.session.end()
    for _ in range(100):
        await asyncio.sleep(0)
    assert venue.promises.stored == {"trader": [("anna", "trader")]}
    venue.away = False
    await eventually(lambda: venue.promises.stored == {})
    assert (await watcher.do("order.list"))["orders"] == []
