"""A second exchange for tests only: lists, sorting and copies, no cleverness, the rules as docs/rules.md says them.

It speaks the engine's language (`commands` in, `events` out) and must agree with the engine on every event, order and
level. Everything is looked up by walking all orders; a fill-or-kill is answered by trying it on a copy of the world.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from exchange import commands, events
from exchange.book import AUCTION, CLOSED, CLOSING, CONTINUOUS, HALTED, REOPENING, VOLATILITY
from exchange.commands import UNNAMED
from exchange.order import (
    AT_CLOSE,
    AT_OPEN,
    BOTH_SIDES,
    BUY,
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    CANCELED,
    CROSS,
    CROSSED,
    DAY,
    EXPIRED,
    FILLED,
    FOK,
    IOC,
    MAKER,
    OPEN,
    PARTIALLY_FILLED,
    PENDING_TRIGGER,
    REFUSED,
    SELL,
    STOP,
    TAKER,
)
from exchange.units import HOUR
from tests.support.naive_accounts import NaiveAccounts, NaiveTrade
from tests.support.naive_checks import amend_fault, listing_fault, place_fault, triggered_fault
from tests.support.naive_market import NOTHING, Band, NaiveMarket, is_beyond, uncross_of
from tests.support.naive_memory import NaiveMemory
from tests.support.naive_order import NaiveOrder

if TYPE_CHECKING:
    from exchange.events import Event
    from exchange.instrument import Instrument

MEMORY = 24 * HOUR
"""How long an ended order and its client order id are remembered."""


@dataclass
class NaiveExchange:
    """All orders in one list."""

    semantics: int = 3
    """The version of the rules that is carried out: those of docs/rules.md are the newest."""
    trades_per_order_max: int = 0
    ended: NaiveMemory[NaiveOrder] = field(default_factory=NaiveMemory)
    """Of each account the orders that ended, in that order."""
    command_age_max: int = 0
    now: int = 0
    moment: int = 0
    """When what is happening was due."""
    markets: dict[str, NaiveMarket] = field(default_factory=dict)
    trade_ids: dict[str, int] = field(default_factory=dict)
    trades_made: int = 0
    """By orders, in this command."""
    deferred: list[str] = field(default_factory=list)
    """Where stops wait for the next command."""
    deadlines: dict[str, int] = field(default_factory=dict)
    accounts: NaiveAccounts = field(default_factory=NaiveAccounts)
    orders: list[NaiveOrder] = field(default_factory=list)
    order_ids: int = 0
    stamps: int = 0
    news: list[Event] = field(default_factory=list)

    def apply(self, command: commands.Command, at: int) -> list[Event]:
        """Answer one command, after whatever time has brought."""
        self.now = self.moment = at
        self.news = []
        self.trades_made = 0
        self._let_time_pass()
        self._answer(command)
        self._follow_trades()
        return self.news

    @property
    def instruments(self) -> dict[str, Instrument]:
        """What is listed, in that order."""
        return {symbol: market.instrument for symbol, market in self.markets.items()}

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
                self.news.append(events.Configured(command.semantics))
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

    # What can be seen.

    def resting(self, symbol: str, side: int) -> list[NaiveOrder]:
        """The open orders of a side in book order."""
        found = [order for order in self.orders if order.open and order.placed.symbol == symbol]
        found = [order for order in found if order.placed.side == side and order.shown]
        return sorted(found, key=lambda order: (-order.price if side == BUY else order.price, order.stamp))

    def depth(self, symbol: str, side: int) -> list[tuple[int, int]]:
        """Total displayed per price, best first."""
        totals: dict[int, int] = {}
        for order in self.resting(symbol, side):
            totals[order.price] = totals.get(order.price, 0) + order.shown
        return list(totals.items())

    def find(self, account: str, symbol: str, client_order_id: str) -> NaiveOrder | None:
        """The remembered order of that name."""
        name = (account, symbol, client_order_id)
        for order in self.orders:
            if (order.account, order.placed.symbol, order.placed.client_order_id) == name:
                return order
        return None

    def reference_price(self, symbol: str) -> int:
        """The last trade's price, else the listing's, else 0."""
        return self.markets[symbol].reference_price()

    def open_quantity(self, account: str, symbol: str, side: int) -> int:
        """What of the account's orders may still trade on a side."""
        mine = [order for order in self.orders if order.account == account and order.placed.symbol == symbol]
        return sum(order.open for order in mine if order.placed.side == side)

    def open_count(self, account: str, symbol: str) -> int:
        """How many orders the account has open in the instrument."""
        mine = [order for order in self.orders if order.open and order.account == account]
        return len([order for order in mine if order.placed.symbol == symbol])

    def is_late(self, sent_at: int) -> bool:
        """Whether a command that left its gateway then has been on the way for too long."""
        return sent_at != 0 and self.now - sent_at > self.command_age_max

    def indication(self, symbol: str) -> tuple[int, int, int, int]:
        """What an uncross would give: price, volume, imbalance and its side."""
        bids, asks = (self._offers(symbol, side) for side in (BUY, SELL))
        return uncross_of(bids, asks, self.reference_price(symbol))

    def _offers(self, symbol: str, side: int) -> list[tuple[int, int]]:
        return [(order.price, order.open) for order in self._in_call(symbol, side)]

    def _in_call(self, symbol: str, side: int) -> list[NaiveOrder]:
        """All that takes part in an uncross, market orders first, then price, then time."""
        found = [order for order in self.orders if order.open and order.placed.symbol == symbol]
        found = [order for order in found if order.placed.side == side and not order.waiting]
        found = [order for order in found if order.status != PENDING_TRIGGER]
        turned = -1 if side == BUY else 1
        return sorted(found, key=lambda order: (order.price != 0, turned * order.price, order.stamp))

    def next_due(self) -> int:
        """When something happens by itself, 0 if nothing does."""
        if self.deferred:
            return self.now
        due = [order.expires for order in self.orders if order.open and order.expires]
        due += self.deadlines.values()
        for market in self.markets.values():
            due += [change for change in (market.next_change(), market.next_look()) if change]
        return min(due, default=0)

    # Time.

    def _let_time_pass(self) -> None:
        self._forget()
        deferred, self.deferred = self.deferred, []
        for symbol in deferred:
            self._trigger(symbol)
        while (first := self._first_due()) and first[0] <= self.now:
            self.moment, _, number, name = first
            self._become_due(number, name)
        self.moment = self.now

    def _first_due(self) -> tuple[int, int, int, str] | None:
        """Of one time an order's expiry stands before an account's deadline, that before a change of an instrument."""
        due = [(order.expires, 0, order.order_id, "") for order in self.orders if order.open and order.expires]
        due += [(deadline, 1, 0, account) for account, deadline in self.deadlines.items()]
        for number, (symbol, market) in enumerate(self.markets.items()):
            change = market.next_change()
            due += [(change, 2, number, symbol)] if change else []
        return min(due, default=None)

    def _become_due(self, number: int, name: str) -> None:
        """An order's expiry, an account's deadline for all its orders, or the end of a call or of a limit state."""
        if name in self.deadlines:
            del self.deadlines[name]
            for order in [order for order in self.orders if order.open and order.account == name]:
                self._cancel_one(order, "cancel_after")
        elif name:
            self._change_by_itself(name)
        else:
            self._expire(next(order for order in self.orders if order.order_id == number), "expired")

    def _forgettable(self) -> list[Any]:
        """What no trial needs."""
        return [self.accounts.trades, self.accounts.remembered, self.ended, self.news]

    def _forget(self) -> None:
        for order in self.ended.beyond_bounds():
            self.orders.remove(order)
        for order in self.ended.outdated(lambda order: self.now - order.updated >= MEMORY):
            self.orders.remove(order)

    # Commands.

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
        self.news.append(events.InstrumentListed(instrument))

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
        self.news.append(events.InstrumentDelisted(symbol))

    def _set_limits(self, command: commands.SetLimits) -> None:
        if command.symbol and command.symbol not in self.instruments:
            self.news.append(events.Rejected("unknown_instrument"))
            return
        limits = self.accounts.set_limits(command.account, command.symbol, command.values, command.removed)
        self.news.append(events.LimitsSet(command.account, command.symbol, sorted(limits.items())))

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
        self.news.append(events.KillSwitchSet(account, symbol, command.active, len(killed)))

    def _bust(self, command: commands.BustTrade) -> None:
        if command.symbol not in self.instruments:
            self.news.append(events.Rejected("unknown_instrument"))
            return
        trade = self.accounts.find(command.symbol, command.trade_id, self.now)
        if trade is None or trade.busted:
            self.news.append(events.Rejected("already_busted" if trade else "unknown_trade"))
            return
        trade.busted = True
        self.news.append(trade.told)

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
        self.news.append(events.Accepted(order.order_id, command))
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
            status=PENDING_TRIGGER if command.type >= STOP else OPEN,
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

    def new_terms(self, order: NaiveOrder, command: commands.AmendOrder) -> tuple[int, int, int]:
        """Price, quantity and display (0 = plain) that the amend asks for; a smaller total may swallow the display."""
        price = order.price if command.price is None else command.price
        quantity = order.quantity if command.quantity is None else command.quantity
        display = order.display if command.display_quantity is None else command.display_quantity
        swallowed = command.display_quantity is None and display > quantity
        return price, quantity, 0 if swallowed or display == quantity else display

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
        self.news.append(events.CancelAfterSet(command.account, deadline))

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

    # The trading day.

    def _set_phase(self, command: commands.SetPhase) -> None:
        call = command.phase == AUCTION
        late = command.until <= self.now and not command.due
        wrong = (command.kind != UNNAMED and not call) or (command.until and (not call or late))
        if wrong or (command.lift and command.phase == HALTED):
            self.news.append(events.Rejected("bad_request"))
            return
        if command.symbol and command.symbol not in self.markets:
            self.news.append(events.Rejected("unknown_instrument"))
            return
        for symbol, market in self.markets.items():
            if command.symbol in ("", symbol) and self._is_new(market, command.due):
                self._change_phase(symbol, command)

    def _is_new(self, market: NaiveMarket, due: int) -> bool:
        """Whether the calendar has not said this before."""
        if due and due <= market.last_due:
            return False
        market.last_due = due or market.last_due
        return True

    def _change_phase(self, symbol: str, command: commands.SetPhase) -> None:
        market = self.markets[symbol]
        kind = market.kind_after() if command.kind == UNNAMED else command.kind
        market.halted = command.phase == HALTED or (market.halted and not command.lift)
        if command.phase == HALTED:
            market.limit_since = market.limit_until = 0
            self._announce(symbol, command.reason)
        elif command.phase == AUCTION:
            length = max(command.until - (command.due or self.now), 0) if command.until else 0
            self._begin_call(symbol, kind, command.until, length, command.reason)
        else:
            self._enter_phase(symbol, command.phase, command.reason)

    def _announce(self, symbol: str, reason: str) -> None:
        market = self.markets[symbol]
        market.reason = reason
        told = (market.phase, market.kind, market.until, market.halted, market.call, reason)
        self.news.append(events.PhaseSet(symbol, *told))

    def _begin_call(self, symbol: str, kind: int, until: int, length: int, reason: str) -> None:
        market = self.markets[symbol]
        market.phase, market.kind, market.until, market.length = AUCTION, kind, until, length
        market.extended = market.limit_since = market.limit_until = 0
        market.call += 1
        market.drawn = -1 if until and market.instrument.call_random else 0
        for order in self.orders:
            if kind == CLOSING and order.waiting and order.placed.symbol == symbol:
                order.waiting = False
                order.shown = self._part(order)
        self._announce(symbol, reason)

    def _enter_phase(self, symbol: str, phase: int, reason: str) -> None:
        market = self.markets[symbol]
        if not market.halted and (phase == CONTINUOUS or (phase == CLOSED and market.phase == AUCTION)):
            self._uncross(symbol)
        for order in [order for order in self.orders if order.open and order.placed.symbol == symbol]:
            why = self._why_it_ends(order)
            if why and (phase == CLOSED or (phase == CONTINUOUS and not market.halted and why == "auction_ended")):
                self._expire(order, why)
        market.phase, market.kind, market.until, market.drawn = phase, UNNAMED, 0, 0
        market.limit_since = market.limit_until = 0
        self._announce(symbol, reason)
        self._trigger(symbol)

    def _why_it_ends(self, order: NaiveOrder) -> str:
        """With a call, or with the day."""
        if order.waiting:
            return "day_ended"
        if order.placed.time_in_force in (AT_OPEN, AT_CLOSE):
            return "auction_ended"
        if not order.price and order.status != PENDING_TRIGGER:
            return "auction_ended"
        return "day_ended" if order.placed.time_in_force == DAY else ""

    def _change_by_itself(self, symbol: str) -> None:
        """The end of a call, or of a limit state."""
        market = self.markets[symbol]
        if market.phase != AUCTION:
            call = market.instrument.luld_call
            self._begin_call(symbol, REOPENING, self.moment + call, call, "limit_state")
            return
        extension = 0 if market.halted else self._extension(symbol)
        if extension:
            market.until, market.drawn = self.moment + extension, 0
            market.extended += 1
            self._announce(symbol, "extended")
        else:
            self._enter_phase(symbol, CLOSED if market.kind == CLOSING else CONTINUOUS, "")

    def _extension(self, symbol: str) -> int:
        market = self.markets[symbol]
        price, volume, _, _ = self.indication(symbol)
        if market.instrument.luld_tier and market.kind == REOPENING:
            at_any_price = [
                sum(quantity for limit, quantity in self._offers(symbol, side) if not limit) for side in (BUY, SELL)
            ]
            stays = max(at_any_price) > volume or (price and is_beyond(price, market.luld_band()))
            return market.instrument.luld_extension if stays else 0
        outside = price and is_beyond(price, market.static_band())
        return market.length if outside and market.extended < market.instrument.call_extensions else 0

    def _draw_end(self, command: commands.DrawEnd) -> None:
        market = self.markets.get(command.symbol)
        if market is None or command.extra < 0:
            self.news.append(events.Rejected("bad_request" if market else "unknown_instrument"))
        elif market.phase == AUCTION and market.call == command.call and market.drawn < 0:
            market.drawn = command.extra
            self.news.append(events.EndDrawn(command.symbol, command.call, command.extra))

    def _double_bands(self, command: commands.DoubleBands) -> None:
        market = self.markets.get(command.symbol)
        if market is None:
            self.news.append(events.Rejected("unknown_instrument"))
        elif self._is_new(market, command.due) and market.instrument.luld_tier and market.doubled != command.doubled:
            market.doubled = command.doubled
            self.news.append(events.BandsDoubled(command.symbol, command.doubled))

    def _uncross(self, symbol: str) -> None:
        found = self.indication(symbol)
        if found == NOTHING:
            return
        price, left = found[:2]
        while left:
            buy, sell = (self._in_call(symbol, side)[0] for side in (BUY, SELL))
            quantity = min(left, buy.open, sell.open)
            self._settle(buy, sell, price, quantity, CROSSED)
            left -= quantity
            for order in (buy, sell):
                order.shown = self._part(order)
        market = self.markets[symbol]
        market.auction_price = market.previous_price = price

    def _follow_trades(self) -> None:
        """After a command the LULD bands follow its trades, and limit states begin or end."""
        for event in self.news:
            if isinstance(event, events.Traded) and event.symbol in self.markets:
                self.markets[event.symbol].note_trade(event.price, self.now)
        for symbol, market in self.markets.items():
            market.renew(self.now)
            stuck = self._is_stuck(symbol)
            if stuck and not market.limit_since:
                market.limit_since = self.now
                market.limit_until = self.now + market.instrument.luld_limit_state
            elif not stuck:
                market.limit_since = market.limit_until = 0

    def _is_stuck(self, symbol: str) -> bool:
        market = self.markets[symbol]
        band = market.luld_band() if market.instrument.luld_tier else None
        if not band or not market.is_trading:
            return False
        bids, asks = self.resting(symbol, BUY), self.resting(symbol, SELL)
        at_high = bids and bids[0].price >= band[1]
        at_low = asks and asks[0].price <= band[0]
        return bool(at_high or at_low)

    # Stops.

    def _waiting_stops(self, symbol: str) -> list[NaiveOrder]:
        """Those whose condition holds, in the order in which they are triggered."""
        market = self.markets[symbol]
        there = [order for order in self.orders if order.status == PENDING_TRIGGER and order.placed.symbol == symbol]
        held = [order for order in there if market.last_price and order.is_met(market.last_price)]
        first = SELL if market.last_price < market.previous_price else BUY

        def turn(order: NaiveOrder) -> tuple[bool, int, int]:
            side = order.placed.side
            return (side != first, order.stop_price if side == BUY else -order.stop_price, order.stamp)

        return sorted(held, key=turn)

    def _met(self, symbol: str) -> bool:
        return bool(self._waiting_stops(symbol))

    def _trigger(self, symbol: str) -> None:
        market = self.markets[symbol]
        while market.is_trading and (held := self._waiting_stops(symbol)):
            for order in held:
                if not market.is_trading:
                    return
                code = triggered_fault(self, order)
                if not code and self.trades_made and self._would_exceed(order):
                    if symbol not in self.deferred:
                        self.deferred.append(symbol)
                    return
                self._become(order, code)

    def _become(self, order: NaiveOrder, code: str) -> None:
        """A stop becomes the order that it stands for, or is refused."""
        order.status, order.updated = OPEN, self.now
        self.news.append(events.Triggered(order.order_id, order.account))
        if code:
            self.news.append(events.Refused(order.order_id, order.account, order.open, code))
            self._end(order, REFUSED, code)
            return
        before = self.trade_ids.get(order.placed.symbol, 0)
        self._execute(order)
        self.trades_made += self.trade_ids.get(order.placed.symbol, 0) - before

    def _would_exceed(self, order: NaiveOrder) -> bool:
        """Whether the command would make too many trades with those of this order: try it in a copy of the world."""
        world = self._copy()
        trial = next(copy for copy in world.orders if copy.order_id == order.order_id)
        trial.status = OPEN
        world._execute(trial)
        made = len([event for event in world.news if isinstance(event, events.Traded)])
        return made > 0 and self.trades_made + made > self.trades_per_order_max

    # Matching.

    def _execute(self, taker: NaiveOrder) -> None:
        """Trade in continuous trading, inside the band that there is now, and rest."""
        market = self.markets[taker.placed.symbol]
        band, luld = market.band(), market.instrument.luld_tier > 0
        priced_beyond = luld and band is not None and self._is_priced_beyond(taker, band)
        if taker.placed.time_in_force == FOK:
            fills, stopped = self._would_fill(taker, band)
            if not fills:
                at_band = "outside_band" if luld else "volatility"
                self._expire(taker, at_band if stopped or priced_beyond else "no_liquidity")
                return
        stopped = self._sweep(taker, band)
        if not taker.open:
            return
        if luld and (stopped or priced_beyond):
            self._expire(taker, "outside_band")
            return
        if stopped:
            call = market.instrument.call
            self._begin_call(taker.placed.symbol, VOLATILITY, self.moment + call, call, "volatility")
        if taker.placed.time_in_force == IOC:
            self._expire(taker, "volatility" if stopped else "no_liquidity")
        elif not taker.price and not stopped:
            self._expire(taker, "no_liquidity")
        else:
            self._show(taker)

    def _is_priced_beyond(self, order: NaiveOrder, band: tuple[int, int]) -> bool:
        if not order.price:
            return False
        return order.price > band[1] if order.placed.side == BUY else order.price < band[0]

    def _sweep(self, taker: NaiveOrder, band: Band) -> bool:
        """Trade; True if it would go on beyond the band."""
        trades = 0
        while taker.open:
            maker = self._first_against(taker)
            if maker is None:
                return False
            if maker.account == taker.account:
                self._prevent_self_trade(taker, maker)
            elif is_beyond(maker.price, band):
                return True
            elif trades == self.trades_per_order_max:
                self._expire(taker, "too_many_fills")
            else:
                trades += 1
                self._trade(taker, maker)
        return False

    def _first_against(self, taker: NaiveOrder) -> NaiveOrder | None:
        queue = self.resting(taker.placed.symbol, 1 - taker.placed.side)
        return queue[0] if queue and taker.meets(queue[0].price) else None

    def _trade(self, taker: NaiveOrder, maker: NaiveOrder) -> None:
        quantity = min(taker.open, maker.shown)
        maker.shown -= quantity
        self._settle(taker, maker, maker.price, quantity, taker.placed.side)
        if maker.open and not maker.shown:
            self._show(maker)

    def _settle(self, taker: NaiveOrder, maker: NaiveOrder, price: int, quantity: int, side: int) -> None:
        """Book a trade; in an uncross the buy order stands as taker."""
        symbol = taker.placed.symbol
        market = self.markets[symbol]
        self.trade_ids[symbol] = self.trade_ids.get(symbol, 0) + 1
        market.previous_price, market.last_price = market.last_price, price
        for order in (maker, taker):
            order.filled += quantity
            order.cost += quantity * price
            order.open -= quantity
            order.updated = self.now
            order.status = PARTIALLY_FILLED
        self.news.append(self._traded(taker, maker, price, quantity, side))
        for order in (maker, taker):
            if not order.open:
                self._end(order, FILLED, "")

    def _traded(self, taker: NaiveOrder, maker: NaiveOrder, price: int, quantity: int, side: int) -> events.Traded:
        symbol = taker.placed.symbol
        number, instrument = self.trade_ids[symbol], self.instruments[symbol]
        of_maker, of_taker = (CROSS, CROSS) if side == CROSSED else (MAKER, TAKER)
        maker_fee = self.accounts.fee(maker.account, instrument, of_maker, price * quantity)
        taker_fee = self.accounts.fee(taker.account, instrument, of_taker, price * quantity)
        fills = ((maker.account, maker.placed.side, maker_fee), (taker.account, taker.placed.side, taker_fee))
        names = (maker.order_id, maker.account, maker_fee, taker.order_id, taker.account, taker_fee)
        told = events.Busted(number, symbol, price, quantity, side, *names)
        self.accounts.add(NaiveTrade(symbol, number, price, quantity, fills, self.now, told))
        told_of_maker = (maker.order_id, maker.account, maker.filled, maker.open, maker_fee)
        told_of_taker = (taker.order_id, taker.account, taker.filled, taker.open, taker_fee)
        return events.Traded(number, symbol, price, quantity, side, *told_of_maker, *told_of_taker)

    def _prevent_self_trade(self, taker: NaiveOrder, maker: NaiveOrder) -> None:
        mode = taker.placed.self_trade
        if mode in (CANCEL_OLDEST, CANCEL_BOTH):
            self._cancel_one(maker, "self_trade")
        if mode in (CANCEL_NEWEST, CANCEL_BOTH):
            self._cancel_one(taker, "self_trade")
        if mode not in (CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH):
            smaller = min(taker.open, maker.open)
            self._decrement(maker, smaller)
            self._decrement(taker, smaller)

    def _decrement(self, order: NaiveOrder, quantity: int) -> None:
        if order.open == quantity:
            self._cancel_one(order, "self_trade")
            return
        order.open -= quantity
        order.canceled += quantity
        order.shown = min(order.shown, order.open)
        order.updated = self.now
        self.news.append(order.amended("self_trade"))

    def _would_fill(self, order: NaiveOrder, band: Band) -> tuple[bool, bool]:
        """Whether a fill-or-kill would trade wholly, and whether a band stops it: try it in a copy of the world."""
        world = self._copy()
        trial = next(copy for copy in world.orders if copy.order_id == order.order_id)
        stopped = world._sweep(trial, band)
        decremented = any(isinstance(event, events.Amended) for event in world.news)
        return trial.filled == trial.quantity and not decremented, stopped

    def _copy(self) -> NaiveExchange:
        """The world as it is, without its past."""
        world = deepcopy(self, {id(forgettable): type(forgettable)() for forgettable in self._forgettable()})
        world.news = []
        return world

    # Ends of orders, and their reports.

    def _stamp(self, order: NaiveOrder) -> None:
        self.stamps += 1
        order.stamp = self.stamps

    def _show(self, order: NaiveOrder) -> None:
        self._stamp(order)
        order.shown = self._part(order)

    def _part(self, order: NaiveOrder) -> int:
        """What an order in the book shows; a market order nothing."""
        return min(order.display or order.open, order.open) if order.price else 0

    def _cancel_one(self, order: NaiveOrder, reason: str) -> None:
        self.news.append(events.Canceled(order.order_id, order.account, order.open, reason))
        self._end(order, CANCELED, reason)

    def _expire(self, order: NaiveOrder, reason: str) -> None:
        self.news.append(events.Expired(order.order_id, order.account, order.open, reason))
        self._end(order, EXPIRED, reason)

    def _end(self, order: NaiveOrder, status: int, reason: str) -> None:
        order.canceled += order.open
        order.open = order.shown = 0
        order.waiting = False
        order.status, order.reason, order.updated = status, reason, self.now
        self.ended.add(order.account, order)
