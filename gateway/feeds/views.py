"""Views: the state of one public channel of one instrument, from which a new subscriber gets its snapshot at once.

A view applies the exchange's own frames, decoded, in order (see `continuity`): `reset` with a snapshot, `apply` with
each update after it. `snapshot` gives the frame for a subscriber that has none yet.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final, Protocol

from exchange.units import from_text
from gateway.feeds.depth import Depth, PrintedLevel

FrameBody = dict[str, Any]

TRADES_KEPT: Final = 100
"""Recent trades of an instrument that a snapshot shows."""


class View(Protocol):
    """The state of one channel."""

    def reset(self, frame: FrameBody) -> None:
        """Replace the state by a snapshot's."""

    def apply(self, frame: FrameBody) -> bool:
        """Apply an update; False if the update shows that the view was wrong."""
        ...

    def snapshot(self) -> FrameBody:
        """The whole state as a frame."""
        ...


class LatestView:
    """The view of channels whose last message supersedes all before it: `ticker` and `status`."""

    def __init__(self) -> None:
        self.latest: FrameBody = {}

    def reset(self, frame: FrameBody) -> None:
        """Replace the state by a snapshot's."""
        self.latest = frame

    def apply(self, frame: FrameBody) -> bool:
        """Apply an update."""
        self.latest = frame
        return True

    def snapshot(self) -> FrameBody:
        """The last message as a snapshot."""
        frame = self.latest | {"type": "snapshot"}
        frame.pop("prev", None)
        return frame


class TradesView:
    """The last trades, oldest first. `last_id` is the number of the last trade, 0 before the first."""

    def __init__(self) -> None:
        self._frame: FrameBody = {}
        self._trades: deque[Any] = deque(maxlen=TRADES_KEPT)
        self.last_id = 0

    def reset(self, frame: FrameBody) -> None:
        """Replace the state by a snapshot's."""
        self._frame = frame
        self._trades.clear()
        self._trades.extend(sorted(frame["trades"], key=_trade_id))
        self.last_id = _trade_id(self._trades[-1]) if self._trades else 0

    def apply(self, frame: FrameBody) -> bool:
        """Apply an update: new trades, or old ones that were busted."""
        self._frame = frame
        for trade in frame["trades"]:
            if "bust" in trade:
                self._mark(trade)
            else:
                self._trades.append(trade)
                self.last_id = _trade_id(trade)
        return True

    def snapshot(self) -> FrameBody:
        """The last trades and the sequence number that updates follow."""
        frame = self._frame | {"type": "snapshot", "trades": list(self._trades)}
        frame.pop("prev", None)
        return frame

    def _mark(self, busted: FrameBody) -> None:
        for place, trade in enumerate(self._trades):
            if trade["trade_id"] == busted["trade_id"]:
                self._trades[place] = busted


class FullView:
    """Every displayed order, by id and in the order of arrival, which within one price is the book's time priority."""

    def __init__(self) -> None:
        self._frame: FrameBody = {}
        self._orders: dict[str, list[Any]] = {}

    def reset(self, frame: FrameBody) -> None:
        """Replace the state by a snapshot's."""
        self._frame = frame
        self._orders = {}
        self._take(frame)

    def apply(self, frame: FrameBody) -> bool:
        """Apply an update."""
        self._frame = frame
        self._take(frame)
        return True

    def snapshot(self) -> FrameBody:
        """All orders, bids before asks, each side best price first and then by time."""
        rows = sorted(self._orders.values(), key=_book_order)
        frame = self._frame | {"type": "snapshot", "orders": rows}
        frame.pop("prev", None)
        return frame

    def _take(self, frame: FrameBody) -> None:
        for row in frame["orders"]:
            kind, order_id = row[0], row[1]
            if kind == "done":
                self._orders.pop(order_id, None)
            else:
                # A changed order keeps its place in the dict, as in the book; only `open` goes to the end.
                self._orders[order_id] = ["open", *row[1:]]


class BookView:
    """The depth of one instrument, with the sequence number and the journal position of its last change."""

    def __init__(self) -> None:
        self.depth = Depth()
        self.symbol = ""
        self.seq = 0
        self.journal = ""

    def reset(self, frame: FrameBody) -> None:
        """Replace the state by a snapshot's."""
        self.depth = Depth()
        self.symbol = frame["symbol"]
        self._take(frame)

    def apply(self, frame: FrameBody) -> bool:
        """Apply an update; False if the checksum shows that an update was lost."""
        self._take(frame)
        return bool(frame["checksum"] == self.depth.checksum())

    def snapshot(self) -> FrameBody:
        """All levels."""
        return self.window(0)

    def window(self, depth: int) -> FrameBody:
        """The best `depth` levels of each side as a snapshot; 0 for all levels."""
        bids, asks = self.depth.bids.top(depth), self.depth.asks.top(depth)
        return self.frame("snapshot", self.seq, bids, asks, depth)

    def frame(self, kind: str, seq: int, bids: list[PrintedLevel], asks: list[PrintedLevel], depth: int) -> FrameBody:
        """A frame of channel `book`, without `prev`."""
        return {
            "channel": "book",
            "type": kind,
            "symbol": self.symbol,
            "seq": seq,
            "journal": self.journal,
            "bids": bids,
            "asks": asks,
            "checksum": self.depth.checksum(depth),
        }

    def _take(self, frame: FrameBody) -> None:
        self.depth.apply(frame["bids"], frame["asks"])
        self.seq = frame["seq"]
        self.journal = frame.get("journal", self.journal)


def _trade_id(trade: FrameBody) -> int:
    number: int = trade["trade_id"]
    return number


def _book_order(row: list[Any]) -> tuple[bool, int]:
    """The sort key of rows `[kind, order_id, side, price, quantity]`; the sort is stable, so time priority is kept."""
    price = from_text(row[3])
    return (row[2] != "buy", -price if row[2] == "buy" else price)
