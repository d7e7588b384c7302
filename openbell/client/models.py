"""Models: the exchange's answers and messages as typed values.

Prices, quantities and money are `Decimal`s with the decimals the exchange printed; times are nanoseconds since 1970
UTC (0: none); words (`side`, `status`, `exec`, …) are those of docs/protocol.md. `journal` ("sequence.index") is the
command's place in its partition's journal: values with the same `journal` come from the same command.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from openbell.client.values import from_wire, time_from_wire

Body = dict[str, Any]
"""A JSON object as it came."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution of an order. `fee` below zero is a rebate."""

    trade_id: int
    price: Decimal
    quantity: Decimal
    liquidity: str
    fee: Decimal
    time: int

    @classmethod
    def read(cls, body: Body) -> Fill:
        """From the wire."""
        return cls(
            trade_id=body["trade_id"],
            price=Decimal(body["price"]),
            quantity=Decimal(body["quantity"]),
            liquidity=body["liquidity"],
            fee=Decimal(body.get("fee") or 0),
            time=time_from_wire(body.get("time")),
        )


@dataclass(frozen=True, slots=True)
class Order:
    """An order as of the exchange's message. `fills` are given in the answer to a placement only."""

    order_id: str
    client_order_id: str
    account: str
    symbol: str
    side: str
    type: str
    time_in_force: str
    price: Decimal | None
    stop_price: Decimal | None
    quantity: Decimal
    display_quantity: Decimal | None
    filled_quantity: Decimal
    open_quantity: Decimal
    average_price: Decimal | None
    post_only: bool
    self_trade: str
    expires: int
    status: str
    reason: str
    created: int
    updated: int
    fills: tuple[Fill, ...] = ()
    journal: str = ""

    @classmethod
    def read(cls, body: Body, journal: str = "") -> Order:
        """From the wire."""
        return cls(
            order_id=body["order_id"],
            client_order_id=body.get("client_order_id") or "",
            account=body.get("account") or "",
            symbol=body["symbol"],
            side=body["side"],
            type=body["type"],
            time_in_force=body["time_in_force"],
            price=from_wire(body.get("price")),
            stop_price=from_wire(body.get("stop_price")),
            quantity=Decimal(body["quantity"]),
            display_quantity=from_wire(body.get("display_quantity")),
            filled_quantity=Decimal(body["filled_quantity"]),
            open_quantity=Decimal(body["open_quantity"]),
            average_price=from_wire(body.get("average_price")),
            post_only=bool(body.get("post_only")),
            self_trade=body.get("self_trade") or "",
            expires=time_from_wire(body.get("expires")),
            status=body["status"],
            reason=body.get("reason") or "",
            created=time_from_wire(body.get("created")),
            updated=time_from_wire(body.get("updated")),
            fills=tuple(Fill.read(fill) for fill in body.get("fills") or ()),
            journal=journal,
        )

    @property
    def is_open(self) -> bool:
        """Whether the order can still trade."""
        return self.status in {"open", "partially_filled", "pending_trigger"}


@dataclass(frozen=True, slots=True)
class Report:
    """An execution report of the account's order. `exec` "snapshot": the order was open when the feed began.

    The `last_*` fields, `trade_id`, `liquidity` and `fee` belong to a trade (or its bust).
    """

    exec: str
    order: Order
    partition: int
    seq: int
    cursor: str
    journal: str = ""
    last_price: Decimal | None = None
    last_quantity: Decimal | None = None
    trade_id: int = 0
    liquidity: str = ""
    fee: Decimal | None = None
    self_match: bool = False

    @classmethod
    def read(cls, frame: Body) -> Report:
        """From an update of the channel `orders`."""
        return cls(
            exec=frame["exec"],
            order=Order.read(frame["order"], frame.get("journal") or ""),
            partition=frame["partition"],
            seq=frame["seq"],
            cursor=frame["cursor"],
            journal=frame.get("journal") or "",
            last_price=from_wire(frame.get("last_price")),
            last_quantity=from_wire(frame.get("last_quantity")),
            trade_id=frame.get("trade_id") or 0,
            liquidity=frame.get("liquidity") or "",
            fee=from_wire(frame.get("fee")),
            self_match=bool(frame.get("self_match")),
        )


@dataclass(frozen=True, slots=True)
class Trade:
    """A print on the tape; `side` is the taker's, "cross" in an uncross. `bust`: the trade of this number was busted.

    `trade_id` is dense per symbol, so a gap in it is a missed print.
    """

    symbol: str
    trade_id: int
    price: Decimal
    quantity: Decimal
    side: str
    time: int
    journal: str = ""
    bust: bool = False

    @classmethod
    def read(cls, symbol: str, body: Body, journal: str = "") -> Trade:
        """From a row of the channel `trades`."""
        return cls(
            symbol=symbol,
            trade_id=body["trade_id"],
            price=Decimal(body["price"]),
            quantity=Decimal(body["quantity"]),
            side=body["side"],
            time=time_from_wire(body.get("time")),
            journal=journal,
            bust=bool(body.get("bust")),
        )


