"""The market of one partition: its state, and the few verbs that everything in it needs.

The functions of `exchange` take the market as their first argument and change what of it is theirs; `Engine` is the
market that commands are applied to. Nothing here, and nothing that takes a market, knows the engine. Always true:
`events` and `changes` are those of the command at work. Units as in `units`, times in nanoseconds of journal time.
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
    """All instruments of one partition, its accounts and orders, and what the command at work has brought about.

    now: the time of the command at work. answered_at: when it is answered, where that is long after, or 0; an argument
    like time, set before `apply` (streams/leadership/resumption.py). moment: the time of what is happening, which for
    timers is when they were due. events: what has happened, in order; the first `due_events` of them are of timers that
    were due before the command. changes: what became of displayed orders. terms_before: those of the order that a
    command amends after such events. deferred: books with stops that wait for the next command, because this one has
    made its `trades_made`. banded: books under LULD; before `bands_due` time alone changes nothing of their bands.
    wake_at: before this time nothing is due and nothing is forgotten for its age, so a command makes one comparison.
    listings: how many there have been. retired: the last trade id of each instrument that is listed no more.
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

    # Answering

    def reject(self, code: str, field: str = "", bound: int = 0) -> None:
        """Answer with a refusal."""
        self.events.append(Rejected(code, field, bound))

    def is_late(self, sent_at: int) -> bool:
        """Whether a command took longer to reach the journal than its client may expect it to."""
        return sent_at != 0 and self.now - sent_at > self.command_age_max

    def is_stale(self, sent_at: int) -> bool:
        """Whether a command that adds risk took longer to reach the journal, or its answer, than it may."""
        return sent_at != 0 and max(self.now, self.answered_at) - sent_at > self.command_age_max

    # What comes later

    def defer(self, book: Book) -> None:
        """Execute the rest of a book's triggered stops at the next command, before anything else."""
        if book not in self.deferred:
            self.deferred.append(book)
        self.wake_at = 0

    def schedule(self, book: Book, due: int) -> None:
        """Change a book by itself at `due`, and not when it was to change before; NEVER for not at all."""
        self.timetable.set(book, due)
        self.wake_at = 0

    def schedule_expiry(self, order: Order) -> None:
        """Expire an open order at its `expires`, and not when it was to expire before."""
        self.expiries.push(order.expires, order.order_id)
        self.wake_at = 0

    def set_deadline(self, account: str, deadline: int) -> None:
        """Cancel all orders of an account at a time, and not when they were to be canceled before; 0 for not at all."""
        self.deadlines.set(account, deadline)
        self.wake_at = 0

    # The listing

    def open_book(self, instrument: Instrument) -> Book:
        """List an instrument that is not listed: a new book, at the end of the listing."""
        ended, trades = self.register.ended, self.trades
        book = Book(instrument, self.changes, self.accounts, ended, trades, self.semantics)
        book.last_trade_id = self.retired.pop(instrument.symbol, 0)
        self.listings += 1
        book.number = self.listings
        self.books[book.symbol] = book
        return book

    def find_banded(self) -> None:
        """Find the books under LULD after the listing has changed, and have all bands renewed."""
        self.banded = [book for book in self.books.values() if book.luld is not None]
        self.bands_due = 0

    # Asking

    @property
    def orders(self) -> dict[int, Order]:
        """Every order by id that is open or has ended not long ago, and is not in the archive (`order`)."""
        return self.register.orders

    def order(self, order_id: int) -> Order | None:
        """The order of this id, open or remembered; one from the archive is made anew for each who asks."""
        order = self.register.orders.get(order_id)
        if order is not None:
            return order
        past = self.register.find_past(order_id)
        return None if past is None else order_from(past.row(), self.books)

    def past_orders(self) -> Iterator[Order]:
        """Every order that is in the archive, by account, as `order`."""
        for share in self.register.ended.all():
            for block in share.blocks:
                for past in block.orders():
                    yield order_from(past.row(), self.books)

    def find(self, account: str, symbol: str, client_order_id: str) -> Order | None:
        """The account's order with this client order id, open or remembered, as `order`."""
        book = self.books.get(symbol)
        holding = None if book is None else book.holdings.get(account)
        if holding is None:
            return None
        return holding.client_orders.get(client_order_id) or self.find_past(holding, symbol, client_order_id)

    def find_past(self, holding: Holding, symbol: str, client_order_id: str) -> Order | None:
        """The order of this name, if it is in the archive, as `order`."""
        block = holding.past.get(client_order_id)
        return None if block is None else order_from(block.at(block.find(symbol, client_order_id)).row(), self.books)

    def orders_of(self, trade: Trade) -> tuple[Order, Order]:
        """Taker and maker of a trade that may be undone, as `order`."""
        return self.side_of(trade.taker, trade.past_taker), self.side_of(trade.maker, trade.past_maker)

    def side_of(self, order: Order | None, past: PastOrder | None) -> Order:
        """An order of a trade that may be undone."""
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
