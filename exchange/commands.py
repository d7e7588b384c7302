"""What may be asked of the exchange: the imperative half of the engine's language.

A command is a plain value; nothing in it depends on the partition's state, so a journal can hold it.
Units as in `units`; `side`, `type` and the like are the integers of `terms`. `None` means the client left it out.
`sent_at` is the gateway's estimate of journal time when it took the command: what reaches the journal too long
after that is refused (`too_late`); 0 is never too late.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import mypyc_attr

from exchange.instrument import Instrument
from exchange.terms import BOTH_SIDES, CANCEL_NEWEST, GTC

TRADES_REMEMBERED_MAX: Final = 100_000
"""How many trades of an account in an instrument may still be undone unless the journal says otherwise."""

ENDED_ORDERS_MAX: Final = 100_000
"""How many ended orders of an account are remembered unless the journal says otherwise."""

ENDED_ORDERS_TOTAL_MAX: Final = 300_000
"""How many ended orders of all accounts are remembered unless the journal says otherwise."""

TRADES_TOTAL_MAX: Final = 200_000
"""How many trades of all accounts may still be undone, each counted for both, unless the journal says otherwise."""

UNNAMED: Final = -1
"""The kind of an auction that a command does not name; the engine tells it from the phase before."""


@dataclass
class Configure:
    """The first command of every journal, and each change of the engine's meaning or bounds after it.

    semantics: the version of the engine's rules from here on; a worker that does not know it may not lead.
    ended_orders_max: of one account, ended_orders_total_max: of all (`memory`). trades_remembered_max: of one account
    in one instrument, trades_total_max: of all. Version 2 of the rules takes both without `total` for everybody's.
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
    """Enter an order. `session` names the client connection it came by ("" = none) for cancel on disconnect."""

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
    """Change an order found by `order_id`, or by `symbol` and `client_order_id` when `order_id` is 0."""

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
    """Cancel an order found like AmendOrder's."""

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
    """Cancel all of an account's orders so many nanoseconds from now, unless this is said again; 0 turns it off."""

    account: str
    duration: int
    sent_at: int = 0


@dataclass
class Tick:
    """Let journal time pass: whatever is due by now happens."""


@dataclass
class Resume:
    """A leader goes on behind message `after`, and commands behind that have waited for long: their age counts to here.

    It says when; which messages were answered so late is said with each answer (streams/leadership/resumption.py).
    """

    after: int


@dataclass
class DelistInstrument:
    """Take an instrument off the exchange; it has to be closed and empty."""

    symbol: str
    principal: str = ""
    reason: str = ""


@dataclass
class SetPhase:
    """Bring an instrument, or with "" all of the partition, into a phase (RULES.md, "Trading day").

    kind: of an auction, UNNAMED elsewhere or to have it told from the phase before. until: journal time at which it
    ends by itself, 0 for never. lift: ends a halt. due: the time at which the calendar wanted it, 0 for an operator's
    command; an instrument that has carried out its calendar up to there already passes it over, so a leader that takes
    over may journal it again.
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
    """The draw for the random end of an instrument's call number `call`: it ends so many nanoseconds after its time.

    A call without its draw goes on until it comes. A second draw for the same call changes nothing.
    """

    symbol: str
    call: int
    extra: int


@dataclass
class DoubleBands:
    """LULD bands of an instrument are twice as wide from here on, or no more: the calendar's word.

    due: as of SetPhase; the calendar never wants two things of one instrument at one `due`.
    """

    symbol: str
    doubled: bool
    due: int = 0


@dataclass
class SetLimits:
    """Change what an account may do, in one instrument or, with "", in all that have no own value.

    values: (field, value) for those that are set, by the numbers of `exchange.accounts.limits`; removed: a bit (1 <<
    field) for each that is taken away.
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

    cancel: of an instrument or the whole, resting orders go too; those of an account always do.
    """

    account: str
    symbol: str
    active: bool
    cancel: bool = False
    principal: str = ""
    reason: str = ""


@dataclass
class BustTrade:
    """Undo a trade: positions, cash and fees of both sides."""

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
