"""Random steps of a market: commands as likely to meet each other as possible.

The same choices are made for hypothesis (which shrinks them) and for the seeded runs. What depends on how far the run
has come is relative in a step and made absolute by `Step.command_at`: orders are counted back from the newest, times
are seconds from now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from exchange.accounts.limits import ENABLED, LIMIT_NAMES, MAX_LONG, MAX_QUANTITY, MAX_SHORT, MAX_VALUE
from exchange.commands import (
    AmendOrder,
    BustTrade,
    CancelAfter,
    CancelAll,
    CancelOrder,
    Configure,
    DelistInstrument,
    ListInstrument,
    PlaceOrder,
    SetKillSwitch,
    SetLimits,
    Tick,
)
from exchange.engine import SEMANTICS
from exchange.instrument import Instrument
from exchange.terms import (
    BOTH_SIDES,
    BUY,
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    DAY,
    DECREMENT,
    FOK,
    GTC,
    GTD,
    IOC,
    LIMIT,
    MARKET,
    SELL,
)
from exchange.units import HOUR, LARGEST, SECOND, UNIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exchange.commands import Command

    Maker = Callable[["Chooser"], Command]

Choice = TypeVar("Choice")

START = 1_795_341_600 * SECOND
ACCOUNTS = ("anna", "boris", "carla", "dora")
OWNER = ""
"""Stands for whoever owns the order that a step names."""

NARROW = Configure(
    SEMANTICS,
    trades_per_order_max=6,
    ended_orders_max=12,
    command_age_max=5 * SECOND,
    trades_remembered_max=5,
    ended_orders_total_max=20,
    trades_total_max=16,
)
"""Bounds so small that random runs meet them."""

WIDE = Configure(semantics=SEMANTICS, trades_per_order_max=10_000, ended_orders_max=1_000, command_age_max=5 * SECOND)

PLAIN = Instrument("ACME", [(0, UNIT)], UNIT, maker_bps=-33, taker_bps=177)
FINE = Instrument("BETA", [(0, UNIT), (90 * UNIT, UNIT // 100)], UNIT // 100, max_open_orders=0, taker_bps=1)
LISTINGS = (
    PLAIN,
    Instrument("ACME", [(0, UNIT)], UNIT, min_quantity=2 * UNIT, max_quantity=25 * UNIT, max_open_orders=3),
    Instrument("ACME", [(0, UNIT), (100 * UNIT, 2 * UNIT)], 2 * UNIT, reference_price=100 * UNIT, collar_bps=30_000),
    Instrument("BETA", [(0, UNIT // 2), (100 * UNIT, UNIT)], UNIT // 2 * 4, min_price=96 * UNIT, max_price=104 * UNIT),
    Instrument("BETA", [(0, UNIT)], UNIT, min_value=300 * UNIT, max_value=3_000 * UNIT, reference_price=99 * UNIT),
    Instrument("BETA", [(0, UNIT // 3)], UNIT // 100),
    FINE,
)


class Chooser(Protocol):
    """Where choices come from."""

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""

    def one_of(self, options: Sequence[Choice]) -> Choice:
        """One of the options; repeated ones are likelier."""


@dataclass(frozen=True)
class Step:
    """A command after some nanoseconds have passed."""

    wait: int
    command: Command
    again: bool = False
    """Whether to send the body of an earlier order instead, as a client does that heard no answer."""

    def command_at(self, now: int, placed: dict[int, PlaceOrder], alive: list[int]) -> Command:
        """The command itself: relative times made absolute, an order's number (1 = the newest alive) its id."""
        command = self.command
        if isinstance(command, PlaceOrder | AmendOrder | CancelOrder | CancelAll | CancelAfter) and command.sent_at:
            command = replace(command, sent_at=now + command.sent_at)
        if isinstance(command, PlaceOrder | AmendOrder) and command.expires is not None:
            command = replace(command, expires=now + command.expires * SECOND)
        if isinstance(command, PlaceOrder) and self.again and placed:
            earlier = list(placed.values())[-1 - command.quantity // UNIT % len(placed)]
            return replace(earlier, session=command.session, sent_at=command.sent_at)
        if isinstance(command, AmendOrder | CancelOrder) and not command.client_order_id:
            known = alive if command.order_id <= len(alive) else sorted(placed)
            order_id = known[-command.order_id] if command.order_id <= len(known) else max(placed, default=0) + 1
            account = command.account or (placed[order_id].account if order_id in placed else "anna")
            command = replace(command, order_id=order_id, account=account)
        return command


def random_step(choose: Chooser) -> Step:
    """Any step; most place orders."""
    rare: Sequence[Maker] = (
        *(_cancel_all, _cancel_after, _cancel_after, _list, _tick, _configure),
        *(_kill,) * (choose.number(0, 2) == 1),
        *(_revive,) * 3,
        _delist,
    )
    makers: Sequence[Maker] = (
        (_place,) * 24 + (_amend,) * 12 + (_cancel,) * 4 + (_limit, _bust) + (choose.one_of(rare),)
    )
    make = choose.one_of(makers)
    wait = choose.one_of((0,) * 150 + (1, SECOND // 2, SECOND, 2 * SECOND) * 12 + (24 * HOUR - 1, 24 * HOUR))
    return Step(wait, make(choose), again=choose.number(0, 30) == 1)


def _place(choose: Chooser) -> PlaceOrder:
    kind = choose.one_of((LIMIT,) * 10 + (MARKET,))
    time_in_force = choose.one_of((GTC,) * 10 + (GTD,) * 4 + (IOC, DAY, FOK, FOK))
    strange = choose.number(0, 40) == 1  # Terms that exclude each other.
    rests = strange or (kind == LIMIT and time_in_force in (GTC, DAY, GTD))
    return PlaceOrder(
        choose.one_of(ACCOUNTS),
        _symbol(choose),
        choose.one_of(("",) * 12 + ("x", "y", "z")),
        choose.one_of((BUY, SELL)),
        kind,
        _quantity(choose),
        _price(choose) if (kind == LIMIT) != (strange and choose.number(0, 1) == 1) else None,
        stop_price=_price(choose) if strange and choose.number(0, 3) == 1 else None,
        time_in_force=time_in_force,
        expires=choose.one_of((1, 2, 3, 5, 8, 50, 90_000) * 3 + (0, -1))
        if (time_in_force == GTD) != (strange and choose.number(0, 1) == 1)
        else None,
        post_only=rests and choose.number(0, 7) == 1,
        display_quantity=_display(choose) if rests and choose.number(0, 3) == 1 else None,
        self_trade=choose.one_of((CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH, DECREMENT)),
        session=choose.one_of(("", "s1", "s2")),
        sent_at=_sent_at(choose),
    )


def _amend(choose: Chooser) -> AmendOrder:
    return AmendOrder(
        *_named(choose),
        price=choose.one_of((None, None, _price(choose))),
        quantity=choose.one_of((None, _quantity(choose))),
        stop_price=choose.one_of((None,) * 30 + (_price(choose),)),
        display_quantity=choose.one_of((None, None, _display(choose))),
        expires=choose.one_of((None,) * 20 + (0, 1, 5, 50)),
        sent_at=_sent_at(choose),
    )


def _cancel(choose: Chooser) -> CancelOrder:
    return CancelOrder(*_named(choose), sent_at=_sent_at(choose))


def _named(choose: Chooser) -> tuple[str, int, str, str]:
    """An account, and an order by number (see `Step.command_at`) or by its client's name for it."""
    if choose.number(0, 15) == 1:
        return choose.one_of(ACCOUNTS), 0, _symbol(choose), choose.one_of(("x", "y", "z"))
    return choose.one_of((OWNER,) * 20 + ACCOUNTS), choose.number(1, 15), "", ""


def _cancel_all(choose: Chooser) -> CancelAll:
    symbol = choose.one_of(("", "ACME", "BETA"))
    side, session = choose.one_of((BOTH_SIDES, BUY, SELL)), choose.one_of(("", "", "s1"))
    return CancelAll(choose.one_of(ACCOUNTS), symbol, side, session, sent_at=_sent_at(choose))


def _cancel_after(choose: Chooser) -> CancelAfter:
    duration = choose.one_of((0, 1, SECOND, 2 * SECOND, 5 * SECOND) * 4 + (24 * HOUR, 24 * HOUR + 1, -1))
    return CancelAfter(choose.one_of(ACCOUNTS), duration, sent_at=_sent_at(choose))


def _list(choose: Chooser) -> ListInstrument:
    return ListInstrument(choose.one_of((PLAIN,) * 4 + LISTINGS))


def _configure(choose: Chooser) -> Configure:
    trades, ended = choose.number(1, 12), choose.number(0, 20)
    return choose.one_of(
        (NARROW, WIDE, Configure(SEMANTICS, trades, ended, 5 * SECOND, 2 * trades, 2 * ended, 4 * trades))
    )


def _limit(choose: Chooser) -> SetLimits:
    field = choose.number(0, len(LIMIT_NAMES) - 1)
    value = choose.number(1, 60) * UNIT if field in (MAX_QUANTITY, MAX_LONG, MAX_SHORT) else choose.number(0, 8)
    if field == MAX_VALUE:
        value = choose.number(200, 4_000) * UNIT
    values = [(field, min(value, 1) if field == ENABLED else value)]
    removed = choose.one_of((0, (1 << len(LIMIT_NAMES)) - 1, 1 << field))
    symbol = choose.one_of(("", "", "ACME", "BETA", "GONE"))
    return SetLimits(choose.one_of(ACCOUNTS), symbol, choose.one_of((values, [])), removed)


STOPPED = (("anna", ""), ("boris", ""), ("", "ACME"), ("", ""))
"""Whom the kill switch is for, as account and symbol."""


def _kill(choose: Chooser) -> SetKillSwitch:
    account, symbol = choose.one_of(
        (("anna", ""), ("boris", ""), ("", "ACME"), ("", ""), ("", "GONE"), ("anna", "ACME"))
    )
    return SetKillSwitch(account, symbol, active=True, cancel=choose.number(0, 3) == 1)


def _revive(choose: Chooser) -> SetKillSwitch:
    account, symbol = choose.one_of(STOPPED)
    return SetKillSwitch(account, symbol, active=False)


def _bust(choose: Chooser) -> BustTrade:
    return BustTrade(choose.one_of(("ACME", "ACME", "BETA", "GONE")), choose.number(0, 12))


def _delist(choose: Chooser) -> DelistInstrument:
    return DelistInstrument(choose.one_of(("BETA", "GONE")))


def _tick(choose: Chooser) -> Tick:
    del choose  # A tick has nothing to choose.
    return Tick()


def _symbol(choose: Chooser) -> str:
    return choose.one_of(("ACME",) * 8 + ("BETA",) * 3 + ("GONE",) * (choose.number(0, 20) == 1))


def _price(choose: Chooser) -> int:
    usual = choose.number(95, 105) * UNIT
    return choose.one_of((usual,) * 40 + (usual + UNIT // 2,) * 4 + (0, -UNIT, LARGEST, UNIT))


def _quantity(choose: Chooser) -> int:
    usual = choose.number(1, 30) * UNIT
    return choose.one_of((usual,) * 40 + (usual + UNIT // 2,) * 3 + (0, -UNIT, LARGEST) + (2_000 * UNIT,) * 2)


def _display(choose: Chooser) -> int:
    usual = choose.number(1, 12) * UNIT
    return choose.one_of((usual,) * 12 + (UNIT // 2, 0, -UNIT))


def _sent_at(choose: Chooser) -> int:
    return choose.one_of((0,) * 40 + (-5 * SECOND, -5 * SECOND - 1, -SECOND))
