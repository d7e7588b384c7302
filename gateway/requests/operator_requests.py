"""Operator requests: the bodies of operator actions on a market or an account, and the command that each body means.

Rules: docs/protocol.md, "For operators". Checks that depend on the market's state are left to the exchange. Every body
may have a `reason`, for the audit. Units: as in `exchange.units`.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import UNSET, Raw, Struct, UnsetType

from exchange.accounts import limits
from exchange.commands import UNNAMED, BustTrade, DelistInstrument, SetKillSwitch, SetLimits, SetPhase
from exchange.terms import AUCTION, KIND_NAMES, PHASE_NAMES
from exchange.units import NEVER
from gateway.errors import ApiError
from gateway.requests.listing_requests import fee_rate, reason_of
from gateway.requests.names import checked_account, checked_symbol
from gateway.requests.order_requests import Decimal, Switch, Text, Whole, choice, exact_decimal
from gateway.requests.timestamps import time_of, time_text
from streams.publication.refusal_sentences import limit_sentence

PHASES: Final = {name: phase for phase, name in enumerate(PHASE_NAMES)}
KINDS: Final = {name: kind for kind, name in enumerate(KIND_NAMES)}

NULL: Final = b"null"

_audit_cursor = re.compile(r"[0-9]{19}-[0-9]{3}-[0-9]{19}-[0-9]{3}").fullmatch
"""Time, partition, sequence and index, each padded to its full width, so that such texts sort by age."""


class PhaseParams(Struct, forbid_unknown_fields=True):
    """The body of POST …/phase."""

    phase: str
    kind: Text = UNSET
    until: Text = UNSET
    lift: Switch = UNSET
    reason: Text = UNSET


class LimitsParams(Struct, forbid_unknown_fields=True):
    """The body of PUT …/limits. A limit that is left out stays; `null` removes a limit."""

    symbol: Text = UNSET
    enabled: Switch = UNSET
    max_quantity: Decimal = UNSET
    max_value: Decimal = UNSET
    max_open_orders: Whole = UNSET
    max_long: Decimal = UNSET
    max_short: Decimal = UNSET
    maker_bps: Decimal = UNSET
    taker_bps: Decimal = UNSET
    cross_bps: Decimal = UNSET
    reason: Text = UNSET


class KillSwitchParams(Struct, forbid_unknown_fields=True):
    """The body of POST /admin/kill-switch: an account, or an instrument, or with neither the whole exchange."""

    active: bool
    account: Text = UNSET
    symbol: Text = UNSET
    cancel: Switch = UNSET
    reason: Text = UNSET


class ReasonParams(Struct, forbid_unknown_fields=True):
    """A body, or a query, that may have a reason and nothing else."""

    reason: Text = UNSET


def phase_command(symbol: str, params: PhaseParams, principal: str) -> SetPhase:
    """The change of an instrument's phase."""
    phase = choice(PHASES, params.phase, "phase")
    kind = UNNAMED
    if isinstance(params.kind, str):
        kind = choice(KINDS, params.kind, "kind")
        if phase != AUCTION:
            raise ApiError("bad_request", "only an auction has a kind", "kind")
    return SetPhase(symbol, phase, kind, _until(params.until), params.lift is True, principal, reason_of(params.reason))


def limits_command(account: str, params: LimitsParams, principal: str) -> SetLimits:
    """The change of an account's limits."""
    symbol = checked_symbol(params.symbol) if isinstance(params.symbol, str) else ""
    command = SetLimits(checked_account(account), symbol, [], 0, principal, reason_of(params.reason))
    for field, name in enumerate(limits.LIMIT_NAMES):
        given = getattr(params, name)
        if given is UNSET:
            continue
        if given is None or (isinstance(given, Raw) and bytes(given) == NULL):
            command.removed |= 1 << field
        else:
            command.values.append((field, _limit(given, name)))
    return command


def kill_switch_command(params: KillSwitchParams, principal: str) -> SetKillSwitch:
    """The kill switch for an account, an instrument or the whole exchange."""
    account = checked_account(params.account) if isinstance(params.account, str) else ""
    symbol = checked_symbol(params.symbol) if isinstance(params.symbol, str) else ""
    if account and symbol:
        raise ApiError("bad_request", "name an account or a symbol, not both", "symbol")
    return SetKillSwitch(account, symbol, params.active, params.cancel is True, principal, reason_of(params.reason))


def bust_command(symbol: str, trade_id: str, params: ReasonParams, principal: str) -> BustTrade:
    """The bust of a trade; ApiError `unknown_trade` if `trade_id` can be no trade's number."""
    if not (trade_id.isascii() and trade_id.isdecimal() and len(trade_id) <= 18):
        raise ApiError("unknown_trade")
    return BustTrade(symbol, int(trade_id), principal, reason_of(params.reason))


def delist_command(symbol: str, params: ReasonParams, principal: str) -> DelistInstrument:
    """The delisting of an instrument."""
    return DelistInstrument(symbol, principal, reason_of(params.reason))


def place_of_cursor(cursor: Text) -> str:
    """The place in the audit that a cursor names, "" for the newest."""
    if not isinstance(cursor, str):
        return ""
    if _audit_cursor(cursor) is None:
        raise ApiError("bad_request", "give a cursor as it was given to you", "cursor")
    return cursor


def _until(text: Text) -> int:
    if not isinstance(text, str):
        return 0
    try:
        at = time_of(text)
    except ValueError as error:
        raise ApiError("bad_request", 'until must be like "2026-11-22T10:00:00Z"', "until") from error
    if at <= 0:
        raise ApiError("bad_request", "until must be a time in the future", "until")
    if at >= NEVER:
        raise ApiError("bad_request", f"until must be at most {time_text(NEVER - 1)}", "until")
    return at


def _limit(given: bool | int | Raw | UnsetType, name: str) -> int:
    """A limit's value; rates may be negative, nothing else."""
    if name.endswith("_bps"):
        assert isinstance(given, Raw)
        return fee_rate(given, name)
    value = exact_decimal(given, name) if isinstance(given, Raw) else int(given)  # type: ignore[arg-type]
    if limits.fault_in([(limits.LIMIT_NAMES.index(name), value)], 0):
        raise ApiError("bad_request", limit_sentence(name), name)
    return value
