"""The engine beside the naive exchange: after every command both must look the same from outside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exchange.accounts.fees import FEE_ACCOUNT
from exchange.book.bands import bands_of
from exchange.checkpoint.packing import pack
from exchange.commands import BustTrade, Configure, DrawEnd, ListInstrument, PlaceOrder
from exchange.engine import Engine
from exchange.events import Accepted, Busted, Rejected, Traded
from exchange.matching.auction import indication
from exchange.terms import AUCTION, BUY, CHANGED, OPENED, SELL
from tests.support.invariants import check_always_true, check_bought_equals_sold
from tests.support.naive_book import NaiveExchange
from tests.support.random_commands import ACCOUNTS, FINE, PLAIN, START

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exchange.book.book import Book
    from exchange.commands import Command
    from exchange.events import Event
    from tests.support.naive_market import NaiveMarket
    from tests.support.random_commands import Step

Row = tuple[int | str, ...]


class Comparison:
    """Two exchanges given the same commands, and the displayed book as a follower of `changes` knows it.

    The engine packs ended orders into its archive one by one, as soon as an account has three.
    """

    def __init__(self, configure: Configure) -> None:
        self.semantics = configure.semantics
        """The version that the run keeps to, whatever the steps say."""
        self.engine = Engine()
        self.naive = NaiveExchange()
        self.now = START
        self.journal: list[tuple[Command, int, int]] = []
        self.events: list[list[Event]] = []
        self.placed: dict[int, PlaceOrder] = {}
        self.followed: dict[tuple[str, int], dict[int, list[tuple[int, int]]]] = {}
        self.apply(configure)
        self.apply(ListInstrument(PLAIN))
        self.apply(ListInstrument(FINE))

    def take(self, steps: Iterable[Step]) -> None:
        """Let both exchanges live through the steps, comparing after each."""
        for step in steps:
            self.now += step.wait
            alive = [order.order_id for order in self.naive.orders if order.open]
            command = step.command_at(self.now, self.placed, alive)
            if isinstance(command, PlaceOrder) and not command.client_order_id:
                command = replace(command, client_order_id=f"n{len(self.journal)}")
            if isinstance(command, Configure):
                command = replace(command, semantics=self.semantics)
            if isinstance(command, BustTrade):  # Counted back from the newest.
                command = replace(command, trade_id=self.naive.trade_ids.get(command.symbol, 0) + 1 - command.trade_id)
            if isinstance(command, DrawEnd) and not command.call and command.symbol in self.naive.markets:
                command = replace(command, call=self.naive.markets[command.symbol].call)
            self.apply(command)

    def apply(self, command: Command) -> None:
        """One command for both."""
        sequence = len(self.journal) + 1
        self.journal.append((command, sequence, self.now))
        events = self.engine.apply(command, sequence, self.now)
        self.events.append(events)
        self.placed |= {event.order_id: event.order for event in events if isinstance(event, Accepted)}
        for change in self.engine.changes:
            self._follow(change)
        assert _codes_only(events) == self.naive.apply(command, self.now)
        check_always_true(self.engine)
        check_bought_equals_sold(events)
        self._compare_books()
        self._compare_orders()
        self._compare_accounts(events)
        pack(self.engine, self.now, most=2, size=1)

    def _compare_books(self) -> None:
        assert list(self.engine.books) == list(self.naive.instruments)
        for symbol, book in self.engine.books.items():
            assert book.instrument == self.naive.instruments[symbol]
            assert book.last_trade_id == self.naive.trade_ids.get(symbol, 0)
            assert _standing_of_book(book) == _standing_of_market(self.naive.markets[symbol])
            if book.phase == AUCTION:
                found = indication(book)
                told = (found.price, found.paired_quantity, found.imbalance, found.imbalance_side)
                assert told == self.naive.indication(symbol)
            for side in (BUY, SELL):
                assert book.sides[side].depth(0) == self.naive.depth(symbol, side)
                queue = [(order.price, order.order_id, order.shown) for order in book.sides[side].orders()]
                resting = self.naive.resting(symbol, side)
                assert queue == [(order.price, order.order_id, order.shown) for order in resting]
                assert queue == self._followed_queue(symbol, side)

    def _compare_orders(self) -> None:
        engine, naive = self.engine, self.naive
        assert _engine_rows(engine) == _naive_rows(naive)
        alive = [order for order in naive.orders if order.open]
        assert engine.next_due() == naive.next_due()
        for account in ACCOUNTS:
            found = [order.order_id for order in engine.open_orders(account)]
            assert found == sorted(order.order_id for order in alive if order.account == account)
            found = [order.order_id for order in engine.open_orders(account, "BETA")]
            mine = [order for order in alive if (order.account, order.placed.symbol) == (account, "BETA")]
            assert found == sorted(order.order_id for order in mine)
        for order in naive.orders:
            same = engine.find(order.account, order.placed.symbol, order.placed.client_order_id)
            assert same is not None
            assert same.order_id == order.order_id

    def _compare_accounts(self, events: list[Event]) -> None:
        """Positions are reckoned from the first trade each time: when there are many, that is done seldom."""
        accounts, naive = self.engine.accounts, self.naive.accounts
        if not any(isinstance(event, Traded | Busted) for event in events):
            return
        if len(naive.trades) > 30 and len(naive.trades) % 20 and not isinstance(events[-1], Busted):
            return
        for account in (*ACCOUNTS, FEE_ACCOUNT):
            for symbol in self.engine.books:
                position = accounts.position(account, symbol)
                told = position.quantity, position.average_price, position.realised, position.cash, position.fees
                assert told == naive.position(account, symbol).told()

    def _follow(self, change: tuple[str, int, int, int, int, int]) -> None:
        """Keep the displayed book as a subscriber would who sees nothing but changes."""
        symbol, kind, order_id, side, price, shown = change
        level = self.followed.setdefault((symbol, side), {}).setdefault(price, [])
        known = [number for number, _ in level]
        if kind == OPENED:
            assert order_id not in known
            assert shown > 0
            level.append((order_id, shown))
        elif kind == CHANGED:
            assert shown > 0
            level[known.index(order_id)] = (order_id, shown)
        else:
            assert shown == 0
            del level[known.index(order_id)]

    def _followed_queue(self, symbol: str, side: int) -> list[tuple[int, int, int]]:
        levels = self.followed.get((symbol, side), {})
        prices = sorted(levels, reverse=side == BUY)
        return [(price, order_id, shown) for price in prices for order_id, shown in levels[price]]


def _standing_of_book(book: Book) -> Row:
    prices = (book.last_price, book.previous_price, book.auction_price, *bands_of(book))
    call = (book.phase, book.kind, book.until, book.drawn, book.extended, book.call)
    return (*prices, *call, book.halted, book.reason, book.last_due)


def _standing_of_market(market: NaiveMarket) -> Row:
    prices = (market.last_price, market.previous_price, market.auction_price, *(market.band() or (0, 0)))
    call = (market.phase, market.kind, market.until, market.drawn, market.extended, market.call)
    return (*prices, *call, market.halted, market.reason, market.last_due)


def _codes_only(events: list[Event]) -> list[Event]:
    return [Rejected(event.code) if isinstance(event, Rejected) else event for event in events]


def _engine_rows(engine: Engine) -> list[Row]:
    rows: list[Row] = [
        (
            order.order_id,
            order.account,
            order.symbol,
            order.client_order_id,
            order.side,
            order.type,
            order.time_in_force,
            order.post_only,
            order.self_trade,
            order.session,
            order.price,
            order.stop_price,
            order.quantity,
            order.display_quantity,
            order.expires,
            order.filled,
            order.canceled,
            order.open_quantity,
            order.shown,
            order.cost,
            order.status,
            order.reason,
            order.created,
            order.updated,
        )
        for order in map(engine.order, [*engine.orders, *engine.register.past])
        if order is not None
    ]
    return sorted(rows)


def _naive_rows(naive: NaiveExchange) -> list[Row]:
    rows: list[Row] = [
        (
            order.order_id,
            order.placed.account,
            order.placed.symbol,
            order.placed.client_order_id,
            order.placed.side,
            order.placed.type,
            order.placed.time_in_force,
            order.placed.post_only,
            order.placed.self_trade,
            order.placed.session,
            order.price,
            order.stop_price,
            order.quantity,
            order.display,
            order.expires,
            order.filled,
            order.canceled,
            order.open,
            order.shown,
            order.cost,
            order.status,
            order.reason,
            order.created,
            order.updated,
        )
        for order in naive.orders
    ]
    return sorted(rows)
