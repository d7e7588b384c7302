"""Events as short sentences, so that a test can compare the whole list at a glance.

Orders are named by their ids: "3 trades 5 @ 101 with 1" is taker 3 meeting maker 1, or in an uncross buy 3 and sell 1.
Moments are seconds after the opening.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from exchange import events, market_events
from exchange.accounts.limits import LIMIT_NAMES
from exchange.commands import UNNAMED
from exchange.terms import KIND_NAMES, PHASE_NAMES
from exchange.units import SECOND, to_text

if TYPE_CHECKING:
    from exchange.events import Event

OPENING = 1_795_341_600 * SECOND
"""2026-11-22T10:00:00Z, when every story starts."""


def told(event: Event) -> str:
    """One event in words; what they leave out is constant in the scenarios."""
    match event:
        case market_events.Configured(semantics):
            return f"configured {semantics}"
        case market_events.InstrumentListed(instrument):
            return f"{instrument.symbol} listed"
        case events.Rejected(code, field):
            return f"rejected {code} {field}".rstrip()
        case events.Accepted(order_id):
            return f"{order_id} accepted"
        case events.Repeated(order_id):
            return f"{order_id} repeated"
        case events.Traded():
            quantity, price = _plain(event.quantity), _plain(event.price)
            return f"{event.taker_order_id} trades {quantity} @ {price} with {event.maker_order_id}"
        case events.Amended():
            return _amended(event)
        case events.Canceled(order_id, _, quantity, reason):
            return f"{order_id} canceled, {_plain(quantity)} left: {reason}"
        case events.Expired(order_id, _, quantity, reason):
            return f"{order_id} expired, {_plain(quantity)} left: {reason}"
        case events.AllCanceled(account, count):
            return f"{account} canceled all: {count}"
        case market_events.CancelAfterSet(account, deadline):
            return f"{account} cancels all at {deadline}" if deadline else f"{account} cancels all at no time"
        case market_events.InstrumentDelisted(symbol):
            return f"{symbol} delisted"
        case market_events.LimitsSet():
            return _limited(event)
        case market_events.KillSwitchSet(account, symbol, active, count):
            return f"{account or symbol or 'everything'} {'stopped' if active else 'goes on'}, {count} canceled"
        case events.Busted():
            quantity, price = _plain(event.quantity), _plain(event.price)
            return f"{event.taker_order_id} no longer traded {quantity} @ {price} with {event.maker_order_id}"
        case market_events.PhaseSet():
            return _stands(event)
        case market_events.EndDrawn(symbol, call, extra):
            return f"{symbol} call {call} ends {extra / SECOND:g} s later"
        case market_events.BandsDoubled(symbol, doubled):
            return f"{symbol} bands {'doubled' if doubled else 'single'}"
        case events.Triggered(order_id):
            return f"{order_id} triggered"
        case events.Refused(order_id, _, quantity, reason):
            return f"{order_id} refused, {_plain(quantity)} left: {reason}"
        case events.MessageRejected(digest):
            return f"message {digest} rejected"
    assert_never(event)


def _limited(event: market_events.LimitsSet) -> str:
    where = f"{event.account} in {event.symbol}" if event.symbol else event.account
    limits = ", ".join(f"{LIMIT_NAMES[field]} {value}" for field, value in event.values) or "no limits"
    return f"{where}: {limits}"


def _amended(event: events.Amended) -> str:
    price, total, rest = _plain(event.price or 0), _plain(event.quantity), _plain(event.open_quantity)
    return f"{event.order_id} amended to {total} @ {price}, {rest} open: {event.reason}"


def _stands(event: market_events.PhaseSet) -> str:
    kind = "" if event.kind == UNNAMED else f" {KIND_NAMES[event.kind]}"
    until = f" until {(event.until - OPENING) / SECOND:g} s" if event.until else ""
    reason = f": {event.reason}" if event.reason else ""
    return f"{event.symbol} {PHASE_NAMES[event.phase]}{kind}{until}{', halted' if event.halted else ''}{reason}"


def _plain(units: int) -> str:
    return to_text(units, 0)
