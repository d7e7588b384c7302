"""What operators ask for: listings, limits, kill switches and busts. Phases and bands are in `phases`.

An order that rests stays as it is, whatever becomes of its instrument's terms or its account's limits; a kill switch
may cancel it. Source: RULES.md, "Before matching", "Bust".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange import rejections
from exchange.book import AUCTION, CLOSED, Book
from exchange.events import InstrumentDelisted, InstrumentListed, KillSwitchSet, LimitsSet
from exchange.fees import FEE_ACCOUNT
from exchange.limits import fault_in
from exchange.matching import cancel
from exchange.order import PARTIALLY_FILLED
from exchange.register import NEVER
from exchange.settlement import undo

if TYPE_CHECKING:
    from exchange.commands import BustTrade, DelistInstrument, ListInstrument, SetKillSwitch, SetLimits
    from exchange.engine import Engine
    from exchange.order import Order


def list_instrument(engine: Engine, command: ListInstrument) -> None:
    """List an instrument or replace its definition; resting orders stay as they are."""
    instrument = command.instrument
    fault = instrument.fault(engine.semantics)
    if fault:
        engine.reject(rejections.BAD_REQUEST, fault)
        return
    book = engine.books.get(instrument.symbol)
    if book is None:
        book = Book(instrument, engine.changes, engine.accounts, engine.semantics)
        book.last_trade_id = engine.retired.pop(instrument.symbol, 0)
        take_in(engine, book)
    else:
        book.define(instrument)
        if book.luld is None and book.phase != AUCTION:
            engine.schedule(book, NEVER)  # A limit state, if there was one, is over.
    find_banded(engine)
    engine.events.append(InstrumentListed(instrument))


def delist_instrument(engine: Engine, command: DelistInstrument) -> None:
    """Take an instrument off the exchange, its remembered orders and trades with it; positions stay."""
    book = engine.books.get(command.symbol)
    if book is None:
        engine.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
        return
    if book.phase != CLOSED or any(holding.open for holding in book.holdings.values()):
        engine.reject(rejections.WRONG_PHASE)
        return
    engine.register.forget_book(book)
    engine.accounts.trades.forget_symbol(book.symbol)
    engine.retired[book.symbol] = book.last_trade_id
    del engine.books[book.symbol]
    find_banded(engine)
    engine.events.append(InstrumentDelisted(book.symbol))


def take_in(engine: Engine, book: Book) -> None:
    """Give a new book its place in the listing."""
    engine.listings += 1
    book.number = engine.listings
    engine.books[book.symbol] = book


def adopt_semantics(engine: Engine) -> None:
    """The version of the rules has changed: let what is decided once, in each book, be decided by it."""
    for book in engine.books.values():
        book.semantics = engine.semantics
        book.define(book.instrument)
    find_banded(engine)


def find_banded(engine: Engine) -> None:
    """The listing has changed: find the books under LULD, and look at their bands."""
    engine.banded = [book for book in engine.books.values() if book.luld is not None]
    engine.bands_due = 0


def set_limits(engine: Engine, command: SetLimits) -> None:
    """Change what an account may do; it holds from the next command on, for orders that rest too."""
    if command.symbol and command.symbol not in engine.books:
        engine.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
        return
    fault = fault_in(command.values, command.removed, engine.semantics)
    if fault or command.account == FEE_ACCOUNT:
        engine.reject(rejections.BAD_REQUEST, fault or "account")
        return
    values = engine.accounts.set_limits(command.account, command.symbol, command.values, command.removed)
    for book in engine.books.values():
        book.renew_allowance(command.account)
    engine.events.append(LimitsSet(command.account, command.symbol, values))


def set_kill_switch(engine: Engine, command: SetKillSwitch) -> None:
    """Stop an account, an instrument or everything, or let it go on: RULES.md, "Kill switch"."""
    account, symbol = command.account, command.symbol
    if account and symbol:
        engine.reject(rejections.BAD_REQUEST, "symbol")
        return
    if symbol and symbol not in engine.books:
        engine.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
        return
    engine.kill_switch.set(account, symbol, command.active)
    count = 0
    if command.active and (account or command.cancel):
        for order in stopped_orders(engine, account, symbol):
            order.book.remove(order)
            cancel(order, "killed", engine.register, engine.now, engine.events)
            count += 1
    engine.events.append(KillSwitchSet(account, symbol, command.active, count))


def stopped_orders(engine: Engine, account: str, symbol: str) -> list[Order]:
    """The open orders that a kill switch is about, oldest first."""
    if account:
        return engine.open_orders(account)
    orders = engine.register.orders.values()
    return [order for order in orders if order.status <= PARTIALLY_FILLED and symbol in ("", order.symbol)]


def bust_trade(engine: Engine, command: BustTrade) -> None:
    """Undo a trade: RULES.md, "Bust"."""
    book = engine.books.get(command.symbol)
    if book is None:
        engine.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
        return
    trade = engine.accounts.trades.find(command.symbol, command.trade_id, engine.now)
    if trade is None:
        engine.reject(rejections.UNKNOWN_TRADE, "trade_id")
    elif trade.busted:
        engine.reject(rejections.ALREADY_BUSTED, "trade_id")
    else:
        undo(book, trade, engine.events)
