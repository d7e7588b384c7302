"""Request schemas: the members of requests, as JSON Schema for /openapi.json and /asyncapi.json, and schema builders.

Rule: the members of a request are read from the Struct that decodes it, so no document can promise a member that is
refused; the meaning of each member is described here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

import msgspec

from exchange.terms import KIND_NAMES, PHASE_NAMES, SELF_TRADE_NAMES, SIDE_NAMES, TIME_IN_FORCE_NAMES, TYPE_NAMES
from gateway.feeds.subscriptions import DEPTH_DEFAULT, DEPTHS, INTERVAL_DEFAULT, INTERVALS, OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

Schema = dict[str, Any]

WEEK_SECONDS: Final = 604_800
TRADE_ID_MAX: Final = 2**63 - 1


def text(description: str, pattern: str = "", **more: object) -> Schema:
    """A string."""
    found: Schema = {"type": "string", "description": description, **more}
    return found | {"pattern": pattern} if pattern else found


def word(description: str, words: Iterable[str], default: str = "") -> Schema:
    """One of a few words, each named once."""
    found: Schema = {"type": "string", "enum": list(words), "description": description}
    assert len(set(found["enum"])) == len(found["enum"]), "a word is listed twice"
    return found | {"default": default} if default else found


def whole(description: str, low: int = 0, **more: object) -> Schema:
    """An integer."""
    return {"type": "integer", "minimum": low, "description": description, **more}


def ref(name: str) -> Schema:
    """A schema of SCHEMAS by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def described(name: str, description: str) -> Schema:
    """A schema of SCHEMAS with its meaning in this place."""
    return ref(name) | {"description": description}


def optional(name: str, description: str) -> Schema:
    """A schema of SCHEMAS, or null for none."""
    return {"anyOf": [ref(name), {"type": "null"}], "description": description}


def record(description: str, members: Schema, may_lack: Iterable[str] = ()) -> Schema:
    """An object of an answer: every member is required but those that it may lack."""
    lacking = set(may_lack)
    required = [name for name in members if name not in lacking]
    return {"type": "object", "description": description, "required": required, "properties": members}


def rows(items: Schema, description: str = "") -> Schema:
    """An array."""
    found: Schema = {"type": "array", "items": items}
    return found | {"description": description} if description else found


def request(struct: type[msgspec.Struct], leave_out: Iterable[str] = ()) -> Schema:
    """The schema of a Struct, member by member, null where it counts as left out; no other member is allowed."""
    left_out = set(leave_out)
    fields = [field for field in msgspec.structs.fields(struct) if field.encode_name not in left_out]
    members = {field.encode_name: MEMBERS[field.encode_name] for field in fields}
    found: Schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": members
        | {field.encode_name: nullable(members[field.encode_name]) for field in fields if may_be_null(field)},
    }
    required = [field.encode_name for field in fields if field.required]
    return found | {"required": required} if required else found


def may_be_null(field: msgspec.structs.FieldInfo) -> bool:
    """Whether a member of a request may be null."""
    return type(None) in get_args(field.type)


def nullable(schema: Schema, why: str = "") -> Schema:
    """A member's schema, or null; the member's description is kept, and `why` follows it."""
    said: Schema = {name: schema[name] for name in ("description", "default") if name in schema}
    if why:
        said["description"] = f"{said['description']} {why}"
    kind = {name: value for name, value in schema.items() if name not in said}
    return {"anyOf": [kind, {"type": "null"}], **said}


SYMBOL: Final = text("The instrument.", "^[A-Z0-9_-]{1,32}$", examples=["ACME"])
ACCOUNT: Final = text("A trading account.", "^[A-Za-z0-9_-]{1,32}$", examples=["alice"])
ORDER_ID: Final = text("The exchange's name of the order, unique for ever.", "^[0-9]+-[0-9]+$", examples=["3-1042"])
CLIENT_ORDER_ID: Final = text(
    "The client's own name of the order, unique per account and instrument; repeating it is safe.",
    "^[A-Za-z0-9_.:-]{1,36}$",
    examples=["my-order-1"],
)
CURSOR: Final = text("Opaque: give it back as it was given to you.", examples=["3-17"])

