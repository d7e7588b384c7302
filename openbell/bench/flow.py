"""Flows: commands for the engine alone, generated from a seed or recorded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from exchange.commands import AmendOrder, CancelOrder, Command, ListInstrument, PlaceOrder
from exchange.instrument import Instrument
from exchange.terms import BUY, GTC, IOC, LIMIT, SELL
from exchange.units import UNIT
from openbell.replay import lobster
from openbell.replay.plan import Action, Plan

SYMBOL: Final = "BENCH"
TICK: Final = UNIT // 100
LISTING: Final = ListInstrument(Instrument(SYMBOL, [(0, TICK)], UNIT))

_ACCOUNTS: Final = [f"account-{number}" for number in range(50)]
_OPENING_ORDERS: Final = 5_000
_MEAN_DISTANCE_TICKS: Final = 60
_MIDDLE_TICKS: Final = 50_000
_LARGEST_SWING_TICKS: Final = 10
_TAKING_TICKS: Final = 20
_LARGEST_LOTS: Final = 100
_LARGEST_TAKEN_LOTS: Final = 30
_MEAN_AGE_ORDERS: Final = 1_000
"""The mean age of a canceled order, in resting orders entered after it."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow: `before` builds the book before the clock starts, `timed` is measured."""

    before: list[Command]
    timed: list[Command]


class MadeFlow:
    """Generated: half placements, one in eight of which takes; two fifths cancels, mostly of young orders; else amends.

    The middle price swings; resting orders lie some hundred levels deep on both sides, most of them near it.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - it has to come out the same again
        self._swing = 0
        self._next_id = 1
        self._resting: list[tuple[int, str, int]] = []

    def make(self, commands: int) -> Flow:
        """A flow of this many timed commands after an opening book."""
        before: list[Command] = [LISTING, *(self._place(taking=False) for _ in range(_OPENING_ORDERS))]
        return Flow(before, [self._command() for _ in range(commands)])

    def _command(self) -> Command:
        draw = self._random.random()
        if draw < 0.5 or not self._resting:
            self._swing = max(-_LARGEST_SWING_TICKS, min(_LARGEST_SWING_TICKS, self._swing + self._step()))
            return self._place(taking=draw < 0.0625)
        return self._cancel() if draw < 0.9 else self._amend()

    def _step(self) -> int:
        return self._random.choice((-1, *(0,) * 18, 1))

    def _place(self, *, taking: bool) -> PlaceOrder:
        random, side = self._random, self._random.choice((BUY, SELL))
        away = 1 + int(random.expovariate(1 / _MEAN_DISTANCE_TICKS))
        toward = -1 if side == BUY else 1
        price = TICK * (_MIDDLE_TICKS + self._swing + toward * (-_TAKING_TICKS if taking else away))
        lots = random.randint(1, _LARGEST_TAKEN_LOTS if taking else _LARGEST_LOTS)
        account = random.choice(_ACCOUNTS)
        order_id, self._next_id = self._next_id, self._next_id + 1
        if not taking:
            self._resting.append((order_id, account, lots))
        time_in_force = IOC if taking else GTC
        names = (account, SYMBOL, f"c-{order_id}")
        return PlaceOrder(*names, side, LIMIT, lots * UNIT, price=price, time_in_force=time_in_force)

    def _cancel(self) -> CancelOrder:
        resting = self._resting
        at = max(len(resting) - 1 - int(self._random.expovariate(1 / _MEAN_AGE_ORDERS)), 0)
        resting[at], resting[-1] = resting[-1], resting[at]
        order_id, account, _ = resting.pop()
        return CancelOrder(account, order_id)

    def _amend(self) -> AmendOrder:
        order_id, account, lots = self._random.choice(self._resting)
        return AmendOrder(account, order_id, quantity=self._random.randint(1, lots) * UNIT)


def recorded_flow(messages: Path, opening: Path) -> Flow:
    """A LOBSTER file as commands, as `openbell replay lobster` would send them."""
    events = lobster.read_messages(messages)
    plan = Plan()
    before: list[Command] = [LISTING]
    before += [command_of(action) for action in plan.opening(lobster.read_opening(opening, events[0]).levels)]
    return Flow(before, [command_of(action) for event in events for action in plan.actions(event)])


def command_of(action: Action) -> Command:
    """An action of a replay as the engine's command."""
    if action.method == "cancel":
        return CancelOrder(action.account, 0, SYMBOL, action.name)
    quantity = action.quantity * UNIT
    if action.method == "amend":
        return AmendOrder(action.account, 0, SYMBOL, action.name, quantity=quantity)
    side = BUY if action.side == lobster.BUY else SELL
    time_in_force = IOC if action.method == "take" else GTC
    names = (action.account, SYMBOL, action.name)
    price = action.price * (UNIT // lobster.PRICE_SCALE)
    return PlaceOrder(*names, side, LIMIT, quantity, price=price, time_in_force=time_in_force)
