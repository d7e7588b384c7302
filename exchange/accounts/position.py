"""What an account has of an instrument, by average cost.

A position that grows takes in what it is bought (or sold short) for; one that shrinks realises the difference to its
average price, which stays; one that goes through zero closes at the average and opens the rest at the trade's price.
The average is exact, as a fraction, until a position that was closed in part grows again: then what the rest has cost
is rounded half to even at 16 decimals of money. Costs are in units², money in units.
"""

from __future__ import annotations

from exchange.terms import BUY
from exchange.units import UNIT, divide_half_even

Standing = tuple[int, int, int]
"""What a position's average depends on: quantity, cost, shares."""


class Position:
    """quantity: below zero it is short. cost, shares: the average price is cost / shares, exactly; both 0 when flat.

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
        """What a share of it has cost or brought, rounded half to even at 8 decimals; 0 when flat."""
        return divide_half_even(self.cost, self.shares) if self.shares else 0

    @property
    def realised(self) -> int:
        """What the closed part has earned, fees left out, rounded half to even at 8 decimals.

        It is all the money received, less what the open part has brought, or more by what it has cost.
        """
        received = self.cash + self.fees
        if self.shares == 0:
            return received
        return divide_half_even(received * self.shares * UNIT + self.cost * self.quantity, self.shares * UNIT)

    @property
    def standing(self) -> Standing:
        """What `restore` brings back."""
        return (self.quantity, self.cost, self.shares)

    def restore(self, standing: Standing) -> None:
        """Let quantity and average be what they were."""
        self.quantity, self.cost, self.shares = standing

    def is_blank(self) -> bool:
        """Whether it is as if the account had never traded here."""
        return not (self.quantity or self.cash or self.fees)

    def settle(self, side: int, quantity: int, amount: int, value: int, fee: int) -> None:
        """Book a fill: `amount` is price × quantity, `value` the money that changes hands for it."""
        self.cash -= (value if side == BUY else -value) + fee
        self.fees += fee
        self.move(side, quantity, amount)

    def refund(self, side: int, value: int, fee: int) -> None:
        """Give the money of a fill back; the quantity and what it has cost are the caller's."""
        self.cash += (value if side == BUY else -value) + fee
        self.fees -= fee

    def move(self, side: int, quantity: int, amount: int) -> None:
        """Let a fill change the quantity and what it has cost."""
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