MEMBERS: Final[dict[str, Schema]] = {
    "symbol": SYMBOL,
    "side": word("Which side the order is on.", SIDE_NAMES),
    "type": word("What kind it is.", TYPE_NAMES),
    "quantity": described("DecimalInput", "A multiple of the lot size; of an amend the new total."),
    "price": described("DecimalInput", "A multiple of the tick size; limit orders need one, market orders have none."),
    "stop_price": described("DecimalInput", "Of stop orders: the last price that triggers them."),
    "time_in_force": word("How long it stays.", TIME_IN_FORCE_NAMES, "gtc"),
    "expires": described("Time", "With `gtd`: when it expires."),
    "post_only": {"type": "boolean", "default": False, "description": "Refuse the order if it would take."},
    "display_quantity": described("DecimalInput", "An iceberg: how much of it the book shows at a time."),
    "self_trade": word("What gives way when it meets an order of its account.", SELF_TRADE_NAMES, "cancel_newest"),
    "client_order_id": CLIENT_ORDER_ID,
    "account": ACCOUNT | {"description": "Act for this account; only those that the token allows."},
    "order_id": ORDER_ID,
    "limit": whole("Rows at most.", 1, maximum=1_000, default=100),
    "before": whole("Only trades with a smaller trade_id; 0 for the newest.", maximum=TRADE_ID_MAX),
    "cursor": CURSOR,
    "status": word("Open orders are what there is to ask for yet.", ("open",), "open"),
    "seconds": whole("From now; 0 turns it off.", 0, maximum=86_400),
    "requests": {
        **rows(ref("BatchItem"), "Carried out in order, each for itself; each counts against the rate."),
        "minItems": 1,
        "maxItems": 50,
    },
    "method": word("What to do.", ("order.place", "order.amend", "order.cancel")),
    "params": {"type": "object", "description": "As of the method alone."},
    "channel": word("What to follow.", OPTIONS),
    "symbols": rows(SYMBOL, "Of which instruments, for channels that are kept per instrument."),
    "depth": {"enum": list(DEPTHS), "default": DEPTH_DEFAULT, "description": "Levels of each side; 0 is all."},
    "interval_ms": {
        "enum": list(INTERVALS),
        "default": INTERVAL_DEFAULT,
        "description": "The least time between two messages; 0 is every change.",
    },
    "snapshot": {
        "type": "boolean",
        "default": True,
        "description": "Of `orders`: false if a `start` is wanted in place of each snapshot of open orders.",
    },
    "token": text("A JWT, as in the Authorization header but without `Bearer`."),
    "cancel_on_disconnect": word(
        "What to cancel when this connection ends: the orders placed on it, or all of the account.",
        ("connection", "account"),
    ),
    "tick_size": described("AmountInput", "The price step; or give `ticks`."),
    "ticks": rows(
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["from", "tick"],
            "properties": {
                "from": described("AmountInput", "The lowest price this tick holds for."),
                "tick": described("AmountInput", "The price step from there on."),
            },
        },
        "Price steps by price, the first from 0.",
    ),
    "lot_size": described("AmountInput", "The quantity step."),
    "min_quantity": described("AmountInput", "Of an order; one lot if left out."),
    "max_quantity": described("AmountInput", "Of an order; all below 40000000000 if left out."),
    "min_price": described("AmountInput", "Of an order; above 0 if left out."),
    "max_price": described("AmountInput", "Of an order; all below 40000000000 if left out."),
    "min_value": described("AmountInput", "Of price × quantity of an order; any if left out."),
    "max_value": described("AmountInput", "Of price × quantity of an order; any if left out."),
    "collar_bps": described("AmountInput", "How far a price may lie from the reference price, in basis points."),
    "max_open_orders": whole("Per account."),
    "reference_price": described(
        "AmountInput", "What collars and market orders go by before the first trade, rounded to the nearest tick."
    ),
    "static_band_bps": described("AmountInput", "How far from the last auction price may trade, in basis points."),
    "dynamic_band_bps": described("AmountInput", "How far from the last trade may trade, in basis points."),
    "luld": {
        "type": "object",
        "additionalProperties": False,
        "required": ["tier"],
        "properties": {
            "tier": whole("1 or 2.", 1, maximum=2),
            "window_seconds": whole("Of the trades whose mean is the reference.", 1, maximum=WEEK_SECONDS, default=300),
            "hold_seconds": whole("How long a reference stands at least.", 1, maximum=WEEK_SECONDS, default=30),
            "limit_state_seconds": whole("How long a limit state may last.", 1, maximum=WEEK_SECONDS, default=15),
            "call_seconds": whole("Of the call after it.", 1, maximum=WEEK_SECONDS, default=300),
            "extension_seconds": whole("Of each of its extensions.", 1, maximum=WEEK_SECONDS, default=300),
        },
        "description": "Limit up, limit down, in place of the bands above.",
    },
    "call_seconds": whole(
        "Of a volatility call, and of a call by command without an end of its own.",
        1,
        maximum=WEEK_SECONDS,
        default=300,
    ),
    "call_random_seconds": whole(
        "By how much, at most, the end of a call is put off at random.", maximum=WEEK_SECONDS, default=0
    ),
    "call_extensions": whole("How often a call is extended while its price is outside the static band.", default=1),
    "maker_bps": described("DecimalInput", "The fee of who waited, in basis points; negative is a rebate."),
    "taker_bps": described("DecimalInput", "The fee of who came, in basis points."),
    "cross_bps": described("DecimalInput", "The fee of an uncross, in basis points; the taker's if left out."),
    "calendar": text("By which its phases change; `round_the_clock`, or left out, for none."),
    "phase": word("Where to bring it.", PHASE_NAMES),
    "kind": word("Of an auction; told from the phase before if left out.", KIND_NAMES),
    "until": described("Time", "When an auction ends by itself."),
    "lift": {"type": "boolean", "default": False, "description": "End the halt, and enter the phase."},
    "enabled": {"type": "boolean", "description": "False: the account may only cancel."},
    "max_long": described("AmountInput", "Of the position with its open buys."),
    "max_short": described("AmountInput", "Of the short position with its open sells."),
    "active": {"type": "boolean", "description": "On, or off again."},
    "cancel": {"type": "boolean", "default": False, "description": "Cancel resting orders; an account's always are."},
    "partition": whole("Where the instrument lives; chosen by its symbol if left out, and never changed."),
    "reason": text("Why; kept in the audit, and of a phase shown in `status`.", maxLength=256),
}
"""Every member that a request may have, on either transport."""

