"""Results of commands, as their senders get them: the result's JSON, or the error's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.commands import AmendOrder, CancelOrder, DelistInstrument, PlaceOrder, SetPhase
from exchange.events import Accepted, AllCanceled, Amended, Busted, Canceled, Rejected, Repeated
from exchange.market_events import CancelAfterSet, InstrumentDelisted, InstrumentListed, KillSwitchSet, LimitsSet
from exchange.rejections import WRONG_PHASE
from exchange.terms import TRADE_SIDE_NAMES
from streams.partition.account_view import limits_row
from streams.publication.refusal_sentences import DELISTING
from streams.publication.rendering import print_error, print_object, print_time, state_of
from streams.publication.status import print_status, status_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exchange.commands import Command
    from exchange.engine import Engine
    from exchange.events import Event
    from streams.publication.rendering import OrderState, Printer, Renderer
    from streams.publication.report import ExecutionReport
    from streams.wire.codec import Body


def result_of(
    command: Command, engine: Engine, renderer: Renderer, made: Sequence[ExecutionReport], printed: dict[int, str]
) -> Body:
    """The answer to the command that the engine has just applied: its code, "" for success, and its body.

    The first event that is not a timer's is the outcome of an order's command; an operator's command has its outcome
    after its events of orders. `made` are the command's reports, `printed` the orders already rendered in them as they
    are now, by id.
    """
    own = engine.events[engine.due_events :]
    if not own:
        return "", b"{}"
    first, last = own[0], own[-1]
    if isinstance(first, Rejected):
        return refused(first, command, engine, renderer)
    of_an_order = isinstance(command, (PlaceOrder, AmendOrder, CancelOrder))
    if of_an_order and isinstance(first, (Accepted, Repeated, Amended, Canceled)):
        order = engine.order(first.order_id)
        assert order is not None, "what was just answered is remembered"
        text = printed.get(first.order_id) or renderer.order(state_in(made, first.order_id) or state_of(order))
        if isinstance(command, PlaceOrder):
            text = renderer.with_fills(text, order)
        return "", text.encode()
    if isinstance(last, AllCanceled):
        return "", f'{{"canceled":{last.count}}}'.encode()
    if isinstance(first, CancelAfterSet):
        deadline = print_time(first.deadline) if first.deadline else "null"
        return "", f'{{"deadline":{deadline}}}'.encode()
    return "", result_for_operator(command, engine, renderer, own)


def refused(rejected: Rejected, command: Command, engine: Engine, renderer: Renderer) -> Body:
    """The error of a refused command; a delisting has its own sentence: there may be open orders in the right phase."""
    if isinstance(command, DelistInstrument) and rejected.code == WRONG_PHASE:
        return WRONG_PHASE, print_error(WRONG_PHASE, DELISTING, "").encode()
    return rejected.code, renderer.refusal(rejected, symbol_of(command, engine)).encode()


def result_for_operator(command: Command, engine: Engine, renderer: Renderer, own: Sequence[Event]) -> bytes:
    """The answer to a command that is about no single order; reports give its effect on orders."""
    if isinstance(command, SetPhase) and command.symbol in engine.books:
        status = status_of(engine.books[command.symbol])
        return f'{{"symbol":"{command.symbol}",{print_status(status, renderer.printers[command.symbol])}}}'.encode()
    for event in own:
        if isinstance(event, InstrumentListed):
            return renderer.instrument(event.instrument).encode()
        if isinstance(event, InstrumentDelisted):
            return print_object({"symbol": event.symbol}).encode()
        if isinstance(event, LimitsSet):
            return print_object({"account": event.account, **limits_row(event.symbol, event.values)}).encode()
        if isinstance(event, KillSwitchSet):
            return print_object(
                {
                    "account": event.account or None,
                    "symbol": event.symbol or None,
                    "active": event.active,
                    "canceled": event.count,
                }
            ).encode()
        if isinstance(event, Busted):
            return print_busted(event, renderer.printers[event.symbol]).encode()
    return b"{}"


def print_busted(event: Busted, printer: Printer) -> str:
    """The busted trade, as on the tape but without its time."""
    return (
        f'{{"symbol":"{event.symbol}","trade_id":{event.trade_id},"price":{printer.price[event.price]},'
        f'"quantity":{printer.quantity[event.quantity]},"side":"{TRADE_SIDE_NAMES[event.side]}","bust":true}}'
    )


def state_in(made: Sequence[ExecutionReport], order_id: int) -> OrderState | None:
    """The order's state in the last of these reports, which is its present state; None without a report."""
    for report in reversed(made):
        if report.state.order_id == order_id:
            return report.state
    return None


def symbol_of(command: Command, engine: Engine) -> str:
    """The instrument that a command is about, "" if it is about none."""
    order = engine.order(getattr(command, "order_id", 0))
    return order.symbol if order else getattr(command, "symbol", "")
