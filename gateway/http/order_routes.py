"""Order routes: orders, positions and accounts, for traders (docs/protocol.md, "HTTP").

Refusals are raised as ApiError and become problems in `middleware`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gateway.errors import ApiError, NotKnown
from gateway.http.call import Call, account_of
from gateway.http.market_routes import NoQuery
from gateway.orders import canceled_in_all, result_of
from gateway.requests.order_requests import AmendParams, CancelAllParams, ListParams, NameParams, PlaceParams, Text
from gateway.throttle import CANCELS, ORDERS, READS

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from gateway.orders import Prepared
    from streams.venue import Outcome

_place = msgspec.json.Decoder(PlaceParams)
_amend = msgspec.json.Decoder(AmendParams)


class AccountQuery(Struct, forbid_unknown_fields=True):
    """Routes about one order, or about an account."""

    account: Text = UNSET


class OrdersQuery(Struct, forbid_unknown_fields=True):
    """GET /orders. There is no history yet, so `status` can only be `open`."""

    status: Text = UNSET
    symbol: Text = UNSET
    cursor: Text = UNSET
    limit: int | UnsetType = UNSET
    account: Text = UNSET


class ClientIdQuery(Struct, forbid_unknown_fields=True):
    """GET /orders/by-client-id/{client_order_id}."""

    symbol: str
    account: Text = UNSET


async def place_order(call: Call) -> web.Response:
    """POST /orders: 201 with the order."""
    principal = await call.login("trade", ORDERS)
    call.query(NoQuery)
    params = await call.body(_place)
    key = call.request.headers.get("Idempotency-Key")
    if key is not None and not isinstance(params.client_order_id, str):
        params.client_order_id = idempotency_key(key)
    account = account_of(principal, params.account)
    prepared = await known(call, lambda: call.services.orders.place(params, account, ""))
    return call.json(await call.carry_out(prepared), 201)


async def list_orders(call: Call) -> web.Response:
    """GET /orders."""
    principal = await call.login("read", READS)
    query = call.query(OrdersQuery)
    if query.status not in (UNSET, None, "open"):
        raise ApiError("bad_request", "status can only be open", "status")
    params = ListParams(symbol=query.symbol, limit=query.limit, cursor=query.cursor)
    return call.json(await call.services.orders.open_orders(params, account_of(principal, query.account)))


async def get_order(call: Call) -> web.Response:
    """GET /orders/{order_id}."""
    principal = await call.login("read", READS)
    account = account_of(principal, call.query(AccountQuery).account)
    params = NameParams(order_id=call.request.match_info["order_id"])
    return call.json(await call.services.orders.get(params, account))


async def get_order_by_client_id(call: Call) -> web.Response:
    """GET /orders/by-client-id/{client_order_id}."""
    principal = await call.login("read", READS)
    query = call.query(ClientIdQuery)
    params = NameParams(client_order_id=call.request.match_info["client_order_id"], symbol=query.symbol)
    return call.json(await call.services.orders.get(params, account_of(principal, query.account)))


async def amend_order(call: Call) -> web.Response:
    """PATCH /orders/{order_id}."""
    principal = await call.login("trade", ORDERS)
    call.query(NoQuery)
    params = await call.body(_amend)
    for field in ("order_id", "client_order_id", "symbol"):
        if getattr(params, field) is not UNSET:
            raise ApiError("unknown_field", field=field)
    params.order_id = call.request.match_info["order_id"]
    return call.json(await call.carry_out(call.services.orders.amend(params, account_of(principal, params.account))))


async def cancel_order(call: Call) -> web.Response:
    """DELETE /orders/{order_id}."""
    principal = await call.login("trade", CANCELS)
    account = account_of(principal, call.query(AccountQuery).account)
    params = NameParams(order_id=call.request.match_info["order_id"])
    return call.json(await call.carry_out(call.services.orders.cancel(params, account)))


async def cancel_orders(call: Call) -> web.Response:
    """DELETE /orders."""
    principal = await call.login("trade", CANCELS)
    params = call.query(CancelAllParams)
    account = account_of(principal, params.account)
    commands = await known(call, lambda: call.services.orders.cancel_all(params, account))
    return call.json(canceled_in_all(await outcomes(call, commands)))


async def get_positions(call: Call) -> web.Response:
    """GET /positions."""
    principal = await call.login("read", READS)
    account = account_of(principal, call.query(AccountQuery).account)
    return call.json(await call.services.accounts.positions(account))


async def get_account(call: Call) -> web.Response:
    """GET /account."""
    principal = await call.login("read", READS)
    account = account_of(principal, call.query(AccountQuery).account)
    return call.json(await call.services.accounts.account(account))


async def outcomes(call: Call, commands: list[Prepared]) -> list[Outcome | ApiError]:
    """Submit several commands at once and wait for the outcome of each."""
    found: list[Outcome | ApiError] = []
    pending = []
    for command in commands:
        try:
            pending.append(call.services.orders.submit(command))
        except ApiError as error:
            found.append(error)
    if pending:
        await asyncio.wait(pending)
    for future in pending:
        try:
            found.append(result_of(future))
        except ApiError as error:
            found.append(error)
    return found


async def known(call: Call, prepare: Callable[[], Any]) -> Any:  # noqa: ANN401 - what `prepare` gives
    """Prepare a command; its symbol is located first if the directory does not know it."""
    try:
        return prepare()
    except NotKnown as missing:
        await call.services.directory.locate(missing.symbol)
    try:
        return prepare()
    except NotKnown as missing:
        raise ApiError("unknown_instrument", field="symbol") from missing


def idempotency_key(header: str) -> str:
    """The header's value, with or without the quotes that its draft asks for."""
    quoted = len(header) >= 2 and header[0] == header[-1] == '"'
    return header[1:-1] if quoted else header


ROUTES: Final = (
    ("POST", "/v1/orders", place_order),
    ("GET", "/v1/orders", list_orders),
    ("DELETE", "/v1/orders", cancel_orders),
    ("GET", "/v1/orders/by-client-id/{client_order_id}", get_order_by_client_id),
    ("GET", "/v1/orders/{order_id}", get_order),
    ("PATCH", "/v1/orders/{order_id}", amend_order),
    ("DELETE", "/v1/orders/{order_id}", cancel_order),
    ("GET", "/v1/positions", get_positions),
    ("GET", "/v1/account", get_account),
)
