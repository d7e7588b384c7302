"""Position of an account in an instrument, at average cost.

A position that grows adds the price of what is bought (or sold short) to its cost; one that shrinks realises the
difference to its average price, which stays; one that crosses zero closes at the average and opens the rest at the
trade's price. The average is exact, as a fraction, until a position that was closed in part grows again: then the cost
of the rest is rounded half to even at 16 decimals of money. Costs are in units², money in units.
"""

from __future__ import annotations

from exchange.terms import BUY
from exchange.units import UNIT, divide_half_even

Standing = tuple[int, int, int]
"""The part of a position that its average price depends on: quantity, cost, shares."""


class Position:
    """quantity: below zero when short. cost, shares: the average price is cost / shares, exactly; both 0 when flat.

    cash: money received less money paid, fees included. fees: money paid in fees, less rebates.
    """

    __slots__ = ("cash", "cost", "fees", "quantity", "shares")

    def __init__(self) -> None:
        self.quantity = 0
        self.cost = 0
        self.shares = 0
        self.cash = 0
        self.fees = 0

    @property
    def average_price(self) -> int:
        """Average price of the open quantity, rounded half to even at 8 decimals; 0 when flat."""
        return divide_half_even(self.cost, self.shares) if self.shares else 0

    @property
    def realised(self) -> int:
        """Realised profit of the closed part, without fees, rounded half to even at 8 decimals.

        It is all money received, less the proceeds of an open short part, or plus the cost of an open long part.
        """
        received = self.cash + self.fees
        if self.shares == 0:
            return received
        return divide_half_even(received * self.shares * UNIT + self.cost * self.quantity, self.shares * UNIT)

    @property
    def standing(self) -> Standing:
        """The standing that `restore` accepts."""
        return (self.quantity, self.cost, self.shares)

    def restore(self, standing: Standing) -> None:
        """Restore quantity and average price."""
        self.quantity, self.cost, self.shares = standing

    def is_blank(self) -> bool:
        """Whether quantity, cash and fees are all 0."""
        return not (self.quantity or self.cash or self.fees)

    def settle(self, side: int, quantity: int, amount: int, value: int, fee: int) -> None:
        """Book a fill: `amount` is price × quantity, `value` the money that changes hands for it."""
        self.cash -= (value if side == BUY else -value) + fee
        self.fees += fee
        self.move(side, quantity, amount)

    def refund(self, side: int, value: int, fee: int) -> None:
        """Reverse the money of a fill; quantity and cost are the caller's to restore."""
        self.cash += (value if side == BUY else -value) + fee
        self.fees -= fee

    def move(self, side: int, quantity: int, amount: int) -> None:
        """Apply a fill to quantity and cost."""
        held = self.quantity if side == BUY else -self.quantity
        after = held + quantity
        self.quantity = after if side == BUY else -after
        if held >= 0:
            if held != self.shares:
                self.cost = divide_half_even(self.cost * held, self.shares)
            self.cost += amount
            self.shares = after
        elif after > 0:
            self.cost = amount // quantity * after
            self.shares = after
        elif after == 0:
            self.cost = 0
            self.shares = 0
