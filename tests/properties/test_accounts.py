"""Accounts through whole trading days: calls, halts, busts and delistings, whatever happens in whatever order.

A ledger that hears nothing but the events reckons what each account must have; the engine has to say the same.
"""

from __future__ import annotations

from ast import literal_eval
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis.strategies import integers

from exchange.commands import Configure, ListInstrument, PlaceOrder
from exchange.engine import SEMANTICS, Engine
from exchange.events import Accepted, Busted, Traded
from exchange.market_events import InstrumentListed, LimitsSet
from exchange.terms import BUY, CROSS, CROSSED, MAKER, SELL, TAKER
from exchange.units import SECOND
from streams.wire.fast_forms import cut, pack_event
from tests.properties.conftest import EXAMPLES, LEISURE
from tests.support.invariants import check_always_true
from tests.support.naive_accounts import NaiveAccounts, NaiveTrade
from tests.support.random_commands import ACCOUNTS, PLAIN, START
from tests.support.random_days import days

if TYPE_CHECKING:
    from exchange.commands import Command
    from exchange.events import Event
    from exchange.instrument import Instrument
    from tests.support.random_commands import Step

Journal = list[tuple["Command", int, int]]

FIRST = (
    Configure(SEMANTICS, 6, 12, 5 * SECOND, trades_remembered_max=8),
    ListInstrument(PLAIN),
)
"""Bounds so small that days meet them."""


class Day:
    """An engine, the journal that it has answered, and the ledger that follows its events."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.now = START
        self.journal: Journal = []
        self.events: list[list[Event]] = []
        self.placed: dict[int, PlaceOrder] = {}
        self.ledger = NaiveAccounts()
        self.instruments: dict[str, Instrument] = {}
        for command in FIRST:
            self.apply(command)

    def take(self, step: Step) -> None:
        """Carry out a step."""
        self.now += step.wait
        alive = [order.order_id for order in self.engine.orders.values() if order.open_quantity]
        command = step.command_at(self.now, self.placed, alive)
        if isinstance(command, PlaceOrder) and not command.client_order_id:
            command.client_order_id = f"n{len(self.journal)}"
        self.apply(command)

    def apply(self, command: Command) -> None:
        """Give the engine a command, and let the ledger hear what happened."""
        self.journal.append((command, len(self.journal) + 1, self.now))
        events = self.engine.apply(*self.journal[-1])
        self.events.append(events)
        for event in events:
            self.hear(event)

    def hear(self, event: Event) -> None:
        """Enter an event into the ledger."""
        match event:
            case Accepted(order_id, order):
                self.placed[order_id] = order
            case InstrumentListed(instrument):
                self.instruments[instrument.symbol] = instrument
            case LimitsSet(account, symbol, values):
                self.ledger.limits[account, symbol] = dict(values)
            case Traded():
                self.enter(event)
            case Busted(trade_id, symbol):
                [trade] = [one for one in self.ledger.trades if (one.symbol, one.number) == (symbol, trade_id)]
                assert not trade.busted
                assert cut(pack_event(event)) == cut(pack_event(trade.told))
                trade.busted = True

    def enter(self, trade: Traded) -> None:
        """Enter a trade, whose fees must be those of the rates in force."""
        crossed = trade.side == CROSSED
        taker_side = BUY if crossed else trade.side
        instrument, amount = self.instruments[trade.symbol], trade.price * trade.quantity
        maker_fee = self.ledger.fee(trade.maker_account, instrument, CROSS if crossed else MAKER, amount)
        taker_fee = self.ledger.fee(trade.taker_account, instrument, CROSS if crossed else TAKER, amount)
        assert (trade.maker_fee, trade.taker_fee) == (maker_fee, taker_fee)
        maker = (trade.maker_account, SELL if taker_side == BUY else BUY, maker_fee)
        taker = (trade.taker_account, taker_side, taker_fee)
        of_both = (trade.maker_order_id, *maker[::2], trade.taker_order_id, *taker[::2])
        told = Busted(trade.trade_id, trade.symbol, trade.price, trade.quantity, trade.side, *of_both)
        made = NaiveTrade(trade.symbol, trade.trade_id, trade.price, trade.quantity, (maker, taker), self.now, told)
        assert made.number == 1 + sum(one.symbol == trade.symbol for one in self.ledger.trades)
        self.ledger.trades.append(made)

    def compare(self) -> None:
        """The engine and the ledger know the same positions, and all that is always true is."""
        check_always_true(self.engine)
        for account in (*ACCOUNTS, "fees"):
            for symbol in self.instruments:
                position = self.engine.accounts.position(account, symbol)
                told = position.quantity, position.average_price, position.realised, position.cash, position.fees
                assert told == self.ledger.position(account, symbol).told()


@given(days())
@settings(LEISURE, max_examples=2 * EXAMPLES)
def test_the_accounts_have_what_the_events_say(day: list[Step]) -> None:
    """After every command of any day, numbers without a gap, fees at the rates in force."""
    lived = Day()
    for step in day:
        lived.take(step)
        lived.compare()


@given(days(), integers(0, 60))
@settings(LEISURE, max_examples=EXAMPLES)
def test_a_state_has_the_same_future(day: list[Step], cut: int) -> None:
    """Written down and read back at any point of any day, an engine answers as the one that lived it."""
    lived = Day()
    for step in day:
        lived.take(step)
    cut = min(cut + len(FIRST), len(lived.journal))
    first = Engine()
    for entry in lived.journal[:cut]:
        first.apply(*entry)
    restored = Engine.from_state(literal_eval(repr(first.state())))
    assert restored.digest() == first.digest()
    for entry, events in zip(lived.journal[cut:], lived.events[cut:], strict=True):
        assert restored.apply(*entry) == events
    assert restored.digest() == lived.engine.digest()
