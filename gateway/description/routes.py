"""Routes: the request, answer and purpose of each HTTP route. /openapi.json and /docs are made from this one list."""

from __future__ import annotations

from typing import Final

from gateway.description.answer_schemas import CANCELED, CLOCK, DEPTH, ORDERS_PAGE, PHASE, POSITIONS, QUOTE, TAPE
from gateway.description.operator_routes import ADMIN_ROUTES
from gateway.description.request_schemas import ACCOUNT, SYMBOL, Schema, record, ref, request, rows, text, whole, word
from gateway.description.route import AMEND_CODES, BY_ORDER, BY_SYMBOL, PLACE_CODES, Route
from gateway.requests.order_requests import AmendParams, PlaceParams
from streams.journal.capacity import TAKES


def frame_of(channel: str, members: dict[str, Schema], summary: str) -> Schema:
    """The snapshot of a channel, as on the WebSocket."""
    common = {
        "channel": {"const": channel},
        "type": {"const": "snapshot"},
        "symbol": SYMBOL,
        "seq": whole("The number of the channel's last message."),
        "journal": text("The last command that this includes."),
    }
    return record(summary, common | members, may_lack=("journal",))


HEALTH: Final = record("How the gateway is.", {"status": text("`ok`, or what is missing.")})
FILLING: Final = record(
    "A partition whose journal or events are more than 80 % full.",
    {
        "partition": whole("Its number."),
        "share": {"type": "number", "minimum": 0, "description": "Of the fuller one's room: 1 is full."},
        "takes": word("Everything, or only cancels and operators, only operators, or nothing.", TAKES),
    },
)
READY: Final = record(
    "It can take orders.",
    {"status": text("`ready`."), "filling": rows(FILLING, "Partitions that fill up; left out if there are none.")},
    may_lack=("filling",),
)
DOCUMENT: Final[Schema] = {"type": "object", "description": "The document."}
OWN_ID: Final = ("order_id", "client_order_id", "symbol")

ROUTES: Final = (
    Route("get", "/v1/time", "The gateway's clock.", CLOCK),
    Route(
        "get",
        "/v1/instruments",
        "Every listed instrument.",
        record("All of them.", {"instruments": rows(ref("Instrument"))}),
        codes=("unavailable",),
    ),
    Route("get", "/v1/instruments/{symbol}", "One instrument.", ref("Instrument"), codes=BY_SYMBOL),
    Route(
        "get",
        "/v1/instruments/{symbol}/book",
        "Depth as it is now.",
        frame_of("book", DEPTH, "The best levels of both sides."),
        query=("depth",),
        codes=BY_SYMBOL,
    ),
    Route(
        "get",
        "/v1/instruments/{symbol}/trades",
        "The latest trades.",
        frame_of("trades", TAPE, "Part of the tape."),
        query=("limit", "before"),
        codes=BY_SYMBOL,
    ),
    Route(
        "get",
        "/v1/instruments/{symbol}/ticker",
        "Best prices and the last trade.",
        frame_of("ticker", QUOTE, "The ticker."),
        codes=BY_SYMBOL,
    ),
    Route(
        "get",
        "/v1/instruments/{symbol}/status",
        "The instrument's phase.",
        frame_of("status", PHASE, "The phase."),
        codes=BY_SYMBOL,
    ),
    Route(
        "post",
        "/v1/orders",
        "Enter an order. Idempotency-Key serves as client_order_id when the body has none.",
        ref("PlacedOrder"),
        "trade",
        body=request(PlaceParams),
        codes=PLACE_CODES,
        status=201,
    ),
    Route(
        "get",
        "/v1/orders",
        "Open orders.",
        ORDERS_PAGE,
        "read",
        ("status", "symbol", "cursor", "limit", "account"),
        codes=BY_SYMBOL,
    ),
    Route(
        "delete",
        "/v1/orders",
        "Cancel all open orders, or those of a symbol or a side.",
        CANCELED,
        "trade",
        ("symbol", "side", "account"),
        codes=("unknown_instrument",),
    ),
    Route("get", "/v1/orders/{order_id}", "One order.", ref("Order"), "read", ("account",), codes=BY_ORDER),
    Route(
        "patch",
        "/v1/orders/{order_id}",
        "Change an open order.",
        ref("Order"),
        "trade",
        body=request(AmendParams, OWN_ID),
        codes=AMEND_CODES,
    ),
    Route(
        "delete",
        "/v1/orders/{order_id}",
        "Cancel an open order.",
        ref("Order"),
        "trade",
        ("account",),
        codes=("unknown_order", "order_done"),
    ),
    Route(
        "get",
        "/v1/orders/by-client-id/{client_order_id}",
        "One order by the client's own name for it.",
        ref("Order"),
        "read",
        ("symbol", "account"),
        codes=("unknown_instrument", *BY_ORDER),
    ),
    Route(
        "get", "/v1/positions", "Positions that are not flat.", POSITIONS, "read", ("account",), codes=("unavailable",)
    ),
    Route(
        "get",
        "/v1/account",
        "Cash, fees, positions, limits and what is used of them.",
        ref("Account"),
        "read",
        ("account",),
        codes=("unavailable",),
    ),
    *ADMIN_ROUTES,
    Route(
        "post",
        "/v1/demo/token",
        "A token for a demo account; only where the operator runs a demo.",
        record("The token.", {"token": text("A JWT."), "account": ACCOUNT, "expires": ref("Time")}),
        body={
            "type": "object",
            "additionalProperties": False,
            "required": ["account"],
            "properties": {"account": ACCOUNT | {"pattern": "^demo-[1-9][0-9]{0,3}$", "examples": ["demo-1"]}},
        },
        codes=("not_found", "forbidden"),
    ),
    Route("get", "/health/live", "Whether the process works.", HEALTH),
    Route(
        "get",
        "/health/ready",
        "Whether an order for each instrument would be answered now. If not, the error has `degraded`: for each "
        "partition that would not answer its number, `why`, whether it has `stopped`, and its `symbols`.",
        READY,
        codes=("unavailable",),
    ),
    Route(
        "get",
        "/health/gateway",
        "Whether this gateway does its part, for balancers: a partition without a leader is dead for all gateways.",
        HEALTH,
        codes=("unavailable",),
    ),
    Route("get", "/openapi.json", "This document.", DOCUMENT),
    Route("get", "/asyncapi.json", "The WebSocket API.", DOCUMENT),
    Route("get", "/docs", "Both on one page, for people.", {"type": "string"}, media_type="text/html"),
)
