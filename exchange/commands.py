"""Commands: what may be asked of the exchange; the imperative of the engine's language.

A command is a plain value, independent of the partition's state, so a journal can hold it.
Units as in `units`; `side`, `type` and the like are the integers of `terms`. `None`: the client left the member out.
`sent_at` is the gateway's estimate of journal time when it accepted the command: a command that reaches the journal
too long after that is refused (`too_late`); 0 is never too late.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import mypyc_attr

from exchange.instrument import Instrument
from exchange.terms import BOTH_SIDES, CANCEL_NEWEST, GTC

TRADES_REMEMBERED_MAX: Final = 100_000
"""Trades of an account in one instrument that may still be busted, unless the journal names another bound."""

ENDED_ORDERS_MAX: Final = 100_000
"""Ended orders of an account that are remembered, unless the journal names another bound."""

ENDED_ORDERS_TOTAL_MAX: Final = 300_000
"""Ended orders of all accounts that are remembered, unless the journal names another bound."""

TRADES_TOTAL_MAX: Final = 200_000
"""Trades of all accounts, each counted for both, that may still be busted, unless the journal names another bound."""

UNNAMED: Final = -1
"""In place of an auction's kind: the engine derives it from the phase before."""


@dataclass
class Configure:
    """The first command of every journal, and each later change of the engine's rules or bounds.

    semantics: the version of the engine's rules from here on; a worker that does not know this version may not lead.
    ended_orders_max: of one account, ended_orders_total_max: of all (`memory/memory.py`). trades_remembered_max: of one
    account in one instrument, trades_total_max: of all. Under version 2 the two without `total` bound all together.
    """

    semantics: int
    trades_per_order_max: int
    ended_orders_max: int
    command_age_max: int
    trades_remembered_max: int = TRADES_REMEMBERED_MAX
    ended_orders_total_max: int = ENDED_ORDERS_TOTAL_MAX
    trades_total_max: int = TRADES_TOTAL_MAX


@dataclass
class ListInstrument:
    """List `instrument`, or replace the definition of one that is listed; resting orders stay as they are."""

    instrument: Instrument
    principal: str = ""
    reason: str = ""


@mypyc_attr(acyclic=True)
@dataclass(init=False, slots=True)
class PlaceOrder:
    """Place an order. `session` names the order's client connection ("" = none) for cancel on disconnect."""

    account: str
    symbol: str
    client_order_id: str
    side: int
    type: int
    quantity: int
    price: int | None = None
    stop_price: int | None = None
    time_in_force: int = GTC
    expires: int | None = None
    post_only: bool = False
    display_quantity: int | None = None
    self_trade: int = CANCEL_NEWEST
    session: str = ""
    sent_at: int = 0

    def __init__(
        self,
        account: str,
        symbol: str,
        client_order_id: str,
        side: int,
        type: int,
        quantity: int,
        price: int | None = None,
        stop_price: int | None = None,
        time_in_force: int = GTC,
        expires: int | None = None,
        post_only: bool = False,
        display_quantity: int | None = None,
        self_trade: int = CANCEL_NEWEST,
        session: str = "",
        sent_at: int = 0,
    ) -> None:
        self.account = account
        self.symbol = symbol
        self.client_order_id = client_order_id
        self.side = side
        self.type = type
        self.quantity = quantity
        self.price = price
        self.stop_price = stop_price
        self.time_in_force = time_in_force
        self.expires = expires
        self.post_only = post_only
        self.display_quantity = display_quantity
        self.self_trade = self_trade
        self.session = session
        self.sent_at = sent_at


@mypyc_attr(acyclic=True)
@dataclass(init=False, slots=True)
class AmendOrder:
    """Amend an order, named by `order_id`, or by `symbol` and `client_order_id` when `order_id` is 0."""

    account: str
    order_id: int
    symbol: str = ""
    client_order_id: str = ""
    price: int | None = None
    stop_price: int | None = None
    quantity: int | None = None
    display_quantity: int | None = None
    expires: int | None = None
    sent_at: int = 0

    def __init__(
        self,
        account: str,
        order_id: int,
        symbol: str = "",
        client_order_id: str = "",
        price: int | None = None,
        stop_price: int | None = None,
        quantity: int | None = None,
        display_quantity: int | None = None,
        expires: int | None = None,
        sent_at: int = 0,
    ) -> None:
        self.account = account
        self.order_id = order_id
        self.symbol = symbol
        self.client_order_id = client_order_id
        self.price = price
        self.stop_price = stop_price
        self.quantity = quantity
        self.display_quantity = display_quantity
        self.expires = expires
        self.sent_at = sent_at


