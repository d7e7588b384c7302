"""Operators' commands: listings, limits, kill switches and busts. Phases and bands are in `phases`.

A resting order stays as it is when its instrument's terms or its account's limits change; a kill switch may cancel it.
Source: docs/rules.md, "Listings", "Limits of an account", "Kill switch", "Bust".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange import rejections
from exchange.accounts.fees import FEE_ACCOUNT
from exchange.accounts.limits import fault_in
from exchange.market_events import InstrumentDelisted, InstrumentListed, KillSwitchSet, LimitsSet
from exchange.matching.bust import bust
from exchange.matching.sweep import cancel
from exchange.terms import AUCTION, CLOSED, is_open
from exchange.units import NEVER

if TYPE_CHECKING:
    from exchange.book.order import Order
    from exchange.commands import BustTrade, DelistInstrument, ListInstrument, SetKillSwitch, SetLimits
    from exchange.market import Market


def list_instrument(market: Market, command: ListInstrument) -> None:
    """List an instrument or replace its definition; resting orders stay as they are."""
    instrument = command.instrument
    fault = instrument.fault(market.semantics)
    if fault:
        market.reject(rejections.BAD_REQUEST, fault)
        return
    book = market.books.get(instrument.symbol)
    if book is None:
        market.open_book(instrument)
    else:
        book.define(instrument)
        if book.luld is None and book.phase != AUCTION:
            market.schedule(book, NEVER)  # A limit state, if there was one, is over.
    market.find_banded()
    market.events.append(InstrumentListed(instrument))


def delist_instrument(market: Market, command: DelistInstrument) -> None:
    """Delist a closed, empty instrument and forget its remembered orders and trades; positions stay."""
    book = market.books.get(command.symbol)
    if book is None:
        market.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
        return
    if book.phase != CLOSED or any(holding.open for holding in book.holdings.values()):
        market.reject(rejections.WRONG_PHASE)
        return
    market.register.forget_book(book)
    market.trades.forget_symbol(book.symbol)
    market.retired[book.symbol] = book.last_trade_id
    del market.books[book.symbol]
    market.find_banded()
    market.events.append(InstrumentDelisted(book.symbol))


def set_limits(market: Market, command: SetLimits) -> None:
    """Change the limits of an account; they hold from the next command on, also for resting orders."""
    if command.symbol and command.symbol not in market.books:
        market.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
        return
    fault = fault_in(command.values, command.removed, market.semantics)
    if fault or command.account == FEE_ACCOUNT:
        market.reject(rejections.BAD_REQUEST, fault or "account")
        return
    values = market.accounts.set_limits(command.account, command.symbol, command.values, command.removed)
    for book in market.books.values():
        book.renew_allowance(command.account)
    market.events.append(LimitsSet(command.account, command.symbol, values))


def set_kill_switch(market: Market, command: SetKillSwitch) -> None:
    """Stop or readmit an account, an instrument or the whole partition (docs/rules.md, "Kill switch")."""
    account, symbol = command.account, command.symbol
    if account and symbol:
        market.reject(rejections.BAD_REQUEST, "symbol")
        return
    if symbol and symbol not in market.books:
        market.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
        return
    market.kill_switch.set(account, symbol, command.active)
    count = 0
    if command.active and (account or command.cancel):
        for order in stopped_orders(market, account, symbol):
            order.book.remove(order)
            cancel(market, order, "killed")
            count += 1
    market.events.append(KillSwitchSet(account, symbol, command.active, count))


def stopped_orders(market: Market, account: str, symbol: str) -> list[Order]:
    """The open orders that a kill switch cancels, oldest first."""
    if account:
        return market.open_orders(account)
    orders = market.register.orders.values()
    return [order for order in orders if is_open(order.status) and symbol in ("", order.symbol)]


def bust_trade(market: Market, command: BustTrade) -> None:
    """Bust a trade (docs/rules.md, "Bust")."""
    book = market.books.get(command.symbol)
    if book is None:
        market.reject(rejections.UNKNOWN_INSTRUMENT, "symbol")
        return
    trade = market.trades.find(command.symbol, command.trade_id, market.now)
    if trade is None:
        market.reject(rejections.UNKNOWN_TRADE, "trade_id")
    elif trade.busted:
        market.reject(rejections.ALREADY_BUSTED, "trade_id")
    else:
        bust(market, trade)
