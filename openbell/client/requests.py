"""Requests: order requests built without being sent, for `Client.batch`. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict, Unpack
from uuid import uuid4

from openbell.client.values import Number, time_to_wire, to_wire

Side = Literal["buy", "sell"]
OrderType = Literal["limit", "market", "stop", "stop_limit"]
TimeInForce = Literal["gtc", "day", "ioc", "fok", "gtd", "at_open", "at_close"]
SelfTrade = Literal["cancel_newest", "cancel_oldest", "cancel_both", "decrement"]


class Terms(TypedDict, total=False):
    """The terms of an order beyond symbol, side, quantity and price; a term left out has the exchange's default.

    type: not needed: a price makes a limit order, none a market order, and a stop_price a stop of either.
    expires: nanoseconds since 1970 UTC, with time_in_force "gtd".
    account: one of the token's other accounts.
    """

    type: OrderType
    stop_price: Number
    time_in_force: TimeInForce
    expires: int
    post_only: bool
    display_quantity: Number
    self_trade: SelfTrade
    client_order_id: str
    account: str


class Changes(TypedDict, total=False):
    """The changes of an amend; `quantity` is the new total, filled quantity included."""

    price: Number
    stop_price: Number
    quantity: Number
    display_quantity: Number
    expires: int


@dataclass(frozen=True, slots=True)
class Request:
    """One request: a method and its parameters as they go over the wire."""

    method: str
    params: dict[str, Any] = field(default_factory=dict)


_NUMBERS = frozenset({"price", "stop_price", "quantity", "display_quantity"})

_KNOWN = frozenset({"symbol", "side", "order_id", *Terms.__annotations__, *Changes.__annotations__})
"""The members that an order request may have; a mistyped name is found before anything is sent."""


def place(symbol: str, side: Side, quantity: Number, price: Number | None = None, **terms: Unpack[Terms]) -> Request:
    """A placement. The request always has a client order id, generated if none is given, so it is safe to send again.

    >>> place("ACME", "buy", 10, "101.25", client_order_id="a-1").params["price"]
    '101.25'
    """
    params: dict[str, Any] = {"symbol": symbol, "side": side, "quantity": quantity, "client_order_id": uuid4().hex}
    if price is not None:
        params["price"] = price
    params["type"] = type_of(price, terms.get("stop_price"))
    return Request("order.place", _printed(params | terms))


def type_of(price: Number | None, stop_price: Number | None) -> OrderType:
    """The type of an order, by the prices that it has.

    >>> type_of("101.25", "101")
    'stop_limit'
    """
    if stop_price is None:
        return "market" if price is None else "limit"
    return "stop" if price is None else "stop_limit"


def amend(order_id: str, *, symbol: str = "", account: str = "", **changes: Unpack[Changes]) -> Request:
    """An amend of an order, named by its order id, or by its client order id if `symbol` is given."""
    return Request("order.amend", _printed(named(order_id, symbol, account) | changes))


def cancel(order_id: str, *, symbol: str = "", account: str = "") -> Request:
    """A cancel of an order, named like amend's."""
    return Request("order.cancel", named(order_id, symbol, account))


def named(order_id: str, symbol: str, account: str) -> dict[str, Any]:
    """The parameters that name an order; with a symbol, `order_id` is a client order id."""
    params = {"symbol": symbol, "client_order_id": order_id} if symbol else {"order_id": order_id}
    return params | {"account": account} if account else params


def _printed(params: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(params) - _KNOWN)
    if unknown:
        raise TypeError(f"an order has no {', '.join(unknown)}")
    printed: dict[str, Any] = {name: to_wire(value) if name in _NUMBERS else value for name, value in params.items()}
    if "expires" in printed:
        printed["expires"] = time_to_wire(printed["expires"])
    return printed
