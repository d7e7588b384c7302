"""The exchange as a function: a command, its sequence and its time go in, events come out.

`apply` depends on nothing but what was applied before, so the same journal gives the same events anywhere: compiled
or interpreted, under any hash seed. Time is an argument and never runs backwards. After `apply`, `changes` tells
what became of the displayed orders, and the first `due_events` of the events are those of timers that were due
before the command; `terms_before` are those that an order had which the command has amended after such events. Units
as in `units`.
"""

from __future__ import annotations

from typing import Final

from exchange import administration, limit_state, phases, rejections, semantics, timers
from exchange.accounts import Accounts
from exchange.admission import refusal, repeat
from exchange.bands import bands_of
from exchange.book import CLOSING, CONTINUOUS, Book, Change
from exchange.calls import begin_volatility_call
from exchange.checkpoint import State, digest_of, restore, state_of
from exchange.checks import is_plain_and_good
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
from exchange.deadlines import Deadlines
from exchange.events import Accepted, Configured, Event, Rejected
from exchange.kill_switch import KillSwitch
from exchange.matching import expire, sweep
from exchange.open_orders import amend_order, cancel_after, cancel_all, cancel_order
from exchange.order import (
    AT_CLOSE,
    BUY,
    FOK,
    GTC,
    IOC,
    PARTIALLY_FILLED,
    PENDING_TRIGGER,
    STOP,
    Order,
    Terms,
    order_id_of,
)
from exchange.register import Register
from exchange.release import release
from exchange.timetable import Timetable
from exchange.trades import in_order
from exchange.trial import Trial
from exchange.triggering import trigger
from exchange.units import SECOND

SEMANTICS: Final = semantics.NEWEST
"""The newest version of the rules that this engine carries out; each change of what it would answer is a new one."""

OLDEST_SEMANTICS: Final = semantics.OLDEST
"""Journals of this version and later are carried out, each message by the version that the journal names before it."""

TRADES_PER_ORDER_MAX: Final = 10_000
COMMAND_AGE_MAX: Final = 5 * SECOND


class UnknownSemantics(Exception):
    """The journal wants rules that this engine does not know: it must not lead this partition."""


