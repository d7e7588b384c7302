"""An order of the naive exchange (see `naive_book`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from exchange import events
from exchange.terms import BUY, FILLED, OPEN
from exchange.units import UNIT

if TYPE_CHECKING:
    from exchange.commands import PlaceOrder


@dataclass
class NaiveOrder:
    """An order and all that ever changes of it; `stamp` is its time in the queue."""

    order_id: int
    placed: PlaceOrder
    price: int
    quantity: int
    display: int
    expires: int
    created: int
    updated: int
    open: int
    shown: int = 0
    filled: int = 0
    cost: int = 0
    canceled: int = 0
    stamp: int = 0
    status: int = OPEN
    reason: str = ""
    stop_price: int = 0
    waiting: bool = False
    """For the closing call."""

    def __deepcopy__(self, _: dict[int, object]) -> NaiveOrder:
        return replace(self)  # The placement is the same for ever.

    @property
    def account(self) -> str:
        """Who owns it."""
        return self.placed.account

    def meets(self, price: int) -> bool:
        """Whether it would trade at `price`."""
        if not self.price:
            return True
        return price <= self.price if self.placed.side == BUY else price >= self.price

    def is_met(self, price: int) -> bool:
        """Whether a trade at `price` triggers it."""
        return price >= self.stop_price if self.placed.side == BUY else price <= self.stop_price

    def amended(self, reason: str) -> events.Amended:
        """The event that tells its terms as they are now."""
        return events.Amended(
            self.order_id,
            self.account,
            self.price or None,
            self.stop_price or None,
            self.quantity,
            self.display or None,
            self.expires or None,
            self.open,
            self.canceled,
            reason,
            **self.stands() | ({} if self.open else {"status": FILLED}),
        )

    def stands(self, of: str = "") -> dict[str, Any]:
        """How it stands now, as its events say it; `of` begins the names where an event is about two orders."""
        cost, rest = divmod(self.cost, UNIT)
        numbers = {"filled": self.filled, "cost": cost, "cost_rest": rest, "status": self.status}
        if of:
            return {f"{of}_{name}": number for name, number in numbers.items()}
        return {"symbol": self.placed.symbol, "side": self.placed.side, **numbers}

    def repeats(self, command: PlaceOrder) -> bool:
        """Whether the command asks for this very order again."""
        return _meaning(command) == _meaning(self.placed)


def _meaning(command: PlaceOrder) -> PlaceOrder:
    """The command without the way it came; showing everything is being plain."""
    plain = command.display_quantity == command.quantity
    return replace(command, sent_at=0, session="", display_quantity=None if plain else command.display_quantity)
