"""Execution report: its content, and its frame.

A report has its order's state right after its event, and is rendered only for a subscriber.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mypy_extensions import mypyc_attr

from exchange.terms import LIQUIDITY_NAMES
from streams.publication.rendering import OrderState

if TYPE_CHECKING:
    from streams.publication.rendering import Printer, Renderer

SELF_MATCH: Final = '"self_match":true,'
"""Marks both reports of an uncross that brought two orders of one account together."""

TradeSide = tuple[int, int, int, int, int, bool]
"""One side of a trade: trade_id, price, quantity, liquidity, fee, whether both sides have the same account."""

Happening = tuple[str, OrderState, str, TradeSide | None]
"""Content of a report: what happened, the order right after it, an amendment's reason, a trade's side."""


@mypyc_attr(acyclic=True)
class ExecutionReport:
    """Execution report: the `seq`-th of its account."""

    __slots__ = ("execution", "journal", "reason", "seq", "side", "state")

    def __init__(
        self, seq: int, journal: str, execution: str, state: OrderState, reason: str, side: TradeSide | None
    ) -> None:
        self.seq = seq
        self.journal = journal
        self.execution = execution
        self.state = state
        self.reason = reason
        self.side = side


def print_report(report: ExecutionReport, order: str, renderer: Renderer) -> str:
    """The frame of channel `orders`, complete; `order` is the report's, printed."""
    seq, partition = report.seq, renderer.partition
    extra = ""
    if report.side:
        extra = print_side(report.side, renderer.printers[report.state.command.symbol])
    elif report.reason:
        extra = f'"reason":"{report.reason}",'
    return (
        f'{{"channel":"orders","type":"update","partition":{partition},"seq":{seq},"prev":{seq - 1},'
        f'"cursor":"{partition}-{seq}","journal":"{report.journal}",'
        f'"exec":"{report.execution}",{extra}"order":{order}}}'
    )


def print_side(side: TradeSide, printer: Printer) -> str:
    """The order's side of a trade."""
    trade_id, price, quantity, liquidity, fee, own = side
    return (
        f'"last_price":{printer.price[price]},"last_quantity":{printer.quantity[quantity]},"trade_id":{trade_id},'
        f'"liquidity":"{LIQUIDITY_NAMES[liquidity]}","fee":{printer.price[fee]},{SELF_MATCH if own else ""}'
    )
