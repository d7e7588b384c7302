"""Position feed: the positions that are not flat at the start, then each position that has changed.

A snapshot leaves flat positions out. So after a reconnect a position that is missing from the new snapshot has become
flat meanwhile, and the reader gets that position with a quantity of zero.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from decimal import Decimal

from openbell.client.errors import TooSlow
from openbell.client.feeds import Frame
from openbell.client.models import Position
from openbell.client.sequence import Sequence
from openbell.client.stream import BeginningFeed


class PositionFeed(BeginningFeed[Position]):
    """One reader's positions. `limit` bounds the unread ones: beyond it the feed ends with `TooSlow`."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._sequence = Sequence()
        self._known: dict[str, Position] = {}
        self._unread: deque[Position] = deque()
        self._beginning: list[Position] | None = None

    def put(self, frame: Frame) -> None:
        """Apply a message of the channel."""
        if self.failed or not self._sequence.admit(frame):
            return
        told = [Position.read(body) for body in frame["positions"]]
        if frame["type"] == "snapshot":
            told = self._become_flat(told) + told
        if self._beginning is None:
            self._beginning = told
        else:
            self._unread.extend(told)
        self._known |= {position.symbol: position for position in told}
        self._changed.set()
        if len(self._unread) > self._limit:
            self.fail(TooSlow(f"more than {self._limit} positions were waiting to be read"))

    def await_snapshot(self) -> None:
        """Start again from the next snapshot."""
        self._sequence.await_snapshot()

    def beginning(self) -> list[Position] | None:
        """The positions of the first snapshot, None before it."""
        if self._beginning is None:
            return None
        taken, self._beginning = self._beginning, []
        return taken

    def _pop(self) -> Position | None:
        waiting = self._beginning or self._unread
        if not waiting:
            return None
        return waiting.pop(0) if isinstance(waiting, list) else waiting.popleft()

    def _become_flat(self, told: list[Position]) -> list[Position]:
        """The positions missing from a new snapshot, as flat. A snapshot does not say what they realised meanwhile."""
        there = {position.symbol for position in told}
        gone = [held for symbol, held in self._known.items() if symbol not in there and held.quantity]
        return [replace(held, quantity=Decimal(0), average_price=None, unrealised=None) for held in gone]
