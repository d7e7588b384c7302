"""From recorded messages to orders, and to what the book must then look like. No I/O.

The reference book is as small as price-time priority allows: it knows what each of our orders still has open, and
so predicts every fill. A submission becomes a limit order; a reduction an amend; a deletion a cancel; an execution
an incoming order of the other side, which must meet the order named. Two things need care:

- Orders that rested before the file begins are not in it: one opening order a level stands for them, and an event
  on an unknown order takes from that of its price.
- The market did not always execute the order that was first at its level. Ours then fills the first one, and the
  named one holds more than the file says, by as much as others hold less; whatever the file later takes from those
  is taken from such surplus. So a level's total is always what the file says.
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
"""Three accounts, so that no order ever meets one of its own."""

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
    """One of our orders: what it has `open` in the book, and what is left of it by the file (`owed`)."""

    name: str
    side: int
    price: int
    row: int
    quantity: int
    open: int
    owed: int

    @property
    def account(self) -> str:
        """Whose it is."""
        return BIDS_ACCOUNT if self.side == BUY else ASKS_ACCOUNT

    @property
    def surplus(self) -> int:
        """What it holds beyond what the file says."""
        return max(self.open - self.owed, 0)


class Plan:
    """The reference book, and what to send for each message.

    counts: messages by what was done, and the oddities among them.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.out_of_priority: list[int] = []
        """Rows whose execution named an order that was not first at its level."""
        self.levels: dict[int, dict[int, dict[str, Resting]]] = {BUY: {}, SELL: {}}
        self._named: dict[str, Resting] = {}

    def opening(self, levels: list[OpeningLevel]) -> list[Action]:
        """Place the opening book."""
        return [self._rest(_opening_name(level.side, level.price), level, row=0) for level in levels]

    def actions(self, message: LobsterMessage) -> list[Action]:
        """What to send for a message."""
        if not message.is_displayed:
            self.counts[_why_nothing(message)] += 1
            return []
        if message.kind == SUBMITTED:
            self.counts["submitted"] += 1
            level = OpeningLevel(message.side, message.price, message.size)
            return [self._rest(message.order_id, level, message.row)]
        return list(self._execute(message) if message.kind == EXECUTED else self._reduce(message))

    def top(self) -> Top:
        """The best of both sides."""
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
        """The order a message is about, or the one that stands for all that was at its price at the start."""
        named = self._named.get(message.order_id) or self._named.get(_opening_name(message.side, message.price))
        if named is None or not named.owed:
            self.counts["about orders that the file never showed"] += 1
            return None
        return named

    def _settle(self, order: Resting, size: int) -> int:
        """The file takes so much from an order; how much it had to take."""
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
        """Trade with the resting orders of `side` at `price` or better, best first, oldest first; what is left."""
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
    """What a message is counted as that sends nothing."""
    if message.kind in WITHOUT_EFFECT:
        return "without effect on the displayed book"
    if message.kind == SUBMITTED or message.kind in TAKEN_AWAY:
        return "passed over: without a size, a price or a side"
    return f"passed over: of type {message.kind}, which is not known"


def _opening_name(side: int, price: int) -> str:
    return f"opening-{'bid' if side == BUY else 'ask'}-{price}"
