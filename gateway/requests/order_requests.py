"""Order requests: the params of each order method, and the command that they mean.

Rules: terms that exclude each other are `bad_request` here (docs/rules.md, section 12); every check that needs the
book, the instrument or the account is left to the exchange, in the order of docs/rules.md, "Before matching".
Units: as in `exchange.units`.
"""

from __future__ import annotations

from typing import Final

from msgspec import UNSET, Raw, Struct, UnsetType

from exchange import terms as words
from exchange.commands import CancelAfter, CancelAll
from exchange.timers.deadlines import DURATION_MAX
from exchange.units import SECOND
from gateway.errors import ApiError
from gateway.requests.decimals import exact_units_of, units_of
from gateway.requests.names import Name, checked_client_order_id, checked_symbol, name_of_id
from gateway.requests.timestamps import time_of, time_text
from streams.wire.command_forms import AmendForm, CancelForm, PlaceForm

Text = str | UnsetType | None
Switch = bool | UnsetType | None
Whole = int | UnsetType | None
Decimal = Raw | UnsetType

SIDES: Final = {name: side for side, name in enumerate(words.SIDE_NAMES)}
TYPES: Final = {name: kind for kind, name in enumerate(words.TYPE_NAMES)}
TIMES_IN_FORCE: Final = {name: kind for kind, name in enumerate(words.TIME_IN_FORCE_NAMES)}
SELF_TRADES: Final = {name: mode for mode, name in enumerate(words.SELF_TRADE_NAMES)}

TIME_MAX: Final = 2**63 - 1
"""The last time that 63 bits of nanoseconds can express, in the year 2262."""

CANCEL_AFTER_SECONDS_MAX: Final = DURATION_MAX // SECOND


class PlaceParams(Struct, forbid_unknown_fields=True, gc=False):
    """order.place, and the body of POST /orders."""

    symbol: str
    side: str
    type: str
    quantity: Raw
    price: Decimal = UNSET
    stop_price: Decimal = UNSET
    time_in_force: Text = UNSET
    expires: Text = UNSET
    post_only: Switch = UNSET
    display_quantity: Decimal = UNSET
    self_trade: Text = UNSET
    client_order_id: Text = UNSET
    account: Text = UNSET


class AmendParams(Struct, forbid_unknown_fields=True, gc=False):
    """order.amend; the body of PATCH /orders/{order_id}, without the members that name the order."""

    order_id: Text = UNSET
    client_order_id: Text = UNSET
    symbol: Text = UNSET
    price: Decimal = UNSET
    stop_price: Decimal = UNSET
    quantity: Decimal = UNSET
    display_quantity: Decimal = UNSET
    expires: Text = UNSET
    account: Text = UNSET


class NameParams(Struct, forbid_unknown_fields=True, gc=False):
    """order.cancel and order.get: the name of an order."""

    order_id: Text = UNSET
    client_order_id: Text = UNSET
    symbol: Text = UNSET
    account: Text = UNSET


class CancelAllParams(Struct, forbid_unknown_fields=True, gc=False):
    """order.cancel_all, and the query of DELETE /orders."""

    symbol: Text = UNSET
    side: Text = UNSET
    account: Text = UNSET


class CancelAfterParams(Struct, forbid_unknown_fields=True, gc=False):
    """order.cancel_after."""

    seconds: int
    account: Text = UNSET


class ListParams(Struct, forbid_unknown_fields=True, gc=False):
    """order.list."""

    symbol: Text = UNSET
    limit: Whole = UNSET
    cursor: Text = UNSET
    account: Text = UNSET


class BatchParams(Struct, forbid_unknown_fields=True):
    """order.batch."""

    requests: list[BatchItem]


class BatchItem(Struct, forbid_unknown_fields=True, gc=False):
    """One request of a batch."""

    method: str
    params: Raw


def place_command(params: PlaceParams, account: str, session: str, sent_at: int, made_id: str) -> PlaceForm:
    """The order as a command; `made_id` is the order's client_order_id if the client gave none."""
    command = PlaceForm(
        account,
        params.symbol,
        checked_client_order_id(params.client_order_id) if isinstance(params.client_order_id, str) else made_id,
        choice(SIDES, params.side, "side"),
        choice(TYPES, params.type, "type"),
        decimal(params.quantity, "quantity"),
        None if params.price is UNSET else decimal(params.price, "price"),
        None if params.stop_price is UNSET else decimal(params.stop_price, "stop_price"),
        words.GTC,
        None if params.expires is UNSET else _expires(params.expires),
        params.post_only is True,
        None if params.display_quantity is UNSET else decimal(params.display_quantity, "display_quantity"),
        words.CANCEL_NEWEST,
        session,
        sent_at,
    )
    if isinstance(params.time_in_force, str):
        command.time_in_force = choice(TIMES_IN_FORCE, params.time_in_force, "time_in_force")
    if isinstance(params.self_trade, str):
        command.self_trade = choice(SELF_TRADES, params.self_trade, "self_trade")
    _check_shape(command)
    return command


