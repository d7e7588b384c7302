"""What one trader wrote down: each request, every answer to it, and every execution report. No I/O.

It knows the protocol and nothing of the exchange's inside. Values are kept as digests: a long run has many of them.
Times are seconds of one monotonic clock.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

Frame = dict[str, Any]

OPEN_STATUSES = frozenset({"open", "partially_filled", "pending_trigger"})
UNSETTLED = frozenset({"busy", "outcome_unknown", "unavailable", "lost"})
"""What says nothing of the outcome, or, with `busy`, that there surely is none."""


def digest(value: object) -> bytes:
    """Equal for equal JSON values, whatever the order of their members."""
    return blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=12).digest()


class Told(NamedTuple):
    """A definite answer: where in which partition's journal its command stands, and what it said."""

    partition: int
    journal: str
    refused: bool
    content: bytes


class Served(NamedTuple):
    """One request with its answer, for measuring. `code` is "" for a success."""

    partition: int
    sent: float
    answered: float
    code: str
    cancel: bool


@dataclass
class Placement:
    """An order under its client order id. `order_id` is "" until it is told."""

    name: str
    symbol: str
    partition: int
    attempts: int = 0
    maybe_stored: bool = False
    """Some attempt ended without anybody saying what became of it."""

    surely_not_stored: bool = False
    refused: str = ""
    order_id: str = ""

    @property
    def settled(self) -> bool:
        """Whether its outcome is known."""
        return bool(self.order_id or self.refused or self.surely_not_stored)


@dataclass
class Feed:
    """One partition's reports: all up to `top` have come, `ahead` are those beyond a gap."""

    start: int
    top: int
    cursor: str
    highest: int
    content: dict[int, bytes] = field(default_factory=dict)
    ahead: dict[int, str] = field(default_factory=dict)

    def take(self, seq: int, cursor: str, content: bytes) -> str:
        """Take a report; a sentence if it is at odds with one that came before."""
        before = self.content.setdefault(seq, content)
        self.ahead[seq] = cursor
        self.highest = max(self.highest, seq)
        while self.top + 1 in self.ahead:
            self.top += 1
            self.cursor = self.ahead.pop(self.top)
        return "" if before == content else f"report {seq} came with two contents"


class Ledger:
    """See the module."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.placements: dict[str, Placement] = {}
        self.told: list[Told] = []
        self.served: list[Served] = []
        self.codes: Counter[str] = Counter()
        self.open: dict[str, Placement] = {}
        """By order id, those that the last answer or report called open."""

        self._ended: set[str] = set()
        self.feeds: dict[int, Feed] = {}
        self.fills: set[tuple[str, int, str]] = set()
        self.faults: list[str] = []

    def place(self, name: str, symbol: str, partition: int) -> Placement:
        """A new order is about to be sent."""
        placement = self.placements[name] = Placement(name, symbol, partition)
        return placement

    def answer(self, partition: int, frame: Frame, sent: float, now: float, *, cancel: bool) -> str:
        """Note a request's answer; its code, "" for a success."""
        error = frame.get("error")
        code = str(error["code"]) if error else ""
        self.codes[code or "ok"] += 1
        self.served.append(Served(partition, sent, now, code, cancel))
        if frame.get("journal"):
            content = {key: value for key, value in error.items() if key != "request_id"} if error else frame["result"]
            self.told.append(Told(partition, frame["journal"], bool(error), digest(content)))
        return code

    def lost(self, partition: int, sent: float, now: float, *, cancel: bool) -> None:
        """Note that a connection ended before an answer came."""
        self.codes["lost"] += 1
        self.served.append(Served(partition, sent, now, "lost", cancel))

    def placed(self, placement: Placement, order: Frame) -> None:
        """The exchange has told an order's id."""
        if placement.order_id and placement.order_id != order["order_id"]:
            self.faults.append(f"{placement.name} is both {placement.order_id} and {order['order_id']}")
        placement.order_id = order["order_id"]
        self._see(order)

    def report(self, frame: Frame) -> None:
        """Note an execution report, however it came; the same one may come again by `resume`."""
        feed = self.feeds[frame["partition"]]
        fresh = frame["seq"] not in feed.content
        content = {key: value for key, value in frame.items() if key not in {"prev", "type"}}
        fault = feed.take(frame["seq"], frame["cursor"], digest(content))
        if fault:
            self.faults.append(f"partition {frame['partition']}: {fault}")
        if fresh:
            self._see(frame["order"])
            if frame["exec"] == "trade":
                self._fill(frame)

    def snapshot(self, frame: Frame) -> None:
        """Note where a partition's reports stand as a subscription begins."""
        seq = frame["seq"]
        feed = self.feeds.get(frame["partition"])
        if feed is None:
            self.feeds[frame["partition"]] = Feed(seq, seq, frame["cursor"], seq)
        else:
            feed.highest = max(feed.highest, seq)

    def behind(self) -> list[tuple[int, str]]:
        """Partitions whose reports have a gap, each with the cursor to go on from."""
        return [(number, feed.cursor) for number, feed in self.feeds.items() if feed.top < feed.highest]

    @property
    def unsettled(self) -> list[Placement]:
        """Orders whose outcome is not known."""
        return [placement for placement in self.placements.values() if not placement.settled]

    def _fill(self, frame: Frame) -> None:
        fill = (frame["order"]["symbol"], frame["trade_id"], frame["order"]["order_id"])
        if fill in self.fills:
            self.faults.append(f"filled twice: trade {fill}")
        self.fills.add(fill)

    def _see(self, order: Frame) -> None:
        # An answer may come after a report that is newer than it: an order that has ended stays so.
        placement = self.placements.get(order["client_order_id"])
        if placement is None:
            self.faults.append(f"a report of an order that was never sent: {order['client_order_id']}")
        elif order["status"] not in OPEN_STATUSES:
            self.open.pop(order["order_id"], None)
            placement.order_id = placement.order_id or order["order_id"]
            self._ended.add(order["order_id"])
        elif order["order_id"] not in self._ended:
            self.open[order["order_id"]] = placement
