"""Random steps of a whole trading day: those of `random_commands`, stops, phases, halts, limits, switches and busts.

As there, what depends on how far the run has come is relative: ends of calls are seconds from now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hypothesis import strategies

from exchange.accounts.limits import ENABLED, MAX_LONG, MAX_OPEN_ORDERS, TAKER_BPS
from exchange.commands import (
    UNNAMED,
    AmendOrder,
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
from exchange.terms import (
    AT_CLOSE,
    AT_OPEN,
    AUCTION,
    BUY,
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    CANCEL_ONLY,
    CLOSED,
    CONTINUOUS,
    DAY,
    DECREMENT,
    FOK,
    GTC,
    GTD,
    HALTED,
    IOC,
    LIMIT,
    MARKET,
    PRE_OPEN,
    SELL,
    STOP,
    STOP_LIMIT,
    is_stop,
)
from exchange.units import SECOND, UNIT
from tests.support.random_choices import STEPS_MAX, Drawn
from tests.support.random_commands import ACCOUNTS, OWNER, PLAIN, Step, random_step

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from exchange.commands import Command
    from tests.support.random_commands import Chooser

LISTINGS = (
    replace(PLAIN, taker_bps=250, maker_bps=-100, call_random=SECOND),
    replace(PLAIN, reference_price=100 * UNIT, static_band_bps=40_000, dynamic_band_bps=20_000, call=2 * SECOND),
    replace(PLAIN, dynamic_band_bps=10_000, call=SECOND, call_extensions=0),
    replace(PLAIN, static_band_bps=15_000, call=SECOND, call_extensions=3, call_random=SECOND),
    replace(
        PLAIN,
        reference_price=100 * UNIT,
        luld_tier=1,
        luld_limit_state=SECOND,
        luld_call=SECOND,
        luld_extension=SECOND,
        luld_hold=SECOND,
        luld_window=20 * SECOND,
    ),
    replace(PLAIN, luld_tier=2, luld_limit_state=3 * SECOND, luld_call=SECOND, luld_window=2 * SECOND),
    replace(
        PLAIN,
        ticks=[(0, 2 * UNIT)],
        reference_price=100 * UNIT + UNIT // 2,
        static_band_bps=40_000,
        dynamic_band_bps=30_000,
        call=SECOND,
    ),
    replace(
        PLAIN,
        ticks=[(0, UNIT), (100 * UNIT, 4 * UNIT)],
        reference_price=102 * UNIT,
        luld_tier=1,
        luld_limit_state=SECOND,
        luld_call=SECOND,
        luld_hold=SECOND,
        luld_window=2 * SECOND,
    ),
    Instrument("BETA", [(0, UNIT)], UNIT),
    Instrument("BETA", [(0, UNIT)], UNIT, calendar="xetra", call_random=SECOND),
)


LATEST = 0
"""Stands for the latest call of the instrument that a draw names."""


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
    make = choose.one_of((None,) * 10 + (_place,) * 12 + (_amend,) * 2 + (_phase,) * 2 + (_list, _operate))
    if make is None:
        return random_step(choose)
    return DayStep(choose.one_of((0,) * 6 + (SECOND // 2, 2 * SECOND)), make(choose))


def _place(choose: Chooser) -> Command:
    """Orders that only a trading day has: market orders that may rest, stops, those for one auction."""
    kind = choose.one_of((LIMIT, LIMIT, MARKET, MARKET, STOP, STOP, STOP_LIMIT))
    price, stop = (choose.number(94, 106) * UNIT for _ in range(2))
    limited = kind in (LIMIT, STOP_LIMIT)
    time_in_force = choose.one_of(
        (GTC, DAY, GTD, IOC, FOK) if is_stop(kind) else (GTC, GTC, DAY, IOC, AT_OPEN, AT_CLOSE, AT_CLOSE)
    )
    rests = limited and time_in_force not in (IOC, FOK)
    return PlaceOrder(
        choose.one_of(ACCOUNTS),
        _symbol(choose),
        "",
        choose.one_of((BUY, SELL)),
        kind,
        choose.number(1, 20) * UNIT,
        price if limited else None,
        stop_price=stop if is_stop(kind) else None,
        time_in_force=time_in_force,
        expires=choose.one_of((1, 2, 5)) if time_in_force == GTD else None,
        post_only=rests and choose.number(0, 5) == 1,
        display_quantity=choose.number(1, 5) * UNIT if rests and choose.number(0, 3) == 1 else None,
        self_trade=choose.one_of((CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH, DECREMENT)),
    )


def _amend(choose: Chooser) -> Command:
    """One of the newest orders gets another stop price, or other terms."""
    return AmendOrder(
        OWNER,
        choose.number(1, 8),
        price=choose.one_of((None, choose.number(94, 106) * UNIT)),
        stop_price=choose.one_of((None, choose.number(94, 106) * UNIT)),
        quantity=choose.one_of((None, choose.number(1, 20) * UNIT)),
        display_quantity=choose.one_of((None, None, choose.number(1, 5) * UNIT)),
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
        DrawEnd(symbol, LATEST, choose.number(0, SECOND)),
        DrawEnd(symbol, LATEST, choose.number(0, SECOND)),
        DrawEnd(symbol, choose.number(1, 4), choose.number(-1, SECOND)),
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