@dataclass(frozen=True, slots=True)
class Ticker:
    """Best prices and the last trade; None where there is none."""

    symbol: str
    seq: int
    bid: Decimal | None
    bid_quantity: Decimal | None
    ask: Decimal | None
    ask_quantity: Decimal | None
    last: Decimal | None
    last_quantity: Decimal | None
    time: int

    @classmethod
    def read(cls, frame: Body) -> Ticker:
        """From a message of the channel `ticker`."""
        return cls(
            symbol=frame["symbol"],
            seq=frame["seq"],
            bid=from_wire(frame.get("bid")),
            bid_quantity=from_wire(frame.get("bid_quantity")),
            ask=from_wire(frame.get("ask")),
            ask_quantity=from_wire(frame.get("ask_quantity")),
            last=from_wire(frame.get("last")),
            last_quantity=from_wire(frame.get("last_quantity")),
            time=time_from_wire(frame.get("time")),
        )


@dataclass(frozen=True, slots=True)
class Status:
    """An instrument's phase, its indicative auction and its bands; None where there is none.

    The fields from `kind` up to `imbalance_side` are of an auction.
    """

    symbol: str
    seq: int
    phase: str
    reason: str
    until: int
    kind: str = ""
    indicative_price: Decimal | None = None
    paired_quantity: Decimal | None = None
    imbalance: Decimal | None = None
    imbalance_side: str = ""
    band_low: Decimal | None = None
    band_high: Decimal | None = None

    @classmethod
    def read(cls, frame: Body) -> Status:
        """From a message of the channel `status`."""
        return cls(
            symbol=frame["symbol"],
            seq=frame["seq"],
            phase=frame["phase"],
            reason=frame.get("reason") or "",
            until=time_from_wire(frame.get("until")),
            kind=frame.get("kind") or "",
            indicative_price=from_wire(frame.get("indicative_price")),
            paired_quantity=from_wire(frame.get("paired_quantity")),
            imbalance=from_wire(frame.get("imbalance")),
            imbalance_side=frame.get("imbalance_side") or "",
            band_low=from_wire(frame.get("band_low")),
            band_high=from_wire(frame.get("band_high")),
        )


@dataclass(frozen=True, slots=True)
class Position:
    """An account's position in an instrument; below zero it is short. `unrealised` is None before the first trade."""

    symbol: str
    quantity: Decimal
    average_price: Decimal | None
    realised: Decimal
    unrealised: Decimal | None
    fees: Decimal

    @classmethod
    def read(cls, body: Body) -> Position:
        """From a row of `positions`."""
        return cls(
            symbol=body["symbol"],
            quantity=Decimal(body["quantity"]),
            average_price=from_wire(body.get("average_price")),
            realised=Decimal(body["realised"]),
            unrealised=from_wire(body.get("unrealised")),
            fees=Decimal(body["fees"]),
        )


@dataclass(frozen=True, slots=True)
class Account:
    """An account: cash and fees in all, positions by symbol, its limits and their use as the exchange gave them."""

    account: str
    cash: Decimal
    fees: Decimal
    positions: dict[str, Position]
    limits: list[Body]
    used: list[Body]

    @classmethod
    def read(cls, body: Body) -> Account:
        """From the answer to `GET /v1/account`."""
        return cls(
            account=body["account"],
            cash=Decimal(body["cash"]),
            fees=Decimal(body["fees"]),
            positions={row["symbol"]: Position.read(row) for row in body["positions"]},
            limits=body["limits"],
            used=body["used"],
        )


@dataclass(frozen=True, slots=True)
class Instrument:
    """Reference data. `tick_size` is the smallest tick; `terms` is the whole listing as the exchange printed it."""

    symbol: str
    tick_size: Decimal
    lot_size: Decimal
    reference_price: Decimal | None
    terms: Body = field(repr=False)
    delisted: bool = False

    @classmethod
    def read(cls, body: Body) -> Instrument:
        """From the wire; a tick table is in `terms`."""
        ticks = [row["tick"] for row in body.get("ticks") or ()] or [body["tick_size"]]
        return cls(
            symbol=body["symbol"],
            tick_size=min(Decimal(tick) for tick in ticks),
            lot_size=Decimal(body["lot_size"]),
            reference_price=from_wire(body.get("reference_price")),
            terms=body,
            delisted=bool(body.get("delisted")),
        )


@dataclass(frozen=True, slots=True)
class OrderChange:
    """A change of one displayed order: it is `open`, its quantity `change`d, or it is `done`."""

    kind: str
    order_id: str
    side: str
    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class FullUpdate:
    """Changes of the book order by order; a snapshot (`is_snapshot`) supersedes all changes before it."""

    symbol: str
    seq: int
    journal: str
    is_snapshot: bool
    changes: tuple[OrderChange, ...]

    @classmethod
    def read(cls, frame: Body) -> FullUpdate:
        """From a message of the channel `full`."""
        return cls(
            symbol=frame["symbol"],
            seq=frame["seq"],
            journal=frame.get("journal") or "",
            is_snapshot=frame["type"] == "snapshot",
            changes=tuple(
                OrderChange(kind, order_id, side, Decimal(price), Decimal(quantity))
                for kind, order_id, side, price, quantity in frame["orders"]
            ),
        )
