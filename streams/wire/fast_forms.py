"""Fast forms: the frequent commands and events as items of their arrays and back, as `forms` does, but quicker.

`forms` covers the whole language and handles the rare ones. The code written out here must do the same (docs/twins.md
names the test), and is worth it compiled: a field costs a hundredth of a microsecond.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import astuple

from exchange.commands import AmendOrder, CancelOrder, Command, PlaceOrder
from exchange.events import UNTOLD, Accepted, Amended, Busted, Canceled, Event, Expired, Refused, Traded, Triggered
from streams.wire.forms import COMMANDS, EVENTS, Plain, safe_texts, unsafe

PLACE: Final = COMMANDS.structs[PlaceOrder]
AMEND: Final = COMMANDS.structs[AmendOrder]
CANCEL: Final = COMMANDS.structs[CancelOrder]

are_safe: Final = safe_texts(PlaceOrder)


BEFORE_4: Final = {4: 3, 6: 16, 7: 11, 8: 5, 9: 5, 16: 3, 17: 5, 20: 12}
"""By tag, the items of an order's event before version 4 of the semantics; later items say how the order stands."""


def pack_events(events: list[list[Event]], *, complete: bool) -> list[list[Plain]]:
    """The events of each command, tag first; `complete` or as before version 4 of the semantics."""
    if complete:
        return [[pack_event(event) for event in of_command] for of_command in events]
    return [[cut(pack_event(event)) for event in of_command] for of_command in events]


def pack_again(events: list[list[Event]]) -> list[list[Plain]]:
    """The items that decoded events were read from, each in its own form."""
    return [[pack_event(event) if is_complete(event) else cut(pack_event(event)) for event in each] for each in events]


def cut(items: Plain) -> Plain:
    """An event's items in the form before version 4 of the semantics."""
    return items[: BEFORE_4.get(items[0], len(items))]


def is_complete(event: Event) -> bool:
    """Whether an event says how its order stands, or is of no order."""
    if isinstance(event, Accepted):
        return event.status != UNTOLD
    if isinstance(event, (Traded, Busted)):
        return event.taker_status > 0
    if isinstance(event, (Amended, Canceled, Expired, Triggered, Refused)):
        return event.symbol != ""
    return True


def pack_event(event: Event) -> Plain:
    """An event's tag and items."""
    if isinstance(event, Accepted):
        return 4, event.order_id, placement(event.order), event.status
    if isinstance(event, Canceled):
        return (
            8,
            event.order_id,
            event.account,
            event.quantity,
            event.reason,
            event.symbol,
            event.side,
            event.filled,
            event.cost,
            event.cost_rest,
            event.open_quantity,
            event.status,
        )
    if isinstance(event, Traded):
        return (
            6,
            event.trade_id,
            event.symbol,
            event.price,
            event.quantity,
            event.side,
            event.maker_order_id,
            event.maker_account,
            event.maker_filled,
            event.maker_open,
            event.maker_fee,
            event.taker_order_id,
            event.taker_account,
            event.taker_filled,
            event.taker_open,
            event.taker_fee,
            event.maker_cost,
            event.maker_cost_rest,
            event.maker_status,
            event.taker_cost,
            event.taker_cost_rest,
            event.taker_status,
        )
    if isinstance(event, Expired):
        return (
            9,
            event.order_id,
            event.account,
            event.quantity,
            event.reason,
            event.symbol,
            event.side,
            event.filled,
            event.cost,
            event.cost_rest,
            event.open_quantity,
            event.status,
        )
    if isinstance(event, Amended):
        return (
            7,
            event.order_id,
            event.account,
            event.price,
            event.stop_price,
            event.quantity,
            event.display_quantity,
            event.expires,
            event.open_quantity,
            event.canceled,
            event.reason,
            event.symbol,
            event.side,
            event.filled,
            event.cost,
            event.cost_rest,
            event.status,
        )
    return EVENTS.pack(event)


def placement(command: PlaceOrder) -> Plain:
    """An order's items, as in a placement and in its acceptance."""
    return (
        command.account,
        command.symbol,
        command.client_order_id,
        command.side,
        command.type,
        command.quantity,
        command.price,
        command.stop_price,
        command.time_in_force,
        command.expires,
        command.post_only,
        command.display_quantity,
        command.self_trade,
        command.session,
        command.sent_at,
    )


def unpack_commands(structs: list[Any]) -> list[Command]:
    """The commands of decoded structs; ValidationError if a name is not safe."""
    return [unpack_command(struct) for struct in structs]


def unpack_command(struct: Any) -> Command:  # noqa: ANN401
    """The command of one decoded struct."""
    form = type(struct)
    if form is PLACE:
        p: Plain = astuple(struct)
        if not are_safe(f"{p[0]} {p[2]}"):
            raise unsafe(PlaceOrder)
        return PlaceOrder(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11], p[12], p[13], p[14])
    if form is CANCEL:
        c: Plain = astuple(struct)
        return CancelOrder(c[0], c[1], c[2], c[3], c[4])
    if form is AMEND:
        a: Plain = astuple(struct)
        return AmendOrder(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9])
    command: Command = COMMANDS.unpack(struct)
    return command
