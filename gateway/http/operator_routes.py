"""Operator routes: phases, limits, kill switches, busts, and the audit of all operator actions.

All need the scope `admin`. A command for every partition is `outcome_unknown` unless all of them have answered, and
may be repeated.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec
import orjson
from msgspec import UNSET, Struct, UnsetType

from gateway.errors import ApiError
from gateway.feeds.accounts import distinct
from gateway.http.market_routes import NoQuery, symbol_of
from gateway.http.order_routes import outcomes
from gateway.orders import Prepared, bodies_of, body_of
from gateway.requests import operator_requests
from gateway.requests.names import checked_account, checked_symbol
from gateway.requests.operator_requests import KillSwitchParams, LimitsParams, PhaseParams, ReasonParams
from gateway.requests.order_requests import Text
from gateway.throttle import CANCELS, READS
from streams.errors import StreamError

if TYPE_CHECKING:
    from aiohttp import web

    from exchange.commands import Command
    from gateway.http.call import Call
    from streams.venue import Answer

AUDIT_ROWS: Final = 100
AUDIT_ROWS_MAX: Final = 1_000

_phase = msgspec.json.Decoder(PhaseParams)
_limits = msgspec.json.Decoder(LimitsParams)
_kill_switch = msgspec.json.Decoder(KillSwitchParams)
_reason = msgspec.json.Decoder(ReasonParams)


class KillSwitchQuery(Struct, forbid_unknown_fields=True):
    """GET /admin/kill-switch: the orders that a switch for these would cancel."""

    account: Text = UNSET
    symbol: Text = UNSET


class AuditQuery(Struct, forbid_unknown_fields=True):
    """GET /admin/audit."""

    limit: int | UnsetType = UNSET
    cursor: Text = UNSET


async def post_phase(call: Call) -> web.Response:
    """POST /admin/instruments/{symbol}/phase."""
    principal = await call.login("admin", CANCELS)
    call.query(NoQuery)
    params = await call.body(_phase)
    listed = await call.services.directory.listed(symbol_of(call))
    command = operator_requests.phase_command(listed.symbol, params, principal.subject)
    return call.json(await call.carry_out(Prepared(listed.partition, command)))


async def get_account(call: Call) -> web.Response:
    """GET /admin/accounts/{account}."""
    await call.login("admin", READS)
    call.query(NoQuery)
    return call.json(await call.services.accounts.account(account_in_path(call)))


async def put_limits(call: Call) -> web.Response:
    """PUT /admin/accounts/{account}/limits: merged into the limits set before; answers with the account after it."""
    principal = await call.login("admin", CANCELS)
    call.query(NoQuery)
    command = operator_requests.limits_command(account_in_path(call), await call.body(_limits), principal.subject)
    await carry_out_in(call, await homes_of(call, command.symbol), command)
    return call.json(await call.services.accounts.account(command.account))


async def post_kill_switch(call: Call) -> web.Response:
    """POST /admin/kill-switch."""
    principal = await call.login("admin", CANCELS)
    call.query(NoQuery)
    command = operator_requests.kill_switch_command(await call.body(_kill_switch), principal.subject)
    bodies = await carry_out_in(call, await homes_of(call, command.symbol), command)
    canceled = sum(body["canceled"] for body in bodies)
    return call.json(bodies[0] | {"canceled": canceled})


async def get_kill_switch(call: Call) -> web.Response:
    """GET /admin/kill-switch: the switches that are on, and how many orders a switch for this would cancel."""
    await call.login("admin", READS)
    query = call.query(KillSwitchQuery)
    account = checked_account(query.account) if isinstance(query.account, str) else ""
    symbol = checked_symbol(query.symbol) if isinstance(query.symbol, str) else ""
    answers = [
        orjson.loads(body_of(await ask(call, number, "kill_switch", account=account, symbol=symbol)))
        for number in await homes_of(call, symbol)
    ]
    switches = [switch for answer in answers for switch in answer["switches"]]
    return call.json(
        {
            "open_orders": sum(answer["open_orders"] for answer in answers),
            # An account's switch, and the whole exchange's, is on in every partition.
            "switches": distinct(switches),
        }
    )


async def bust_trade(call: Call) -> web.Response:
    """POST /admin/trades/{symbol}/{trade_id}/bust."""
    principal = await call.login("admin", CANCELS)
    call.query(NoQuery)
    params = await call.body(_reason) if call.has_body else ReasonParams()
    listed = await call.services.directory.listed(symbol_of(call))
    trade_id = call.request.match_info["trade_id"]
    command = operator_requests.bust_command(listed.symbol, trade_id, params, principal.subject)
    return call.json(await call.carry_out(Prepared(listed.partition, command)))


async def get_audit(call: Call) -> web.Response:
    """GET /admin/audit: operator actions, newest first."""
    await call.login("admin", READS)
    query = call.query(AuditQuery)
    limit = query.limit if isinstance(query.limit, int) else AUDIT_ROWS
    if not 1 <= limit <= AUDIT_ROWS_MAX:
        raise ApiError("bad_request", f"limit must be from 1 to {AUDIT_ROWS_MAX}", "limit")
    before = operator_requests.place_of_cursor(query.cursor)
    numbers = range(call.services.venue.partitions)
    # Every partition is asked for a whole page and one row more: only then it is known which rows are the newest.
    pages = await asyncio.gather(*(ask(call, number, "audit", limit=limit + 1, before=before) for number in numbers))
    rows = [row for page in pages for row in orjson.loads(body_of(page))["actions"]]
    rows.sort(key=lambda row: row["cursor"], reverse=True)
    cursor = {"cursor": rows[limit - 1]["cursor"]} if len(rows) > limit else {}
    shown = [{name: value for name, value in row.items() if name != "cursor"} for row in rows[:limit]]
    return call.json({"actions": shown} | cursor)


async def homes_of(call: Call, symbol: str) -> list[int]:
    """The partition of an instrument; without an instrument all partitions."""
    if not symbol:
        return list(range(call.services.venue.partitions))
    return [(await call.services.directory.listed(symbol)).partition]


async def carry_out_in(call: Call, partitions: list[int], command: Command) -> list[dict[str, Any]]:
    """Submit a repeatable command to partitions; ApiError `outcome_unknown` unless all of them have answered."""
    return bodies_of(await outcomes(call, [Prepared(partition, command) for partition in partitions]))


async def ask(call: Call, partition: int, kind: str, **arguments: str | int) -> Answer:
    """A partition's answer to a query; ApiError `unavailable` without one."""
    try:
        return await call.services.venue.query(partition, kind, **arguments)
    except StreamError as error:
        raise ApiError("unavailable", retry_after=1.0) from error


def account_in_path(call: Call) -> str:
    """The account in the path."""
    return checked_account(call.request.match_info["account"])


ROUTES: Final = (
    ("POST", "/v1/admin/instruments/{symbol}/phase", post_phase),
    ("GET", "/v1/admin/accounts/{account}", get_account),
    ("PUT", "/v1/admin/accounts/{account}/limits", put_limits),
    ("GET", "/v1/admin/kill-switch", get_kill_switch),
    ("POST", "/v1/admin/kill-switch", post_kill_switch),
    ("POST", "/v1/admin/trades/{symbol}/{trade_id}/bust", bust_trade),
    ("GET", "/v1/admin/audit", get_audit),
)
