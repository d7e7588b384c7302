"""The exchange as a function: a command, its sequence and its time go in, events come out.

`apply` depends on nothing but what was applied before, so the same journal gives the same events anywhere: compiled
or interpreted, under any hash seed. Time is an argument and never runs backwards. After `apply`, `changes` tells
what became of the displayed orders, and the first `due_events` of the events are those of timers that were due
before the command. Units as in `units`.
"""

from __future__ import annotations

from typing import Final

from exchange import rejections
from exchange.amendment import amend
from exchange.book import Book, Change, Holding
from exchange.checkpoint import State, digest_of, restore, state_of
from exchange.checks import check_collar, check_order, is_plain_and_good
from exchange.commands import (
    AmendOrder,
    CancelAfter,
    CancelAll,
    CancelOrder,
    Command,
    Configure,
    ListInstrument,
    PlaceOrder,
    Tick,
)
from exchange.deadlines import DURATION_MAX, Deadlines
from exchange.events import (
    Accepted,
    AllCanceled,
    CancelAfterSet,
    Configured,
    Event,
    InstrumentListed,
    Rejected,
    Repeated,
)
from exchange.matching import can_fill, cancel, expire, sweep
from exchange.order import (
    BOTH_SIDES,
    FOK,
    IOC,
    PARTIALLY_FILLED,
    Order,
    effective_display,
)
from exchange.register import NEVER, Register
from exchange.units import SECOND

SEMANTICS: Final = 1
"""The version of the rules that this engine carries out; each change of what it would answer is a new one."""

TRADES_PER_ORDER_MAX: Final = 10_000
COMMAND_AGE_MAX: Final = 5 * SECOND


class UnknownSemantics(Exception):
    """The journal wants rules that this engine does not know: it must not lead this partition."""


