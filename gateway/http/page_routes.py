"""Page routes: the trading screen, the descriptions of the API, health, and demo tokens."""

from __future__ import annotations

import re
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import orjson
from aiohttp import web
from msgspec import Struct

from exchange.units import SECOND
from gateway.description import openapi
from gateway.errors import ApiError, NotReady
from gateway.identity.tokens import mint
from gateway.requests.names import checked_account
from gateway.requests.timestamps import time_text
from streams.journal.capacity import FILLING_SHARE

if TYPE_CHECKING:
    from gateway.http.call import Call
    from gateway.services import Services

STATIC: Final = Path(__file__).parents[1] / "static"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The content security policy of pages: nothing inline, nothing from elsewhere."""

NOT_BUILT: Final = "<!doctype html><title>Openbell</title><p>The page is not built: run <code>make build</code>.</p>"
DEMO_TOKEN_SECONDS: Final = 3_600

_demo_account = re.compile(r"demo-[1-9][0-9]{0,3}").fullmatch
_asset_name = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}").fullmatch


class DemoParams(Struct, forbid_unknown_fields=True):
    """The body of POST /demo/token."""

    account: str


_demo = msgspec.json.Decoder(DemoParams)


@cache
def openapi_json() -> bytes:
    """The description of the HTTP API, rendered once."""
    return orjson.dumps(openapi.openapi())


@cache
def asyncapi_json() -> bytes:
    """The description of the WebSocket, rendered once."""
    return orjson.dumps(openapi.asyncapi())


async def get_page(call: Call) -> web.StreamResponse:
    """GET /: the trading screen."""
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "Referrer-Policy": "no-referrer"}
    page = STATIC / "index.html"
    if not page.is_file():
        return web.Response(text=NOT_BUILT, content_type="text/html", headers=headers)
    return web.FileResponse(page, headers=headers)


async def get_asset(call: Call) -> web.StreamResponse:
    """GET /assets/…: each name carries a hash of the content, so an asset never changes."""
    name = call.request.match_info["name"]
    asset = STATIC / "assets" / name
    # The name comes decoded: a slash in the name would lead out of the folder.
    if _asset_name(name) is None or not asset.is_file():
        raise ApiError("not_found")
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "public, max-age=31536000, immutable"}
    return web.FileResponse(asset, headers=headers)


async def get_openapi(call: Call) -> web.StreamResponse:
    """GET /openapi.json."""
    return call.json(openapi_json())


async def get_asyncapi(call: Call) -> web.StreamResponse:
    """GET /asyncapi.json."""
    return call.json(asyncapi_json())


async def get_docs(call: Call) -> web.StreamResponse:
    """GET /docs: the API on one page for people."""
    headers = {"Content-Security-Policy": POLICY}
    return web.Response(text=openapi.page(), content_type="text/html", headers=headers)


async def get_live(call: Call) -> web.StreamResponse:
    """GET /health/live: the process answers."""
    return call.json({"status": "live"})


async def get_ready(call: Call) -> web.StreamResponse:
    """GET /health/ready: an order for each instrument would be answered now; the instruments for which not are named.

    Partitions whose streams fill up are named before they refuse.
    """
    venue = call.services.venue
    degraded = degraded_in(call.services)
    if degraded or not venue.well:
        raise NotReady(degraded)
    filling = [
        {"partition": number, "share": round(room.share, 3), "takes": room.takes}
        for number, room in enumerate(map(venue.room, range(venue.partitions)))
        if room.share >= FILLING_SHARE
    ]
    return call.json({"status": "ready"} | ({"filling": filling} if filling else {}))


async def get_gateway(call: Call) -> web.StreamResponse:
    """GET /health/gateway: whether this gateway works, so that a client would be no better off with another.

    For balancers: a partition without a leader is dead for all gateways, and no reason to remove one of them.
    """
    if not call.services.venue.well or not call.services.directory.complete:
        raise ApiError("unavailable", "not ready: this gateway waits for NATS", retry_after=1.0)
    return call.json({"status": "ok"})


def degraded_in(services: Services) -> list[dict[str, Any]]:
    """The partitions that would not answer an order now: why, and the instruments known to be in each."""
    venue, directory = services.venue, services.directory
    found = []
    for number in range(venue.partitions):
        why = venue.why_not(number)
        if not why and not directory.knows(number):
            why = f"partition {number} has not told its instruments yet"
        if why:
            stopped, symbols = venue.is_stopped(number), directory.symbols_in(number)
            found.append({"partition": number, "why": why, "stopped": stopped, "symbols": symbols})
    return found


async def post_demo_token(call: Call) -> web.StreamResponse:
    """POST /demo/token: a token for a demo account, where the operator has opened a demo."""
    settings = call.services.settings
    if not settings.demo or settings.jwt_secret is None:
        raise ApiError("not_found")
    await call.public()
    params = await call.body(_demo)
    account = checked_account(params.account)
    # The demo's bots trade as demo accounts with names; a visitor may not act for a bot's account.
    if _demo_account(account) is None:
        raise ApiError("forbidden", "demo accounts are demo-1, demo-2 and so on", "account")
    token = mint(settings.jwt_secret, settings.jwt_issuer, account, "read trade", DEMO_TOKEN_SECONDS)
    call.headers["Cache-Control"] = "no-store"
    expires = time_text((int(time.time()) + DEMO_TOKEN_SECONDS) * SECOND)
    return call.json({"token": token, "account": account, "expires": expires})


ROUTES: Final = (
    ("GET", "/", get_page),
    ("GET", "/assets/{name}", get_asset),
    ("GET", "/openapi.json", get_openapi),
    ("GET", "/asyncapi.json", get_asyncapi),
    ("GET", "/docs", get_docs),
    ("GET", "/health/live", get_live),
    ("GET", "/health/ready", get_ready),
    ("GET", "/health/gateway", get_gateway),
    ("POST", "/v1/demo/token", post_demo_token),
)
