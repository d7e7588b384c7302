"""Orders as a reader of EVENTS alone knows them: each event changes a few of their members, and nothing else does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from exchange.events import Accepted, Amended, Busted, Canceled, Expired, Refused, Traded, Triggered
from exchange.terms import CROSSED, LIQUIDITY_NAMES, SIDE_NAMES, STOP, STOP_LIMIT
from exchange.units import UNIT
from gateway.requests.timestamps import time_text

if TYPE_CHECKING:
    from exchange.commands import PlaceOrder
    from exchange.events import Event

Json = dict[str, Any]


@dataclass
class ToldOrder:
    """An order in units, as it was right after an event; None where there is nothing."""

    order_id: int
    placed: PlaceOrder
    price: int | None
    stop_price: int | None
    quantity: int
    display_quantity: int | None
    expires: int | None
    open_quantity: int
    status: str
    created: int
    updated: int
    filled_quantity: int = 0
    cost: int = 0
    reason: str | None = None
    fills: list[Json] = field(default_factory=list)

    def seen(self) -> Json:
        """What a client may see of it, numbers as they count."""
        return {
            "client_order_id": self.placed.client_order_id,
            "account": self.placed.account,
            "symbol": self.placed.symbol,
            "side": SIDE_NAMES[self.placed.side],
            "price": self.price,
            "stop_price": self.stop_price,
            "quantity": self.quantity,
            "display_quantity": self.display_quantity,
            "filled_quantity": self.filled_quantity,
            "open_quantity": self.open_quantity,
            "average_price": round(Fraction(self.cost, self.filled_quantity)) if self.filled_quantity else None,
            "expires": self.expires and time_text(self.expires),
            "status": self.status,
            "reason": self.reason,
            "created": time_text(self.created),
            "updated": time_text(self.updated),
        }


class ToldOrders:
    """All orders that EVENTS has told of."""

    def __init__(self) -> None:
        self.orders: dict[int, ToldOrder] = {}

    def take(self, event: Event, at: int) -> list[tuple[str, ToldOrder]]:
        """What an event, stored at `at`, tells: what happened and the order after it. A trade tells its maker first."""
        if isinstance(event, Traded):
            return [("trade", self._fill(event, at, taker=False)), ("trade", self._fill(event, at, taker=True))]
        if isinstance(event, Busted):
            known = [self.orders.get(number) for number in (event.maker_order_id, event.taker_order_id)]
            return [("busted", order) for order in known if order is not None]
        told = self._change(event, at)
        return [] if told is None else [(told[0], replace(told[1], fills=list(told[1].fills)))]

    def _change(self, event: Event, at: int) -> tuple[str, ToldOrder] | None:
        if isinstance(event, Accepted):
            return "accepted", self._accept(event, at)
        if not isinstance(event, Amended | Canceled | Expired | Refused | Triggered):
            return None
        order = self.orders[event.order_id]
        order.updated = at
        if isinstance(event, Triggered):
            order.status = "open"
            return "triggered", order
        if isinstance(event, Amended):
            order.price, order.stop_price = event.price, event.stop_price
            order.quantity, order.display_quantity = event.quantity, event.display_quantity
            order.expires, order.open_quantity = event.expires, event.open_quantity
            order.status = order.status if event.open_quantity else "filled"
            return "amended", order
        order.open_quantity, order.reason = 0, event.reason
        order.status = {Canceled: "canceled", Expired: "expired", Refused: "rejected"}[type(event)]
        return order.status, order

    def _accept(self, event: Accepted, at: int) -> ToldOrder:
        placed = event.order
        shows_all = placed.display_quantity == placed.quantity
        status = "pending_trigger" if placed.type in (STOP, STOP_LIMIT) else "open"
        order = self.orders[event.order_id] = ToldOrder(
            event.order_id,
            placed,
            placed.price,
            placed.stop_price,
            placed.quantity,
            None if shows_all else placed.display_quantity,
            placed.expires,
            placed.quantity,
            status,
            at,
            at,
        )
        return order

    def _fill(self, event: Traded, at: int, *, taker: bool) -> ToldOrder:
        order = self.orders[event.taker_order_id if taker else event.maker_order_id]
        order.filled_quantity = event.taker_filled if taker else event.maker_filled
        order.open_quantity = event.taker_open if taker else event.maker_open
        order.cost += event.price * event.quantity
        order.status = "partially_filled" if order.open_quantity else "filled"
        order.updated = at
        fill = {
            "trade_id": event.trade_id,
            "price": event.price,
            "quantity": event.quantity,
            "liquidity": LIQUIDITY_NAMES[2 if event.side == CROSSED else int(taker)],
            "fee": event.taker_fee if taker else event.maker_fee,
            "time": time_text(at),
        }
        order.fills.append(fill)
        return replace(order, fills=list(order.fills))


NUMBERS = (
    "price",
    "stop_price",
    "quantity",
    "display_quantity",
    "filled_quantity",
    "open_quantity",
    "average_price",
    "fee",
)


def seen(printed: Json) -> Json:
    """A printed order, or a fill, with its numbers as they count."""
    return {
        name: int(Decimal(value) * UNIT) if name in NUMBERS and value is not None else value
        for name, value in printed.items()
    }
