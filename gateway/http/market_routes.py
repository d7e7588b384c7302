"""Market routes: time, instruments and market data, for everybody (docs/protocol.md, "HTTP").

Refusals are raised as ApiError and become problems in `middleware`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import orjson
from msgspec import Struct

from gateway.errors import ApiError
from gateway.feeds.subscriptions import DEPTH_DEFAULT, DEPTH_MAX
from gateway.feeds.views import BookView
from gateway.orders import body_of
from gateway.requests import names
from gateway.requests.timestamps import time_text
from streams.errors import StreamError

if TYPE_CHECKING:
    from aiohttp import web

    from gateway.http.call import Call
    from streams.venue import Answer

TRADES_DEFAULT: Final = 100
TRADES_MAX: Final = 1_000


class NoQuery(Struct, forbid_unknown_fields=True):
    """Routes without parameters."""


class BookQuery(Struct, forbid_unknown_fields=True):
    """GET …/book."""

    depth: int = DEPTH_DEFAULT


class TradesQuery(Struct, forbid_unknown_fields=True):
    """GET …/trades."""

    limit: int = TRADES_DEFAULT
    before: int = 0


async def get_time(call: Call) -> web.Response:
    """GET /time."""
    await call.public()
    call.query(NoQuery)
    return call.json({"time": time_text(time.time_ns())})


async def get_instruments(call: Call) -> web.Response:
    """GET /instruments."""
    await call.public()
    call.query(NoQuery)
    directory = call.services.directory
    if not directory.complete:
        raise ApiError("unavailable", retry_after=1.0)
    return call.json({"instruments": [listed.definition for listed in directory.all()]})


async def get_instrument(call: Call) -> web.Response:
    """GET /instruments/{symbol}."""
    await call.public()
    call.query(NoQuery)
    listed = await call.services.directory.listed(symbol_of(call))
    return call.json(listed.definition)


async def get_book(call: Call) -> web.Response:
    """GET /instruments/{symbol}/book."""
    await call.public()
    depth = call.query(BookQuery).depth
    if not 0 <= depth <= DEPTH_MAX:
        raise ApiError("bad_request", f"depth must be from 0, which is all, to {DEPTH_MAX}", "depth")
    view = BookView()
    view.reset(orjson.loads(await market_data(call, "book")))
    return call.json(view.window(depth))


async def get_trades(call: Call) -> web.Response:
    """GET /instruments/{symbol}/trades."""
    await call.public()
    query = call.query(TradesQuery)
    if not 1 <= query.limit <= TRADES_MAX:
        raise ApiError("bad_request", f"limit must be from 1 to {TRADES_MAX}", "limit")
    if not 0 <= query.before < 2**63:
        raise ApiError("bad_request", "before must be a trade_id", "before")
    return call.json(await market_data(call, "trades", limit=query.limit, before=query.before))


async def get_ticker(call: Call) -> web.Response:
    """GET /instruments/{symbol}/ticker."""
    await call.public()
    call.query(NoQuery)
    return call.json(await market_data(call, "ticker"))


async def get_status(call: Call) -> web.Response:
    """GET /instruments/{symbol}/status."""
    await call.public()
    call.query(NoQuery)
    return call.json(await market_data(call, "status"))


async def market_data(call: Call, kind: str, **arguments: int) -> bytes:
    """The snapshot of one channel from the leader of its instrument, as JSON."""
    listed = await call.services.directory.listed(symbol_of(call))
    try:
        answer: Answer = await call.services.venue.query(listed.partition, kind, symbol=listed.symbol, **arguments)
    except StreamError as error:
        raise ApiError("unavailable", retry_after=1.0) from error
    return body_of(answer)


def symbol_of(call: Call) -> str:
    """The symbol in the path."""
    return names.checked_symbol(call.request.match_info["symbol"])


ROUTES: Final = (
    ("GET", "/v1/time", get_time),
    ("GET", "/v1/instruments", get_instruments),
    ("GET", "/v1/instruments/{symbol}", get_instrument),
    ("GET", "/v1/instruments/{symbol}/book", get_book),
    ("GET", "/v1/instruments/{symbol}/trades", get_trades),
    ("GET", "/v1/instruments/{symbol}/ticker", get_ticker),
    ("GET", "/v1/instruments/{symbol}/status", get_status),
)