VALUES: Final[dict[str, Schema]] = {
    "Decimal": text(
        "A decimal, exact, with the decimals of the instrument's smallest tick or of its lot.",
        r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$",
        examples=["101.20"],
    ),
    "DecimalInput": {
        "type": ["string", "number"],
        "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,8}0*)?$",
        "maxLength": 40,
        "description": "A plain decimal, as a string or a number, at most 8 decimals; taken exactly. No exponent.",
        "examples": ["101.20"],
    },
    "Time": text("RFC 3339, UTC, nanoseconds.", format="date-time", examples=["2026-11-22T10:00:00.123456789Z"]),
    "Level": {
        "type": "array",
        "prefixItems": [ref("Decimal"), ref("Decimal")],
        "minItems": 2,
        "maxItems": 2,
        "description": "Price and displayed quantity; in an update quantity zero removes the level.",
    },
}
"""The kinds of values, by the names that `ref` takes."""

AMOUNT_INPUT: Final[Schema] = {
    "type": ["string", "number"],
    "pattern": r"^(0|[1-9][0-9]*)(\.[0-9]{1,8}0*)?$",
    "minimum": 0,
    "maxLength": 40,
    "description": "A DecimalInput that is not below zero.",
    "examples": ["101.20"],
}
"""Amounts in operators' bodies, which only HTTP has."""
