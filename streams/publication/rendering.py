"""Rendering of orders, fills, instruments and refusals as the JSON that clients see, in the shapes of docs/protocol.md.

The JSON is written by hand, without an encoder: every text in it is a number, one of our own words, or a name whose
letters `forms` has checked, so nothing needs escaping. Decimals have at least the places of the instrument's smallest
tick and of its lot, times nine places of a second. Units: as in `exchange.units`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec
from mypy_extensions import mypyc_attr

from exchange.events import Rejected
from exchange.instrument import NO_RATE
from exchange.terms import LIQUIDITY_NAMES, SELF_TRADE_NAMES, SIDE_NAMES, STATUS_NAMES, TIME_IN_FORCE_NAMES, TYPE_NAMES
from exchange.units import SECOND, UNIT, decimals_of, divide_half_even, to_text
from streams.publication.refusal_sentences import sentence_of

if TYPE_CHECKING:
    from exchange.book.order import Order
    from exchange.commands import PlaceOrder
    from exchange.instrument import Instrument

PRINTED_NUMBERS_MAX: Final = 16_384
"""Printed prices, and as many quantities, kept per instrument; with more all are evicted."""

PRINTED_REFUSALS_MAX: Final = 4_096
"""Printed refusals kept in all; the least recently used is evicted."""

PRINTED_TIMES_MAX: Final = 16_384
"""Printed times kept in all; with more all are evicted."""

BASIS_POINT: Final = UNIT // 100
"""A basis point in the hundredths that rates are kept in, so that a rate prints like any other number."""

BOOLEANS: Final = ("false", "true")

# The terms of an order that never change and have few values, in one piece: an f-string costs by its pieces.
KINDS: Final = [
    [
        [f'"side":"{side}","type":"{kind}","time_in_force":"{time_in_force}",' for time_in_force in TIME_IN_FORCE_NAMES]
        for kind in TYPE_NAMES
    ]
    for side in SIDE_NAMES
]
MANNERS: Final = [
    [f'"post_only":{post_only},"self_trade":"{self_trade}",' for self_trade in SELF_TRADE_NAMES]
    for post_only in BOOLEANS
]


class PrintedNumbers(dict[int, str]):
    """JSON strings by number, made at first use."""

    def __init__(self, decimals: int) -> None:
        super().__init__()
        self.decimals = decimals

    def __missing__(self, units: int) -> str:
        if len(self) >= PRINTED_NUMBERS_MAX:
            self.clear()
        text = self[units] = f'"{to_text(units, self.decimals)}"'
        return text


class Printer:
    """Printer of an instrument's numbers. Money is printed like prices."""

    def __init__(self, instrument: Instrument) -> None:
        self.price = PrintedNumbers(decimals_of(instrument.smallest_tick))
        self.quantity = PrintedNumbers(decimals_of(instrument.lot_size))

    def prints_like(self, other: Printer) -> bool:
        """Whether both print every number alike."""
        mine, others = (self.price.decimals, self.quantity.decimals), (other.price.decimals, other.quantity.decimals)
        return mine == others


@mypyc_attr(acyclic=True)
class OrderState:
    """Order state at one moment: the order's entry, and all that may change. 0 stands for none."""

    __slots__ = (
        "command",
        "cost",
        "created",
        "display_quantity",
        "expires",
        "filled",
        "open_quantity",
        "order_id",
        "price",
        "quantity",
        "reason",
        "status",
        "stop_price",
        "updated",
    )

    def __init__(
        self,
        order_id: int,
        command: PlaceOrder,
        price: int,
        stop_price: int,
        quantity: int,
        display_quantity: int,
        expires: int,
        filled: int,
        open_quantity: int,
        cost: int,
        status: int,
        reason: str,
        created: int,
        updated: int,
    ) -> None:
        self.order_id = order_id
        self.command = command
        self.price = price
        self.stop_price = stop_price
        self.quantity = quantity
        self.display_quantity = display_quantity
        self.expires = expires
        self.filled = filled
        self.open_quantity = open_quantity
        self.cost = cost
        self.status = status
        self.reason = reason
        self.created = created
        self.updated = updated


