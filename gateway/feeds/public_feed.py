"""Public feed: one public channel of one instrument, followed once for all its subscribers and kept without gaps.

Two leaders may publish the same message and a reconnect may lose some: duplicates are dropped by number, a gap or a
wrong checksum is healed by asking the leader for a snapshot, and updates that arrive meanwhile are buffered.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final

import orjson
import structlog

from gateway.feeds.conflation import BookGroup, Group, LatestGroup
from gateway.feeds.continuity import Continuity
from gateway.feeds.views import BookView, FrameBody, FullView, LatestView, TradesView, View
from streams.errors import StreamError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.feeds.subscriptions import ChannelSubscription, Key, Options
    from streams.venue import Venue

log = structlog.get_logger()

RETRY_SECONDS: Final = (0.05, 2.0)
"""The shortest and the longest pause between two attempts to heal: doubled each time, with jitter."""

VIEWS: Final[dict[str, Callable[[], View]]] = {
    "book": BookView,
    "full": FullView,
    "trades": TradesView,
    "ticker": LatestView,
    "status": LatestView,
}


class PublicFeed:
    """A channel that is followed, its view, and the groups of its subscribers."""

    def __init__(
        self,
        venue: Venue,
        tasks: asyncio.TaskGroup,
        key: Key,
        partition: int,
        retry_seconds: tuple[float, float] = RETRY_SECONDS,
    ) -> None:
        self.key = key
        self._retry_seconds = retry_seconds
        self._venue = venue
        self._tasks = tasks
        self._partition = partition
        self._continuity: Continuity[tuple[FrameBody, bytes]] = Continuity()
        self._view = VIEWS[key.channel]()
        self._groups: dict[Options, Group[Any]] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._again = asyncio.Event()  # ends the pause between two attempts

    def start(self) -> None:
        """Follow the channel and keep it whole until `stop`."""
        self._wanted.set()
        self._keeper = self._tasks.create_task(self._keep())

    def stop(self) -> None:
        """Stop following the channel."""
        if self._keeper is not None:
            self._keeper.cancel()

    @property
    def whole(self) -> bool:
        """Whether no message is known to be missing."""
        return not self._continuity.broken

    @property
    def partitions(self) -> tuple[int]:
        """The partition that publishes the channel."""
        return (self._partition,)

    @property
    def empty(self) -> bool:
        """Whether the feed has no subscriber."""
        return not self._groups

    @property
    def last_trade_id(self) -> int:
        """The number of the last trade on the tape, 0 before the first; 0 for other channels."""
        return self._view.last_id if isinstance(self._view, TradesView) else 0

    def join(self, member: ChannelSubscription) -> None:
        """Add a subscriber; it gets its snapshot at once, or as soon as the feed has one."""
        group = self._groups.get(member.options)
        if group is None:
            group = self._groups[member.options] = self._new_group(member.options)
            if not self._continuity.broken:
                group.reset(self._continuity.seq)
        group.join(member)

    def leave(self, member: ChannelSubscription) -> None:
        """Remove a subscriber."""
        group = self._groups.get(member.options)
        if group is not None:
            group.leave(member)
            if not group.members:
                group.break_off()
                del self._groups[member.options]

    def heal(self) -> None:
        """A message may have been missed: get a snapshot."""
        self._continuity.break_off()
        for group in self._groups.values():
            group.break_off()
        self._wanted.set()
        self._again.set()

    def look_after(self, partition: int) -> None:
        """Ask the new leader of `partition` whether the old one published more than arrived; updates continue."""
        if partition == self._partition:
            self._wanted.set()
            self._again.set()

    def _new_group(self, options: Options) -> Group[Any]:
        if isinstance(self._view, BookView):
            return BookGroup(self._view, options)
        if isinstance(self._view, LatestView) and self.key.channel == "ticker":
            return LatestGroup(self._view, options)
        return Group(self._view, options)

    def _received(self, payload: bytes) -> None:
        frame = orjson.loads(payload)
        if self._continuity.offer(frame["prev"], frame["seq"], (frame, payload)):
            self._update(frame, payload)
        elif self._continuity.broken and not self._wanted.is_set():
            log.info("feed.gap", channel=self.key.channel, symbol=self.key.name, seq=frame["seq"])
            self.heal()

    def _update(self, frame: FrameBody, payload: bytes) -> None:
        if not self._view.apply(frame):
            log.warning("feed.checksum", channel=self.key.channel, symbol=self.key.name, seq=frame["seq"])
            self.heal()
            return
        for group in self._groups.values():
            group.update(frame, payload)

    async def _keep(self) -> None:
        """Follow the channel, and heal whenever `_wanted` is set."""
        following = await self._persist(lambda: self._venue.follow(self.key.name, self.key.channel, self._received))
        try:
            while True:
                await self._wanted.wait()
                snapshot = await self._persist(self._snapshot)
                self._wanted.clear()
                self._begin(snapshot)
                # Rate limit: if our view and the leader's never agree, ask a few times a second, not in a tight loop.
                await asyncio.sleep(self._retry_seconds[0])
        finally:
            await following.close()

    async def _persist(self, attempt: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the attempt gives
        """Retry until the attempt succeeds, however long the exchange is away; retry at once when it is back."""
        shortest, longest = self._retry_seconds
        pause = shortest
        while True:
            self._again.clear()
            try:
                return await attempt()
            except StreamError as error:
                log.info("feed.waits", channel=self.key.channel, symbol=self.key.name, fault=str(error))
            try:
                async with asyncio.timeout(pause * random.uniform(0.5, 1.0)):  # noqa: S311 - spreading load
                    await self._again.wait()
                pause = shortest
            except TimeoutError:
                pause = min(pause * 2, longest)

    async def _snapshot(self) -> FrameBody:
        answer = await self._venue.query(self._partition, self.key.channel, symbol=self.key.name)
        if answer.code:
            raise StreamError(f"the leader answers {answer.code}")
        frame: FrameBody = orjson.loads(answer.body)
        return frame

    def _begin(self, snapshot: FrameBody) -> None:
        if not self._continuity.broken and snapshot["seq"] <= self._continuity.seq:
            return  # updates are published before an answer that includes them, so none was missed
        self._view.reset(snapshot)
        following = self._continuity.restart(snapshot["seq"])
        for group in self._groups.values():
            group.reset(snapshot["seq"])
        for numbered in following:
            self._update(*numbered.item)
        if self._continuity.broken:
            self.heal()
