"""Limits of an account, beside those of the instrument for all accounts: the fields and their numbers.

A value for one instrument goes before the account's value for all instruments. Rates (`*_bps`) are in hundredths of a
basis point and go before the instrument's, kind by kind; of a quantity, a value or a count the stricter of account's
and instrument's binds. 0 is a limit like any other; a missing limit does not bind. Units as in `units`.
"""

from __future__ import annotations

from typing import Final

from exchange.semantics import NEWEST, UNBOUNDED_VALUE
from exchange.units import LARGEST, RATE, VALUE_LARGEST

ENABLED: Final = 0
MAX_QUANTITY: Final = 1
MAX_VALUE: Final = 2
MAX_OPEN_ORDERS: Final = 3
MAX_LONG: Final = 4
MAX_SHORT: Final = 5
MAKER_BPS: Final = 6
TAKER_BPS: Final = 7
CROSS_BPS: Final = 8

LIMIT_NAMES: Final = (
    "enabled",
    "max_quantity",
    "max_value",
    "max_open_orders",
    "max_long",
    "max_short",
    "maker_bps",
    "taker_bps",
    "cross_bps",
)
"""Names of the limits on the wire, by number."""


def fault_in(values: list[tuple[int, int]], removed: int, semantics: int = NEWEST) -> str:
    """The limit, or the member, that cannot be set like this, by name; "" if none."""
    if not 0 <= removed < 1 << len(LIMIT_NAMES):
        return "removed"
    for field, value in values:
        if not 0 <= field < len(LIMIT_NAMES):
            return "values"
        if not lowest(field) <= value <= highest(field, semantics):
            return LIMIT_NAMES[field]
    return ""


def is_rate(field: int) -> bool:
    """Whether a limit is a fee rate: fee rates come last in LIMIT_NAMES, from MAKER_BPS on."""
    return field >= MAKER_BPS


def lowest(field: int) -> int:
    """The lowest value of a limit; below 0 only for a rate, as a rebate."""
    return -RATE if is_rate(field) else 0


def highest(field: int, semantics: int = NEWEST) -> int:
    """The highest value of a limit. A gateway cuts a larger number down to LARGEST."""
    if field == ENABLED:
        return 1
    if field == MAX_VALUE and semantics >= UNBOUNDED_VALUE:
        return VALUE_LARGEST
    return RATE if is_rate(field) else LARGEST - 1
