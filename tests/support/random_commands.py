"""Random steps of a market: commands as likely to meet each other as possible.

The same choices are made for hypothesis (which shrinks them) and for the seeded runs. What depends on how far the run
has come is relative in a step and made absolute by `Step.command_at`: order ids count back from the newest, times are
seconds from now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from exchange.commands import AmendOrder, CancelAll, CancelOrder, Configure, ListInstrument, PlaceOrder, Tick
from exchange.instrument import Instrument
from exchange.order import (
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
from exchange.units import HOUR, SECOND, UNIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exchange.commands import Command

    Maker = Callable[["Chooser"], Command]

Choice = TypeVar("Choice")

START = 1_795_341_600 * SECOND
ACCOUNTS = ("anna", "boris", "carla")
OWNER = ""
"""Stands for whoever owns the order that a step names."""

NARROW = Configure(semantics=1, trades_per_order_max=6, ended_orders_max=12, command_age_max=5 * SECOND)
"""Bounds so small that random runs meet them."""

WIDE = Configure(semantics=1, trades_per_order_max=10_000, ended_orders_max=1_000, command_age_max=5 * SECOND)

PLAIN = Instrument("ACME", [(0, UNIT)], UNIT)
LISTINGS = (
    PLAIN,
    Instrument("ACME", [(0, UNIT)], UNIT, min_quantity=2 * UNIT, max_quantity=25 * UNIT, max_open_orders=3),
    Instrument("ACME", [(0, UNIT), (100 * UNIT, 2 * UNIT)], 2 * UNIT, reference_price=100 * UNIT, collar_bps=30_000),
    Instrument("BETA", [(0, UNIT // 2), (100 * UNIT, UNIT)], UNIT // 2 * 4, min_price=96 * UNIT, max_price=104 * UNIT),
    Instrument("BETA", [(0, UNIT)], UNIT, min_value=300 * UNIT, max_value=3_000 * UNIT, reference_price=99 * UNIT),
    Instrument("BETA", [(0, UNIT // 3)], UNIT),
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

    def command_at(self, now: int, newest: int, owners: dict[int, str]) -> Command:
        """The command itself, its relative times and order ids made absolute."""
        command = self.command
        if isinstance(command, PlaceOrder | AmendOrder | CancelOrder | CancelAll) and command.sent_at:
            command = replace(command, sent_at=now + command.sent_at)
        if isinstance(command, PlaceOrder | AmendOrder) and command.expires is not None:
            command = replace(command, expires=now + command.expires * SECOND)
        if isinstance(command, AmendOrder | CancelOrder) and not command.client_order_id:
            order_id = max(newest + 1 - command.order_id, 1)
            account = command.account or owners.get(order_id, "anna")
            command = replace(command, order_id=order_id, account=account)
        return command


def random_step(choose: Chooser) -> Step:
    """Any step; most place orders."""
    makers: Sequence[Maker] = (_place,) * 12 + (_amend,) * 5 + (_cancel,) * 3 + (_cancel_all, _list, _tick)
    make = choose.one_of(makers)
    wait = choose.one_of((0,) * 8 + (1, SECOND // 2, SECOND, 2 * SECOND, 24 * HOUR - 1, 24 * HOUR))
    return Step(wait, make(choose))


def _place(choose: Chooser) -> PlaceOrder:
    kind = choose.one_of((LIMIT,) * 6 + (MARKET,))
    time_in_force = choose.one_of((GTC,) * 8 + (GTD,) * 3 + (IOC, DAY, FOK, FOK, FOK))
    rests = kind == LIMIT and time_in_force in (GTC, DAY, GTD)
    return PlaceOrder(
        choose.one_of(ACCOUNTS),
        _symbol(choose),
        choose.one_of(("", "", "", "x", "y", "z")),
        choose.one_of((BUY, SELL)),
        kind,
        _quantity(choose),
        _price(choose) if kind == LIMIT else None,
        time_in_force=time_in_force,
        expires=choose.number(-1, 5) if time_in_force == GTD else None,
        post_only=rests and choose.number(0, 7) == 1,
        display_quantity=choose.number(0, 12) * UNIT if rests and choose.number(0, 3) == 1 else None,
        self_trade=choose.one_of((CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH, DECREMENT)),
        session=choose.one_of(("", "s1", "s2")),
        sent_at=_sent_at(choose),
    )


def _amend(choose: Chooser) -> AmendOrder:
    return AmendOrder(
        *_named(choose),
        price=choose.one_of((None, None, _price(choose))),
        quantity=choose.one_of((None, _quantity(choose))),
        display_quantity=choose.one_of((None, None, choose.number(0, 12) * UNIT)),
        expires=choose.one_of((None, None, None, choose.number(-1, 5))),
        sent_at=_sent_at(choose),
    )


def _cancel(choose: Chooser) -> CancelOrder:
    return CancelOrder(*_named(choose), sent_at=_sent_at(choose))


def _named(choose: Chooser) -> tuple[str, int, str, str]:
    """An account, and an order by number (1 = the newest) or by its client's name for it."""
    if choose.number(0, 5) == 1:
        return choose.one_of(ACCOUNTS), 0, _symbol(choose), choose.one_of(("x", "y", "z"))
    return choose.one_of((OWNER,) * 8 + ACCOUNTS), choose.number(1, 12), "", ""


def _cancel_all(choose: Chooser) -> CancelAll:
    symbol = choose.one_of(("", "ACME", "BETA"))
    side, session = choose.one_of((BOTH_SIDES, BUY, SELL)), choose.one_of(("", "", "s1"))
    return CancelAll(choose.one_of(ACCOUNTS), symbol, side, session, sent_at=_sent_at(choose))


def _list(choose: Chooser) -> ListInstrument:
    return ListInstrument(choose.one_of(LISTINGS))


def _tick(choose: Chooser) -> Tick:
    del choose  # A tick has nothing to choose.
    return Tick()


def _symbol(choose: Chooser) -> str:
    return choose.one_of(("ACME",) * 8 + ("BETA",) * 3 + ("GONE",) * (choose.number(0, 9) == 1))


def _price(choose: Chooser) -> int:
    return choose.number(95, 105) * UNIT + choose.one_of((0,) * 9 + (UNIT // 2,))


def _quantity(choose: Chooser) -> int:
    return choose.number(1, 30) * UNIT + choose.one_of((0,) * 15 + (UNIT // 2,))


def _sent_at(choose: Chooser) -> int:
    return choose.one_of((0,) * 6 + (-5 * SECOND, -5 * SECOND - 1, -SECOND))
