"""A second exchange for tests only: lists, sorting and copies, no cleverness, the rules as docs/rules.md says them.

It speaks the engine's language (`commands` in, `events` out) and must agree with the engine on every event, order and
level. Everything is looked up by walking all orders; a fill-or-kill is answered by trying it on a copy of the world.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange import commands, events, market_events
from exchange.terms import (
    AT_CLOSE,
    AUCTION,
    BOTH_SIDES,
    CLOSED,
    CLOSING,
    CONTINUOUS,
    FILLED,
    OPEN,
    PENDING_TRIGGER,
    STOP,
    STOP_LIMIT,
)
from tests.support.naive_checks import amend_fault, listing_fault, place_fault
from tests.support.naive_market import NaiveMarket
from tests.support.naive_order import NaiveOrder

if TYPE_CHECKING:
    from exchange.events import Event
    from exchange.instrument import Instrument
from tests.support.naive_day import NaiveDay
from tests.support.naive_world import MEMORY


class NaiveExchange(NaiveDay):
    """Commands in, events out. Below it `naive_day`, `naive_matching` and `naive_world`."""

    def apply(self, command: commands.Command, at: int) -> list[Event]:
        """Answer one command, after whatever time has brought."""
        self.now = self.moment = at
        self.news = []
        self.trades_made = 0
        self._let_time_pass()
        self._answer(command)
        self._follow_trades()
        return self.news

    def _answer(self, command: commands.Command) -> None:
        match command:
            case commands.Configure():
                self.semantics = self.accounts.semantics = command.semantics
                for market in self.markets.values():
                    market.adopt(self.semantics)
                self.trades_per_order_max = command.trades_per_order_max
                self.ended.undivided = self.accounts.remembered.undivided = command.semantics == 2
                self.ended.own_max = command.ended_orders_max
                self.ended.total_max = command.ended_orders_total_max
                self.command_age_max = command.command_age_max
                self.accounts.remembered.own_max = command.trades_remembered_max
                self.accounts.remembered.total_max = command.trades_total_max
                self.news.append(market_events.Configured(command.semantics))
            case commands.ListInstrument():
                self._list(command.instrument)
            case commands.PlaceOrder():
                self._place(command)
            case commands.AmendOrder():
                self._amend(command)
            case commands.CancelOrder():
                self._cancel(command)
            case commands.CancelAll():
                self._cancel_all(command)
            case commands.CancelAfter():
                self._cancel_after(command)
            case commands.DelistInstrument():
                self._delist(command.symbol)
            case commands.SetLimits():
                self._set_limits(command)
            case commands.SetKillSwitch():
                self._set_kill_switch(command)
            case commands.BustTrade():
                self._bust(command)
            case commands.SetPhase():
                self._set_phase(command)
            case commands.DrawEnd():
                self._draw_end(command)
            case commands.DoubleBands():
                self._double_bands(command)

    def _list(self, instrument: Instrument) -> None:
        if listing_fault(instrument):
            self.news.append(events.Rejected("bad_request"))
            return
        market = self.markets.get(instrument.symbol)
        if market is None:
            market = NaiveMarket(instrument, CLOSED if instrument.calendar else CONTINUOUS, self.semantics)
            market.start_luld(instrument)
            self.markets[instrument.symbol] = market
        else:
            market.define(instrument)
        self.news.append(market_events.InstrumentListed(instrument))

    def _delist(self, symbol: str) -> None:
        if symbol not in self.markets:
            self.news.append(events.Rejected("unknown_instrument"))
            return
        there = [order for order in self.orders if order.placed.symbol == symbol]
        if self.markets[symbol].phase != CLOSED or any(order.open for order in there):
            self.news.append(events.Rejected("wrong_phase"))
            return
        self.orders = [order for order in self.orders if order not in there]
        for account in sorted({order.account for order in there}):
            self.ended.drop(account, lambda order: order.placed.symbol == symbol)
        self.accounts.forget(symbol)
        del self.markets[symbol]
        self.news.append(market_events.InstrumentDelisted(symbol))

    def _set_limits(self, command: commands.SetLimits) -> None:
        if command.symbol and command.symbol not in self.instruments:
            self.news.append(events.Rejected("unknown_instrument"))
            return
        limits = self.accounts.set_limits(command.account, command.symbol, command.values, command.removed)
        self.news.append(market_events.LimitsSet(command.account, command.symbol, sorted(limits.items())))

    def _set_kill_switch(self, command: commands.SetKillSwitch) -> None:
        account, symbol = command.account, command.symbol
        if account and symbol:
            self.news.append(events.Rejected("bad_request"))
            return
        if symbol and symbol not in self.instruments:
            self.news.append(events.Rejected("unknown_instrument"))
            return
        stopped = self.accounts.stopped
        if (account, symbol) in stopped:
            stopped.remove((account, symbol))
        killed = []
        if command.active:
            stopped.append((account, symbol))
            killed = [order for order in self.orders if order.open and order.account == account]
            if not account and command.cancel:
                killed = [order for order in self.orders if order.open and symbol in ("", order.placed.symbol)]
        for order in killed:
            self._cancel_one(order, "killed")
        self.news.append(market_events.KillSwitchSet(account, symbol, command.active, len(killed)))

    def _bust(self, command: commands.BustTrade) -> None:
        if command.symbol not in self.instruments:
            self.news.append(events.Rejected("unknown_instrument"))
            return
        trade = self.accounts.find(command.symbol, command.trade_id, self.now)
        if trade is None or trade.busted:
            self.news.append(events.Rejected("already_busted" if trade else "unknown_trade"))
            return
        trade.busted = True
        self.news.append(trade.undone())

    def _place(self, command: commands.PlaceOrder) -> None:
        known = self.find(command.account, command.symbol, command.client_order_id)
        if command.symbol in self.instruments and known is not None:
            same = known.repeats(command)
            self.news.append(events.Repeated(known.order_id) if same else events.Rejected("client_order_id_reused"))
            return
        code = place_fault(self, command)
        if code:
            self.news.append(events.Rejected(code))
            return
        order = self._new_order(command)
        self.order_ids += 1
        self.orders.append(order)
        self.news.append(events.Accepted(order.order_id, command, order.status))
        self._enter(order)

    def _enter(self, order: NaiveOrder, *, was_in_book: bool = False) -> None:
        """Trade, rest or wait; what was in the book does not wait again."""
        symbol = order.placed.symbol
        market = self.markets[symbol]
        if order.status == PENDING_TRIGGER:
            self._stamp(order)
        elif (
            order.placed.time_in_force == AT_CLOSE
            and not (market.phase == AUCTION and market.kind == CLOSING)
            and not (was_in_book and self.semantics > 2)
        ):
            self._stamp(order)
            order.waiting = True
        elif market.phase != CONTINUOUS:
            self._show(order)
        else:
            before = self.trade_ids.get(symbol, 0)
            self._execute(order)
            made = self.trade_ids.get(symbol, 0) - before
            if made and self._met(symbol):
                self.trades_made += made
                self._trigger(symbol)

    def _new_order(self, command: commands.PlaceOrder) -> NaiveOrder:
        display = command.display_quantity or 0
        return NaiveOrder(
            self.order_ids + 1,
            command,
            command.price or 0,
            command.quantity,
            0 if display == command.quantity else display,
            command.expires or 0,
            self.now,
            self.now,
            command.quantity,
            status=PENDING_TRIGGER if command.type in (STOP, STOP_LIMIT) else OPEN,
            stop_price=command.stop_price or 0,
        )

    def _amend(self, command: commands.AmendOrder) -> None:
        order = self._named(command)
        if isinstance(order, str):
            self.news.append(events.Rejected(order))
            return
        code = amend_fault(self, order, command)
        if code:
            self.news.append(events.Rejected(code))
            return
        loses_time = self._set_terms(order, command)
        order.updated = self.now
        self.news.append(order.amended("requested"))
        if order.open == 0:
            self._end(order, FILLED, "")
        elif loses_time:
            was_in_book = not order.waiting
            order.shown = 0
            order.waiting = False
            self._enter(order, was_in_book=was_in_book)

    def _set_terms(self, order: NaiveOrder, command: commands.AmendOrder) -> bool:
        """Give the order its new terms and say whether it goes to the back."""
        price, quantity, display = self.new_terms(order, command)
        stop_price = order.stop_price if command.stop_price is None else command.stop_price
        shown_before = order.display or order.quantity
        shown_after = display or quantity
        more_shown = shown_after > shown_before and (display != order.display)
        if order.status == PENDING_TRIGGER:
            more_shown = command.display_quantity is not None and display != order.display
        loses_time = (price, stop_price) != (order.price, order.stop_price) or quantity > order.quantity or more_shown
        order.open += quantity - order.quantity
        order.price, order.stop_price, order.quantity, order.display = price, stop_price, quantity, display
        order.expires = command.expires or order.expires
        if order.shown:
            order.shown = min(order.shown if display or loses_time else order.open, order.open, display or order.open)
        return loses_time

    def _cancel(self, command: commands.CancelOrder) -> None:
        order = self._named(command)
        if isinstance(order, str):
            self.news.append(events.Rejected(order))
        else:
            self._cancel_one(order, "requested")

    def _cancel_all(self, command: commands.CancelAll) -> None:
        if command.symbol and command.symbol not in self.instruments:
            self.news.append(events.Rejected("unknown_instrument"))
            return
        if self.is_late(command.sent_at):
            self.news.append(events.Rejected("too_late"))
            return
        wanted = [order for order in self.orders if order.open and order.account == command.account]
        wanted = [order for order in wanted if command.symbol in ("", order.placed.symbol)]
        wanted = [order for order in wanted if command.side in (BOTH_SIDES, order.placed.side)]
        wanted = [order for order in wanted if command.session in ("", order.placed.session)]
        for order in wanted:
            self._cancel_one(order, command.reason)
        self.news.append(events.AllCanceled(command.account, len(wanted)))

    def _cancel_after(self, command: commands.CancelAfter) -> None:
        if not 0 <= command.duration <= MEMORY:
            self.news.append(events.Rejected("bad_request"))
            return
        if self.is_late(command.sent_at):
            self.news.append(events.Rejected("too_late"))
            return
        deadline = self.now + command.duration if command.duration else 0
        self.deadlines.pop(command.account, None)
        if deadline:
            self.deadlines[command.account] = deadline
        self.news.append(market_events.CancelAfterSet(command.account, deadline))

    def _named(self, command: commands.AmendOrder | commands.CancelOrder) -> NaiveOrder | str:
        found = self.find(command.account, command.symbol, command.client_order_id)
        if command.order_id:
            mine = [order for order in self.orders if order.account == command.account]
            found = next((order for order in mine if order.order_id == command.order_id), None)
        if found is None:
            return "unknown_order"
        if self.is_late(command.sent_at):
            return "too_late"
        return found if found.open else "order_done"