def amend_command(params: AmendParams, name: Name, account: str, sent_at: int) -> AmendForm:
    """The change as a command."""
    return AmendForm(
        account,
        name.number,
        name.symbol,
        name.client_order_id,
        price=_optional(params.price, "price"),
        stop_price=_optional(params.stop_price, "stop_price"),
        quantity=_optional(params.quantity, "quantity"),
        display_quantity=_optional(params.display_quantity, "display_quantity"),
        expires=_expires(params.expires),
        sent_at=sent_at,
    )


def cancel_command(name: Name, account: str, sent_at: int) -> CancelForm:
    """The cancel as a command."""
    return CancelForm(account, name.number, name.symbol, name.client_order_id, sent_at=sent_at)


def cancel_all_command(params: CancelAllParams, account: str, sent_at: int) -> CancelAll:
    """The cancel of many orders as a command, the same for each partition."""
    side = choice(SIDES, params.side, "side") if isinstance(params.side, str) else words.BOTH_SIDES
    symbol = checked_symbol(params.symbol) if isinstance(params.symbol, str) else ""
    return CancelAll(account, symbol, side, sent_at=sent_at)


def cancel_after_command(params: CancelAfterParams, account: str, sent_at: int) -> CancelAfter:
    """The deadline as a command, the same for each partition."""
    if not 0 <= params.seconds <= CANCEL_AFTER_SECONDS_MAX:
        raise ApiError("bad_request", f"seconds must be from 0 to {CANCEL_AFTER_SECONDS_MAX}", "seconds")
    return CancelAfter(account, params.seconds * SECOND, sent_at)


def name_of(params: AmendParams | NameParams) -> Name:
    """The name of the order: an order_id alone, or a client_order_id with its symbol."""
    if isinstance(params.order_id, str):
        for field in ("client_order_id", "symbol"):
            if isinstance(getattr(params, field), str):
                raise ApiError("bad_request", "an order_id names the order alone", field)
        return name_of_id(params.order_id)
    if not isinstance(params.client_order_id, str):
        raise ApiError("bad_request", "name the order by order_id, or by client_order_id and symbol", "order_id")
    if not isinstance(params.symbol, str):
        raise ApiError("bad_request", "a client_order_id needs the symbol too", "symbol")
    client_order_id = checked_client_order_id(params.client_order_id)
    return Name(symbol=checked_symbol(params.symbol), client_order_id=client_order_id)


def choice(known: dict[str, int], word: str, field: str) -> int:
    """The number of a known word; else ApiError."""
    found = known.get(word)
    if found is None:
        raise ApiError("bad_request", f"{field} must be one of {', '.join(known)}", field)
    return found


def exact_decimal(raw: Raw, field: str) -> int:
    """An operator's decimal in units, however large, because the gateway has to check its range."""
    try:
        return exact_units_of(bytes(raw))
    except ValueError as error:
        raise ApiError("bad_decimal", field=field) from error


def decimal(raw: Raw, field: str) -> int:
    """An order's decimal in units; a value that is too large becomes LARGEST."""
    try:
        return units_of(bytes(raw))
    except ValueError as error:
        raise ApiError("bad_decimal", field=field) from error


def _optional(raw: Decimal, field: str) -> int | None:
    return None if raw is UNSET else decimal(raw, field)


def _expires(text: Text) -> int | None:
    if not isinstance(text, str):
        return None
    try:
        at = time_of(text)
    except ValueError as error:
        raise ApiError("bad_request", 'expires must be like "2026-11-22T10:00:00Z"', "expires") from error
    if at <= 0:
        raise ApiError("bad_expires", field="expires")
    if at > TIME_MAX:
        raise ApiError("bad_expires", f"expires must be at most {time_text(TIME_MAX)}", "expires")
    return at


def _check_shape(command: PlaceForm) -> None:
    """Refuse terms that contradict each other in any market."""
    kind, time_in_force = command.type, command.time_in_force
    if kind == words.LIMIT and time_in_force == words.GTC and _plain(command):
        return
    limited = kind in (words.LIMIT, words.STOP_LIMIT)
    stop = kind in (words.STOP, words.STOP_LIMIT)
    rests = limited and time_in_force not in (words.IOC, words.FOK)
    for field, given, allowed, needed in (
        ("price", command.price is not None, limited, limited),
        ("stop_price", command.stop_price is not None, stop, stop),
        ("expires", command.expires is not None, time_in_force == words.GTD, time_in_force == words.GTD),
        ("post_only", command.post_only, rests, False),
        ("display_quantity", command.display_quantity is not None, rests, False),
        ("time_in_force", time_in_force in (words.AT_OPEN, words.AT_CLOSE), not stop, False),
    ):
        if given and not allowed:
            raise ApiError("bad_request", f"{field} has no meaning with this type and time in force", field)
        if needed and not given:
            raise ApiError("bad_request", f"{field} is missing for this type and time in force", field)


def _plain(command: PlaceForm) -> bool:
    """Fast path. True: a resting limit order with a price and no other terms, as nearly all orders are."""
    return command.price is not None and command.stop_price is None and command.expires is None
