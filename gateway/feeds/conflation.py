"""Subscriber groups: the subscribers of one feed with the same options; a message is encoded once and sent to each.

Always true: each member has had every message of its group, or is `lagging` and gets a snapshot next; a message's
`prev` is the `seq` of the message before it in the group. Conflation skips numbers, never content.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import orjson

from gateway.feeds.depth import PrintedLevel, changes
from gateway.feeds.views import BookView, FrameBody, LatestView, View
from gateway.frames import frame_of

if TYPE_CHECKING:
    from gateway.feeds.subscriptions import ChannelSubscription, Options

CATCH_UP_SECONDS: Final = 0.1
"""How often lagging members are checked for having read what they were sent."""

State = TypeVar("State", bound=View)


class Group(Generic[State]):
    """Members who get every message as the exchange sent it. `seq` is the number of the last message."""

    def __init__(self, view: State, options: Options) -> None:
        self.view = view
        self.options = options
        self.members: dict[ChannelSubscription, None] = {}
        self.seq = -1

    def join(self, member: ChannelSubscription) -> None:
        """Add a member; it gets its snapshot at once if the feed is whole (`seq` is not -1)."""
        if self.seq >= 0:
            self.settle()
            member.send(self.snapshot(), self.seq)
        self.members[member] = None

    def leave(self, member: ChannelSubscription) -> None:
        """Remove a member."""
        self.members.pop(member, None)

    def reset(self, seq: int) -> None:
        """Send all members a snapshot, because the view was reset at `seq`."""
        self.seq = seq
        if self.members:
            snapshot = self.snapshot()
            for member in self.members:
                member.lagging = False
                member.send(snapshot, seq)

    def break_off(self) -> None:
        """A message was missed: send nothing until `reset`."""
        self.seq = -1

    def update(self, frame: FrameBody, payload: bytes) -> None:
        """The view has applied an update."""
        self.seq = frame["seq"]
        self.send(frame_of(payload))

    def settle(self) -> None:
        """Send the pending message, so that `seq` and the view agree."""

    def send(self, frame: bytes) -> None:
        """Send all members the message that brings them to `seq`."""
        for member in self.members:
            member.send(frame, self.seq)

    def snapshot(self) -> bytes:
        """A frame for a member that has nothing."""
        return encoded(self.view.snapshot())


class Conflated(Group[State], ABC):
    """Members who want at most one message per `interval_ms`."""

    def __init__(self, view: State, options: Options) -> None:
        super().__init__(view, options)
        self._loop = asyncio.get_running_loop()
        self._due: asyncio.TimerHandle | None = None
        self._sent_at = 0.0

    def reset(self, seq: int) -> None:
        """Drop what is pending, too."""
        self._cancel()
        super().reset(seq)

    def break_off(self) -> None:
        """Drop the pending message, too."""
        self._cancel()
        super().break_off()

    def update(self, frame: FrameBody, payload: bytes) -> None:
        """The view has taken an update."""
        if not self.options.interval_ms:
            self.pass_on(frame, payload)
        elif self._due is None:
            self.hold(frame)
            # The first update after a quiet time is sent with those that the rest of this turn of the loop brings.
            at = max(self._sent_at + self.options.interval_ms / 1_000, self._loop.time())
            self._due = self._loop.call_at(at, self.settle)
        else:
            self.hold(frame)

    def settle(self) -> None:
        """Send the pending message now."""
        if self._due is not None:
            self._cancel()
            self._sent_at = self._loop.time()
            self.flush()

    def pass_on(self, frame: FrameBody, payload: bytes) -> None:
        """Send an update at once, to members who want no conflation."""
        super().update(frame, payload)

    def hold(self, frame: FrameBody) -> None:
        """Record an update for `flush`."""

    @abstractmethod
    def flush(self) -> None:
        """Send one message for all updates since the last."""

    def _cancel(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None


class LatestGroup(Conflated[LatestView]):
    """`ticker`: the last message supersedes all before it."""

    def flush(self) -> None:
        """Send the last message."""
        latest = self.view.latest | {"prev": self.seq}
        self.seq = latest["seq"]
        self.send(encoded(latest))


class BookGroup(Conflated[BookView]):
    """Members who see the same window of a book."""

    def __init__(self, view: BookView, options: Options) -> None:
        super().__init__(view, options)
        self._bids: list[PrintedLevel] = []
        self._asks: list[PrintedLevel] = []
        self._changed_bids: dict[str, str] = {}
        self._changed_asks: dict[str, str] = {}
        self._catching_up: asyncio.TimerHandle | None = None

    def reset(self, seq: int) -> None:
        """Drop what is pending, too."""
        self._changed_bids.clear()
        self._changed_asks.clear()
        self._remember_window()
        super().reset(seq)

    def pass_on(self, frame: FrameBody, payload: bytes) -> None:
        """Send the whole book's update as it came; most updates are invisible in a window."""
        if self.options.depth:
            self.flush()
        else:
            super().pass_on(frame, payload)

    def hold(self, frame: FrameBody) -> None:
        """Record which levels changed; the last quantity of each counts."""
        if not self.options.depth:
            self._changed_bids.update(frame["bids"])
            self._changed_asks.update(frame["asks"])

    def flush(self) -> None:
        """Send what changed in the window, if anything did."""
        depth = self.options.depth
        if depth:
            before_bids, before_asks = self._bids, self._asks
            self._remember_window()
            bids, asks = changes(before_bids, self._bids), changes(before_asks, self._asks)
        else:
            bids, asks = list(self._changed_bids.items()), list(self._changed_asks.items())
            self._changed_bids.clear()
            self._changed_asks.clear()
        if bids or asks:
            message = self.view.frame("update", self.view.seq, bids, asks, depth) | {"prev": self.seq}
            self.seq = self.view.seq
            self.send(encoded(message))

    def snapshot(self) -> bytes:
        """The window as it is now."""
        return encoded(self.view.window(self.options.depth) | {"seq": self.seq})

    def send(self, frame: bytes) -> None:
        """Send the message to members who keep up; others lag."""
        for member in self.members:
            if member.lagging or member.outbox.behind:
                member.lagging = True
                self._catch_up_later()
            else:
                member.send(frame, self.seq)

    def _remember_window(self) -> None:
        if self.options.depth:
            self._bids = self.view.depth.bids.top(self.options.depth)
            self._asks = self.view.depth.asks.top(self.options.depth)

    def _catch_up_later(self) -> None:
        if self._catching_up is None:
            self._catching_up = self._loop.call_later(CATCH_UP_SECONDS, self._catch_up)

    def _catch_up(self) -> None:
        """Send lagging members who have caught up a snapshot."""
        self._catching_up = None
        if self.seq < 0:
            return
        self.settle()
        for member in self.members:
            if member.lagging and not member.outbox.behind:
                member.lagging = False
                member.send(self.snapshot(), self.seq)
            elif member.lagging:
                self._catch_up_later()


def encoded(frame: dict[str, Any]) -> bytes:
    """A message as a WebSocket frame."""
    return frame_of(orjson.dumps(frame))
