"""A second exchange for tests only: lists, sorting and copies, no cleverness, the rules as docs/rules.md says them.

It speaks the engine's language (`commands` in, `events` out) and must agree with the engine on every event, order and
level. Everything is looked up by walking all orders; a fill-or-kill is answered by trying it on a copy of the world.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exchange import commands, events
from exchange.order import (
    BOTH_SIDES,
    BUY,
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    CANCELED,
    EXPIRED,
    FILLED,
    FOK,
    IOC,
    MAKER,
    MARKET,
    PARTIALLY_FILLED,
    TAKER,
)
from exchange.units import HOUR
from tests.support.naive_accounts import NaiveAccounts, NaiveTrade
from tests.support.naive_checks import amend_fault, listing_fault, place_fault
from tests.support.naive_order import NaiveOrder

if TYPE_CHECKING:
    from exchange.events import Event
    from exchange.instrument import Instrument

MEMORY = 24 * HOUR
"""How long an ended order and its client order id are remembered."""


@dataclass
class NaiveExchange:
    """All orders in one list."""

    trades_per_order_max: int = 0
    ended_orders_max: int = 0
    command_age_max: int = 0
    now: int = 0
    instruments: dict[str, Instrument] = field(default_factory=dict)
    trade_ids: dict[str, int] = field(default_factory=dict)
    last_prices: dict[str, int] = field(default_factory=dict)
    deadlines: dict[str, int] = field(default_factory=dict)
    accounts: NaiveAccounts = field(default_factory=NaiveAccounts)
    orders: list[NaiveOrder] = field(default_factory=list)
    order_ids: int = 0
    stamps: int = 0
    news: list[Event] = field(default_factory=list)

    def apply(self, command: commands.Command, at: int) -> list[Event]:
        """Answer one command, after whatever time has brought."""
        self.now = at
        self.news = []
        self._let_time_pass()
        self._answer(command)
        return self.news

    def _answer(self, command: commands.Command) -> None:
        match command:
            case commands.Configure():
                self.trades_per_order_max = command.trades_per_order_max
                self.ended_orders_max = command.ended_orders_max
                self.command_age_max = command.command_age_max
                self.accounts.remembered_max = command.trades_remembered_max
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
        return self.last_prices.get(symbol, 0) or self.instruments[symbol].reference_price

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

    # Time.

    def _let_time_pass(self) -> None:
        self._forget()
        # A passed expiry stands before a deadline of the same time: 0 < 1.
        due = [(order.expires, 0, order.order_id, "") for order in self.orders if order.open and order.expires]
        due += [(deadline, 1, 0, account) for account, deadline in self.deadlines.items()]
        for at, _, order_id, account in sorted(due):
            if at <= self.now:
                self._become_due(order_id, account)

    def _become_due(self, order_id: int, account: str) -> None:
        """An order's expiry, or an account's deadline for all its orders."""
        if account:
            del self.deadlines[account]
            for order in [order for order in self.orders if order.open and order.account == account]:
                self._cancel_one(order, "cancel_after")
            return
        order = next(order for order in self.orders if order.order_id == order_id)
        if order.open:
            self._expire(order, "expired")

    def _forget(self) -> None:
        ended = sorted([order for order in self.orders if not order.open], key=lambda order: order.ended)
        kept = ended[-self.ended_orders_max :] if self.ended_orders_max else []
        for order in ended:
            if order not in kept or self.now - order.updated >= MEMORY:
                self.orders.remove(order)

    # Commands.

    def _list(self, instrument: Instrument) -> None:
        if listing_fault(instrument):
            self.news.append(events.Rejected("bad_request"))
            return
        self.instruments[instrument.symbol] = instrument
        self.news.append(events.InstrumentListed(instrument))

    def _delist(self, symbol: str) -> None:
        if symbol not in self.instruments:
            self.news.append(events.Rejected("unknown_instrument"))
            return
        self.news.append(events.Rejected("wrong_phase"))  # Always continuous, never closed.

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
        if command.time_in_force == FOK and not self._would_fill(order):
            self._expire(order, "no_liquidity")
            return
        self._execute(order)

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
            order.shown = 0
            self._execute(order)

    def _set_terms(self, order: NaiveOrder, command: commands.AmendOrder) -> bool:
        """Give the order its new terms and say whether it goes to the back."""
        price, quantity, display = self.new_terms(order, command)
        shown_before = order.display or order.quantity
        shown_after = display or quantity
        more_shown = shown_after > shown_before and (display != order.display)
        loses_time = price != order.price or quantity > order.quantity or more_shown
        order.open += quantity - order.quantity
        order.price, order.quantity, order.display = price, quantity, display
        order.expires = command.expires or order.expires
        order.shown = min(order.shown, order.open, display or order.open)
        if not display and not loses_time:
            order.shown = order.open
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

    # Matching.

    def _execute(self, taker: NaiveOrder) -> None:
        self._sweep(taker)
        if not taker.open:
            return
        if taker.placed.type == MARKET or taker.placed.time_in_force in (IOC, FOK):
            self._expire(taker, "no_liquidity")
        else:
            self._show(taker)

    def _sweep(self, taker: NaiveOrder) -> None:
        trades = 0
        while taker.open:
            maker = self._first_against(taker)
            if maker is None:
                return
            if maker.account == taker.account:
                self._prevent_self_trade(taker, maker)
            elif trades == self.trades_per_order_max:
                self._expire(taker, "too_many_fills")
            else:
                trades += 1
                self._trade(taker, maker)

    def _first_against(self, taker: NaiveOrder) -> NaiveOrder | None:
        queue = self.resting(taker.placed.symbol, 1 - taker.placed.side)
        return queue[0] if queue and taker.meets(queue[0].price) else None

    def _trade(self, taker: NaiveOrder, maker: NaiveOrder) -> None:
        symbol, quantity = taker.placed.symbol, min(taker.open, maker.shown)
        self.trade_ids[symbol] = self.trade_ids.get(symbol, 0) + 1
        self.last_prices[symbol] = maker.price
        for order in (maker, taker):
            order.filled += quantity
            order.cost += quantity * maker.price
            order.open -= quantity
            order.updated = self.now
            order.status = PARTIALLY_FILLED
        maker.shown -= quantity
        self.news.append(self._traded(taker, maker, quantity))
        for order in (maker, taker):
            if not order.open:
                self._end(order, FILLED, "")
        if maker.open and not maker.shown:
            self._show(maker)

    def _traded(self, taker: NaiveOrder, maker: NaiveOrder, quantity: int) -> events.Traded:
        symbol, side = taker.placed.symbol, taker.placed.side
        number, price, instrument = self.trade_ids[symbol], maker.price, self.instruments[symbol]
        maker_fee = self.accounts.fee(maker.account, instrument, MAKER, price * quantity)
        taker_fee = self.accounts.fee(taker.account, instrument, TAKER, price * quantity)
        fills = ((maker.account, maker.placed.side, maker_fee), (taker.account, side, taker_fee))
        of_maker, of_taker = (maker.order_id, maker.account, maker_fee), (taker.order_id, taker.account, taker_fee)
        told = events.Busted(number, symbol, price, quantity, side, *of_maker, *of_taker)
        self.accounts.add(NaiveTrade(symbol, number, price, quantity, fills, self.now, told))
        of_maker = (maker.order_id, maker.account, maker.filled, maker.open, maker_fee)
        of_taker = (taker.order_id, taker.account, taker.filled, taker.open, taker_fee)
        return events.Traded(number, symbol, price, quantity, side, *of_maker, *of_taker)

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

    def _would_fill(self, order: NaiveOrder) -> bool:
        """Whether a fill-or-kill would trade wholly: try it in a copy of the world."""
        world = deepcopy(self, {id(self.accounts.trades): [], id(self.news): []})
        trial = next(copy for copy in world.orders if copy.order_id == order.order_id)
        world._sweep(trial)
        decremented = any(isinstance(event, events.Amended) for event in world.news)
        return trial.filled == trial.quantity and not decremented

    # Ends of orders, and their reports.

    def _show(self, order: NaiveOrder) -> None:
        self.stamps += 1
        order.stamp = self.stamps
        order.shown = min(order.display or order.open, order.open)

    def _cancel_one(self, order: NaiveOrder, reason: str) -> None:
        self.news.append(events.Canceled(order.order_id, order.account, order.open, reason))
        self._end(order, CANCELED, reason)

    def _expire(self, order: NaiveOrder, reason: str) -> None:
        self.news.append(events.Expired(order.order_id, order.account, order.open, reason))
        self._end(order, EXPIRED, reason)

    def _end(self, order: NaiveOrder, status: int, reason: str) -> None:
        order.canceled += order.open
        order.open = order.shown = 0
        order.status, order.reason, order.updated = status, reason, self.now
        self.stamps += 1
        order.ended = self.stamps
