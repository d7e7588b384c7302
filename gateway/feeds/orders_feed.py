"""Orders feed: the execution reports of one account, for every session that is subscribed to its `orders`.

Each partition numbers its reports without gaps. A gap is closed by asking the leader for the reports since (or, if they
are no longer kept, for a snapshot); a new subscriber first gets a snapshot of the open orders of each partition.
Reports that arrive while the leader is asked are buffered (`continuity`).

The leader answers with thousands of orders page by page. The snapshot has the number of the first page: reports that
follow that number cover what happened while the other pages were fetched, each with its order as it was then.
Bound: SNAPSHOT_ORDERS_MAX. The first page says how many orders are open; above the bound the channel ends (`too_many`)
for those who wait for a snapshot, and the leader is not asked again before somebody else subscribes. A subscriber that
wants no snapshot gets a `start`: the number that its reports follow, however many orders are open.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from gateway.errors import TooManyOrders
from gateway.feeds.continuity import Continuity
from gateway.feeds.subscriptions import ORDERS, Key
from gateway.frames import frame_of
from gateway.orders import order_id_of
from gateway.requests.names import name_of_id
from streams.errors import StreamError
from streams.wire.codec import decode_reports

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.feeds.subscriptions import ChannelSubscription
    from streams.venue import SubjectSubscription as Following
    from streams.venue import Venue

log = structlog.get_logger()

RETRY_SECONDS: Final = 0.25
PAUSE_SECONDS: Final = 0.05
BEHIND_EVERY_ORDER: Final = 2**63 - 1
"""The page after this order is empty, and carries its sequence number like any other."""

SNAPSHOT_ORDERS_MAX: Final = 50_000
"""Open orders of one account in one partition that a snapshot can have."""


class _Snapshot(msgspec.Struct, omit_defaults=True):
    partition: int
    seq: int
    cursor: str
    orders: list[msgspec.Raw]
    partitions: int = 0
    more: bool = False
    left: int = 0


class _Start(msgspec.Struct):
    partition: int
    seq: int
    cursor: str
    partitions: int


class _NumberedReport(msgspec.Struct):
    seq: int


class _MissedReports(msgspec.Struct):
    reports: list[msgspec.Raw]


_snapshot = msgspec.json.Decoder(_Snapshot)
_numbered = msgspec.json.Decoder(_NumberedReport)
_reports = msgspec.json.Decoder(_MissedReports)


class PartitionReports:
    """One account's reports in one partition. Each member has been sent everything up to the number beside it.

    `end` ends a subscription, in all partitions.
    """

    def __init__(
        self,
        venue: Venue,
        number: int,
        account: str,
        end: Callable[[ChannelSubscription], None],
        orders_max: int,
        pause_seconds: float,
    ) -> None:
        self.members: dict[ChannelSubscription, int] = {}
        self.joining: dict[ChannelSubscription, None] = {}
        self.wanted = asyncio.Event()
        self._venue = venue
        self._number = number
        self._account = account
        self._end = end
        self._orders_max = orders_max
        self._pause_seconds = pause_seconds
        self._continuity: Continuity[bytes] = Continuity()
        self._passed_on = -1

    @property
    def whole(self) -> bool:
        """Whether no report is known to be missing."""
        return not self._continuity.broken

    def received(self, reports: list[tuple[int, bytes]]) -> None:
        """Apply reports as the leader published them; before the first subscriber they are dropped."""
        if self._passed_on < 0 and not self.joining:
            return
        following = []
        for seq, report in reports:
            frame = frame_of(report)
            if self._continuity.offer(seq - 1, seq, frame):
                following.append((seq, frame))
            elif self._continuity.broken:
                self.wanted.set()
        self._pass_on(following)

    async def keep(self) -> None:
        """Whenever `wanted` is set, welcome those who are joining, and close the gap if there may be one."""
        while True:
            await self.wanted.wait()
            self.wanted.clear()
            self._continuity.break_off()
            try:
                await self._welcome()
                if self._passed_on >= 0:
                    await self._close_gap()
            except StreamError as error:
                log.info("reports.waits", partition=self._number, fault=str(error))
                await asyncio.sleep(RETRY_SECONDS * random.uniform(0.5, 1.0))  # noqa: S311 - spreading load
                self.wanted.set()
            else:
                # Rate limit: if our view and the leader's never agree, the leader is asked a few times a second.
                await asyncio.sleep(self._pause_seconds)

    async def _welcome(self) -> None:
        """Send those who are joining the open orders, or the number to start from; they become members with that."""
        if any(not member.options.snapshot for member in self.joining):
            page = await self._page(BEHIND_EVERY_ORDER)
            start = _Start(page.partition, page.seq, page.cursor, self._venue.partitions)
            self._admit(b'{"channel":"orders","type":"start",' + msgspec.json.encode(start)[1:], page.seq, told=False)
        if not any(member.options.snapshot for member in self.joining):
            return
        try:
            snapshot = await self._snapshot()
        except TooManyOrders:
            self._turn_away()
            return
        self._admit(
            b'{"channel":"orders","type":"snapshot",' + msgspec.json.encode(snapshot)[1:], snapshot.seq, told=True
        )

    def _admit(self, text: bytes, seq: int, *, told: bool) -> None:
        """Send those who wait for a snapshot (`told`), or for a start, the frame as of `seq`, and make them members."""
        if seq < self._passed_on:
            # Of two leaders the stale one has answered; the reports in between would never reach those who are joining.
            raise StreamError(f"the leader answers as of {seq}, and {self._passed_on} has been passed on")
        frame = frame_of(text)
        for member in [member for member in self.joining if member.options.snapshot is told]:
            member.send(frame, seq)
            self.members[member] = seq
            del self.joining[member]
        if self._passed_on < 0:
            self._passed_on = seq

    async def _snapshot(self) -> _Snapshot:
        """The open orders, page by page; TooManyOrders above the bound."""
        whole = page = await self._page(0)
        while page.more:
            if len(whole.orders) + page.left > self._orders_max:
                raise TooManyOrders
            page = await self._page(name_of_id(order_id_of(page.orders[-1])).number)
            whole.orders += page.orders
        whole.more, whole.left, whole.partitions = False, 0, self._venue.partitions
        return whole

    async def _page(self, after: int) -> _Snapshot:
        answer = await self._venue.query(self._number, "orders_snapshot", account=self._account, after=after)
        if answer.code:
            raise StreamError(f"the leader answers {answer.code}")
        return _snapshot.decode(answer.body)

    def _turn_away(self) -> None:
        log.warning("reports.too_many_orders", partition=self._number, account=self._account)
        for member in [member for member in self.joining if member.options.snapshot]:
            self._end(member)

    async def _close_gap(self) -> None:
        """Send the reports that were missed, then those buffered meanwhile."""
        answer = await self._venue.query(self._number, "reports", account=self._account, after=self._passed_on)
        if answer.code == "snapshot_required":
            self.joining.update(dict.fromkeys(self.members))
            self.members.clear()
            self._passed_on = -1
            self.wanted.set()
            return
        if answer.code:
            raise StreamError(f"the leader answers {answer.code}")
        missed = _reports.decode(answer.body).reports
        self._pass_on([(_numbered.decode(raw).seq, frame_of(bytes(raw))) for raw in missed])
        self._pass_on([(numbered.seq, numbered.item) for numbered in self._continuity.restart(self._passed_on)])
        if self._continuity.broken:
            self.wanted.set()

    def _pass_on(self, following: list[tuple[int, bytes]]) -> None:
        """Send each member the reports that it has not had, as one piece: an uncross may bring thousands."""
        if not following:
            return
        self._passed_on = last = following[-1][0]
        for member, had in self.members.items():
            if last > had:
                self.members[member] = last
                member.send(b"".join([frame for seq, frame in following if seq > had]), last)


class OrdersFeed:
    """All partitions' reports of one account. `orders_max`: open orders in a partition's snapshot."""

    def __init__(
        self,
        venue: Venue,
        tasks: asyncio.TaskGroup,
        account: str,
        orders_max: int = SNAPSHOT_ORDERS_MAX,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self.key = Key(ORDERS, account)
        self._venue = venue
        self._tasks = tasks
        self._partitions = [
            PartitionReports(venue, number, account, self._end, orders_max, pause_seconds)
            for number in range(venue.partitions)
        ]
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow the reports and keep them whole until `stop`."""
        self._keeper = self._tasks.create_task(self._keep())

    def stop(self) -> None:
        """Stop following the reports."""
        if self._keeper is not None:
            self._keeper.cancel()

    @property
    def whole(self) -> bool:
        """Whether no report is known to be missing in any partition."""
        return all(partition.whole for partition in self._partitions)

    @property
    def partitions(self) -> range:
        """The partitions that publish its reports: all of them."""
        return range(self._venue.partitions)

    @property
    def empty(self) -> bool:
        """Whether the feed has no subscriber."""
        return not any(partition.members or partition.joining for partition in self._partitions)

    def join(self, member: ChannelSubscription) -> None:
        """Add a subscriber; its snapshots follow."""
        for partition in self._partitions:
            partition.joining[member] = None
            partition.wanted.set()

    def leave(self, member: ChannelSubscription) -> None:
        """Remove a subscriber."""
        for partition in self._partitions:
            partition.members.pop(member, None)
            partition.joining.pop(member, None)

    def _end(self, member: ChannelSubscription) -> None:
        """End a subscription in all partitions: one has too many orders, and the others alone are of no use."""
        self.leave(member)
        member.end("too_many")

    def heal(self) -> None:
        """A report may have been missed: ask every partition."""
        for partition in self._partitions:
            partition.wanted.set()

    def look_after(self, partition: int) -> None:
        """Ask the new leader of `partition` whether the old one published more than arrived."""
        self._partitions[partition].wanted.set()

    def _received(self, payload: bytes) -> None:
        reports = decode_reports(payload)
        self._partitions[reports.partition].received(reports.reports)

    async def _keep(self) -> None:
        following = None
        try:
            while following is None:
                following = await self._follow()
            async with asyncio.TaskGroup() as keepers:
                for partition in self._partitions:
                    keepers.create_task(partition.keep())
        finally:
            if following is not None:
                await following.close()

    async def _follow(self) -> Following | None:
        try:
            return await self._venue.follow_reports(self.key.name, self._received)
        except StreamError as error:
            log.info("reports.waits", fault=str(error))
            await asyncio.sleep(RETRY_SECONDS)
            return None
