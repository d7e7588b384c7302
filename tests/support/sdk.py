"""What tests of the SDK share: a client in a hurry, and frames as the exchange double sends them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from openbell import Client
from openbell.client import ClientSettings
from openbell.client.connection import Token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

Item = TypeVar("Item")
Frame = dict[str, Any]


class HasAddress(Protocol):
    """What a client needs of an exchange, or of its double."""

    url: str


QUICK = ClientSettings(connect_timeout=2, request_timeout=2, reconnect_delay_max=0.02)


TOKEN = "t-1"


def client_of(exchange: HasAddress, token: Token = TOKEN, **settings: Any) -> Client:
    """A client of an exchange double, quick to give up and to come back."""
    names = {name: getattr(QUICK, name) for name in QUICK.__slots__}
    return Client(exchange.url, token, ClientSettings(**names | settings))


def order_body(params: Frame | None = None, **members: object) -> Frame:
    """An order as the exchange prints it."""
    params = params or {}
    return {
        "order_id": "0-1",
        "client_order_id": params.get("client_order_id", "c-1"),
        "account": "alice",
        "symbol": params.get("symbol", "ACME"),
        "side": params.get("side", "buy"),
        "type": params.get("type", "limit"),
        "time_in_force": "gtc",
        "price": params.get("price"),
        "quantity": params.get("quantity", "10"),
        "filled_quantity": "0",
        "open_quantity": params.get("quantity", "10"),
        "status": "open",
        "created": "2026-01-01T00:00:00.000000001Z",
        **members,
    }


def book_snapshot(seq: int = 1, **members: object) -> Frame:
    """A small book."""
    bids, asks = [["99.50", "3"]], [["100.00", "5"]]
    return {"channel": "book", "type": "snapshot", "symbol": "ACME", "seq": seq, "bids": bids, "asks": asks, **members}


def book_update(seq: int, prev: int, bids: list[list[str]], **members: object) -> Frame:
    """A change of it."""
    frame = {"channel": "book", "type": "update", "symbol": "ACME", "seq": seq, "prev": prev}
    return {**frame, "bids": bids, "asks": [], **members}


def reports_snapshot(seq: int, orders: Iterable[Frame] = ()) -> Frame:
    """The open orders of the only partition."""
    cursor = {"partition": 0, "partitions": 1, "seq": seq, "cursor": f"0-{seq}"}
    return {"channel": "orders", "type": "snapshot", **cursor, "orders": list(orders)}


def reports_start(seq: int) -> Frame:
    """What comes in place of the open orders where they are not wanted."""
    frame = reports_snapshot(seq) | {"type": "start"}
    del frame["orders"]
    return frame


def report(seq: int) -> Frame:
    """The report of this number."""
    place = {"partition": 0, "seq": seq, "prev": seq - 1, "cursor": f"0-{seq}", "journal": f"{seq}.0"}
    order = order_body(order_id=f"0-{seq}")
    return {"channel": "orders", "type": "update", **place, "exec": "accepted", "order": order}


async def take(feed: AsyncIterator[Item], count: int) -> list[Item]:
    """So many items of a feed."""
    async with asyncio.timeout(5):
        return [await anext(feed) for _ in range(count)]
