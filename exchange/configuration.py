"""Configuration: the version of the rules and the bounds, in force from the journal message that names them.

Version and bounds are in the journal and in no file, so no two workers ever disagree
(docs/decisions/0006-what-a-version-means.md; decision 0100).
"""

from __future__ import annotations

from exchange.book.trades import in_order
from exchange.checkpoint.packing import unpack
from exchange.commands import Configure
from exchange.errors import UnknownSemantics
from exchange.market import Market
from exchange.market_events import Configured
from exchange.semantics import NEWEST, OLDEST, OWN_MEMORY


def configure(market: Market, command: Configure) -> None:
    """Adopt a version of the rules, and bounds, from here on.

    Raises:
        UnknownSemantics: the journal names a version of the rules that this engine does not know.
    """
    if not OLDEST <= command.semantics <= NEWEST:
        known = f"this knows {OLDEST} to {NEWEST}"
        raise UnknownSemantics(f"the journal wants version {command.semantics} of the rules, {known}")
    if command.semantics != market.semantics:
        adopt_semantics(market, command.semantics)
    market.trades_max = command.trades_per_order_max
    market.command_age_max = command.command_age_max
    remember_by(market, command)
    market.events.append(Configured(command.semantics))


def adopt_semantics(market: Market, version: int) -> None:
    """Change the version of the rules, and what each book derives from that version once."""
    market.semantics = version
    for book in market.books.values():
        book.semantics = version
        book.define(book.instrument)
    market.find_banded()


def remember_by(market: Market, command: Configure) -> None:
    """Adopt the bounds of what is remembered; before version 3 all accounts share them (decision 0105)."""
    ended, sides = market.register.ended, market.trades.sides
    ended.bound(command.ended_orders_max, command.ended_orders_total_max)
    sides.bound(command.trades_remembered_max, command.trades_total_max)
    if ended.divided == (command.semantics >= OWN_MEMORY):
        return
    unpack(market)
    orders, trades = ended.turn(), in_order(sides.turn())
    for book in market.books.values():
        book.share_anew()
    for order in orders:
        ended.take(order.holding.ended, order)
    for trade in trades:
        market.trades.take(trade)


def renewal(market: Market, ended_orders_total_max: int = 0, trades_total_max: int = 0) -> Configure | None:
    """The command that brings a journal to the newest version and to these totals (0: unchanged); None if none is due.

    The other bounds are kept: what protects an account is not an operator's to choose.
    """
    ended, sides = market.register.ended, market.trades.sides
    totals = (ended_orders_total_max or ended.total_max, trades_total_max or sides.total_max)
    if market.semantics == NEWEST and totals == (ended.total_max, sides.total_max):
        return None
    bounds = (market.trades_max, ended.own_max, market.command_age_max, sides.own_max)
    return Configure(NEWEST, *bounds, *totals)
