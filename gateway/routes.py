"""The HTTP routes: what each takes, gives and is for. The one list that /openapi.json and /docs are made from."""

from __future__ import annotations

from typing import Final, NamedTuple

from exchange import rejections
from gateway.listings import ListingParams
from gateway.requests import AmendParams, PlaceParams
from gateway.schemas import ACCOUNT, SYMBOL, Schema, record, ref, request, rows, text, whole
from gateway.shapes import CANCELED, CLOCK, DEPTH, ORDERS_PAGE, PHASE, QUOTE, TAPE

PLACE_CODES: Final = (
    rejections.UNKNOWN_INSTRUMENT,
    rejections.CLIENT_ORDER_ID_REUSED,
    rejections.NOT_ALLOWED_IN_PHASE,
    rejections.PRICE_OFF_TICK,
    rejections.BAD_PRICE,
    rejections.PRICE_TOO_LOW,
    rejections.PRICE_TOO_HIGH,
    rejections.PRICE_OUTSIDE_COLLAR,
    rejections.QUANTITY_OFF_LOT,
    rejections.QUANTITY_TOO_SMALL,
    rejections.QUANTITY_TOO_LARGE,
    rejections.DISPLAY_TOO_LARGE,
    rejections.DISPLAY_TOO_SMALL,
    rejections.VALUE_TOO_SMALL,
    rejections.VALUE_TOO_LARGE,
    rejections.TOO_MANY_OPEN_ORDERS,
    rejections.WOULD_TAKE,
    rejections.BAD_EXPIRES,
)
AMEND_CODES: Final = (
    rejections.UNKNOWN_ORDER,
    rejections.ORDER_DONE,
    rejections.NO_CHANGE,
    rejections.QUANTITY_BELOW_FILLED,
    *(code for code in PLACE_CODES if code.startswith(("price", "quantity", "display", "value", "bad", "would"))),
)
COMMAND_CODES: Final = ("busy", "outcome_unknown", rejections.TOO_LATE)
LOGIN_CODES: Final = ("unauthenticated", "token_expired", "forbidden")
BODY_CODES: Final = ("bad_request", "unknown_field", "bad_decimal", "too_large", "unsupported_media_type")
QUERY_CODES: Final = ("bad_request", "unknown_field")
EVERY_CODE: Final = ("rate_limited", "too_many", "internal")


class Route(NamedTuple):
    """A route. `answer` is its JSON on success, `scope` what the token must allow ("" for no token)."""

    method: str
    path: str
    summary: str
    answer: Schema
    scope: str = ""
    query: tuple[str, ...] = ()
    body: Schema | None = None
    codes: tuple[str, ...] = ()
    status: int = 200
    media_type: str = "application/json"

    @property
    def all_codes(self) -> tuple[str, ...]:
        """Every code that this route may answer with."""
        command = self.scope in ("trade", "admin") and self.method != "get"
        found = (
            *(LOGIN_CODES if self.scope else ()),
            *(BODY_CODES if self.body else QUERY_CODES if self.query else ()),
            *self.codes,
            *(COMMAND_CODES if command else ()),
            *EVERY_CODE,
        )
        return tuple(dict.fromkeys(found))


def frame_of(channel: str, members: dict[str, Schema], summary: str) -> Schema:
    """The snapshot of a channel, as over WebSocket."""
    common = {
        "channel": {"const": channel},
        "type": {"const": "snapshot"},
        "symbol": SYMBOL,
        "seq": whole("The number of the channel's last message."),
        "journal": text("The last command that this includes."),
    }
    return record(summary, common | members, may_lack=("journal",))


HEALTH: Final = record("How the gateway is.", {"status": text("`ok`, or what is missing.")})
DOCUMENT: Final[Schema] = {"type": "object", "description": "The document."}
BY_SYMBOL: Final = ("unknown_instrument", "unavailable")
BY_ORDER: Final = ("unknown_order", "unavailable")
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
        "put",
        "/v1/admin/instruments/{symbol}",
        "List an instrument, or replace its definition.",
        ref("Instrument"),
        "admin",
        body=request(ListingParams),
        codes=("unavailable",),
    ),
    Route(
        "get",
        "/v1/admin/instruments/{symbol}",
        "One instrument.",
        ref("Instrument"),
        "admin",
        codes=BY_SYMBOL,
    ),
    Route(
        "get",
        "/v1/admin/sessions",
        "The client connections of the gateway process that answers.",
        record("All of them.", {"sessions": rows({"type": "object"})}),
        "admin",
    ),
    Route(
        "get",
        "/v1/admin/partitions",
        "Who leads each partition, who follows it, and how far they are.",
        record(
            "All of them.",
            {
                "partitions": rows(
                    record(
                        "One partition.",
                        {
                            "partition": whole("Its number."),
                            "available": {"type": "boolean", "description": "Whether its leader answers."},
                            "leader": text("The worker that leads it."),
                            "standby": {"type": ["string", "null"], "description": "The worker that follows it."},
                            "sequence": whole("Of the last command's message in the journal."),
                            "lag": {
                                "type": ["integer", "null"],
                                "description": "Messages by which the standby was behind lately; null if it loads.",
                            },
                            "instruments": whole("How many live there."),
                        },
                        may_lack=("leader", "standby", "sequence", "lag", "instruments"),
                    )
                )
            },
        ),
        "admin",
    ),
    Route(
        "post",
        "/v1/admin/partitions/{partition}/handover",
        "Let a partition's standby lead it, without a break.",
        record("It does.", {"partition": whole("Its number."), "leader": text("The worker that leads it now.")}),
        "admin",
        codes=("not_found", "unavailable"),
    ),
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
    Route("get", "/health/ready", "Whether it can take orders.", HEALTH, codes=("unavailable",)),
    Route("get", "/openapi.json", "This document.", DOCUMENT),
    Route("get", "/asyncapi.json", "The WebSocket API.", DOCUMENT),
    Route("get", "/docs", "Both on one page, for people.", {"type": "string"}, media_type="text/html"),
)
