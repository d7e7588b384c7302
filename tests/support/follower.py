"""A subscriber to the public channels that knows nothing but the frames it gets, and checks each of them.

Books are kept as printed text, so a number printed in two ways would show; the checksum is worked out from
docs/protocol.md alone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zlib import crc32

from exchange.terms import BUY, SELL
from exchange.units import UNIT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exchange.book.book_side import BookSide
    from tests.support.journaled import Journaled

Frame = dict[str, Any]
Levels = dict[str, str]

FRAME = ("channel", "type", "symbol", "seq", "prev", "journal")
"""The members that all messages have."""


class Follower:
    """One instrument as its frames tell it: levels, displayed orders by id, the tape and the ticker."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.seqs = dict.fromkeys(("instruments", "status", "trades", "full", "book", "ticker"), 0)
        self.sides: dict[str, Levels] = {"bids": {}, "asks": {}}
        self.orders: dict[str, list[str]] = {}
        self.tape: list[Frame] = []
        self.busts = 0
        self.ticker: Frame = {}
        self.status: Frame = {}

    def hear(self, frames: Iterable[Frame]) -> None:
        """Take the frames of one command."""
        for frame in frames:
            if frame["symbol"] == self.symbol:
                channel = frame["channel"]
                assert frame["type"] == "update"
                assert frame["prev"] == self.seqs[channel]
                assert frame["seq"] > frame["prev"]
                self.seqs[channel] = frame["seq"]
                getattr(self, f"hear_{channel}")(frame)

    def hear_instruments(self, frame: Frame) -> None:
        """A listing, or the end of one, which has to be empty."""
        assert frame["instrument"]["symbol"] == self.symbol
        if frame["instrument"].get("delisted"):
            assert (self.orders, self.sides) == ({}, {"bids": {}, "asks": {}})
            self.ticker = {}

    def hear_status(self, frame: Frame) -> None:
        """How it stands, never the same twice but for a new listing."""
        self.status = {name: value for name, value in frame.items() if name not in FRAME}

    def hear_trades(self, frame: Frame) -> None:
        """Some more of the tape, without a gap, or a bust of something on it."""
        for line in frame["trades"]:
            if line.pop("bust", False):
                self.busts += 1
                assert self.tape[line["trade_id"] - 1] | {"time": line["time"]} == line
            else:
                self.tape.append(line)
        assert [trade["trade_id"] for trade in self.tape] == list(range(1, len(self.tape) + 1))
        assert frame["seq"] == len(self.tape) + self.busts

    def hear_full(self, frame: Frame) -> None:
        """Displayed orders, each of which opens before it changes and is done once."""
        for kind, order_id, *row in frame["orders"]:
            assert (order_id in self.orders) == (kind != "open")
            if kind == "done":
                assert Decimal(row[2]) == 0
                assert self.orders.pop(order_id)[:2] == row[:2]
            else:
                assert Decimal(row[2]) > 0
                self.orders[order_id] = row

    def hear_book(self, frame: Frame) -> None:
        """Levels' totals, with the checksum of what the book now is."""
        for name, levels in self.sides.items():
            for price, quantity in frame[name]:
                if Decimal(quantity):
                    levels[price] = quantity
                else:
                    levels.pop(price, None)
        assert frame["checksum"] == self.checksum()

    def hear_ticker(self, frame: Frame) -> None:
        """Best prices and last trade, never the same twice."""
        now = {name: frame[name] for name in ("bid", "bid_quantity", "ask", "ask_quantity", "last", "last_quantity")}
        assert now != self.ticker
        self.ticker = now

    def best_first(self, name: str) -> list[tuple[str, str]]:
        """One side's levels in order."""
        return sorted(self.sides[name].items(), key=lambda level: Decimal(level[0]), reverse=name == "bids")

    def checksum(self) -> int:
        """As the protocol describes it."""
        levels = self.best_first("asks")[:10] + self.best_first("bids")[:10]
        return crc32("".join(text.replace(".", "").lstrip("0") for level in levels for text in level).encode())

    def compare(self, journaled: Journaled) -> None:
        """What was heard is what the engine has, and what a snapshot says."""
        book = journaled.partition.engine.books[self.symbol]
        for side, name in ((BUY, "bids"), (SELL, "asks")):
            levels = self.best_first(name)
            assert [(in_units(price), in_units(quantity)) for price, quantity in levels] == book.sides[side].depth(0)
            assert self.totals(("buy", "sell")[side]) == dict(book.sides[side].depth(0))
            assert self.queue(book.sides[side]) == [order.order_id for order in book.sides[side].orders()]
        snapshot = journaled.ask("book", symbol=self.symbol)
        assert [snapshot["bids"], snapshot["asks"]] == [
            [list(level) for level in self.best_first(name)] for name in ("bids", "asks")
        ]
        assert (snapshot["seq"], snapshot["checksum"]) == (self.seqs["book"], self.checksum())
        full = journaled.ask("full", symbol=self.symbol)
        assert full["seq"] == self.seqs["full"]
        assert {row[1]: row[2:] for row in full["orders"]} == self.orders
        assert len(self.tape) == book.last_trade_id
        status = journaled.ask("status", symbol=self.symbol)
        assert {name: value for name, value in status.items() if name not in FRAME} == self.status
        assert status["seq"] == self.seqs["status"]
        assert self.ticker in (self.ticker_of(journaled), {})

    def totals(self, side: str) -> dict[int, int]:
        """The level totals that the displayed orders add up to."""
        totals: dict[int, int] = {}
        for order_side, price, quantity in self.orders.values():
            if order_side == side:
                totals[in_units(price)] = totals.get(in_units(price), 0) + in_units(quantity)
        return totals

    def queue(self, side: BookSide) -> list[int]:
        """The ids of the displayed orders at the side's prices, in the order in which they were opened there."""
        numbers = {order_id: int(order_id.split("-")[1]) for order_id in self.orders}
        return [
            numbers[order_id]
            for price, _ in side.depth(0)
            for order_id, row in self.orders.items()
            if in_units(row[1]) == price and (row[0] == "buy") == (side.sign > 0)
        ]

    def ticker_of(self, journaled: Journaled) -> Frame:
        """The ticker that a snapshot shows."""
        snapshot = journaled.ask("ticker", symbol=self.symbol)
        assert snapshot["seq"] == self.seqs["ticker"]
        return {name: snapshot[name] for name in self.ticker or snapshot}


def in_units(text: str) -> int:
    """The units of a printed number."""
    return int(Decimal(text) * UNIT)
