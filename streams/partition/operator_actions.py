"""Operator actions in a partition: who, when, what and why, refused or not, as the journal has them.

The latest ACTIONS_MAX are kept for `GET /v1/admin/audit`; the journal has them all. Commands of the calendar are no
operator's actions. Always true: rows are in the order of the journal.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from exchange.accounts.limits import ENABLED, LIMIT_NAMES, MAKER_BPS, MAX_OPEN_ORDERS
from exchange.commands import (
    UNNAMED,
    BustTrade,
    DelistInstrument,
    ListInstrument,
    SetKillSwitch,
    SetLimits,
    SetPhase,
)
from exchange.events import Rejected
from exchange.terms import KIND_NAMES, PHASE_NAMES
from exchange.units import to_text
from streams.publication.rendering import BASIS_POINT, print_object, print_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exchange.commands import Command
    from exchange.events import Event

ACTIONS_MAX: Final = 10_000

NAMES: Final[dict[type, str]] = {
    ListInstrument: "list_instrument",
    DelistInstrument: "delist_instrument",
    SetPhase: "set_phase",
    SetLimits: "set_limits",
    SetKillSwitch: "set_kill_switch",
    BustTrade: "bust_trade",
}
"""The commands of operators, with the names that clients use."""


class OperatorAction(NamedTuple):
    """Operator action: one command. `code` is that of its refusal or "", `details` is JSON."""

    at: int
    sequence: int
    place: int
    principal: str
    name: str
    symbol: str
    account: str
    reason: str
    code: str
    details: str


class Actions:
    """Operator actions of a partition: the latest, oldest first."""

    def __init__(self) -> None:
        self.rows: deque[OperatorAction] = deque(maxlen=ACTIONS_MAX)

    def record(self, command: Command, events: list[Event], at: int, sequence: int, index: int) -> None:
        """Record a command and its outcome, if it is an operator's."""
        if isinstance(command, SetPhase) and command.due:
            return
        assert isinstance(command, ListInstrument | DelistInstrument | SetPhase | SetLimits | SetKillSwitch | BustTrade)
        symbol = command.instrument.symbol if isinstance(command, ListInstrument) else command.symbol
        account = command.account if isinstance(command, SetLimits | SetKillSwitch) else ""
        code = next((event.code for event in events if isinstance(event, Rejected)), "")
        details = print_object(details_of(command))
        name = NAMES[type(command)]
        row = OperatorAction(
            at, sequence, index, command.principal, name, symbol, account, command.reason, code, details
        )
        self.rows.append(row)

    def before(self, cursor: str, partition: int) -> Iterator[OperatorAction]:
        """The actions before the one that a cursor names, or with "" all, newest first."""
        for action in reversed(self.rows):
            if not cursor or cursor_of(action, partition) < cursor:
                yield action


def cursor_of(action: OperatorAction, partition: int) -> str:
    """Cursor of an action among those of all partitions: cursors sort by age."""
    return f"{action.at:019d}-{partition:03d}-{action.sequence:019d}-{action.place:03d}"


def print_action(action: OperatorAction, partition: int) -> str:
    """A row of the audit list, with its cursor, as JSON."""
    told = {
        "cursor": cursor_of(action, partition),
        "partition": partition,
        "journal": f"{action.sequence}.{action.place}",
        "principal": action.principal,
        "action": action.name,
        "symbol": action.symbol or None,
        "account": action.account or None,
        "reason": action.reason or None,
        "code": action.code or None,
    }
    return f'{print_object(told)[:-1]},"time":{print_time(action.at)},"details":{action.details}}}'


def details_of(command: Command) -> dict[str, Any]:
    """The fields of a command beside those that say whom it concerns."""
    if isinstance(command, SetPhase):
        return {
            "phase": PHASE_NAMES[command.phase],
            "kind": None if command.kind == UNNAMED else KIND_NAMES[command.kind],
            "lift": command.lift,
        }
    if isinstance(command, SetLimits):
        removed = [name for field, name in enumerate(LIMIT_NAMES) if command.removed & (1 << field)]
        return {LIMIT_NAMES[field]: limit_value(field, value) for field, value in command.values} | dict.fromkeys(
            removed
        )
    if isinstance(command, SetKillSwitch):
        return {"active": command.active, "cancel": command.cancel}
    if isinstance(command, BustTrade):
        return {"trade_id": command.trade_id}
    return {}


def limit_value(field: int, value: int) -> bool | int | str:
    """A limit as clients see it."""
    if field == ENABLED:
        return bool(value)
    if field == MAX_OPEN_ORDERS:
        return value
    return to_text(value * BASIS_POINT, 0) if field >= MAKER_BPS else to_text(value, 0)
