"""Answer schemas: the members of answers and channel messages, as JSON Schema for /openapi.json and /asyncapi.json.

Rule: an answer may gain members in a later version, so no schema here forbids members that it does not name.
"""

from __future__ import annotations

from typing import Final

from exchange.terms import (
    KIND_NAMES,
    LIQUIDITY_NAMES,
    PHASE_NAMES,
    SELF_TRADE_NAMES,
    SIDE_NAMES,
    STATUS_NAMES,
    TIME_IN_FORCE_NAMES,
    TRADE_SIDE_NAMES,
    TYPE_NAMES,
)
from gateway.description.request_schemas import (
    ACCOUNT,
    CLIENT_ORDER_ID,
    CURSOR,
    MEMBERS,
    ORDER_ID,
    SYMBOL,
    Schema,
    described,
    optional,
    record,
    ref,
    rows,
    text,
    whole,
    word,
)
from gateway.errors import CODES

REASONS: Final = (
    "requested",
    "no_liquidity",
    "self_trade",
    "expired",
    "day_ended",
    "auction_ended",
    "volatility",
    "outside_band",
    "too_many_fills",
    "killed",
    "cancel_after",
    "disconnected",
)
"""The reasons for an order's end; a stop that was refused when it was triggered has the check's code instead."""
EXECUTIONS: Final = ("accepted", "trade", "amended", "canceled", "expired", "rejected", "triggered", "busted")

