"""Matching in the naive exchange: trades, self-trades, uncrosses, and the stops they trigger (see `naive_book`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange import events
from exchange.terms import (
    BUY,
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    CROSS,
    CROSSED,
    FILLED,
    FOK,
    IOC,
    MAKER,
    OPEN,
    PARTIALLY_FILLED,
    PENDING_TRIGGER,
    REFUSED,
    SELL,
    TAKER,
    VOLATILITY,
)
from tests.support.naive_accounts import NaiveTrade
from tests.support.naive_checks import triggered_fault
from tests.support.naive_market import NOTHING, Band, is_beyond
from tests.support.naive_order import NaiveOrder

if TYPE_CHECKING:
    pass
from tests.support.naive_world import NaiveWorld


class NaiveMatching(NaiveWorld):
    """How orders meet."""

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
        self.accounts.add(NaiveTrade(symbol, number, price, quantity, fills, self.now, told, (maker, taker)))
        told_of_maker = (maker.order_id, maker.account, maker.filled, maker.open, maker_fee)
        told_of_taker = (taker.order_id, taker.account, taker.filled, taker.open, taker_fee)
        stands = {"maker_status": PARTIALLY_FILLED if maker.open else FILLED}
        stands |= {"taker_status": PARTIALLY_FILLED if taker.open else FILLED}
        after = {**maker.stands("maker"), **taker.stands("taker"), **stands}
        del after["maker_filled"], after["taker_filled"]
        return events.Traded(number, symbol, price, quantity, side, *told_of_maker, *told_of_taker, **after)

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
        self.news.append(events.Triggered(order.order_id, order.account, open_quantity=order.open, **order.stands()))
        if code:
            stands = order.stands() | {"status": REFUSED}
            self.news.append(events.Refused(order.order_id, order.account, order.open, code, **stands))
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
