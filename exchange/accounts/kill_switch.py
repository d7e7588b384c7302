"""Kill switch: the accounts and instruments, or all, whose new orders and amends are refused until it is off again.

Cancels always work, and calls continue. Source: docs/rules.md, "Kill switch".
"""

from __future__ import annotations


class KillSwitch:
    """What is stopped, by name. `armed`: anything is; otherwise an order costs one comparison."""

    __slots__ = ("accounts", "armed", "everything", "symbols")

    def __init__(self) -> None:
        self.accounts: dict[str, bool] = {}
        self.symbols: dict[str, bool] = {}
        self.everything = False
        self.armed = False

    def set(self, account: str, symbol: str, active: bool) -> None:
        """Set the switch of an account, an instrument or, with neither, the whole partition."""
        if account:
            switch(self.accounts, account, active)
        elif symbol:
            switch(self.symbols, symbol, active)
        else:
            self.everything = active
        self.armed = self.everything or len(self.accounts) > 0 or len(self.symbols) > 0

    def stops(self, account: str, symbol: str) -> bool:
        """Whether an order of the account in the instrument is refused."""
        return self.armed and (self.everything or account in self.accounts or symbol in self.symbols)


def switch(stopped: dict[str, bool], name: str, active: bool) -> None:
    """Record a name as stopped, or remove it."""
    if active:
        stopped[name] = True
    else:
        stopped.pop(name, None)
