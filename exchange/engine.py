"""Engine: the exchange as a function; a command, its sequence and its time go in, events come out.

`apply` depends on nothing but the commands applied before, so the same journal gives the same events anywhere:
compiled or interpreted, under any hash seed. Time is an argument and never runs backwards. After `apply`, `changes`
states what became of the displayed orders, the first `due_events` of the events are of timers that were due before the
command, and `terms_before` are an order's terms after those timers and before the command amended it. Units as in
`units`.
"""

from __future__ import annotations

from typing import Final

from exchange import semantics
from exchange.checkpoint.release import release
from exchange.checkpoint.state import State, digest_of, restore, state_of
from exchange.commands import (
    AmendOrder,
    BustTrade,
    CancelAfter,
    CancelAll,
    CancelOrder,
    Command,
    Configure,
    DelistInstrument,
    DoubleBands,
    DrawEnd,
    ListInstrument,
    PlaceOrder,
    Resume,
    SetKillSwitch,
    SetLimits,
    SetPhase,
    Tick,
)
from exchange.configuration import configure
from exchange.day import administration, due, limit_states, phases
from exchange.events import Event
from exchange.market import Market
from exchange.matching.own_orders import amend_order, cancel_after, cancel_all, cancel_order
from exchange.matching.placing import place

SEMANTICS: Final = semantics.NEWEST
"""The newest version of the rules that this engine carries out; each change of what it would answer is a new one."""

OLDEST_SEMANTICS: Final = semantics.OLDEST
"""Journals of this version and later are carried out, each message by the version that the journal names before it."""


class Engine(Market):
    """The market that a journal's commands are applied to, one after the other, and the queries about all of it."""

    __slots__ = ()

    def __del__(self) -> None:
        """Free the orders: they refer to each other and are unknown to the collector, so nothing else frees them."""
        for _ in release(self):
            pass

    def apply(self, command: Command, sequence: int, at: int) -> list[Event]:
        """Apply a command that the journal holds at `sequence`, stored at `at` (ns); the events, in order.

        Several commands may share a sequence. A refusal is an event; an AssertionError is our own fault.
        """
        assert at >= self.now, "journal time never runs backwards"
        self.now = at
        self.moment = at
        self.sequence = sequence
        self.events = []
        self.changes.clear()
        self.due_events = 0
        self.trades_made = 0
        register = self.register
        if register.ended.crowded:
            register.make_room()
        if at >= self.wake_at:
            due.pass_time(self, at)
        if isinstance(command, PlaceOrder):
            place(self, command)
        elif isinstance(command, CancelOrder):
            cancel_order(self, command)
        elif isinstance(command, AmendOrder):
            amend_order(self, command)
        elif isinstance(command, CancelAll):
            cancel_all(self, command)
        elif isinstance(command, CancelAfter):
            cancel_after(self, command)
        elif isinstance(command, SetPhase):
            phases.set_phase(self, command)
        elif isinstance(command, DrawEnd):
            phases.draw_end(self, command)
        elif isinstance(command, DoubleBands):
            phases.double_bands(self, command)
        elif isinstance(command, ListInstrument):
            administration.list_instrument(self, command)
        elif isinstance(command, DelistInstrument):
            administration.delist_instrument(self, command)
        elif isinstance(command, SetLimits):
            administration.set_limits(self, command)
        elif isinstance(command, SetKillSwitch):
            administration.set_kill_switch(self, command)
        elif isinstance(command, BustTrade):
            administration.bust_trade(self, command)
        elif isinstance(command, Configure):
            configure(self, command)
        else:
            assert isinstance(command, (Tick, Resume)), "a command the engine does not know"
        if self.banded:
            limit_states.follow(self)
        return self.events

    # Queries

    def state(self) -> State:
        """Everything that future events depend on, as plain values (`checkpoint/state.py`)."""
        return state_of(self)

    @staticmethod
    def from_state(state: State) -> Engine:
        """A new engine restored from `state`."""
        engine = Engine()
        restore(engine, state)
        return engine

    def digest(self) -> str:
        """A fingerprint of the state: equal digests, equal answers from here on."""
        return digest_of(self.state())

    def next_due(self) -> int:
        """Journal time (ns) at which the next timer is due, 0 if none is set."""
        return due.next_due(self)
