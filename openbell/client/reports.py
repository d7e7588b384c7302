"""Report feed: the private channel `orders`, without a lost report.

`ReportLog` records the last report queued per partition. On a gap, a reconnect or a full queue it stops queueing that
partition's reports, and the reader fetches them with `resume` as soon as it has emptied the queue. So the queue is
bounded and no report is missing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from openbell.client.errors import ReportsMissed, RequestError
from openbell.client.feeds import Frame
from openbell.client.models import Order, Report
from openbell.client.stream import BeginningFeed

Resume = Callable[[str], Awaitable[list[Frame]]]
"""Fetches the reports after a cursor from the exchange."""

SNAPSHOT = "snapshot"
"""The `exec` of an order that was open when the feed began."""

_PAUSE_SECONDS = 0.1
"""The pause between two attempts to fetch reports that the exchange has announced and does not give yet."""


@dataclass(slots=True)
class _Place:
    """The position in one partition's reports: the last one queued, and the highest one known to exist."""

    taken: int
    cursor: str
    highest: int
    behind: bool = False


class ReportLog:
    """The queue of reports, in order per partition. No I/O."""

    def __init__(self, limit: int) -> None:
        self.unread: deque[Report] = deque()
        self._limit = limit
        self._places: dict[int, _Place] = {}
        self._partitions = 0
        """The number of partitions, each with a snapshot of its own; 0 before the first snapshot."""

    @property
    def begun(self) -> bool:
        """Whether every partition has given its open orders."""
        return 0 < self._partitions <= len(self._places)

    def take_beginning(self) -> list[Report]:
        """Remove and return the unread open orders; later reports stay queued."""
        beginning = [report for report in self.unread if report.exec == SNAPSHOT]
        self.unread = deque(report for report in self.unread if report.exec != SNAPSHOT)
        return beginning

    def take(self, frame: Frame) -> None:
        """Apply a message of the channel as it comes."""
        place = self._places.get(frame["partition"])
        if frame["type"] in {"snapshot", "start"}:
            self._take_snapshot(frame, place)
        elif place is not None:
            place.highest = max(place.highest, frame["seq"])
            place.behind = place.behind or frame["seq"] > place.taken + 1 or len(self.unread) >= self._limit
            if not place.behind:
                self._hand_on(frame, place)

    def _take_snapshot(self, frame: Frame, place: _Place | None) -> None:
        self._partitions = frame["partitions"]
        if place is None:
            self._places[frame["partition"]] = _Place(frame["seq"], frame["cursor"], frame["seq"])
            self.unread.extend(_as_reports(frame))
        else:
            place.highest = max(place.highest, frame["seq"])
            place.behind = place.behind or place.highest > place.taken

    def _hand_on(self, frame: Frame, place: _Place) -> None:
        if frame["seq"] > place.taken:
            place.taken, place.cursor = frame["seq"], frame["cursor"]
            self.unread.append(Report.read(frame))

    def behind(self) -> tuple[int, str] | None:
        """A partition whose reports must be fetched, and the cursor to fetch them from."""
        return next(((number, place.cursor) for number, place in self._places.items() if place.behind), None)

    def resumed(self, partition: int, frames: list[Frame]) -> bool:
        """Queue the reports that `resume` gave for a partition; whether any was new."""
        place = self._places[partition]
        before = place.taken
        for frame in frames:
            self._hand_on(frame, place)
        place.behind = place.taken < place.highest
        return place.taken > before


class ReportFeed(BeginningFeed[Report]):
    """Every report of the account, first the orders that were open at the start."""

    def __init__(self, resume: Resume, limit: int) -> None:
        super().__init__()
        self._resume = resume
        self._log = ReportLog(limit)

    def put(self, frame: Frame) -> None:
        """Apply a message of the channel."""
        self._log.take(frame)
        self._changed.set()

    def await_snapshot(self) -> None:
        """Nothing to do: the next snapshot shows whether reports were missed."""

    def beginning(self) -> list[Report] | None:
        """The orders that were open at the start; None until every partition's snapshot has come."""
        return self._log.take_beginning() if self._log.begun else None

    def _pop(self) -> Report | None:
        return self._log.unread.popleft() if self._log.unread else None

    async def _more(self) -> None:
        """Fetch reports that were left out or missed, `ReportsMissed` if they are lost; else wait."""
        behind = self._log.behind()
        if behind is None:
            await super()._more()
        else:
            await self._catch_up(*behind)

    async def _catch_up(self, partition: int, cursor: str) -> None:
        try:
            frames = await self._resume(cursor)
        except RequestError as refused:
            if refused.code != ReportsMissed.code:
                raise
            raise ReportsMissed(refused.message) from refused
        if not self._log.resumed(partition, frames):
            await asyncio.sleep(_PAUSE_SECONDS)


def _as_reports(snapshot: Frame) -> list[Report]:
    """The open orders of a snapshot, as reports whose `exec` is "snapshot"; a `start` has none."""
    common: dict[str, Any] = {name: snapshot[name] for name in ("partition", "seq", "cursor")}
    return [Report(SNAPSHOT, Order.read(body), **common) for body in snapshot.get("orders", ())]
