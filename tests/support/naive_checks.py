"""The naive exchange's checks: the first rule that an order breaks (docs/rules.md, "Before matching")."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exchange.terms import AT_CLOSE, AT_OPEN, BUY, FOK, GTD, IOC, MARKET, PENDING_TRIGGER, STOP, STOP_LIMIT
from exchange.units import LARGEST, RATE, UNIT

if TYPE_CHECKING:
    from exchange.commands import AmendOrder, PlaceOrder
    from exchange.instrument import Instrument
    from tests.support.naive_order import NaiveOrder
    from tests.support.naive_world import NaiveWorld


def listing_fault(instrument: Instrument) -> bool:
    """Whether the definition is impossible."""
    starts = [start for start, _ in instrument.ticks]
    steps = [tick for _, tick in instrument.ticks]
    if starts != sorted(set(starts)) or starts[:1] != [0] or min(steps) <= 0 or instrument.lot_size <= 0:
        return True
    return any(tick * instrument.lot_size % UNIT for tick in steps)


def place_fault(exchange: NaiveWorld, order: PlaceOrder) -> str:
    """The code that refuses a new order, or an empty string; repeats have been answered already."""
    instrument = exchange.instruments.get(order.symbol)
    if instrument is None:
        return "unknown_instrument"
    if exchange.is_late(order.sent_at):
        return "too_late"
    reference = order.stop_price or exchange.reference_price(order.symbol)
    accounts = exchange.accounts
    waiting = exchange.open_quantity(order.account, order.symbol, order.side)
    codes = [
        _shut_out(exchange, order.account, order.symbol),
        _terms(order),
        "" if exchange.markets[order.symbol].allows(order.time_in_force) else "not_allowed_in_phase",
        _expiry(order.expires, exchange.now),
        _price_step(instrument, order.price),
        _price_step(instrument, order.stop_price),
        _quantity(instrument, order.quantity, accounts.largest(order.account, instrument)),
        _display_step(instrument, order.display_quantity),
        _display(order.quantity, order.display_quantity),
        _price_range(instrument, order.price),
        _price_range(instrument, order.stop_price),
        _value(
            instrument,
            reference if order.price is None else order.price,
            order.quantity,
            accounts.dearest(order.account, instrument),
        ),
        _collar(instrument, order.price, exchange.reference_price(order.symbol)),
        _open_orders(exchange, instrument, order.account),
        _position(exchange, order, waiting + order.quantity),
        _would_trigger(exchange, order, order.stop_price),
        "" if order.stop_price or order.time_in_force == AT_CLOSE else _would_take(exchange, order),
    ]
    return next((code for code in codes if code), "")


def triggered_fault(exchange: NaiveWorld, order: NaiveOrder) -> str:
    """The code that refuses a stop that has been triggered, as the order that it becomes."""
    instrument, accounts = exchange.instruments[order.placed.symbol], exchange.accounts
    reference = exchange.reference_price(order.placed.symbol)
    waiting = exchange.open_quantity(order.account, order.placed.symbol, order.placed.side)
    price = order.price or None
    codes = [
        _shut_out(exchange, order.account, order.placed.symbol),
        _price_step(instrument, price),
        _quantity(instrument, order.quantity, accounts.largest(order.account, instrument)),
        _display_step(instrument, order.display or None),
        _display(order.quantity, order.display or None),
        _price_range(instrument, price),
        _value(instrument, order.price or reference, order.quantity, accounts.dearest(order.account, instrument)),
        _collar(instrument, price, reference),
        _position(exchange, order.placed, waiting),
        _would_take(exchange, replace(order.placed, price=price)),
    ]
    return next((code for code in codes if code), "")


def amend_fault(exchange: NaiveWorld, order: NaiveOrder, command: AmendOrder) -> str:
    """The code that refuses an amend of an open order, or an empty string. Only what the amend names is checked."""
    shut_out = _shut_out(exchange, order.account, order.placed.symbol)
    if shut_out:
        return shut_out
    if _impossible(order, command):
        return "bad_request"
    price, quantity, display = exchange.new_terms(order, command)
    stop_price = order.stop_price if command.stop_price is None else command.stop_price
    expires = order.expires if command.expires is None else command.expires
    done = order.filled + order.canceled
    if command.expires is not None and command.expires <= exchange.now:
        return "bad_expires"
    if 0 < quantity < done:
        return "quantity_below_filled"
    before = (order.price, order.stop_price, order.quantity, order.display, order.expires)
    if (price, stop_price, quantity, display, expires) == before:
        return "no_change"
    return _amended_values(exchange, order, command, ends=0 < quantity == done)


def _impossible(order: NaiveOrder, command: AmendOrder) -> bool:
    """Whether it asks for what an order of this kind does not have."""
    no_limit = order.placed.type in (MARKET, STOP)
    return (
        (command.stop_price is not None and order.status != PENDING_TRIGGER)
        or (command.price is not None and no_limit)
        or (command.display_quantity is not None and (no_limit or order.placed.time_in_force in (IOC, FOK)))
        or (command.expires is not None and order.placed.time_in_force != GTD)
    )


def _amended_values(exchange: NaiveWorld, order: NaiveOrder, command: AmendOrder, *, ends: bool) -> str:
    instrument = exchange.instruments[order.placed.symbol]
    price, quantity, display = exchange.new_terms(order, command)
    named = (command.price, command.stop_price, command.quantity) != (None, None, None)
    waits = order.status == PENDING_TRIGGER
    reference = exchange.reference_price(order.placed.symbol)
    if waits:
        reference = order.stop_price if command.stop_price is None else command.stop_price
    largest = exchange.accounts.largest(order.account, instrument)
    dearest = exchange.accounts.dearest(order.account, instrument)
    waiting = exchange.open_quantity(order.account, order.placed.symbol, order.placed.side)
    codes = [
        _price_step(instrument, command.price),
        _price_step(instrument, command.stop_price),
        "" if ends else _quantity(instrument, command.quantity, largest),
        _display_step(instrument, command.display_quantity),
        _display(quantity, display or None if command.display_quantity is None else command.display_quantity),
        _price_range(instrument, command.price),
        _price_range(instrument, command.stop_price),
        _value(instrument, price or reference, quantity, dearest) if named and not ends else "",
        _collar(instrument, command.price, exchange.reference_price(order.placed.symbol)),
        _position(exchange, order.placed, waiting + quantity - order.quantity) if quantity > order.quantity else "",
        _would_trigger(exchange, order.placed, command.stop_price),
        _would_take(exchange, replace(order.placed, price=price))
        if price != order.price and not waits and not order.waiting and not (ends and exchange.semantics > 2)
        else "",
    ]
    return next((code for code in codes if code), "")


def _shut_out(exchange: NaiveWorld, account: str, symbol: str) -> str:
    if exchange.accounts.is_stopped(account, symbol):
        return "killed"
    if not exchange.markets[symbol].takes_orders:
        return "wrong_phase"
    return "account_disabled" if exchange.accounts.is_disabled(account, symbol) else ""


def _terms(order: PlaceOrder) -> str:
    at_once = order.type in (MARKET, STOP) or order.time_in_force in (IOC, FOK)
    stop = order.type in (STOP, STOP_LIMIT)
    if (order.stop_price is not None) != stop or (stop and order.time_in_force in (AT_OPEN, AT_CLOSE)):
        return "bad_request"
    if at_once and (order.post_only or order.display_quantity is not None):
        return "bad_request"
    if (order.price is None) != (order.type in (MARKET, STOP)) or (order.expires is None) != (
        order.time_in_force != GTD
    ):
        return "bad_request"
    return ""


def _price_step(instrument: Instrument, price: int | None) -> str:
    if price is None:
        return ""
    tick = [step for start, step in instrument.ticks if start <= max(price, 0)][-1]
    if price % tick:
        return "price_off_tick"
    return "bad_price" if price <= 0 else ""


def _quantity(instrument: Instrument, quantity: int | None, largest: int) -> str:
    if quantity is None:
        return ""
    if quantity % instrument.lot_size:
        return "quantity_off_lot"
    if quantity < (instrument.min_quantity or instrument.lot_size):
        return "quantity_too_small"
    return "quantity_too_large" if quantity > largest else ""


def _display_step(instrument: Instrument, display: int | None) -> str:
    return "quantity_off_lot" if display is not None and display % instrument.lot_size else ""


def _display(quantity: int, display: int | None) -> str:
    if display is None:
        return ""
    if display > quantity:
        return "display_too_large"
    return "display_too_small" if display * 100 < quantity or display <= 0 else ""


def _expiry(expires: int | None, now: int) -> str:
    return "bad_expires" if expires is not None and expires <= now else ""


def _price_range(instrument: Instrument, price: int | None) -> str:
    if price is None:
        return ""
    if price < instrument.min_price:
        return "price_too_low"
    return "price_too_high" if price > (instrument.max_price or LARGEST - 1) else ""


def _value(instrument: Instrument, price: int, quantity: int, dearest: int) -> str:
    if not price:
        return ""
    if price * quantity < instrument.min_value * UNIT:
        return "value_too_small"
    return "value_too_large" if price * quantity > dearest * UNIT else ""


def _collar(instrument: Instrument, price: int | None, reference: int) -> str:
    if price is None or not instrument.collar_bps or not reference:
        return ""
    return "price_outside_collar" if abs(price - reference) * RATE > reference * instrument.collar_bps else ""


def _open_orders(exchange: NaiveWorld, instrument: Instrument, account: str) -> str:
    full = exchange.open_count(account, instrument.symbol) >= exchange.accounts.most_orders(account, instrument)
    return "too_many_open_orders" if full else ""


def _position(exchange: NaiveWorld, order: PlaceOrder, quantity: int) -> str:
    fits = exchange.accounts.passes_position(order.account, order.symbol, order.side, quantity)
    return "" if fits else "position_limit"


def _would_trigger(exchange: NaiveWorld, order: PlaceOrder, stop_price: int | None) -> str:
    market = exchange.markets[order.symbol]
    if stop_price is None or not market.is_trading or not market.last_price:
        return ""
    met = market.last_price >= stop_price if order.side == BUY else market.last_price <= stop_price
    return "would_trigger" if met else ""


def _would_take(exchange: NaiveWorld, order: PlaceOrder) -> str:
    if not order.post_only or not exchange.markets[order.symbol].is_trading:
        return ""
    price = order.price or 0
    opposite = exchange.resting(order.symbol, 1 - order.side)
    crosses = opposite and (opposite[0].price <= price if order.side == BUY else opposite[0].price >= price)
    return "would_take" if crosses else ""
