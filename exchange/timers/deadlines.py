"""Deadlines: when each account's orders are canceled unless it asks for another time before: `order.cancel_after`.

One deadline an account; a new one replaces it. Accounts of one time are taken by name. Times are nanoseconds of journal
time. Bound: an account holds one deadline, for DURATION_MAX at most; stale entries are bounded by `due_queue`.
"""

from __future__ import annotations

from typing import Final

from exchange.timers.due_queue import DueQueue
from exchange.units import HOUR

DURATION_MAX: Final = 24 * HOUR
"""The longest that an account may ask for; who wants more renews it."""


class Deadlines(DueQueue[str]):
    """The accounts by deadline."""

    __slots__ = ("accounts",)

    def __init__(self) -> None:
        super().__init__()
        self.accounts: dict[str, int] = {}

    def is_due(self, due: int, key: str) -> bool:
        """Whether this is still the deadline of the account."""
        return self.accounts.get(key) == due

    def set(self, account: str, deadline: int) -> None:
        """Give an account a deadline in place of the one it may have; 0 for none."""
        if deadline == 0:
            self.accounts.pop(account, None)
            return
        self.accounts[account] = deadline
        self.push(deadline, account)

    def take(self) -> str:
        """The account whose deadline is `first`, which must not be NEVER; it has none any more."""
        account = self.pop()
        del self.accounts[account]
        return account