def state_of(order: Order) -> OrderState:
    """An order as it is now."""
    return OrderState(
        order.order_id,
        order.command,
        order.price,
        order.stop_price,
        order.quantity,
        order.display_quantity,
        order.expires,
        order.filled,
        order.open_quantity,
        order.cost,
        order.status,
        order.reason,
        order.created,
        order.updated,
    )


class PrintedTimes(dict[int, str]):
    """JSON strings by time, made at first use."""

    def __missing__(self, at: int) -> str:
        if len(self) >= PRINTED_TIMES_MAX:
            self.clear()
        seconds, nanoseconds = divmod(at, SECOND)
        text = self[at] = f'"{print_second(seconds)}.{nanoseconds:09d}Z"'
        return text


TIMES: Final = PrintedTimes()


def print_time(at: int) -> str:
    """A time as a JSON string: RFC 3339, UTC, nanoseconds."""
    return TIMES[at]


@lru_cache(maxsize=PRINTED_TIMES_MAX)
def print_second(seconds: int) -> str:
    """The part of a time before the decimal point."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Renderer:
    """Renderer of one partition; `define` must be called for an instrument before anything of it is rendered."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.printers: dict[str, Printer] = {}

    def define(self, instrument: Instrument) -> None:
        """Print an instrument's numbers by this definition from now on."""
        printer, before = Printer(instrument), self.printers.get(instrument.symbol)
        if before is None or not printer.prints_like(before):
            self.printers[instrument.symbol] = printer

    def order(self, state: OrderState) -> str:
        """An order, every member of it present."""
        command = state.command
        price, stop_price, display_quantity = state.price, state.stop_price, state.display_quantity
        filled, expires, reason = state.filled, state.expires, state.reason
        symbol = command.symbol
        printer = self.printers[symbol]
        prices = printer.price
        quantities = printer.quantity
        quoted_reason = f'"{reason}"' if reason else "null"
        return (
            f'{{"order_id":"{self.partition}-{state.order_id}","client_order_id":"{command.client_order_id}",'
            f'"account":"{command.account}","symbol":"{symbol}",'
            f"{KINDS[command.side][command.type][command.time_in_force]}"
            f'"price":{prices[price] if price else "null"},"stop_price":{prices[stop_price] if stop_price else "null"},'
            f'"quantity":{quantities[state.quantity]},'
            f'"display_quantity":{quantities[display_quantity] if display_quantity else "null"},'
            f'"filled_quantity":{quantities[filled]},"open_quantity":{quantities[state.open_quantity]},'
            f'"average_price":{prices[divide_half_even(state.cost, filled)] if filled else "null"},'
            f"{MANNERS[command.post_only][command.self_trade]}"
            f'"expires":{print_time(expires) if expires else "null"},"status":"{STATUS_NAMES[state.status]}",'
            f'"reason":{quoted_reason},'
            f'"created":{print_time(state.created)},"updated":{print_time(state.updated)}}}'
        )

    def with_fills(self, printed: str, order: Order) -> str:
        """The answer to a placement: the printed order, and its side of its trades so far, oldest first."""
        if not order.fills:
            return f'{printed[:-1]},"fills":[]}}'
        printer = self.printers[order.symbol]
        fills = ",".join(
            [
                f'{{"trade_id":{trade_id},"price":{printer.price[price]},"quantity":{printer.quantity[quantity]},'
                f'"liquidity":"{LIQUIDITY_NAMES[liquidity]}","fee":{printer.price[fee]},"time":{print_time(at)}}}'
                for trade_id, price, quantity, liquidity, fee, at in order.fills
            ]
        )
        return f'{printed[:-1]},"fills":[{fills}]}}'

    def refusal(self, rejected: Rejected, symbol: str = "") -> str:
        """A refusal as an error: the code, a sentence that says what to do, and the wrong field, if there is one."""
        printer = self.printers.get(symbol)
        if printer is None:
            return print_refusal(rejected.code, rejected.field, rejected.bound, 0, 0)
        decimals = printer.price.decimals, printer.quantity.decimals
        return print_refusal(rejected.code, rejected.field, rejected.bound, *decimals)

    def instrument(self, instrument: Instrument, *, delisted: bool = False) -> str:
        """Reference data of an instrument; a limit that is not set is null, an unset minimum quantity is one lot."""
        printer = self.printers[instrument.symbol]
        price, quantity = printer.price.decimals, printer.quantity.decimals
        return print_object(
            {
                "symbol": instrument.symbol,
                "tick_size": to_text(instrument.smallest_tick, price),
                "ticks": [
                    {"from": to_text(start, price), "tick": to_text(tick, price)} for start, tick in instrument.ticks
                ],
                "lot_size": to_text(instrument.lot_size, quantity),
                "min_quantity": to_text(instrument.min_quantity or instrument.lot_size, quantity),
                "max_quantity": limit(instrument.max_quantity, quantity),
                "min_price": limit(instrument.min_price, price),
                "max_price": limit(instrument.max_price, price),
                "min_value": limit(instrument.min_value, price),
                "max_value": limit(instrument.max_value, price),
                "collar_bps": limit(instrument.collar_bps * BASIS_POINT, 0),
                "max_open_orders": instrument.max_open_orders,
                "reference_price": limit(instrument.reference_price, price),
                "static_band_bps": limit(instrument.static_band_bps * BASIS_POINT, 0),
                "dynamic_band_bps": limit(instrument.dynamic_band_bps * BASIS_POINT, 0),
                "luld": luld_of(instrument),
                "call_seconds": instrument.call // SECOND,
                "call_random_seconds": instrument.call_random // SECOND,
                "call_extensions": instrument.call_extensions,
                "maker_bps": to_text(instrument.maker_bps * BASIS_POINT, 0),
                "taker_bps": to_text(instrument.taker_bps * BASIS_POINT, 0),
                "cross_bps": to_text(cross_rate(instrument) * BASIS_POINT, 0),
                "calendar": instrument.calendar or None,
                "partition": self.partition,
            }
            | ({"delisted": True} if delisted else {})
        )