@mypyc_attr(acyclic=True)
@dataclass(init=False, slots=True)
class CancelOrder:
    """Cancel an order, named as in `AmendOrder`."""

    account: str
    order_id: int
    symbol: str = ""
    client_order_id: str = ""
    sent_at: int = 0

    def __init__(
        self,
        account: str,
        order_id: int,
        symbol: str = "",
        client_order_id: str = "",
        sent_at: int = 0,
    ) -> None:
        self.account = account
        self.order_id = order_id
        self.symbol = symbol
        self.client_order_id = client_order_id
        self.sent_at = sent_at


@dataclass
class CancelAll:
    """Cancel an account's orders: of one symbol or all (""), one side or both, one session's or all ("")."""

    account: str
    symbol: str = ""
    side: int = BOTH_SIDES
    session: str = ""
    reason: str = "requested"
    sent_at: int = 0


@dataclass
class CancelAfter:
    """Cancel all of an account's orders after so many nanoseconds, unless this command is repeated; 0 clears it."""

    account: str
    duration: int
    sent_at: int = 0


@dataclass
class Tick:
    """Advance journal time: all timers due by now are executed."""


@dataclass
class Resume:
    """A leader resumes behind message `after`; the commands behind `after` have waited long, and their age ends here.

    `Resume` gives the time; each answer that was so late carries a mark (streams/leadership/resumption.py).
    """

    after: int


@dataclass
class DelistInstrument:
    """Delist an instrument, which has to be closed and empty."""

    symbol: str
    principal: str = ""
    reason: str = ""


@dataclass
class SetPhase:
    """Move an instrument, or with "" all of the partition, into a phase (docs/rules.md, "Trading day").

    kind: of an auction; UNNAMED elsewhere, or to derive the kind from the phase before. until: journal time of a call's
    end, 0 for none. lift: ends a halt. due: the time of this command in the calendar, 0 for an operator's; an
    instrument whose calendar is applied up to `due` ignores the command, so a leader that takes over may journal the
    command again.
    """

    symbol: str
    phase: int
    kind: int = UNNAMED
    until: int = 0
    lift: bool = False
    principal: str = ""
    reason: str = ""
    due: int = 0


@dataclass
class DrawEnd:
    """The draw for the random end of an instrument's call number `call`: nanoseconds (`extra`) after its planned end.

    A call without its draw continues until the draw comes. A second draw for the same call changes nothing.
    """

    symbol: str
    call: int
    extra: int


@dataclass
class DoubleBands:
    """Double the LULD bands of an instrument from here on, or end that: a command of the calendar.

    due: as in `SetPhase`; the calendar never has two commands for one instrument at one `due`.
    """

    symbol: str
    doubled: bool
    due: int = 0


@dataclass
class SetLimits:
    """Change the limits of an account, in one instrument or, with "", in all that have no own value.

    values: (field, value) for each limit to set, by the numbers of `exchange.accounts.limits`; removed: a bit (1 <<
    field) for each limit to remove.
    """

    account: str
    symbol: str
    values: list[tuple[int, int]]
    removed: int = 0
    principal: str = ""
    reason: str = ""


@dataclass
class SetKillSwitch:
    """Stop an account, or an instrument, or with neither the whole partition, until set with `active` false.

    cancel: also cancel the open orders of the instrument or partition; those of an account are always canceled.
    """

    account: str
    symbol: str
    active: bool
    cancel: bool = False
    principal: str = ""
    reason: str = ""


@dataclass
class BustTrade:
    """Bust a trade: reverse positions, cash and fees of both sides."""

    symbol: str
    trade_id: int
    principal: str = ""
    reason: str = ""


Command = (
    Configure
    | ListInstrument
    | PlaceOrder
    | AmendOrder
    | CancelOrder
    | CancelAll
    | CancelAfter
    | Tick
    | DelistInstrument
    | SetPhase
    | DrawEnd
    | DoubleBands
    | SetLimits
    | SetKillSwitch
    | BustTrade
    | Resume
)
