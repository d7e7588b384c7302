"""Terms of the trade: sides, order types, times in force, self-trade modes, statuses, phases and kinds of auction.

Each term is a small integer, in the engine and on the wire; the `*_NAMES` give what clients see, by index. Three of
these scales are ordered on purpose, and the comment at each scale says so. Only the functions of this module rely on
that order: all other modules call `is_open`, `is_stop`, `is_for_a_call` or `takes_orders`. Source: docs/rules.md.
"""

from __future__ import annotations

from typing import Final

BUY: Final = 0
SELL: Final = 1
BOTH_SIDES: Final = 2
SIDE_NAMES: Final = ("buy", "sell")

CROSSED: Final = 2
"""In place of the taker's side: a trade of an uncross has no taker."""

TRADE_SIDE_NAMES: Final = ("buy", "sell", "cross")

# Order types: everything from STOP on waits for a trigger first (`is_stop`).
LIMIT: Final = 0
MARKET: Final = 1
STOP: Final = 2
STOP_LIMIT: Final = 3
TYPE_NAMES: Final = ("limit", "market", "stop", "stop_limit")

# Times in force: everything from AT_OPEN on is for one auction only (`is_for_a_call`).
GTC: Final = 0
DAY: Final = 1
IOC: Final = 2
FOK: Final = 3
GTD: Final = 4
AT_OPEN: Final = 5
AT_CLOSE: Final = 6
TIME_IN_FORCE_NAMES: Final = ("gtc", "day", "ioc", "fok", "gtd", "at_open", "at_close")

CANCEL_NEWEST: Final = 0
CANCEL_OLDEST: Final = 1
CANCEL_BOTH: Final = 2
DECREMENT: Final = 3
SELF_TRADE_NAMES: Final = ("cancel_newest", "cancel_oldest", "cancel_both", "decrement")

# Statuses: everything up to PARTIALLY_FILLED is open, everything above is an end for good (`is_open`).
PENDING_TRIGGER: Final = 0
OPEN: Final = 1
PARTIALLY_FILLED: Final = 2
FILLED: Final = 3
CANCELED: Final = 4
EXPIRED: Final = 5
REFUSED: Final = 6
STATUS_NAMES: Final = ("pending_trigger", "open", "partially_filled", "filled", "canceled", "expired", "rejected")

MAKER: Final = 0
TAKER: Final = 1
CROSS: Final = 2
LIQUIDITY_NAMES: Final = ("maker", "taker", "cross")

# Phases: from PRE_OPEN to CONTINUOUS orders are accepted (`takes_orders`).
CLOSED: Final = 0
PRE_OPEN: Final = 1
AUCTION: Final = 2
CONTINUOUS: Final = 3
HALTED: Final = 4
CANCEL_ONLY: Final = 5
PHASE_NAMES: Final = ("closed", "pre_open", "auction", "continuous", "halted", "cancel_only")

OPENING: Final = 0
CLOSING: Final = 1
VOLATILITY: Final = 2
REOPENING: Final = 3
OPERATOR: Final = 4
KIND_NAMES: Final = ("opening", "closing", "volatility", "reopening", "operator")
"""The kinds of an auction, by its purpose."""

OPENED: Final = 0
CHANGED: Final = 1
DONE: Final = 2

Change = tuple[str, int, int, int, int, int]
"""What became of a displayed order: symbol, kind, order_id, side, price, what it shows now (0 when DONE)."""


def is_open(status: int) -> bool:
    """Whether an order of this status may still trade: it rests, waits for a call or for its trigger."""
    return status <= PARTIALLY_FILLED


def is_stop(order_type: int) -> bool:
    """Whether an order of this type waits for a trigger before it enters the market."""
    return order_type >= STOP


def is_for_a_call(time_in_force: int) -> bool:
    """Whether an order with this time in force takes part in one auction only, the opening or the closing one."""
    return time_in_force >= AT_OPEN


def takes_orders(phase: int) -> bool:
    """Whether orders may be placed and amended in this phase (docs/rules.md, "Trading day")."""
    return PRE_OPEN <= phase <= CONTINUOUS


def effective_display(display_quantity: int | None, quantity: int) -> int:
    """The displayed part of an iceberg, or 0 for a plain order: an order that displays all of itself is plain."""
    if display_quantity is None or display_quantity == quantity:
        return 0
    return display_quantity
