"""Urgency of a command: placements and amends may raise risk, cancels lower it, operators and leaders come first.

The last part of every bound on the way into a journal is reserved for the more urgent: placements and amends are
accepted up to SHARES[PLACING] of it, cancels up to SHARES[CANCELING], commands of operators and leaders up to the end.
An amend may make an order larger, and a cancel is always possible instead.
"""

from __future__ import annotations

from typing import Final

from exchange import commands
from exchange.commands import Command
from streams.wire.forms import COMMANDS

PLACING: Final = 0
CANCELING: Final = 1
OPERATING: Final = 2

SHARES: Final = (0.9, 0.98, 1.0)
"""Share of a bound up to which each urgency is accepted."""

OF_CLIENTS: Final[dict[type, int]] = {
    commands.PlaceOrder: PLACING,
    commands.AmendOrder: PLACING,
    commands.CancelOrder: CANCELING,
    commands.CancelAll: CANCELING,
    commands.CancelAfter: CANCELING,
}
"""Every other command is OPERATING."""

URGENCIES: Final[dict[type, int]] = {
    kind: OF_CLIENTS.get(command, OPERATING) for command, form in COMMANDS.structs.items() for kind in (command, form)
}
"""Urgency by type of command and of its form (streams/wire/command_forms.py)."""


def urgency_of(command: Command) -> int:
    """The urgency of a command."""
    return URGENCIES[type(command)]


def bounds_of(bound: int) -> tuple[int, ...]:
    """A bound for each urgency: at least 1 for the least urgent."""
    return tuple(max(1, int(bound * share)) for share in SHARES)
