"""Events: what has happened; the past tense of the engine's language.

Events are plain values and hold all that a reader of `EVENTS_<p>` alone needs. An event's time is its command's.

Each event of an order states the order right after that event: instrument, side, filled quantity and its cost, open
quantity, and status. The cost is the sum of price × quantity of the order's trades: `cost` in units, and what is beyond
whole units in units² (`cost_rest`, nearly always 0). An event stored before version 4 of the semantics lacks these
members (docs/decisions/0151-events-say-how-their-order-stands.md): read back, its `symbol` is "", its taker's status 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import mypyc_attr

from exchange.commands import PlaceOrder
from exchange.market_events import (
    BandsDoubled,
    CancelAfterSet,
    Configured,
    EndDrawn,
    InstrumentDelisted,
    InstrumentListed,
    KillSwitchSet,
    LimitsSet,
    PhaseSet,
)
from exchange.terms import CANCELED, EXPIRED, OPEN, REFUSED

UNTOLD: Final = -1
"""The status in an acceptance that was stored before version 4 of the semantics."""


@dataclass
class Rejected:
    """A command refused: nothing changed. `bound` is the limit that was missed, in its own unit, or 0."""

    code: str
    field: str = ""
    bound: int = 0


@mypyc_attr(acyclic=True)
@dataclass(init=False, slots=True)
class Accepted:
    """The exchange accepted the order, all of which is open; its trades and its end, if any, follow.

    status: OPEN or PENDING_TRIGGER; UNTOLD as stored before version 4.
    """

    order_id: int
    order: PlaceOrder
    status: int = UNTOLD

    def __init__(self, order_id: int, order: PlaceOrder, status: int = UNTOLD) -> None:
        self.order_id = order_id
        self.order = order
        self.status = status


@dataclass
class Repeated:
    """The same order was placed before; nothing changed, the answer is the order as it is now."""

    order_id: int


@mypyc_attr(acyclic=True)
@dataclass(init=False, slots=True)
class Traded:
    """One match, at the maker's price. `side` is the taker's. Fees: negative is a rebate.

    In an uncross `side` is CROSSED: the buy order stands as taker and the sell order as maker, and both may be of one
    account.
    """

    trade_id: int
    symbol: str
    price: int
    quantity: int
    side: int
    maker_order_id: int
    maker_account: str
    maker_filled: int
    maker_open: int
    maker_fee: int
    taker_order_id: int
    taker_account: str
    taker_filled: int
    taker_open: int
    taker_fee: int
    maker_cost: int = 0
    maker_cost_rest: int = 0
    maker_status: int = 0
    taker_cost: int = 0
    taker_cost_rest: int = 0
    taker_status: int = 0

    def __init__(
        self,
        trade_id: int,
        symbol: str,
        price: int,
        quantity: int,
        side: int,
        maker_order_id: int,
        maker_account: str,
        maker_filled: int,
        maker_open: int,
        maker_fee: int,
        taker_order_id: int,
        taker_account: str,
        taker_filled: int,
        taker_open: int,
        taker_fee: int,
        maker_cost: int = 0,
        maker_cost_rest: int = 0,
        maker_status: int = 0,
        taker_cost: int = 0,
        taker_cost_rest: int = 0,
        taker_status: int = 0,
    ) -> None:
        self.trade_id = trade_id
        self.symbol = symbol
        self.price = price
        self.quantity = quantity
        self.side = side
        self.maker_order_id = maker_order_id
        self.maker_account = maker_account
        self.maker_filled = maker_filled
        self.maker_open = maker_open
        self.maker_fee = maker_fee
        self.taker_order_id = taker_order_id
        self.taker_account = taker_account
        self.taker_filled = taker_filled
        self.taker_open = taker_open
        self.taker_fee = taker_fee
        self.maker_cost = maker_cost
        self.maker_cost_rest = maker_cost_rest
        self.maker_status = maker_status
        self.taker_cost = taker_cost
        self.taker_cost_rest = taker_cost_rest
        self.taker_status = taker_status


@mypyc_attr(acyclic=True)
@dataclass(init=False, slots=True)
class Amended:
    """The order's terms as they are now; `reason` is "requested" or "self_trade" (decrement).

    `canceled` is the quantity that decrement has canceled of the order so far.
    """

    order_id: int
    account: str
    price: int | None
    stop_price: int | None
    quantity: int
    display_quantity: int | None
    expires: int | None
    open_quantity: int
    canceled: int
    reason: str
    symbol: str = ""
    side: int = 0
    filled: int = 0
    cost: int = 0
    cost_rest: int = 0
    status: int = 0

    def __init__(
        self,
        order_id: int,
        account: str,
        price: int | None,
        stop_price: int | None,
        quantity: int,
        display_quantity: int | None,
        expires: int | None,
        open_quantity: int,
        canceled: int,
        reason: str,
        symbol: str = "",
        side: int = 0,
        filled: int = 0,
        cost: int = 0,
        cost_rest: int = 0,
        status: int = 0,
    ) -> None:
        self.order_id = order_id
        self.account = account
        self.price = price
        self.stop_price = stop_price
        self.quantity = quantity
        self.display_quantity = display_quantity
        self.expires = expires
        self.open_quantity = open_quantity
        self.canceled = canceled
        self.reason = reason
        self.symbol = symbol
        self.side = side
        self.filled = filled
        self.cost = cost
        self.cost_rest = cost_rest
        self.status = status


@mypyc_attr(acyclic=True)
@dataclass(init=False, slots=True)
class Canceled:
    """The order ended with `quantity` of it canceled by somebody's decision."""

    order_id: int
    account: str
    quantity: int
    reason: str
    symbol: str = ""
    side: int = 0
    filled: int = 0
    cost: int = 0
    cost_rest: int = 0
    open_quantity: int = 0
    status: int = CANCELED

    def __init__(
        self,
        order_id: int,
        account: str,
        quantity: int,
        reason: str,
        symbol: str = "",
        side: int = 0,
        filled: int = 0,
        cost: int = 0,
        cost_rest: int = 0,
        open_quantity: int = 0,
        status: int = CANCELED,
    ) -> None:
        self.order_id = order_id
        self.account = account
        self.quantity = quantity
        self.reason = reason
        self.symbol = symbol
        self.side = side
        self.filled = filled
        self.cost = cost
        self.cost_rest = cost_rest
        self.open_quantity = open_quantity
        self.status = status


