"""Positions feed: the positions of one account, for every session that is subscribed to its `positions`.

Each report of the account triggers a query for its positions in that partition: the answer is complete, so a lost
report, or several at once, cost nothing but time. A snapshot is sent when every partition has answered; an update has
the instruments whose rows have changed since, a flat position as quantity 0.
Bound: one query at a time for each partition, and no more than one in ASK_SECONDS.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final

import orjson
import structlog

from gateway.feeds.accounts import joined
from gateway.feeds.conflation import encoded
from gateway.feeds.subscriptions import POSITIONS, Key
from streams.errors import StreamError
from streams.wire.codec import decode_reports

if TYPE_CHECKING:
    from gateway.feeds.subscriptions import ChannelSubscription
    from streams.venue import SubjectSubscription as Following
    from streams.venue import Venue

log = structlog.get_logger()

ASK_SECONDS: Final = 0.05
RETRY_SECONDS: Final = 0.25
ROWS: Final = ("positions", "limits", "used")

Json = dict[str, Any]


class PositionsFeed:
    """See the module. `seq` numbers the messages of this gateway for this account; -1 before the first is ready."""

    def __init__(self, venue: Venue, tasks: asyncio.TaskGroup, account: str) -> None:
        self.key = Key(POSITIONS, account)
        self._venue = venue
        self._tasks = tasks
        self._members: dict[ChannelSubscription, None] = {}
        self._parts: dict[int, Json] = {}
        self._wanted = [asyncio.Event() for _ in range(venue.partitions)]
        self._seq = -1
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow the account until `stop`."""
        self.heal()
        self._keeper = self._tasks.create_task(self._keep())

    def stop(self) -> None:
        """Stop following the account."""
        if self._keeper is not None:
            self._keeper.cancel()

    @property
    def whole(self) -> bool:
        """Whether every partition has answered its last query."""
        return self._seq >= 0 and not any(wanted.is_set() for wanted in self._wanted)

    @property
    def partitions(self) -> range:
        """The partitions that publish its reports: all of them."""
        return range(self._venue.partitions)

    @property
    def empty(self) -> bool:
        """Whether the feed has no subscriber."""
        return not self._members

    def join(self, member: ChannelSubscription) -> None:
        """Add a subscriber; it gets its snapshot at once, or as soon as the feed has one."""
        self._members[member] = None
        if self._seq >= 0:
            self._greet(member)
            self.heal()  # limits may have changed without a report

    def leave(self, member: ChannelSubscription) -> None:
        """Remove a subscriber."""
        self._members.pop(member, None)

    def heal(self) -> None:
        """A report may have been missed: ask every partition."""
        for wanted in self._wanted:
            wanted.set()

    def look_after(self, partition: int) -> None:
        """Ask the new leader of `partition`, because the old one's last report may have been lost."""
        self._wanted[partition].set()

    def _received(self, payload: bytes) -> None:
        self._wanted[decode_reports(payload).partition].set()

    async def _keep(self) -> None:
        following = None
        try:
            while following is None:
                following = await self._follow()
            async with asyncio.TaskGroup() as keepers:
                for number in range(self._venue.partitions):
                    keepers.create_task(self._keep_partition(number))
        finally:
            if following is not None:
                await following.close()

    async def _follow(self) -> Following | None:
        try:
            return await self._venue.follow_reports(self.key.name, self._received)
        except StreamError as error:
            log.info("positions.waits", fault=str(error))
            await asyncio.sleep(RETRY_SECONDS * random.uniform(0.5, 1.0))  # noqa: S311 - spreading load
            return None

    async def _keep_partition(self, number: int) -> None:
        """Query one partition whenever it is wanted."""
        while True:
            await self._wanted[number].wait()
            self._wanted[number].clear()
            try:
                answer = await self._venue.query(number, "account", account=self.key.name)
                if answer.code:
                    raise StreamError(f"the leader answers {answer.code}")  # noqa: TRY301 - one way to try again
            except StreamError as error:
                log.info("positions.waits", partition=number, fault=str(error))
                self._wanted[number].set()
                await asyncio.sleep(RETRY_SECONDS * random.uniform(0.5, 1.0))  # noqa: S311 - spreading load
            else:
                self._take(number, orjson.loads(answer.body))
                await asyncio.sleep(ASK_SECONDS)

    def _take(self, number: int, part: Json) -> None:
        """Apply a partition's answer."""
        before = self._parts.get(number)
        self._parts[number] = part
        if self._seq >= 0 and before is not None:
            self._tell(before, part)
        elif len(self._parts) == self._venue.partitions:
            self._seq = 1
            for member in self._members:
                self._greet(member)

    def _greet(self, member: ChannelSubscription) -> None:
        member.send(snapshot_frame(self.key.name, self._seq, list(self._parts.values())), self._seq)

    def _tell(self, before: Json, after: Json) -> None:
        """Send the rows that have changed in one partition, if any have."""
        changed = {name: changes(before[name], after[name], name) for name in ROWS}
        if not any(changed.values()):
            return
        self._seq += 1
        frame = update_frame(self.key.name, self._seq, after["journal"], changed)
        for member in self._members:
            member.send(frame, self._seq)


def snapshot_frame(account: str, seq: int, parts: list[Json]) -> bytes:
    """The snapshot: the rows of all partitions."""
    return encoded({"channel": POSITIONS, "type": "snapshot", "account": account, "seq": seq, **joined(parts)})


def update_frame(account: str, seq: int, journal: str, changed: Json) -> bytes:
    """The update: changed rows of one partition, as of the command `journal` there."""
    opening = {"channel": POSITIONS, "type": "update", "account": account, "seq": seq, "prev": seq - 1}
    return encoded(opening | {"journal": journal, **changed})


def changes(before: list[Json], after: list[Json], name: str) -> list[Json]:
    """The rows that are new or differ, and for each row that is gone a row of zeros."""
    had = {row["symbol"]: row for row in before}
    has = {row["symbol"]: row for row in after}
    changed = [row for row in after if had.get(row["symbol"]) != row]
    return changed + [nothing_like(row, name) for row in before if row["symbol"] not in has]


def nothing_like(row: Json, name: str) -> Json:
    """The row of zeros of an instrument that has no row any more."""
    if name == "limits":
        return {**dict.fromkeys(row), "symbol": row["symbol"]}
    if name == "used":
        return {"symbol": row["symbol"], "open_orders": 0, "open_buy_quantity": "0", "open_sell_quantity": "0"}
    return {**row, "quantity": "0", "average_price": None, "unrealised": None}
