"""Urgency of a command: what may raise risk, what lowers it, and what operators and leaders do.

The last of every bound on the way into a journal is kept for the more urgent: placements and amends are taken up to
SHARES[PLACING] of it, cancels up to SHARES[CANCELING], those of operators and leaders up to the end. An amend may make
an order larger, and a cancel is always there instead of one.
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
"""Up to which share of a bound each urgency is served."""

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
"""By the types of commands and of their forms (command_forms.py)."""


def urgency_of(command: Command) -> int:
    """How urgent a command is."""
    return URGENCIES[type(command)]


def bounds_of(bound: int) -> tuple[int, ...]:
    """A bound on a number of things, for each urgency: at least one of the least urgent."""
    return tuple(max(1, int(bound * share)) for share in SHARES)
