"""Market of one partition: its state, and the few verbs that all of `exchange` needs.

The functions of `exchange` take the market as their first argument, and each changes its own part of the market;
`Engine` is the market that commands are applied to. Neither the market nor a function that takes one knows the engine.
Always true: `events` and `changes` are those of the current command. Units as in `units`, times in nanoseconds of
journal time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exchange import semantics
from exchange.accounts.accounts import Accounts
from exchange.accounts.kill_switch import KillSwitch
from exchange.book.book import Book
from exchange.book.order import Order, Terms, order_id_of
from exchange.book.order_rows import order_from
from exchange.book.register import Register
from exchange.book.trades import Trade, Trades
from exchange.events import Event, Rejected
from exchange.timers.deadlines import Deadlines
from exchange.timers.expiries import Expiries
from exchange.timers.timetable import Timetable
from exchange.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exchange.book.holding import Holding
    from exchange.instrument import Instrument
    from exchange.memory.archive import PastOrder
    from exchange.terms import Change

TRADES_PER_ORDER_MAX: Final = 10_000
COMMAND_AGE_MAX: Final = 5 * SECOND


class Market:
    """The instruments, accounts and orders of one partition, and what the current command has changed.

    now: time of the current command. answered_at: when that command is answered, if long after, else 0; an argument
    like time, set before `apply` (streams/leadership/resumption.py). moment: time of the current event, which for a
    timer is when that timer was due. events: in order; the first `due_events` of them are of timers that were due
    before the command. changes: what became of displayed orders. terms_before: an order's terms after those timers and
    before the command amended it. deferred: books whose stops wait for the next command, because this one has used up
    its trades (`trades_made`). banded: books under LULD; before `bands_due` time alone changes none of their bands.
    wake_at: before this time nothing is due and nothing is too old to keep, so a command costs one comparison.
    listings: the number of listings so far. retired: the last trade id of each delisted instrument.
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
        "expiries",
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
        "trades",
        "trades_made",
        "trades_max",
        "wake_at",
    )

    def __init__(self) -> None:
        self.semantics: int = semantics.NEWEST
        self.trades_max: int = TRADES_PER_ORDER_MAX
        self.command_age_max: int = COMMAND_AGE_MAX
        self.now = 0
        self.answered_at = 0
        self.sequence = 0
        self.books: dict[str, Book] = {}
        self.retired: dict[str, int] = {}
        self.accounts = Accounts()
        self.register = Register(self.books)
        self.trades = Trades()
        self.deadlines = Deadlines()
        self.expiries = Expiries(self.register)
        self.kill_switch = KillSwitch()
        self.timetable = Timetable(self.books)
        self.listings = 0
        self.moment = 0
        self.wake_at = 0
        self.deferred: list[Book] = []
        self.trades_made = 0
        self.banded: list[Book] = []
        self.bands_due = 0
        self.changes: list[Change] = []
        self.events: list[Event] = []
        self.due_events = 0
        self.terms_before: Terms | None = None

    # Rejections

    def reject(self, code: str, field: str = "", bound: int = 0) -> None:
        """Answer the command with a rejection."""
        self.events.append(Rejected(code, field, bound))

    def is_late(self, sent_at: int) -> bool:
        """Whether a command took longer than `command_age_max` to reach the journal; 0 is never late."""
        return sent_at != 0 and self.now - sent_at > self.command_age_max

    def is_stale(self, sent_at: int) -> bool:
        """Whether a command that adds risk took longer than `command_age_max` to reach the journal or its answer."""
        return sent_at != 0 and max(self.now, self.answered_at) - sent_at > self.command_age_max

    # Timers and deferred work

    def defer(self, book: Book) -> None:
        """Defer the rest of a book's triggered stops to the next command, which executes them first."""
        if book not in self.deferred:
            self.deferred.append(book)
        self.wake_at = 0

    def schedule(self, book: Book, due: int) -> None:
        """Set the book's timer to `due`, in place of its earlier time; NEVER clears it."""
        self.timetable.set(book, due)
        self.wake_at = 0

    def schedule_expiry(self, order: Order) -> None:
        """Set an open order's timer to its `expires`, in place of an earlier time."""
        self.expiries.push(order.expires, order.order_id)
        self.wake_at = 0

    def set_deadline(self, account: str, deadline: int) -> None:
        """Set the time at which all orders of an account are canceled, in place of an earlier time; 0 clears it."""
        self.deadlines.set(account, deadline)
        self.wake_at = 0

    # The listing

    def open_book(self, instrument: Instrument) -> Book:
        """List an instrument that is not listed yet: a new book, last in the order of listing."""
        ended, trades = self.register.ended, self.trades
        book = Book(instrument, self.changes, self.accounts, ended, trades, self.semantics)
        book.last_trade_id = self.retired.pop(instrument.symbol, 0)
        self.listings += 1
        book.number = self.listings
        self.books[book.symbol] = book
        return book

    def find_banded(self) -> None:
        """Find the books under LULD after a listing has changed, and make all bands due for renewal."""
        self.banded = [book for book in self.books.values() if book.luld is not None]
        self.bands_due = 0

    # Queries

    @property
    def orders(self) -> dict[int, Order]:
        """Every order by id, open or remembered, but those in the archive (`order` finds these too)."""
        return self.register.orders

    def order(self, order_id: int) -> Order | None:
        """The order of this id, open or remembered; one from the archive is a new object at each call."""
        order = self.register.orders.get(order_id)
        if order is not None:
            return order
        past = self.register.find_past(order_id)
        return None if past is None else order_from(past.row(), self.books)

    def past_orders(self) -> Iterator[Order]:
        """Every order in the archive, by account; as in `order`, new objects."""
        for share in self.register.ended.all():
            for block in share.blocks:
                for past in block.orders():
                    yield order_from(past.row(), self.books)

    def find(self, account: str, symbol: str, client_order_id: str) -> Order | None:
        """The account's order with this client order id, open or remembered, as in `order`."""
        book = self.books.get(symbol)
        holding = None if book is None else book.holdings.get(account)
        if holding is None:
            return None
        return holding.client_orders.get(client_order_id) or self.find_past(holding, symbol, client_order_id)

    def find_past(self, holding: Holding, symbol: str, client_order_id: str) -> Order | None:
        """The archived order with this client order id, as in `order`, or None."""
        block = holding.past.get(client_order_id)
        return None if block is None else order_from(block.at(block.find(symbol, client_order_id)).row(), self.books)

    def orders_of(self, trade: Trade) -> tuple[Order, Order]:
        """Taker and maker of a trade that may be busted, as in `order`."""
        return self.side_of(trade.taker, trade.past_taker), self.side_of(trade.maker, trade.past_maker)

    def side_of(self, order: Order | None, past: PastOrder | None) -> Order:
        """One order of a trade that may be busted, or a new object from its text."""
        if order is not None:
            return order
        assert past is not None, "what may be undone has its orders"
        return order_from(past.row(), self.books, remembered=False)

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