class Engine:
    """All instruments of one partition.

    now: the time of the command at work. answered_at: when it is answered, where that is long after, or 0; an argument
    like time, set before `apply` (streams/resumption.py).
    moment: the time of what is happening, which for timers is when they were due.
    deferred: books with stops that wait for the next command, because this one has made its `trades_made`.
    banded: books under LULD; before `bands_due` time alone changes nothing of their bands.
    retired: the last trade id of each instrument that is listed no more.
    """

    __slots__ = (
        "accounts",
        "answered_at",
        "banded",
        "bands_due",
        "books",
        "changes",
        "command_age_max",
        "deadlines",
        "deferred",
        "due_events",
        "events",
        "kill_switch",
        "listings",
        "moment",
        "now",
        "register",
        "retired",
        "semantics",
        "sequence",
        "terms_before",
        "timetable",
        "trades_made",
        "trades_max",
    )

    def __init__(self) -> None:
        self.semantics: int = SEMANTICS
        self.trades_max: int = TRADES_PER_ORDER_MAX
        self.command_age_max: int = COMMAND_AGE_MAX
        self.now = 0
        self.answered_at = 0
        self.sequence = 0
        self.books: dict[str, Book] = {}
        self.retired: dict[str, int] = {}
        self.accounts = Accounts()
        self.register = Register(self.accounts.ended)
        self.deadlines = Deadlines()
        self.kill_switch = KillSwitch()
        self.timetable = Timetable()
        self.listings = 0
        self.moment = 0
        self.deferred: list[Book] = []
        self.trades_made = 0
        self.banded: list[Book] = []
        self.bands_due = 0
        self.changes: list[Change] = []
        self.events: list[Event] = []
        self.due_events = 0
        self.terms_before: Terms | None = None

    def __del__(self) -> None:
        """Its orders refer to each other and are unknown to the collector: without this they would stay for good."""
        for _ in release(self):
            pass

    def apply(self, command: Command, sequence: int, at: int) -> list[Event]:
        """Carry out a command that the journal holds at `sequence`, stored at `at` (ns); what happened, in order.

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
        if at >= register.wake_at:
            timers.pass_time(self, at)
        if isinstance(command, PlaceOrder):
            self.place(command)
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
            self.configure(command)
        else:
            assert isinstance(command, (Tick, Resume)), "a command the engine does not know"
        if self.banded:
            limit_state.follow(self)
        return self.events

    def defer(self, book: Book) -> None:
        """Let the next command go on with a book's stops, before anything else."""
        if book not in self.deferred:
            self.deferred.append(book)
        self.register.wake_at = 0

    def schedule(self, book: Book, due: int) -> None:
        """Let a book change by itself at `due`, and not when it was to change before; NEVER for not at all."""
        self.timetable.set(book, due, self.books)
        self.register.wake_at = 0

    def reject(self, code: str, field: str = "", bound: int = 0) -> None:
        """Answer with a refusal."""
        self.events.append(Rejected(code, field, bound))

    # Placing

    def place(self, command: PlaceOrder) -> None:
        """Check an order, and take it in: RULES.md, "Before matching" and "Continuous trading"."""
        book = self.books.get(command.symbol)
        if book is None:
            self.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
            return
        holding = book.holdings.get(command.account) or book.holding(command.account)
        before = holding.client_orders.get(command.client_order_id)
        if before is not None:
            repeat(self, command, before)
            return
        plain = is_plain_and_good(command, book, holding) and not self.kill_switch.armed
        if not plain or (command.sent_at and self.is_stale(command.sent_at)):
            refused = refusal(self, command, book, holding)
            if refused is not None:
                self.events.append(refused)
                if not holding.client_orders:
                    book.let_go(command.account)
                return
        holding.own_texts(command, book.symbol)
        register = self.register
        order_id = register.next_order_id
        register.next_order_id = order_id + 1
        order = Order(order_id, command, book, holding, self.now)
        if command.type >= STOP:
            order.status = PENDING_TRIGGER
        register.enter(order)
        self.events.append(Accepted(order_id, command))
        if plain and command.time_in_force == GTC and not book.banded and not book.crosses(order.side, order.price):
            book.rest(order)
        else:
            self.enter(order, book)

    def is_late(self, sent_at: int) -> bool:
        """Whether a command took longer to reach the journal than its client may expect it to."""
        return sent_at != 0 and self.now - sent_at > self.command_age_max

    def is_stale(self, sent_at: int) -> bool:
        """Whether a command that adds risk took longer to reach the journal, or its answer, than it may."""
        return sent_at != 0 and max(self.now, self.answered_at) - sent_at > self.command_age_max

    def enter(self, order: Order, book: Book, *, joined: bool = False) -> None:
        """Let an order that has just come, or come again with new terms, trade or wait where it has to.

        `joined`: it was in the book before its terms changed, so its closing call has come and it does not wait again.
        """
        if order.status == PENDING_TRIGGER:
            book.wait_for_trigger(order)
        elif order.command.time_in_force == AT_CLOSE and book.kind != CLOSING and not joined:
            book.wait(order)
        elif book.phase != CONTINUOUS:
            book.rest(order)
        else:
            before = book.last_trade_id
            self.trade_and_rest(order, book)
            if book.last_trade_id != before and book.stops.meets(book.last_price):
                self.trades_made += book.last_trade_id - before
                trigger(self, book)

    def trade_and_rest(self, order: Order, book: Book) -> None:
        """Let an order do what it can at once, in continuous trading. The bands are those from before it."""
        time_in_force = order.command.time_in_force
        low = high = 0
        if book.banded:
            low, high = bands_of(book)
        if time_in_force == FOK:
            trial = Trial(book, order, self.trades_max, low, high)
            if not trial.fills():
                self.expire(order, reason_to_kill(book, order, trial, low, high))
                return
        stopped = False
        if order.price == 0 or book.crosses(order.side, order.price):
            stopped = sweep(book, order, self.register, self.trades_max, low, high, self.now, self.events)
            if order.status > PARTIALLY_FILLED:
                return
        if high and book.luld is not None and (stopped or is_priced_beyond(order, low, high)):
            self.expire(order, "outside_band")
            return
        if stopped:
            begin_volatility_call(self, book)
        if time_in_force == IOC:
            self.expire(order, "volatility" if stopped else "no_liquidity")
        elif order.price == 0 and not stopped:
            self.expire(order, "no_liquidity")
        else:
            book.rest(order)

    def expire(self, order: Order, reason: str) -> None:
        """End an order that rests nowhere by a rule."""
        expire(order, reason, self.register, self.now, self.events)

    # Configuring

    def configure(self, command: Configure) -> None:
        """Adopt rules and bounds from here on; a version that this engine does not know stops it."""
        if not OLDEST_SEMANTICS <= command.semantics <= SEMANTICS:
            known = f"this knows {OLDEST_SEMANTICS} to {SEMANTICS}"
            raise UnknownSemantics(f"the journal wants version {command.semantics} of the rules, {known}")
        if command.semantics != self.semantics:
            self.semantics = command.semantics
            administration.adopt_semantics(self)
        self.trades_max = command.trades_per_order_max
        self.command_age_max = command.command_age_max
        self.remember_by(command)
        self.events.append(Configured(command.semantics))

    def remember_by(self, command: Configure) -> None:
        """Adopt the bounds of what is remembered; before version 3 they are everybody's together (decision 105)."""
        ended, sides = self.accounts.ended, self.accounts.trades.sides
        ended.bound(command.ended_orders_max, command.ended_orders_total_max)
        sides.bound(command.trades_remembered_max, command.trades_total_max)
        if ended.divided == (command.semantics >= semantics.OWN_MEMORY):
            return
        orders, trades = ended.turn(), in_order(sides.turn())
        for book in self.books.values():
            book.share_anew()
        for order in orders:
            ended.take(order.holding.ended, order)
        for trade in trades:
            self.accounts.trades.take(trade)

    def renewal(self) -> Configure | None:
        """The command that brings a journal of an earlier version to the newest, its bounds kept; None if it is."""
        if self.semantics == SEMANTICS:
            return None
        return Configure(
            SEMANTICS,
            self.trades_max,
            self.accounts.ended.own_max,
            self.command_age_max,
            self.accounts.trades.sides.own_max,
        )

    # Asking

    @property
    def orders(self) -> dict[int, Order]:
        """Every order that is open or remembered, by id."""
        return self.register.orders

    def find(self, account: str, symbol: str, client_order_id: str) -> Order | None:
        """The account's order with this client order id, open or remembered."""
        book = self.books.get(symbol)
        holding = None if book is None else book.holdings.get(account)
        return None if holding is None else holding.client_orders.get(client_order_id)

    def open_orders(self, account: str, symbol: str = "") -> list[Order]:
        """The account's open orders of one symbol or all (""), oldest first."""
        found: list[Order] = []
        for book in self.books.values():
            if symbol in ("", book.symbol):
                holding = book.holdings.get(account)
                if holding is not None:
                    found.extend(holding.open)
        found.sort(key=order_id_of)
        return found

    def state(self) -> State:
        """Everything that the future depends on, as plain values (`checkpoint`)."""
        return state_of(self)

    @staticmethod
    def from_state(state: State) -> Engine:
        """The engine that `state` was taken of."""
        engine = Engine()
        restore(engine, state)
        return engine

    def digest(self) -> str:
        """A fingerprint of the state: equal digests, equal futures."""
        return digest_of(self.state())

    def next_due(self) -> int:
        """Journal time at which something is to happen by itself, 0 if nothing waits for its time."""
        return timers.next_due(self)


def is_priced_beyond(order: Order, low: int, high: int) -> bool:
    """Whether an order's limit lies on the far side of its band: a buy above the upper, a sell below the lower."""
    return order.price > high if order.side == BUY else 0 < order.price < low


def reason_to_kill(book: Book, order: Order, trial: Trial, low: int, high: int) -> str:
    """Why a fill-or-kill order that would not fill has expired."""
    if book.luld is not None and high and (trial.banded or is_priced_beyond(order, low, high)):
        return "outside_band"
    return "volatility" if trial.banded else "no_liquidity"