@mypyc_attr(acyclic=True)
@dataclass(init=False, slots=True)
class Expired:
    """The order ended with `quantity` of it expired by a rule."""

    order_id: int
    account: str
    quantity: int
    reason: str
    symbol: str = ""
    side: int = 0
    filled: int = 0
    cost: int = 0
    cost_rest: int = 0
    open_quantity: int = 0
    status: int = EXPIRED

    def __init__(
        self,
        order_id: int,
        account: str,
        quantity: int,
        reason: str,
        symbol: str = "",
        side: int = 0,
        filled: int = 0,
        cost: int = 0,
        cost_rest: int = 0,
        open_quantity: int = 0,
        status: int = EXPIRED,
    ) -> None:
        self.order_id = order_id
        self.account = account
        self.quantity = quantity
        self.reason = reason
        self.symbol = symbol
        self.side = side
        self.filled = filled
        self.cost = cost
        self.cost_rest = cost_rest
        self.open_quantity = open_quantity
        self.status = status


@dataclass
class AllCanceled:
    """The answer to CancelAll, after its `Canceled` events."""

    account: str
    count: int


@dataclass
class MessageRejected:
    """A journal message that cannot be read as commands, by its digest (BLAKE2b, 16 bytes, hex): nothing changed."""

    digest: str


@dataclass
class Triggered:
    """A stop order has become a market or limit order and enters the market as such."""

    order_id: int
    account: str
    symbol: str = ""
    side: int = 0
    filled: int = 0
    cost: int = 0
    cost_rest: int = 0
    open_quantity: int = 0
    status: int = OPEN


@dataclass
class Refused:
    """An accepted order ended because a check refused it later: a stop when it was triggered. `reason` is the code."""

    order_id: int
    account: str
    quantity: int
    reason: str
    symbol: str = ""
    side: int = 0
    filled: int = 0
    cost: int = 0
    cost_rest: int = 0
    open_quantity: int = 0
    status: int = REFUSED


@dataclass
class Busted:
    """A trade was undone; the members are those of its `Traded`, the fees are what is refunded.

    The members of both orders are as of now: a bust changes neither order.
    """

    trade_id: int
    symbol: str
    price: int
    quantity: int
    side: int
    maker_order_id: int
    maker_account: str
    maker_fee: int
    taker_order_id: int
    taker_account: str
    taker_fee: int
    maker_filled: int = 0
    maker_open: int = 0
    maker_cost: int = 0
    maker_cost_rest: int = 0
    maker_status: int = 0
    taker_filled: int = 0
    taker_open: int = 0
    taker_cost: int = 0
    taker_cost_rest: int = 0
    taker_status: int = 0


Event = (
    Configured
    | InstrumentListed
    | Rejected
    | Accepted
    | Repeated
    | Traded
    | Amended
    | Canceled
    | Expired
    | AllCanceled
    | CancelAfterSet
    | MessageRejected
    | InstrumentDelisted
    | PhaseSet
    | EndDrawn
    | BandsDoubled
    | Triggered
    | Refused
    | LimitsSet
    | KillSwitchSet
    | Busted
)

OF_ONE_ORDER: Final = (Amended, Canceled, Expired, Refused, Triggered)
"""Events that change one existing order; an order's other events are its acceptance and its trades."""