JOURNAL: Final = text("Its command's message in the journal and the place there.", "^[0-9]+\\.[0-9]+$")
LIQUIDITY: Final = word("Who waited and who came.", LIQUIDITY_NAMES)
FILL: Final = record(
    "One trade as it concerns one order.",
    {
        "trade_id": whole("Dense per symbol from 1.", 1),
        "price": ref("Decimal"),
        "quantity": ref("Decimal"),
        "liquidity": LIQUIDITY,
        "fee": described("Decimal", "Negative is a rebate."),
        "time": ref("Time"),
    },
)
ORDER: Final = record(
    "An order as it stood when the exchange spoke.",
    {
        "order_id": ORDER_ID,
        "client_order_id": CLIENT_ORDER_ID,
        "account": ACCOUNT,
        "symbol": SYMBOL,
        "side": word("Which side it is on.", SIDE_NAMES),
        "type": word("What kind it is.", TYPE_NAMES),
        "time_in_force": word("How long it stays.", TIME_IN_FORCE_NAMES),
        "price": optional("Decimal", "None on a market order."),
        "stop_price": optional("Decimal", "Of stop orders."),
        "quantity": described("Decimal", "The total."),
        "display_quantity": optional("Decimal", "Of an iceberg."),
        "filled_quantity": ref("Decimal"),
        "open_quantity": described("Decimal", "What may still trade."),
        "average_price": optional("Decimal", "Of what is filled, rounded half to even at 8 decimals."),
        "post_only": {"type": "boolean", "description": "Whether it was to be refused if it would take."},
        "self_trade": word("What gives way to what.", SELF_TRADE_NAMES),
        "expires": optional("Time", "With `gtd`."),
        "status": word("Where it stands.", STATUS_NAMES),
        "reason": {
            "anyOf": [word("", dict.fromkeys((*REASONS, *CODES))), {"type": "null"}],
            "description": "Why it ended; of a stop that was refused when it was triggered the code.",
        },
        "created": ref("Time"),
        "updated": ref("Time"),
    },
)
PLACED: Final = record(
    "The answer to a placement: the order, and its fills so far.",
    {**ORDER["properties"], "fills": rows(ref("Fill"), "Oldest first.")},
)
OF_LISTING: Final = ("max_quantity", "min_price", "max_price", "min_value", "max_value", "collar_bps")
BANDS: Final = ("static_band_bps", "dynamic_band_bps")
FEES: Final = ("maker_bps", "taker_bps", "cross_bps")
SECONDS: Final = ("window_seconds", "hold_seconds", "limit_state_seconds", "call_seconds", "extension_seconds")
LULD: Final = record(
    "Limit up, limit down.",
    {"tier": whole("1 or 2.", 1, maximum=2), **{name: whole("A duration.", 1) for name in SECONDS}},
)
INSTRUMENT: Final = record(
    "Reference data; a limit that is not set is null.",
    {
        "symbol": SYMBOL,
        "tick_size": described("Decimal", "The smallest price step."),
        "ticks": rows(record("One step.", {"from": ref("Decimal"), "tick": ref("Decimal")}), "Price steps by price."),
        "lot_size": ref("Decimal"),
        "min_quantity": ref("Decimal"),
        **{name: optional("Decimal", MEMBERS[name]["description"]) for name in OF_LISTING},
        "max_open_orders": whole("Per account."),
        "reference_price": optional("Decimal", "Before the first trade."),
        **{name: optional("Decimal", MEMBERS[name]["description"]) for name in BANDS},
        "luld": {"anyOf": [LULD, {"type": "null"}], "description": "Null without."},
        "call_seconds": whole("Of a volatility call, and of a call by command without an end of its own.", 1),
        "call_random_seconds": whole("By how much, at most, the end of a call is put off at random."),
        "call_extensions": whole("How often a call is extended."),
        **{name: described("Decimal", MEMBERS[name]["description"]) for name in FEES},
        "calendar": {"type": ["string", "null"], "description": "Null for round the clock."},
        "partition": whole("Where it lives."),
        "delisted": {"type": "boolean", "description": "True when it was taken off the exchange."},
    },
    may_lack=("delisted",),
)
TRADE: Final = record(
    "A line of the tape.",
    {
        "trade_id": whole("Dense per symbol from 1.", 1),
        "price": ref("Decimal"),
        "quantity": ref("Decimal"),
        "side": word("The taker's; `cross` in an uncross.", TRADE_SIDE_NAMES),
        "time": ref("Time"),
        "bust": {"type": "boolean", "description": "True when the trade was undone."},
    },
    may_lack=("bust",),
)
ERROR: Final = record(
    "Why a request was refused.",
    {
        "code": word("Stable.", CODES),
        "message": text("For people; may change."),
        "field": text("The member at fault."),
        "retry_after": {"type": "number", "minimum": 0, "description": "Seconds to wait before trying again."},
        "request_id": text("Name it when you ask for help."),
    },
    may_lack=("field", "retry_after"),
)
PROBLEM: Final = record(
    "The same as a problem of RFC 9457.",
    {
        "type": text("Where the code is explained.", format="uri-reference"),
        "title": text("The code in words."),
        "status": whole("The HTTP status.", 400, maximum=599),
        **ERROR["properties"],
    },
    may_lack=("field", "retry_after"),
)
ORDERS_PAGE: Final = record(
    "A page of open orders.",
    {"orders": rows(ref("Order")), "cursor": CURSOR | {"description": "Ask on from here; missing on the last page."}},
    may_lack=("cursor",),
)
CANCELED: Final = record("How many.", {"canceled": whole("Orders canceled.")})
DEADLINE: Final = record("Until when.", {"deadline": optional("Time", "Null when it is off.")})
CLOCK: Final = record("The gateway's clock.", {"time": ref("Time")})

