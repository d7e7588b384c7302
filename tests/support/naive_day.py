"""The trading day of the naive exchange: what time brings, phases, calls, bands under LULD (see `naive_book`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange import commands, events, market_events
from exchange.commands import UNNAMED
from exchange.terms import (
    AT_CLOSE,
    AT_OPEN,
    AUCTION,
    BUY,
    CLOSED,
    CLOSING,
    CONTINUOUS,
    DAY,
    HALTED,
    PENDING_TRIGGER,
    REOPENING,
    SELL,
)
from tests.support.naive_market import NaiveMarket, is_beyond
from tests.support.naive_order import NaiveOrder

if TYPE_CHECKING:
    pass
from tests.support.naive_matching import NaiveMatching
from tests.support.naive_world import MEMORY


class NaiveDay(NaiveMatching):
    """What happens by the clock or the calendar."""

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

    def _forget(self) -> None:
        for order in self.ended.beyond_bounds():
            self.orders.remove(order)
        for order in self.ended.outdated(lambda order: self.now - order.updated >= MEMORY):
            self.orders.remove(order)

    def next_due(self) -> int:
        """When something happens by itself, 0 if nothing does."""
        if self.deferred:
            return self.now
        due = [order.expires for order in self.orders if order.open and order.expires]
        due += self.deadlines.values()
        for market in self.markets.values():
            due += [change for change in (market.next_change(), market.next_look()) if change]
        return min(due, default=0)

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

    def _draw_end(self, command: commands.DrawEnd) -> None:
        market = self.markets.get(command.symbol)
        if market is None or command.extra < 0:
            self.news.append(events.Rejected("bad_request" if market else "unknown_instrument"))
        elif market.phase == AUCTION and market.call == command.call and market.drawn < 0:
            market.drawn = command.extra
            self.news.append(market_events.EndDrawn(command.symbol, command.call, command.extra))

    def _double_bands(self, command: commands.DoubleBands) -> None:
        market = self.markets.get(command.symbol)
        if market is None:
            self.news.append(events.Rejected("unknown_instrument"))
        elif self._is_new(market, command.due) and market.instrument.luld_tier and market.doubled != command.doubled:
            market.doubled = command.doubled
            self.news.append(market_events.BandsDoubled(command.symbol, command.doubled))

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
