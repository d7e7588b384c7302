"""Deadlines: when each account's orders are canceled, unless renewed before (`order.cancel_after`).

One deadline an account; a new one replaces it. Accounts of one time are due by name. Times are nanoseconds of journal
time. Bound: an account holds one deadline, for DURATION_MAX at most; stale entries are bounded by `due_queue`.
"""

from __future__ import annotations

from typing import Final

from exchange.timers.due_queue import DueQueue
from exchange.units import HOUR

DURATION_MAX: Final = 24 * HOUR
"""The longest deadline (ns); an account renews it for longer."""


class Deadlines(DueQueue[str]):
    """The accounts by deadline."""

    __slots__ = ("accounts",)

    def __init__(self) -> None:
        super().__init__()
        self.accounts: dict[str, int] = {}

    def is_due(self, due: int, key: str) -> bool:
        """Whether `due` is still the deadline of the account."""
        return self.accounts.get(key) == due

    def set(self, account: str, deadline: int) -> None:
        """Set an account's deadline, in place of an earlier one; 0 clears it."""
        if deadline == 0:
            self.accounts.pop(account, None)
            return
        self.accounts[account] = deadline
        self.push(deadline, account)

    def take(self) -> str:
        """Remove and return the account whose deadline is `first`, which must not be NEVER."""
        account = self.pop()
        del self.accounts[account]
        return account
