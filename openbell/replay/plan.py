"""Plan: recorded messages turned into orders, with a reference book that predicts the exchange's. No I/O.

The reference book is as small as price-time priority allows: it has the open quantity of each of our orders, and so
predicts every fill. A submission becomes a limit order; a reduction an amend; a deletion a cancel; an execution an
incoming order of the other side, which must meet the order named. Two cases need care:

- Orders that rested before the file begins are not in it: one opening order a level represents them, and an event on
  an unknown order takes from the opening order of its price.
- The market did not always execute the order that was first at its level. Our book then fills the first order, and the
  named order has a surplus over the file, by as much as others have less; what the file later takes from those others
  is taken from such a surplus. So a level's total is always the file's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from openbell.replay.lobster import (
    BUY,
    CROSSED,
    EXECUTED,
    EXECUTED_HIDDEN,
    HALTED,
    REDUCED,
    SELL,
    SUBMITTED,
    TAKEN_AWAY,
    LobsterMessage,
    OpeningLevel,
    Top,
)

BIDS_ACCOUNT = "replay-bids"
ASKS_ACCOUNT = "replay-asks"
TAKERS_ACCOUNT = "replay-takers"
"""One of three accounts, so that no order ever meets an order of its own account."""

ACCOUNTS = (BIDS_ACCOUNT, ASKS_ACCOUNT, TAKERS_ACCOUNT)


WITHOUT_EFFECT = (EXECUTED_HIDDEN, CROSSED, HALTED)
"""Hidden liquidity, the trades of auctions and halts leave the displayed book as it is."""


@dataclass(frozen=True, slots=True)
class Action:
    """One request: `place` (rests), `take` (immediate or cancel), `amend` (to a new total `quantity`), `cancel`."""

    method: Literal["place", "take", "amend", "cancel"]
    account: str
    name: str
    side: int = 0
    price: int = 0
    quantity: int = 0


@dataclass(eq=False, slots=True)
class Resting:
    """One of our orders: its `open` quantity in the book, and the quantity left of it by the file (`owed`)."""

    name: str
    side: int
    price: int
    row: int
    quantity: int
    open: int
    owed: int

    @property
    def account(self) -> str:
        """The account of the order."""
        return BIDS_ACCOUNT if self.side == BUY else ASKS_ACCOUNT

    @property
    def surplus(self) -> int:
        """The open quantity beyond the file's."""
        return max(self.open - self.owed, 0)


class Plan:
    """The reference book, and the requests for each message.

    counts: messages by their effect, and the oddities among them.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.out_of_priority: list[int] = []
        """Rows whose execution named an order that was not first at its level."""
        self.levels: dict[int, dict[int, dict[str, Resting]]] = {BUY: {}, SELL: {}}
        self._named: dict[str, Resting] = {}

    def opening(self, levels: list[OpeningLevel]) -> list[Action]:
        """The placements of the opening book."""
        return [self._rest(_opening_name(level.side, level.price), level, row=0) for level in levels]

    def actions(self, message: LobsterMessage) -> list[Action]:
        """The requests for a message."""
        if not message.is_displayed:
            self.counts[_why_nothing(message)] += 1
            return []
        if message.kind == SUBMITTED:
            self.counts["submitted"] += 1
            level = OpeningLevel(message.side, message.price, message.size)
            return [self._rest(message.order_id, level, message.row)]
        return list(self._execute(message) if message.kind == EXECUTED else self._reduce(message))

    def top(self) -> Top:
        """The best level of both sides."""
        asks, bids = self.levels[SELL], self.levels[BUY]
        ask, bid = min(asks, default=0), max(bids, default=0)
        return Top(ask, self.size_at(SELL, ask), bid, self.size_at(BUY, bid))

    def size_at(self, side: int, price: int) -> int:
        """The shares at a price."""
        return sum(order.open for order in self.levels[side].get(price, {}).values())

    def _rest(self, name: str, level: OpeningLevel, row: int) -> Action:
        side, price, size = level
        order = Resting(name, side, price, row, size, self._match(-side, price, size), size)
        self._named[name] = order
        if order.open:
            self.levels[side].setdefault(price, {})[name] = order
        return Action("place", order.account, name, side, price, size)

    def _execute(self, message: LobsterMessage) -> Iterator[Action]:
        self.counts["executed"] += 1
        named = self._find(message)
        if named is None:
            return
        if next(iter(self.levels[message.side].get(message.price, {})), None) != named.name:
            self.out_of_priority.append(message.row)
        self._settle(named, message.size)
        self._match(message.side, message.price, message.size)
        yield Action("take", TAKERS_ACCOUNT, f"take-{message.row}", -message.side, message.price, message.size)

    def _reduce(self, message: LobsterMessage) -> Iterator[Action]:
        self.counts["reduced" if message.kind == REDUCED else "deleted"] += 1
        named = self._find(message)
        if named is None:
            return
        size = self._settle(named, message.size)
        own = min(size, named.open)
        if own:
            yield self._shrink(named, own)
        for other in list(self.levels[message.side].get(message.price, {}).values()):
            part = min(size - own, other.surplus)
            if part:
                own += part
                yield self._shrink(other, part)

    def _find(self, message: LobsterMessage) -> Resting | None:
        """The order that a message names, or the opening order of its price."""
        named = self._named.get(message.order_id) or self._named.get(_opening_name(message.side, message.price))
        if named is None or not named.owed:
            self.counts["about orders that the file never showed"] += 1
            return None
        return named

    def _settle(self, order: Resting, size: int) -> int:
        """Take the file's reduction from what an order is `owed`; the part that it had."""
        taken = min(size, order.owed)
        order.owed -= taken
        return taken

    def _shrink(self, order: Resting, size: int) -> Action:
        self._remove(order, size)
        if not order.open:
            return Action("cancel", order.account, order.name)
        order.quantity -= size
        return Action("amend", order.account, order.name, quantity=order.quantity)

    def _match(self, side: int, price: int, size: int) -> int:
        """Trade with the resting orders of `side` at `price` or better, best first, oldest first; the size left."""
        while size and (best := self._best(side)) and (best - price) * side >= 0:
            first = next(iter(self.levels[side][best].values()))
            traded = min(size, first.open)
            self._remove(first, traded)
            size -= traded
        return size

    def _best(self, side: int) -> int:
        levels = self.levels[side]
        return max(levels, default=0) if side == BUY else min(levels, default=0)

    def _remove(self, order: Resting, size: int) -> None:
        order.open -= size
        if not order.open:
            level = self.levels[order.side][order.price]
            del level[order.name]
            if not level:
                del self.levels[order.side][order.price]


def _why_nothing(message: LobsterMessage) -> str:
    """The count's name for a message without requests."""
    if message.kind in WITHOUT_EFFECT:
        return "without effect on the displayed book"
    if message.kind == SUBMITTED or message.kind in TAKEN_AWAY:
        return "passed over: without a size, a price or a side"
    return f"passed over: of type {message.kind}, which is not known"


def _opening_name(side: int, price: int) -> str:
    return f"opening-{'bid' if side == BUY else 'ask'}-{price}"
