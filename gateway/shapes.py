"""What answers and channel messages hold, as JSON Schema for /openapi.json and /asyncapi.json.

Rule: an answer may gain members in a later version, so none of these forbids members it does not name.
"""

from __future__ import annotations

from typing import Final

from exchange.book import PHASE_NAMES
from exchange.order import (
    LIQUIDITY_NAMES,
    SELF_TRADE_NAMES,
    SIDE_NAMES,
    STATUS_NAMES,
    TIME_IN_FORCE_NAMES,
    TYPE_NAMES,
)
from gateway.errors import CODES
from gateway.schemas import (
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

REASONS: Final = (
    "requested",
    "no_liquidity",
    "self_trade",
    "expired",
    "too_many_fills",
    "cancel_after",
    "disconnected",
)
"""Why an order ended, as far as there are such ends yet."""
EXECUTIONS: Final = ("accepted", "trade", "amended", "canceled", "expired")

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
        "reason": {"anyOf": [word("", REASONS), {"type": "null"}], "description": "Why it ended; more will come."},
        "created": ref("Time"),
        "updated": ref("Time"),
    },
)
PLACED: Final = record(
    "The answer to a placement: the order, and its fills so far.",
    {**ORDER["properties"], "fills": rows(ref("Fill"), "Oldest first.")},
)
LIMITS: Final = ("max_quantity", "min_price", "max_price", "min_value", "max_value", "collar_bps")
INSTRUMENT: Final = record(
    "Reference data; a limit that is not set is null.",
    {
        "symbol": SYMBOL,
        "tick_size": described("Decimal", "The smallest price step."),
        "ticks": rows(record("One step.", {"from": ref("Decimal"), "tick": ref("Decimal")}), "Price steps by price."),
        "lot_size": ref("Decimal"),
        "min_quantity": ref("Decimal"),
        **{name: optional("Decimal", MEMBERS[name]["description"]) for name in LIMITS},
        "max_open_orders": whole("Per account."),
        "reference_price": optional("Decimal", "Before the first trade."),
        "partition": whole("Where it lives."),
    },
)
TRADE: Final = record(
    "A line of the tape.",
    {
        "trade_id": whole("Dense per symbol from 1.", 1),
        "price": ref("Decimal"),
        "quantity": ref("Decimal"),
        "side": word("The taker's.", SIDE_NAMES),
        "time": ref("Time"),
    },
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
    "reason": {"type": ["string", "null"], "description": "Why, if an operator said so."},
    "until": optional("Time", "When it is planned to end."),
}

SHAPES: Final[dict[str, Schema]] = {
    "Fill": FILL,
    "Order": ORDER,
    "PlacedOrder": PLACED,
    "Instrument": INSTRUMENT,
    "Trade": TRADE,
}
"""What has a name of its own in both documents."""
