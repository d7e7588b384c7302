"""What is answered to whoever sent a command: the result's JSON, or the error's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.commands import PlaceOrder
from exchange.events import (
    Accepted,
    AllCanceled,
    Amended,
    CancelAfterSet,
    Canceled,
    InstrumentListed,
    Rejected,
    Repeated,
)
from streams.rendering import print_time, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exchange.commands import Command
    from exchange.engine import Engine
    from streams.codec import Body
    from streams.rendering import OrderState, Renderer
    from streams.reports import Report


def result_of(
    command: Command, engine: Engine, renderer: Renderer, made: Sequence[Report], printed: dict[int, str]
) -> Body:
    """The answer to the command that the engine has just applied: its code, "" for success, and its body.

    The first event that is not of a timer tells what became of the command, but for CancelAll, which counts at last.
    `made` are the reports that it gave, `printed` the orders that these have already printed as they are now, by id.
    """
    own = engine.events[engine.due_events :]
    if not own:
        return "", b"{}"
    first, last = own[0], own[-1]
    if isinstance(first, Rejected):
        return first.code, renderer.refusal(first, symbol_of(command, engine)).encode()
    if isinstance(last, AllCanceled):
        return "", f'{{"canceled":{last.count}}}'.encode()
    if isinstance(first, CancelAfterSet):
        deadline = print_time(first.deadline) if first.deadline else "null"
        return "", f'{{"deadline":{deadline}}}'.encode()
    if isinstance(first, InstrumentListed):
        return "", renderer.instrument(first.instrument).encode()
    if isinstance(first, (Accepted, Repeated, Amended, Canceled)):
        order = engine.orders[first.order_id]
        text = printed.get(first.order_id) or renderer.order(state_in(made, first.order_id) or state_of(order))
        if isinstance(command, PlaceOrder):
            text = renderer.with_fills(text, order)
        return "", text.encode()
    return "", b"{}"


def state_in(made: Sequence[Report], order_id: int) -> OrderState | None:
    """The order as the last of these reports tells it, which is as it is now."""
    for report in reversed(made):
        if report.state.order_id == order_id:
            return report.state
    return None


def symbol_of(command: Command, engine: Engine) -> str:
    """The instrument that a command is about, "" if it is about none."""
    order = engine.orders.get(getattr(command, "order_id", 0))
    return order.symbol if order else getattr(command, "symbol", "")
