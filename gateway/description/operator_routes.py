"""Operator routes: the request, answer and purpose of each; part of `routes`."""

from __future__ import annotations

from typing import Final

from exchange.accounts.limits import LIMIT_NAMES
from gateway.description.answer_schemas import JOURNAL, PHASE, TRADE
from gateway.description.request_schemas import (
    CURSOR,
    MEMBERS,
    SYMBOL,
    Schema,
    described,
    nullable,
    record,
    ref,
    request,
    rows,
    text,
    whole,
    word,
)
from gateway.description.route import BY_SYMBOL, Route
from gateway.requests.listing_requests import ListingParams
from gateway.requests.operator_requests import KillSwitchParams, LimitsParams, PhaseParams, ReasonParams
from streams.journal.capacity import TAKES
from streams.partition.operator_actions import NAMES

WHOSE: Final[Schema] = {"type": ["string", "null"], "description": "An account, or none."}
WHICH: Final[Schema] = {"type": ["string", "null"], "description": "An instrument, or none."}
BUSTED: Final = ("trade_id", "price", "quantity", "side", "bust")

ACTION: Final = record(
    "One command of an operator, in one partition.",
    {
        "time": ref("Time"),
        "partition": whole("Where it was carried out."),
        "journal": JOURNAL,
        "principal": text("Who: the token's `sub`."),
        "action": word("What was done.", NAMES.values()),
        "symbol": WHICH,
        "account": WHOSE,
        "reason": {"type": ["string", "null"], "description": "Why, as the operator said."},
        "code": {"type": ["string", "null"], "description": "That of its refusal; null if it was carried out."},
        "details": {"type": "object", "description": "What was asked for, beside whom it is about."},
    },
)

CHECKPOINT: Final = record(
    "State that whoever leads next begins with.",
    {
        "sequence": whole("Of the last journal message that it knows."),
        "time": described("Time", "When that message was stored."),
    },
)

STOPPED: Final = record(
    "Where a partition was found damaged, or could not be answered.",
    {"sequence": whole("Of the journal's message there."), "why": text("A sentence for people.")},
)

REFUSAL: Final = record(
    "A worker that does not lead the partition, though others may.",
    {
        "worker": text("Its id."),
        "sequence": whole("Of the journal's message at which it stopped."),
        "why": text("A sentence for people."),
        "next_look": described("Time", "When it tries again."),
    },
)

ROOM: Final = record(
    "How full its streams are, as the gateway that answers measured them lately.",
    {
        "share": {"type": "number", "minimum": 0, "description": "Of the fuller one's room: 1 is full."},
        "takes": word("Everything, or only cancels and operators, only operators, or nothing.", TAKES),
        "journal_bytes": whole("That the journal holds."),
        "journal_max_bytes": whole("That it may hold."),
        "events_bytes": whole("That its events hold."),
        "events_max_bytes": whole("That they may hold."),
    },
)

SESSION: Final = record(
    "One client connection.",
    {
        "session": text("Its name."),
        "address": text("What connections are counted by."),
        "account": text("Of its login; empty before that."),
        "subscriptions": whole("Channels of instruments that it follows."),
        "requests_in_flight": whole("Not answered yet."),
        "unread_bytes": whole("Sent, but not taken yet."),
    },
)

LIMITS_BODY: Final = request(LimitsParams)
LIMITS_BODY["properties"] |= {name: nullable(MEMBERS[name], "Null removes it.") for name in LIMIT_NAMES}

ADMIN_ROUTES: Final = (
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
        "delete",
        "/v1/admin/instruments/{symbol}",
        "Take an instrument off the exchange; it has to be closed and without orders.",
        record("It is gone.", {"symbol": SYMBOL}),
        "admin",
        ("reason",),
        codes=(*BY_SYMBOL, "wrong_phase"),
    ),
    Route(
        "post",
        "/v1/admin/instruments/{symbol}/phase",
        "Bring an instrument into a phase, or end its halt.",
        record("How it stands now.", {"symbol": SYMBOL, **PHASE}),
        "admin",
        body=request(PhaseParams),
        codes=(*BY_SYMBOL, "wrong_phase"),
    ),
    Route(
        "get",
        "/v1/admin/accounts/{account}",
        "Cash, fees, positions and limits of any account; `fees` receives what trading costs.",
        ref("Account"),
        "admin",
        codes=("unavailable",),
    ),
    Route(
        "put",
        "/v1/admin/accounts/{account}/limits",
        "Change what an account may do, merged into what is there; `null` removes.",
        ref("Account"),
        "admin",
        body=LIMITS_BODY,
        codes=BY_SYMBOL,
    ),
    Route(
        "get",
        "/v1/admin/kill-switch",
        "The kill switches that are on, and how many orders one for this account or symbol would find.",
        record(
            "What there is.",
            {
                "open_orders": whole("Of the account or the symbol asked for, or of all."),
                "switches": rows(record("One that is on.", {"account": WHOSE, "symbol": WHICH})),
            },
        ),
        "admin",
        ("account", "symbol"),
        codes=BY_SYMBOL,
    ),
    Route(
        "post",
        "/v1/admin/kill-switch",
        "Stop an account, an instrument, or with neither the whole exchange; or let it go on.",
        record(
            "The switch as it stands.",
            {
                "account": WHOSE,
                "symbol": WHICH,
                "active": {"type": "boolean", "description": "Whether it is on."},
                "canceled": whole("Orders that it has canceled."),
            },
        ),
        "admin",
        body=request(KillSwitchParams),
        codes=BY_SYMBOL,
    ),
    Route(
        "post",
        "/v1/admin/trades/{symbol}/{trade_id}/bust",
        "Undo a trade: positions, cash and fees of both sides. The body may be left out.",
        record("The trade.", {"symbol": SYMBOL, **{name: TRADE["properties"][name] for name in BUSTED}}),
        "admin",
        body=request(ReasonParams),
        body_required=False,
        codes=(*BY_SYMBOL, "unknown_trade", "already_busted"),
    ),
    Route(
        "get",
        "/v1/admin/audit",
        "What operators did: who, when, what and why; newest first.",
        record("A page.", {"actions": rows(ACTION), "cursor": CURSOR}, may_lack=("cursor",)),
        "admin",
        ("limit", "cursor"),
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
        record("All of them.", {"sessions": rows(SESSION)}),
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
                            "available": {"type": "boolean", "description": "Whether an order would be answered now."},
                            "why": {"type": ["string", "null"], "description": "Why not."},
                            "leader": text("The worker that leads it."),
                            "standby": {"type": ["string", "null"], "description": "The worker that follows it."},
                            "sequence": whole("Of the last command's message in the journal."),
                            "lag": {
                                "type": ["integer", "null"],
                                "description": "Messages by which the standby was behind lately; null if it loads.",
                            },
                            "checkpoint": {
                                "anyOf": [CHECKPOINT, {"type": "null"}],
                                "description": "Its newest, null before the first.",
                            },
                            "instruments": whole("How many live there."),
                            "stopped": {
                                "anyOf": [STOPPED, {"type": "null"}],
                                "description": "Why it takes no orders until somebody has mended it; null if it does.",
                            },
                            "refused_by": rows(REFUSAL),
                            "room": {
                                "anyOf": [ROOM, {"type": "null"}],
                                "description": "Null before it was measured.",
                            },
                        },
                        may_lack=("leader", "standby", "sequence", "lag", "checkpoint", "instruments"),
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
)
