"""Fees: what a fill costs, by the account's own rate, else the instrument's.

Rates are in hundredths of a basis point of the fill's value, negative is a rebate; a fee is rounded half to even once
per fill. What both sides pay, the fee account receives. Source: docs/rules.md, "Fees".
"""

from __future__ import annotations

from typing import Final

from exchange.accounts.limits import CROSS_BPS, MAKER_BPS, TAKER_BPS
from exchange.instrument import NO_RATE, Instrument
from exchange.units import RATE, UNIT, divide_half_even

FEE_ACCOUNT: Final = "fees"
"""The account that receives all fees less rebates, and never trades."""


def rates_of(instrument: Instrument, own: dict[int, int]) -> list[int]:
    """The rates that an account with these `own` limits pays, by MAKER, TAKER and CROSS.

    Kind by kind: the account's own rate, else the instrument's. Where neither names a rate for a cross, the taker's.
    """
    taker = own.get(TAKER_BPS, instrument.taker_bps)
    cross = own.get(CROSS_BPS, instrument.cross_bps)
    return [own.get(MAKER_BPS, instrument.maker_bps), taker, taker if cross == NO_RATE else cross]


def fee_of(amount: int, rate: int) -> int:
    """The fee, in units of money, for a fill of `amount` = price × quantity."""
    return divide_half_even(amount * rate, UNIT * RATE) if rate else 0
