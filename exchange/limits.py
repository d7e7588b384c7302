"""What an account may do, beside what holds for everybody in an instrument: the fields and their numbers.

A value for one instrument goes before the account's value for all of them. Rates (`*_bps`) are in hundredths of a
basis point and go before the instrument's, kind by kind; a quantity, a value or a count binds beside the
instrument's, the stricter one first. Units as in `units`.
"""

from __future__ import annotations

from typing import Final

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
