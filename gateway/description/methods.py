"""Methods and channels of the WebSocket: the params, answer and purpose of each.

The one list that /asyncapi.json and /docs are made from. A method's params are the Struct that decodes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.description.answer_schemas import (
    CANCELED,
    CLOCK,
    DEADLINE,
    DEPTH,
    EXECUTIONS,
    JOURNAL,
    LIQUIDITY,
    ORDERS_PAGE,
    PHASE,
    QUOTE,
    ROWS_OF_ACCOUNT,
    TAPE,
)
from gateway.description.request_schemas import (
    ACCOUNT,
    CURSOR,
    MEMBERS,
    SYMBOL,
    Schema,
    record,
    ref,
    rows,
    text,
    whole,
    word,
)
from gateway.feeds.subscriptions import SubscribeParams
from gateway.requests.order_requests import (
    AmendParams,
    BatchParams,
    CancelAfterParams,
    CancelAllParams,
    ListParams,
    NameParams,
    PlaceParams,
)
from gateway.websocket.channel_methods import ResumeParams
from gateway.websocket.login import LoginParams
from gateway.websocket.session import NoParams

if TYPE_CHECKING:
    import msgspec


class Method(NamedTuple):
    """A method: the Struct of its params, the schema of its answer, and its purpose."""

    name: str
    params: type[msgspec.Struct]
    result: Schema
    summary: str


class ChannelDescription(NamedTuple):
    """A channel: the members of its snapshots and updates beside the common ones, and its purpose."""

    name: str
    snapshot: dict[str, Schema]
    update: dict[str, Schema]
    summary: str
    may_lack: tuple[str, ...] = ()


SUBSCRIPTIONS: Final = record(
    "What is held now.",
    {
        "subscriptions": rows(
            record(
                "One subscription.",
                {
                    "channel": MEMBERS["channel"],
                    "symbol": SYMBOL,
                    "account": ACCOUNT,
                    "depth": MEMBERS["depth"],
                    "interval_ms": MEMBERS["interval_ms"],
                    "snapshot": {"const": False, "description": "A `start` in place of each snapshot is wanted."},
                },
                may_lack=("symbol", "account", "depth", "interval_ms", "snapshot"),
            )
        )
    },
)
BATCH: Final = rows(
    record(
        "A result or an error.",
        {"journal": JOURNAL, "result": {"anyOf": [ref("PlacedOrder"), ref("Order")]}, "error": ref("Error")},
        may_lack=("journal", "result", "error"),
    ),
    "One for each request, in their order.",
)

METHODS: Final = (
    Method(
        "login",
        LoginParams,
        record(
            "Who you are.",
            {"account": ACCOUNT, "scope": text("Space-separated.", examples=["read trade"]), "expires": ref("Time")},
        ),
        "Say who speaks; a failed login leaves the connection as it was.",
    ),
    Method("order.place", PlaceParams, ref("PlacedOrder"), "Enter an order."),
    Method("order.amend", AmendParams, ref("Order"), "Change an open order."),
    Method("order.cancel", NameParams, ref("Order"), "Cancel an open order."),
    Method(
        "order.cancel_all",
        CancelAllParams,
        CANCELED,
        "Cancel all open orders, or those of a symbol or a side.",
    ),
    Method(
        "order.cancel_after",
        CancelAfterParams,
        DEADLINE,
        "Cancel all of the account's orders so many seconds from now, whoever placed them, unless this is sent again.",
    ),
    Method("order.batch", BatchParams, BATCH, "Up to 50 placements, amends and cancels in one request, not atomic."),
    Method("order.get", NameParams, ref("Order"), "One order."),
    Method("order.list", ListParams, ORDERS_PAGE, "Open orders."),
    Method("subscribe", SubscribeParams, SUBSCRIPTIONS, "Follow a channel; a snapshot comes first."),
    Method("unsubscribe", SubscribeParams, SUBSCRIPTIONS, "Follow it no more; without symbols all of the channel."),
    Method(
        "resume",
        ResumeParams,
        record("What was missed.", {"reports": rows(ref("orders_update"), "Oldest first.")}),
        "The execution reports since a cursor, or `snapshot_required`.",
    ),
    Method("ping", NoParams, CLOCK, "Is anybody there?"),
    Method("time", NoParams, CLOCK, "The gateway's clock."),
)

FULL: Final = {
    "orders": rows(
        {
            "type": "array",
            "prefixItems": [
                word("What became of it.", ("open", "change", "done")),
                MEMBERS["order_id"],
                MEMBERS["side"],
                ref("Decimal"),
                ref("Decimal"),
            ],
            "minItems": 5,
            "maxItems": 5,
        },
        "Kind, order_id, side, price and displayed quantity; in a snapshot in book order.",
    )
}
INSTRUMENT: Final = {"instrument": ref("Instrument")}
HEARTBEAT: Final = {
    "time": ref("Time"),
    "symbols": {
        "type": "object",
        "additionalProperties": record(
            "The last numbers sent on this connection.",
            {
                "seq": whole("Of channel `book`."),
                "trade_id": whole("Of channel `trades`: the last trade's."),
                "trade_seq": whole("Of channel `trades`: the last line's, busts included."),
            },
            may_lack=("seq", "trade_id", "trade_seq"),
        ),
    },
    "stale": rows(
        record(
            "One of this connection's subscriptions.",
            {"channel": MEMBERS["channel"], "symbol": SYMBOL, "account": ACCOUNT},
            may_lack=("symbol", "account"),
        ),
        "What may lag behind the exchange now: it, or a partition's leader, is away, or a hole is being closed.",
    ),
}
PARTITION: Final = {"partition": whole("`seq` is dense per account and partition."), "cursor": CURSOR}
REPORT: Final = {
    **PARTITION,
    "exec": word("What happened; more words will come.", EXECUTIONS),
    "reason": text("Why it was amended."),
    "self_match": {
        "type": "boolean",
        "description": "True of an uncross of two orders of one account.",
    },
    "last_price": ref("Decimal"),
    "last_quantity": ref("Decimal"),
    "trade_id": whole("Of a trade.", 1),
    "liquidity": LIQUIDITY,
    "fee": ref("Decimal"),
    "order": ref("Order"),
}
OF_A_TRADE: Final = ("reason", "self_match", "last_price", "last_quantity", "trade_id", "liquidity", "fee")

CHANNELS: Final = (
    ChannelDescription("book", DEPTH, DEPTH, "Total displayed quantity per price, absolute."),
    ChannelDescription("full", FULL, FULL, "Every displayed order; never conflated."),
    ChannelDescription("trades", TAPE, TAPE, "The tape."),
    ChannelDescription("ticker", QUOTE, QUOTE, "Best prices and the last trade."),
    ChannelDescription("status", PHASE, PHASE, "The instrument's phase, the auction to be, the bands."),
    ChannelDescription(
        "instruments", INSTRUMENT, INSTRUMENT, "Reference data: a snapshot for each instrument, then changes."
    ),
    ChannelDescription("heartbeat", HEARTBEAT, HEARTBEAT, "Once a second: the time, and the last numbers sent."),
    ChannelDescription(
        "orders",
        {
            **PARTITION,
            "partitions": whole("How many partitions there are: each sends one snapshot.", 1),
            "orders": rows(ref("Order"), "Open orders of this partition."),
        },
        REPORT,
        "Private: a snapshot for each partition, then execution reports.",
        OF_A_TRADE,
    ),
    ChannelDescription(
        "positions",
        {"account": ACCOUNT, **ROWS_OF_ACCOUNT},
        {"account": ACCOUNT, **ROWS_OF_ACCOUNT},
        "Private: what the account has, its limits and what is used of them; then the rows that have changed.",
    ),
)
ON_NATS: Final = ("book", "full", "trades", "ticker", "status")
