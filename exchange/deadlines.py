"""When each account's orders are to be canceled unless it says otherwise in time: `order.cancel_after`.

One deadline an account; a new one replaces it. Times are nanoseconds of journal time. Bound: an account holds one
deadline, for DURATION_MAX at most, and stale timers are dropped before they outnumber the others for long.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Final

from exchange.register import NEVER, TIMERS_SPARE
from exchange.units import HOUR

DURATION_MAX: Final = 24 * HOUR
"""The longest that an account may ask for; who wants more renews it."""


class Deadlines:
    """The accounts by deadline. Those of one time are taken by name, so that a restored state takes them alike."""

    __slots__ = ("accounts", "timers", "timers_max")

    def __init__(self) -> None:
        self.accounts: dict[str, int] = {}
        self.timers: list[tuple[int, str]] = []
        self.timers_max = TIMERS_SPARE

    def set(self, account: str, deadline: int) -> None:
        """Give an account a deadline in place of the one it may have; 0 for none."""
        if deadline == 0:
            self.accounts.pop(account, None)
            return
        self.accounts[account] = deadline
        heappush(self.timers, (deadline, account))
        if len(self.timers) > self.timers_max:
            self.drop_stale()

    def first(self) -> int:
        """The earliest deadline, NEVER if there is none."""
        while self.timers:
            deadline, account = self.timers[0]
            if self.accounts.get(account) == deadline:
                return deadline
            heappop(self.timers)
        return NEVER

    def take(self) -> str:
        """The account whose deadline is `first`, which must not be NEVER; it has none any more."""
        account = heappop(self.timers)[1]
        del self.accounts[account]
        return account

    def drop_stale(self) -> None:
        """Drop the timers that were replaced, so that they cannot pile up."""
        self.timers = [(deadline, account) for account, deadline in self.accounts.items()]
        heapify(self.timers)
        self.timers_max = 2 * len(self.timers) + TIMERS_SPARE
