"""What an account may do, beside what holds for everybody in an instrument: the fields and their numbers.

A value for one instrument goes before the account's value for all of them. Rates (`*_bps`) are in hundredths of a
basis point and go before the instrument's, kind by kind; a quantity, a value or a count binds beside the
instrument's, the stricter one first. 0 is a limit like any other; what is not there does not bind. Units as in
`units`.
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
"""What clients call them, by number."""


def fault_in(values: list[tuple[int, int]], removed: int, semantics: int = NEWEST) -> str:
    """The name of the limit that cannot be set like this, or an empty string."""
    if not 0 <= removed < 1 << len(LIMIT_NAMES):
        return "removed"
    for field, value in values:
        if not 0 <= field < len(LIMIT_NAMES):
            return "values"
        if not lowest(field) <= value <= highest(field, semantics):
            return LIMIT_NAMES[field]
    return ""


def is_rate(field: int) -> bool:
    """Whether a limit is a fee's rate: those are listed last in LIMIT_NAMES, from MAKER_BPS on."""
    return field >= MAKER_BPS


def lowest(field: int) -> int:
    """The least that a limit may be: a rate may be a rebate."""
    return -RATE if is_rate(field) else 0


def highest(field: int, semantics: int = NEWEST) -> int:
    """The most that a limit may be: LARGEST is what a gateway cuts a larger number down to."""
    if field == ENABLED:
        return 1
    if field == MAX_VALUE and semantics >= UNBOUNDED_VALUE:
        return VALUE_LARGEST
    return RATE if is_rate(field) else LARGEST - 1
