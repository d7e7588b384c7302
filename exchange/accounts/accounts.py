"""Accounts of a partition: the positions of each in its instruments, and its limits there.

Always true: over all accounts, FEE_ACCOUNT included, quantities, cash and fees of an instrument sum to zero.
Positions outlive the orders they come from, and the listing; a blank position is not kept.
"""

from __future__ import annotations

from exchange.accounts.allowance import Allowance
from exchange.accounts.fees import FEE_ACCOUNT
from exchange.accounts.position import Position
from exchange.instrument import Instrument

Values = list[tuple[int, int]]
"""Limits as (field, value), by field."""


class Accounts:
    """Positions by account and symbol; limits by account and symbol, "" for all symbols without an own value."""

    __slots__ = ("limits", "positions")

    def __init__(self) -> None:
        self.positions: dict[str, dict[str, Position]] = {}
        self.limits: dict[str, dict[str, dict[int, int]]] = {}

    # Queries

    def position(self, account: str, symbol: str) -> Position:
        """The account's position in an instrument; a new blank one, not kept, if the account has none there."""
        positions = self.positions.get(account)
        found = None if positions is None else positions.get(symbol)
        return Position() if found is None else found

    def positions_of(self, account: str) -> list[tuple[str, Position]]:
        """The account's positions that are not flat, by symbol."""
        positions = self.positions.get(account, {})
        return [(symbol, positions[symbol]) for symbol in sorted(positions) if positions[symbol].quantity]

    def cash(self, account: str) -> int:
        """Money received less money paid, fees included, in all instruments."""
        return sum([position.cash for position in self.positions.get(account, {}).values()])

    def fees(self, account: str) -> int:
        """Money paid in fees less rebates; for FEE_ACCOUNT, the money received, below zero."""
        return sum([position.fees for position in self.positions.get(account, {}).values()])

    def limits_of(self, account: str) -> dict[str, Values]:
        """The account's own limits by symbol, "" first."""
        limits = self.limits.get(account, {})
        return {symbol: sorted(limits[symbol].items()) for symbol in sorted(limits)}

    def allowance(self, account: str, instrument: Instrument) -> Allowance:
        """The limits in force for an account in an instrument."""
        own = self.limits.get(account, {})
        return Allowance(instrument, {**own.get("", {}), **own.get(instrument.symbol, {})}, account)

    # Changing

    def open_position(self, account: str, symbol: str) -> Position:
        """The account's position, kept from here on."""
        positions = self.positions.setdefault(account, {})
        position = positions.get(symbol)
        if position is None:
            position = positions[symbol] = Position()
        return position

    def close_position(self, account: str, symbol: str) -> None:
        """Forget the account's position if blank; nothing refers to it any more."""
        positions = self.positions[account]
        if positions[symbol].is_blank():
            del positions[symbol]
            if not positions:
                del self.positions[account]

    def set_limits(self, account: str, symbol: str, values: Values, removed: int) -> Values:
        """Remove limits (a bit for each field), then set some; returns all that are there afterwards."""
        limits = self.limits.setdefault(account, {})
        kept = {field: value for field, value in limits.get(symbol, {}).items() if not removed >> field & 1}
        kept.update(values)
        if kept:
            limits[symbol] = kept
        else:
            limits.pop(symbol, None)
            if not limits:
                del self.limits[account]
        return sorted(kept.items())

    def pay_fees(self, symbol: str, fees: int) -> None:
        """Book to the fee account what both sides of a trade pay."""
        position = self.open_position(FEE_ACCOUNT, symbol)
        position.cash += fees
        position.fees -= fees
