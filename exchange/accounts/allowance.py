"""Allowance: the limits and fee rates of an account in one instrument, merged from its own and the listing's.

Of a quantity, a value or a count the stricter limit binds; of the account's own limits those for the instrument go
before those for all instruments. Unlike a listing's, an account's limit of 0 allows nothing.
"""

from __future__ import annotations

from typing import Final

from exchange.accounts.fees import FEE_ACCOUNT, rates_of
from exchange.accounts.limits import ENABLED, MAX_LONG, MAX_OPEN_ORDERS, MAX_QUANTITY, MAX_SHORT, MAX_VALUE
from exchange.instrument import Instrument
from exchange.units import LARGEST, UNIT, VALUE_LARGEST

NO_LIMIT: Final = -1
"""In place of a missing position limit."""


class Allowance:
    """The limits in force.

    `rates` are fees by MAKER, TAKER and CROSS; positions and quantities as in `units`, `highest_value` in units², like
    price × quantity. `is_plain`: the account may trade, and has no position limit.
    """

    __slots__ = (
        "enabled",
        "highest_quantity",
        "highest_value",
        "is_plain",
        "longest",
        "open_orders_max",
        "rates",
        "shortest",
    )

    def __init__(self, instrument: Instrument, own: dict[int, int], account: str = "") -> None:
        self.enabled = own.get(ENABLED, 1) == 1 and account != FEE_ACCOUNT
        self.highest_quantity = min(own.get(MAX_QUANTITY, LARGEST), instrument.highest_quantity)
        self.highest_value = min(own.get(MAX_VALUE, VALUE_LARGEST) * UNIT, instrument.highest_value)
        self.open_orders_max = min(own.get(MAX_OPEN_ORDERS, LARGEST), instrument.max_open_orders or LARGEST)
        self.longest = own.get(MAX_LONG, NO_LIMIT)
        self.shortest = own.get(MAX_SHORT, NO_LIMIT)
        self.is_plain = self.enabled and self.longest == NO_LIMIT and self.shortest == NO_LIMIT
        self.rates = rates_of(instrument, own)