class Engine:
    """All instruments of one partition."""

    __slots__ = (
        "books",
        "changes",
        "command_age_max",
        "deadlines",
        "due_events",
        "events",
        "now",
        "register",
        "semantics",
        "sequence",
        "trades_max",
    )

    def __init__(self) -> None:
        self.semantics: int = SEMANTICS
        self.trades_max: int = TRADES_PER_ORDER_MAX
        self.command_age_max: int = COMMAND_AGE_MAX
        self.now = 0
        self.sequence = 0
        self.books: dict[str, Book] = {}
        self.register = Register()
        self.deadlines = Deadlines()
        self.changes: list[Change] = []
        self.events: list[Event] = []
        self.due_events = 0

    def apply(self, command: Command, sequence: int, at: int) -> list[Event]:
        """Carry out a command that the journal holds at `sequence`, stored at `at` (ns); what happened, in order.

        Several commands may share a sequence. A refusal is an event; an AssertionError is our own fault.
        """
        assert at >= self.now, "journal time never runs backwards"
        self.now = at
        self.sequence = sequence
        self.events = []
        self.changes.clear()
        self.due_events = 0
        if at >= self.register.wake_at:
            self.pass_time(at)
        if isinstance(command, PlaceOrder):
            self.place(command)
        elif isinstance(command, CancelOrder):
            self.cancel(command)
        elif isinstance(command, AmendOrder):
            self.amend(command)
        elif isinstance(command, CancelAll):
            self.cancel_all(command)
        elif isinstance(command, CancelAfter):
            self.cancel_after(command)
        elif isinstance(command, ListInstrument):
            self.list_instrument(command)
        elif isinstance(command, Configure):
            self.configure(command)
        else:
            assert isinstance(command, Tick), "a command the engine does not know"
        return self.events

    def pass_time(self, at: int) -> None:
        """Let happen what was due by now, in the order in which it was due; at one time expiries come first."""
        deadlines = self.deadlines
        self.register.forget(at)
        while deadlines.accounts and deadlines.first() <= at:
            self.expire_due(deadlines.first())
            for order in self.open_orders(deadlines.take()):
                order.book.remove(order)
                cancel(order, "cancel_after", self.register, self.now, self.events)
        self.expire_due(at)
        self.register.sleep(deadlines.first())
        self.due_events = len(self.events)

    def expire_due(self, until: int) -> None:
        """Let the orders expire whose time comes no later than `until`."""
        register = self.register
        order = register.take_due(until)
        while order is not None:
            order.book.remove(order)
            expire(order, "expired", register, self.now, self.events)
            order = register.take_due(until)

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
        holding = book.holdings.get(command.account)
        before = None if holding is None else holding.client_orders.get(command.client_order_id)
        if before is not None:
            self.repeat(command, before)
            return
        refused = self.refusal(command, book, holding)
        if refused is not None:
            self.events.append(refused)
            return
        register = self.register
        order_id = register.next_order_id
        register.next_order_id = order_id + 1
        if holding is None:
            holding = book.holding(command.account)
        order = Order(order_id, command, book, holding, self.now)
        register.enter(order)
        self.events.append(Accepted(order_id, command))
        self.trade_and_rest(order, book)

    def repeat(self, command: PlaceOrder, before: Order) -> None:
        """Answer a client order id that is remembered: the same order again is no new one."""
        if same_meaning(command, before.command):
            self.events.append(Repeated(before.order_id))
        else:
            self.reject(rejections.CLIENT_ORDER_ID_REUSED, "client_order_id")

    def refusal(self, command: PlaceOrder, book: Book, holding: Holding | None) -> Rejected | None:
        """Why a new order may not enter, or None. Repeats are answered before, so one that comes late is safe."""
        instrument = book.instrument
        price = command.price
        if command.sent_at and self.is_late(command.sent_at):
            return Rejected(rejections.TOO_LATE)
        if not is_plain_and_good(command, instrument):
            refused = check_order(command, book, self.now)
            if refused is not None:
                return refused
        if price is not None and instrument.collar_bps:
            refused = check_collar(book, price)
            if refused is not None:
                return refused
        if holding is not None and 0 < instrument.max_open_orders <= len(holding.open):
            return Rejected(rejections.TOO_MANY_OPEN_ORDERS, "", instrument.max_open_orders)
        if command.post_only and price is not None and book.crosses(command.side, price):
            return Rejected(rejections.WOULD_TAKE, "price", book.sides[1 - command.side].best)
        return None

    def is_late(self, sent_at: int) -> bool:
        """Whether a command took longer to reach the journal than its client may expect it to."""
        return sent_at != 0 and self.now - sent_at > self.command_age_max

    def trade_and_rest(self, order: Order, book: Book) -> None:
        """Let an order that has just come, or come again at a new price, do what it can at once."""
        time_in_force = order.command.time_in_force
        if time_in_force == FOK and not can_fill(book, order, self.trades_max):
            expire(order, "no_liquidity", self.register, self.now, self.events)
            return
        if order.price == 0 or book.crosses(order.side, order.price):
            sweep(book, order, self.register, self.trades_max, self.now, self.events)
            if order.status > PARTIALLY_FILLED:
                return
        if time_in_force == IOC or order.price == 0:
            expire(order, "no_liquidity", self.register, self.now, self.events)
        else:
            book.rest(order)

    # Changing and canceling

    def own_open(self, command: AmendOrder | CancelOrder) -> Order | None:
        """The open order that a command names; None after refusing it."""
        if command.order_id:
            order = self.register.orders.get(command.order_id)
        else:
            order = self.find(command.account, command.symbol, command.client_order_id)
        if order is None or order.account != command.account:
            self.reject(rejections.UNKNOWN_ORDER, "order_id" if command.order_id else "client_order_id")
            return None
        if command.sent_at and self.is_late(command.sent_at):
            self.reject(rejections.TOO_LATE)
            return None
        if order.status > PARTIALLY_FILLED:
            self.reject(rejections.ORDER_DONE, "order_id" if command.order_id else "client_order_id")
            return None
        return order

    def cancel(self, command: CancelOrder) -> None:
        """Cancel one open order."""
        order = self.own_open(command)
        if order is not None:
            order.book.remove(order)
            cancel(order, "requested", self.register, self.now, self.events)

    def amend(self, command: AmendOrder) -> None:
        """Change one open order (RULES.md, "Amend"); at a new price that crosses it takes at once."""
        order = self.own_open(command)
        if order is None:
            return
        book = order.book
        if amend(command, order, book, self.register, self.now, self.events):
            self.trade_and_rest(order, book)

    def cancel_all(self, command: CancelAll) -> None:
        """Cancel an account's open orders, oldest first, as far as the command's filters say."""
        if command.symbol and command.symbol not in self.books:
            self.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
            return
        if self.is_late(command.sent_at):
            self.reject(rejections.TOO_LATE)
            return
        count = 0
        for order in self.open_orders(command.account, command.symbol):
            if command.side not in (BOTH_SIDES, order.side) or command.session not in ("", order.session):
                continue
            order.book.remove(order)
            cancel(order, command.reason, self.register, self.now, self.events)
            count += 1
        self.events.append(AllCanceled(command.account, count))

    def cancel_after(self, command: CancelAfter) -> None:
        """Set the time at which all of an account's orders are canceled, or unset it."""
        if not 0 <= command.duration <= DURATION_MAX:
            self.reject(rejections.BAD_REQUEST, "seconds")
            return
        if self.is_late(command.sent_at):
            self.reject(rejections.TOO_LATE)
            return
        deadline = self.now + command.duration if command.duration else 0
        self.deadlines.set(command.account, deadline)
        self.register.wake_at = 0
        self.events.append(CancelAfterSet(command.account, deadline))

    # Administration

    def list_instrument(self, command: ListInstrument) -> None:
        """List an instrument or replace its definition; resting orders stay as they are."""
        instrument = command.instrument
        fault = instrument.fault()
        if fault:
            self.reject(rejections.BAD_REQUEST, fault)
            return
        book = self.books.get(instrument.symbol)
        if book is None:
            self.books[instrument.symbol] = Book(instrument, self.changes)
        else:
            book.instrument = instrument
        self.events.append(InstrumentListed(instrument))

    def configure(self, command: Configure) -> None:
        """Adopt rules and bounds from here on; a version that this engine does not know stops it."""
        if command.semantics != SEMANTICS:
            raise UnknownSemantics(f"the journal wants version {command.semantics} of the rules, this is {SEMANTICS}")
        self.semantics = command.semantics
        self.trades_max = command.trades_per_order_max
        self.register.ended_max = command.ended_orders_max
        self.register.wake_at = 0
        self.command_age_max = command.command_age_max
        self.events.append(Configured(command.semantics))

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
                    found.extend(holding.open.values())
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
        expiry, deadline = self.register.next_due(), self.deadlines.first()
        if deadline == NEVER:
            return expiry
        return min(expiry, deadline) if expiry else deadline


def order_id_of(order: Order) -> int:
    """The key by which orders are listed: as they came."""
    return order.order_id


def same_meaning(one: PlaceOrder, other: PlaceOrder) -> bool:
    """Whether two placements ask for the same order, however and whenever they were sent."""
    return (
        one.side == other.side
        and one.type == other.type
        and one.quantity == other.quantity
        and one.price == other.price
        and one.stop_price == other.stop_price
        and one.time_in_force == other.time_in_force
        and one.expires == other.expires
        and one.post_only == other.post_only
        and one.self_trade == other.self_trade
        and effective_display(one.display_quantity, one.quantity)
        == effective_display(other.display_quantity, other.quantity)
    )