DEPTH: Final[dict[str, Schema]] = {
    "bids": rows(ref("Level"), "Best first in a snapshot."),
    "asks": rows(ref("Level"), "Best first in a snapshot."),
    "checksum": whole("CRC32 of the ten best levels of what is shown.", 0, maximum=4_294_967_295),
}
TAPE: Final[dict[str, Schema]] = {"trades": rows(ref("Trade"), "Oldest first.")}
QUOTE: Final[dict[str, Schema]] = {
    "bid": optional("Decimal", "The best price to sell at; null in an empty book."),
    "bid_quantity": optional("Decimal", "Displayed there."),
    "ask": optional("Decimal", "The best price to buy at."),
    "ask_quantity": optional("Decimal", "Displayed there."),
    "last": optional("Decimal", "The last trade's price."),
    "last_quantity": optional("Decimal", "The last trade's quantity."),
    "time": optional("Time", "When one of these last changed."),
}
PHASE: Final[dict[str, Schema]] = {
    "phase": word("What may be done now.", PHASE_NAMES),
    "reason": {
        "type": ["string", "null"],
        "description": "An operator's words, or `volatility`, `limit_state` or `extended`.",
    },
    "until": optional("Time", "When it is planned to end; with a random end the earliest."),
    "kind": {
        "anyOf": [word("", KIND_NAMES), {"type": "null"}],
        "description": "Of an auction; like the four that follow null outside one.",
    },
    "indicative_price": optional("Decimal", "Where it would uncross now; null if nothing would trade."),
    "paired_quantity": optional("Decimal", "What would trade there."),
    "imbalance": optional("Decimal", "What would be left on one side."),
    "imbalance_side": {"anyOf": [word("", SIDE_NAMES), {"type": "null"}], "description": "On which, null on none."},
    "band_low": optional("Decimal", "The lowest price that may trade; null without bands."),
    "band_high": optional("Decimal", "The highest price that may trade."),
}

POSITION: Final = record(
    "What an account has of an instrument.",
    {
        "symbol": SYMBOL,
        "quantity": described("Decimal", "Below zero it is short; in an update zero when it has become flat."),
        "average_price": optional("Decimal", "What its shares have cost, rounded half to even at 8 decimals."),
        "realised": described("Decimal", "What the closed part has earned, without fees."),
        "unrealised": optional("Decimal", "What the open part would earn at the last price; null before a trade."),
        "fees": described("Decimal", "Paid; negative is a rebate."),
    },
)
LIMITS: Final = record(
    "The account's own limits in one instrument, or (symbol null) in all that have no own; null where there is none.",
    {
        "symbol": {"type": ["string", "null"], "description": "The instrument."},
        "enabled": {"type": ["boolean", "null"], "description": "False: it may only cancel."},
        "max_quantity": optional("Decimal", "Of an order."),
        "max_value": optional("Decimal", "Of price × quantity of an order."),
        "max_open_orders": {"type": ["integer", "null"], "description": "In an instrument."},
        "max_long": optional("Decimal", "Of the position with its open buys."),
        "max_short": optional("Decimal", "Of the short position with its open sells."),
        **{name: optional("Decimal", MEMBERS[name]["description"]) for name in FEES},
    },
)
USED: Final = record(
    "What open orders, waiting ones included, use of the limits in one instrument.",
    {
        "symbol": SYMBOL,
        "open_orders": whole("How many."),
        "open_buy_quantity": ref("Decimal"),
        "open_sell_quantity": ref("Decimal"),
    },
)
ROWS_OF_ACCOUNT: Final[dict[str, Schema]] = {
    "positions": rows(ref("Position"), "By instrument; flat ones are left out."),
    "limits": rows(ref("Limits")),
    "used": rows(ref("Used"), "By instrument."),
}
ACCOUNT_SHAPE: Final = record(
    "What an account has and may do.",
    {
        "account": ACCOUNT,
        "cash": described("Decimal", "Received less paid, fees included."),
        "fees": described("Decimal", "Paid; negative is a rebate."),
        **ROWS_OF_ACCOUNT,
    },
)
POSITIONS: Final = record("Those that are not flat.", {"positions": ROWS_OF_ACCOUNT["positions"]})

SHAPES: Final[dict[str, Schema]] = {
    "Fill": FILL,
    "Order": ORDER,
    "PlacedOrder": PLACED,
    "Instrument": INSTRUMENT,
    "Trade": TRADE,
    "Position": POSITION,
    "Limits": LIMITS,
    "Used": USED,
}
"""The schemas that have a name of their own in both documents."""
