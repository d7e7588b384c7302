"""Comparison: the exchange's best prices against the recorded ones, with the explanation of differences. No I/O.

A LOBSTER file of 50 levels has no events deeper than the 50th level of a side. An order that entered within these
levels, was below them after prices moved away, and came back into view may have been deleted meanwhile: our book still
has the order and the recorded one has not. Such a difference is explained; any other is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from openbell.replay.lobster import BUY, SELL, LobsterMessage, Opening, Top, printed
from openbell.replay.plan import Plan, Resting


@dataclass(frozen=True, slots=True)
class Difference:
    """A row whose best prices are not the recorded ones; `why` is empty without an explanation."""

    row: int
    recorded: Top
    shown: Top
    why: str


@dataclass(slots=True)
class Comparison:
    """The result: the number of rows, the number with the recorded best prices and sizes, and the rows that differ."""

    rows: int = 0
    equal: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def unexplained(self) -> int:
        """The rows that differ without an explanation."""
        return sum(not difference.why for difference in self.differences)


class _Holding(NamedTuple):
    """The state of one of our orders in one row."""

    order: Resting
    open: int


class _Suspicion(NamedTuple):
    """A side of a row in which our book shows more than was recorded.

    better: our orders at prices better than the recorded best. level: those at it, `excess` shares too many.
    """

    better: list[_Holding]
    level: list[_Holding]
    excess: int


def compare(messages: list[LobsterMessage], opening: Opening, recorded: list[Top], shown: list[Top]) -> Comparison:
    """Compare the shown tops with the recorded ones, row by row."""
    comparison = Comparison(rows=len(recorded), equal=sum(a == b for a, b in zip(recorded, shown, strict=True)))
    different = {row for row, (a, b) in enumerate(zip(recorded, shown, strict=True), 1) if a != b}
    if not different:
        return comparison
    suspicions = dict(_suspicions(messages, opening, recorded, shown, different))
    absences = _absences(messages, opening, suspicions)
    for row in sorted(different):
        why = _why(row, suspicions.get(row), absences)
        comparison.differences.append(Difference(row, recorded[row - 1], shown[row - 1], why))
    return comparison


def _suspicions(
    messages: list[LobsterMessage], opening: Opening, recorded: list[Top], shown: list[Top], different: set[int]
) -> Iterator[tuple[int, list[_Suspicion]]]:
    """For each row that differs as the messages themselves make it differ, the orders that may be the cause."""
    for row, plan in _states(messages, opening):
        if row in different and plan.top() == shown[row - 1]:
            top = recorded[row - 1]
            yield row, [_suspicion(plan, BUY, top.bid, top.bid_size), _suspicion(plan, SELL, top.ask, top.ask_size)]


def _suspicion(plan: Plan, side: int, price: int, size: int) -> _Suspicion:
    better = [
        _Holding(order, order.open)
        for level, orders in plan.levels[side].items()
        if (level - price) * side > 0
        for order in orders.values()
    ]
    level = [_Holding(order, order.open) for order in plan.levels[side].get(price, {}).values()]
    return _Suspicion(better, level, plan.size_at(side, price) - size)


def _absences(
    messages: list[LobsterMessage], opening: Opening, suspicions: dict[int, list[_Suspicion]]
) -> dict[str, int]:
    """For each suspect that was ever deeper than the file shows, the first row in which it was."""
    holdings = [held for sides in suspicions.values() for side in sides for held in side.better + side.level]
    suspects = {held.order.name: held.order for held in holdings}
    absences: dict[str, int] = {}
    for row, plan in _states(messages, opening):
        for name, suspect in suspects.items():
            levels = plan.levels[suspect.side]
            present = name in levels.get(suspect.price, {})
            if present and sum((level - suspect.price) * suspect.side > 0 for level in levels) >= opening.depth:
                absences.setdefault(name, row)
    return absences


def _why(row: int, sides: list[_Suspicion] | None, absences: dict[str, int]) -> str:
    """The explanation of a row, if each side has one."""
    if sides is None:
        return ""
    causes: dict[str, str] = {}
    for side in sides:
        unseen = [held for held in side.level if _was_unseen(held, row, absences)]
        if not all(_was_unseen(held, row, absences) for held in side.better):
            return ""
        if side.excess not in _sums(unseen):
            return ""
        for held in side.better + (unseen if side.excess else []):
            causes[held.order.name] = _told(held, absences[held.order.name])
    return "; ".join(causes.values())


def _was_unseen(held: _Holding, row: int, absences: dict[str, int]) -> bool:
    return absences.get(held.order.name, row) < row


def _sums(holdings: list[_Holding]) -> set[int]:
    """The sums of all subsets of the holdings."""
    sums = {0}
    for held in holdings:
        sums |= {known + held.open for known in sums}
    return sums


def _told(held: _Holding, absence: int) -> str:
    order = held.order
    side = "bid" if order.side == BUY else "ask"
    origin = f"entered in row {order.row:,}" if order.row else "there at the start"
    return (
        f"{side} {held.open} at {printed(order.price)} is order {order.name}, {origin}; in row {absence:,} its level "
        f"came to be deeper than the file shows, so the file cannot tell of its end"
    )


def _states(messages: list[LobsterMessage], opening: Opening) -> Iterator[tuple[int, Plan]]:
    """The reference book after each message."""
    plan = Plan()
    plan.opening(opening.levels)
    for message in messages:
        plan.actions(message)
        yield message.row, plan
