"""Random steps of a whole trading day: those of `random_commands`, stops, phases, halts, limits, switches and busts.

As there, what depends on how far the run has come is relative: ends of calls are seconds from now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hypothesis import strategies

from exchange.book import AUCTION, CANCEL_ONLY, CLOSED, CONTINUOUS, HALTED, PRE_OPEN
from exchange.commands import (
    UNNAMED,
    BustTrade,
    DelistInstrument,
    DoubleBands,
    DrawEnd,
    ListInstrument,
    PlaceOrder,
    SetKillSwitch,
    SetLimits,
    SetPhase,
)
from exchange.instrument import Instrument
from exchange.limits import ENABLED, MAX_LONG, MAX_OPEN_ORDERS, TAKER_BPS
from exchange.order import AT_CLOSE, AT_OPEN, BUY, DAY, GTC, LIMIT, MARKET, SELL, STOP, STOP_LIMIT
from exchange.units import SECOND, UNIT
from tests.support.random_choices import STEPS_MAX, Drawn
from tests.support.random_commands import ACCOUNTS, PLAIN, Step, random_step

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from exchange.commands import Command
    from tests.support.random_commands import Chooser

LISTINGS = (
    replace(PLAIN, taker_bps=250, maker_bps=-100, call_random=SECOND),
    replace(PLAIN, reference_price=100 * UNIT, static_band_bps=40_000, dynamic_band_bps=20_000, call=2 * SECOND),
    replace(
        PLAIN, reference_price=100 * UNIT, luld_tier=1, luld_limit_state=SECOND, luld_call=SECOND, luld_hold=SECOND
    ),
    Instrument("BETA", [(0, UNIT)], UNIT),
    Instrument("BETA", [(0, UNIT)], UNIT, calendar="xetra", call_random=SECOND),
)


@dataclass(frozen=True)
class DayStep(Step):
    """A step whose command may name a time from now."""

    def command_at(self, now: int, placed: dict[int, PlaceOrder], alive: list[int]) -> Command:
        """The command itself."""
        command = self.command
        if isinstance(command, SetPhase):
            return replace(
                command,
                until=now + command.until * SECOND if command.until else 0,
                due=now + command.due if command.due else 0,
            )
        return super().command_at(now, placed, alive)


def day_step(choose: Chooser) -> Step:
    """Any step; about half of them are those of an ordinary market."""
    make = choose.one_of((None,) * 12 + (_place,) * 9 + (_phase,) * 2 + (_list, _operate))
    if make is None:
        return random_step(choose)
    return DayStep(choose.one_of((0,) * 6 + (SECOND // 2, 2 * SECOND)), make(choose))


def _place(choose: Chooser) -> Command:
    """Orders that only a trading day has: market orders that may rest, stops, those for one auction."""
    kind = choose.one_of((LIMIT, MARKET, MARKET, STOP, STOP, STOP_LIMIT))
    price, stop = (choose.number(97, 103) * UNIT for _ in range(2))
    return PlaceOrder(
        choose.one_of(ACCOUNTS),
        _symbol(choose),
        "",
        choose.one_of((BUY, SELL)),
        kind,
        choose.number(1, 20) * UNIT,
        price if kind in (LIMIT, STOP_LIMIT) else None,
        stop_price=stop if kind in (STOP, STOP_LIMIT) else None,
        time_in_force=choose.one_of((GTC, DAY)) if kind >= STOP else choose.one_of((GTC, AT_OPEN, AT_CLOSE)),
        display_quantity=None,
    )


def _phase(choose: Chooser) -> Command:
    phase = choose.one_of((AUCTION,) * 6 + (CONTINUOUS,) * 8 + (CLOSED, PRE_OPEN, HALTED, CANCEL_ONLY))
    call = phase == AUCTION
    return SetPhase(
        choose.one_of(("ACME", "ACME", "BETA", "")),
        phase,
        choose.one_of((UNNAMED, UNNAMED, 0, 1, 2, 3, 4)) if call else UNNAMED,
        choose.one_of((0, 1, 3)) if call else 0,
        lift=phase != HALTED and choose.number(0, 4) > 0,
        principal="operator",
        reason=choose.one_of(("", "news")),
        due=choose.one_of((0, 0, 1)),
    )


def _list(choose: Chooser) -> Command:
    return ListInstrument(choose.one_of(LISTINGS), "operator")


def _operate(choose: Chooser) -> Command:
    symbol, account = _symbol(choose), choose.one_of(ACCOUNTS)
    commands: tuple[Command, ...] = (
        DrawEnd(symbol, choose.number(1, 4), choose.number(0, SECOND)),
        BustTrade(symbol, choose.number(1, 12), "operator"),
        BustTrade(symbol, choose.number(1, 4), "operator"),
        SetKillSwitch(account, "", active=choose.number(0, 4) == 1, principal="operator"),
        SetKillSwitch("", symbol, active=choose.number(0, 4) == 1, cancel=choose.number(0, 1) == 1),
        SetLimits(account, "", [(choose.one_of((MAX_LONG, MAX_OPEN_ORDERS, TAKER_BPS)), choose.number(0, 50))]),
        SetLimits(account, symbol, [(ENABLED, min(1, choose.number(0, 4)))], 1 << MAX_LONG),
        DelistInstrument(symbol, "operator"),
        DoubleBands(symbol, doubled=choose.number(0, 1) == 1),
    )
    return choose.one_of(commands)


def _symbol(choose: Chooser) -> str:
    return choose.one_of(("ACME", "ACME", "ACME", "BETA"))


@strategies.composite
def _steps(draw: DrawFn) -> Step:
    return day_step(Drawn(draw))


def days() -> SearchStrategy[list[Step]]:
    """Up to STEPS_MAX steps, long days as likely as short ones."""
    lengths = strategies.integers(0, STEPS_MAX)
    return lengths.flatmap(lambda length: strategies.lists(_steps(), min_size=length, max_size=length))