@lru_cache(maxsize=PRINTED_REFUSALS_MAX)
def print_refusal(code: str, field: str, bound: int, price_decimals: int, quantity_decimals: int) -> str:
    """A refusal as an error; cached, because a market repeats its refusals."""
    return print_error(code, sentence_of(Rejected(code, field, bound), price_decimals, quantity_decimals), field)


def luld_of(instrument: Instrument) -> dict[str, int] | None:
    """Limit up, limit down as listed, durations in seconds."""
    if not instrument.luld_tier:
        return None
    return {
        "tier": instrument.luld_tier,
        "window_seconds": instrument.luld_window // SECOND,
        "hold_seconds": instrument.luld_hold // SECOND,
        "limit_state_seconds": instrument.luld_limit_state // SECOND,
        "call_seconds": instrument.luld_call // SECOND,
        "extension_seconds": instrument.luld_extension // SECOND,
    }


def cross_rate(instrument: Instrument) -> int:
    """The fee rate of an uncross: the taker's unless the listing has another."""
    return instrument.taker_bps if instrument.cross_bps == NO_RATE else instrument.cross_bps


def limit(units: int, decimals: int) -> str | None:
    """A limit of a listing, printed; None for 0, which is not set."""
    return to_text(units, decimals) if units else None


def print_error(code: str, message: str, field: str = "") -> str:
    """An error, in the one shape of all errors; the gateway adds the request's id."""
    error = {"code": code, "message": message}
    return print_object(error | {"field": field} if field else error)


def print_object(value: object) -> str:
    """JSON of an object that is queried too seldom to be rendered by hand."""
    return msgspec.json.encode(value).decode()
