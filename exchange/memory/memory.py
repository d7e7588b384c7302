"""Memory of many owners: how much is kept for one owner follows from that owner's own doing.

Each owner has a share: its items, oldest first. A share evicts its oldest items beyond `own_max`, whatever others have.
All shares together hold `total_max`; only beyond that total do others matter, and then the largest shares evict:

    rank 17   carla (100,000), boris (90,000)     carla has been here longest: she evicts her oldest item, until she
    rank 16   -                                   has less than 65,536 and is of rank 16; then boris does
    rank 3    anna (5)                            anna evicts nothing

A share's rank is the number of binary digits of its length. So a share that evicts for others keeps at least about half
as much as any other. Ranks below that of 1/MODEST_OWNERS of the total never evict: of 300,000 up to 7 items. So all
shares together never hold more than the total, or than that many items each, whichever is more.

Always true: which items a memory holds follows from the sequence of items added and evicted, and not from the shares'
age in the process: a restored memory (`restore_ranks`) evicts alike.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from exchange.memory.archive import Block

MODEST_OWNERS: Final = 32_768
"""Owners that may each hold an equal part of the total without evicting anything for others."""

EVERYBODY: Final = ""
"""The owner of the one share of an undivided memory; no account has this name."""

Item = TypeVar("Item")


class Share(Generic[Item]):
    """What is remembered of one owner, oldest first: `blocks`, which hold `packed` of them (orders only), then `items`.

    rank: binary digits of the share's length when last ranked. enough: the length from which the rank is higher.
    holders: number of references; a share without any is dropped as soon as it is empty. due: the time of the oldest
    item when last scheduled, -1 if not scheduled.
    """

    __slots__ = ("blocks", "due", "enough", "holders", "items", "owner", "packed", "rank")

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.blocks: list[Block] = []
        self.packed = 0
        self.items: deque[Item] = deque()
        self.rank = 0
        self.enough = 1
        self.holders = 0
        self.due = -1

    @property
    def length(self) -> int:
        """The number of items in the share."""
        return self.packed + len(self.items)


class Memory(Generic[Item]):
    """The shares by owner. Under version 2 of the semantics the memory is undivided: one share for all, no total.

    time_of: the time of an item, in nanoseconds of journal time; within a share these times never fall.
    crowded: a bound may be exceeded; over: the shares that were seen to exceed their own bound.
    """

    __slots__ = (
        "count",
        "crowded",
        "divided",
        "everybody",
        "over",
        "own_max",
        "ranks",
        "scheduled",
        "shares",
        "time_of",
        "total_max",
    )

    def __init__(self, time_of: Callable[[Item], int], own_max: int, total_max: int) -> None:
        self.time_of = time_of
        self.own_max = own_max
        self.total_max = total_max
        self.divided = True
        self.everybody: Share[Item] = Share(EVERYBODY)
        self.shares: dict[str, Share[Item]] = {}
        self.ranks: list[dict[str, Share[Item]]] = [{}]
        self.scheduled: list[tuple[int, str]] = []
        self.over: list[Share[Item]] = []
        self.count = 0
        self.crowded = False

    # Shares

    def share(self, owner: str) -> Share[Item]:
        """The owner's share, with one reference more; `leave` gives the reference back."""
        share = self.find(owner)
        share.holders += 1
        return share

    def leave(self, share: Share[Item]) -> None:
        """Give back a reference; drop the share if it is empty and has no other."""
        share.holders -= 1
        if share.holders == 0 and share.length == 0 and share is not self.everybody:
            del self.shares[share.owner]

    def find(self, owner: str) -> Share[Item]:
        """The owner's share, made if there is none; no reference, so the caller must not keep it."""
        if not self.divided:
            return self.everybody
        share = self.shares.get(owner)
        if share is None:
            share = self.shares[owner] = Share(owner)
        return share

    def by_owner(self) -> list[Share[Item]]:
        """The shares that are not empty, by owner."""
        return sorted(self.all(), key=owner_of)

    def all(self) -> list[Share[Item]]:
        """The shares that are not empty, by rank, and of one rank in the order in which they reached it."""
        return [share for rank in self.ranks for share in rank.values()]

    # Items

    def take(self, share: Share[Item], item: Item) -> None:
        """Add an item, which is the newest of its share."""
        share.items.append(item)
        self.count += 1
        length = share.packed + len(share.items)
        if length >= share.enough:
            self.rank(share)
        if length > self.own_max:
            self.crowded = True
            if length == self.own_max + 1:
                self.over.append(share)
        elif self.count > self.total_max:
            self.crowded = True

    def take_block(self, share: Share[Item], block: Block) -> None:
        """Add a block of a restored state, older than all `items` of the share and newer than its blocks."""
        before = share.length
        share.blocks.append(block)
        share.packed += block.count
        self.count += block.count
        if share.length >= share.enough:
            self.rank(share)
        if share.length > self.own_max >= before:
            self.over.append(share)
        if share.length > self.own_max or self.count > self.total_max:
            self.crowded = True

    def put(self, share: Share[Item], item: Item) -> Item | None:
        """Add an item; if the share is at its own bound, in place of the oldest item, which is returned."""
        if 0 < self.own_max <= len(share.items):
            share.items.append(item)
            return share.items.popleft()
        self.take(share, item)
        return None

    def evict(self, share: Share[Item]) -> Item:
        """Evict and return the oldest item of a share that has no blocks."""
        item = share.items.popleft()
        self.count -= 1
        if 2 * len(share.items) < share.enough:
            self.rank(share)
        return item

    def evict_packed(self, share: Share[Item]) -> None:
        """Evict the oldest item of a share that has blocks: the first one of its first block."""
        block = share.blocks[0]
        block.forget_first()
        if block.count == 0:
            del share.blocks[0]
        share.packed -= 1
        self.count -= 1
        if 2 * share.length < share.enough:
            self.rank(share)

    def rank(self, share: Share[Item]) -> None:
        """Move a share whose length changed to its rank, behind the shares already there."""
        rank = share.length.bit_length()
        if rank == share.rank:
            return
        before = share.rank
        if before:
            del self.ranks[before][share.owner]
        share.rank = rank
        share.enough = 1 << rank
        while len(self.ranks) <= rank:
            self.ranks.append({})
        if rank:
            self.ranks[rank][share.owner] = share
            if before == 0 and share.due < 0:
                self.schedule(share)
        elif share.holders == 0 and share is not self.everybody:
            del self.shares[share.owner]

    def keep(self, share: Share[Item], items: deque[Item], blocks: list[Block] | None = None) -> None:
        """Replace a share's items and blocks by these, which are a part of them."""
        before = share.length
        share.items = items
        share.blocks = blocks or []
        share.packed = sum([block.count for block in share.blocks])
        self.count += share.length - before
        self.rank(share)

    # Bounds

    def overfull(self) -> list[Share[Item]]:
        """The shares that may exceed their own bound, by owner; the caller evicts each back to that bound."""
        over, self.over = self.over, []
        self.crowded = False
        if len(over) > 1:
            over.sort(key=owner_of)
        return over

    def largest(self) -> Share[Item] | None:
        """The share that evicts next while all together hold more than the total; None if no share has to."""
        if self.count <= self.total_max or not self.divided:
            return None
        for rank in range(len(self.ranks) - 1, max(0, (self.total_max // MODEST_OWNERS).bit_length() - 1), -1):
            for share in self.ranks[rank].values():
                return share
        return None

    def bound(self, own_max: int, total_max: int) -> None:
        """Set the bounds; items beyond them are evicted before the next command."""
        self.own_max = own_max
        self.total_max = total_max
        self.over = [share for share in self.all() if share.length > own_max]
        self.crowded = True

    # Time

    def schedule(self, share: Share[Item]) -> None:
        """Schedule a share by the time of its oldest item; the entry is stale once that item is evicted."""
        share.due = self.time_of_oldest(share)
        heappush(self.scheduled, (share.due, share.owner))

    def time_of_oldest(self, share: Share[Item]) -> int:
        """The time of the oldest item of a share that has one."""
        return share.blocks[0].oldest if share.blocks else self.time_of(share.items[0])

    def oldest(self) -> int:
        """A time, in nanoseconds, that no item is earlier than; -1 without items."""
        return self.scheduled[0][0] if self.scheduled else -1

    def outdated(self, until: int) -> list[Share[Item]]:
        """The shares whose oldest item is of `until` or earlier, by owner; the caller evicts and reschedules."""
        found: list[Share[Item]] = []
        scheduled = self.scheduled
        while scheduled and scheduled[0][0] <= until:
            due, owner = heappop(scheduled)
            share = self.shares.get(owner) if self.divided else self.everybody
            if share is None or share.due != due:
                continue  # The entry is of a dropped share, or stale.
            share.due = -1
            if share.length == 0:
                continue
            if self.time_of_oldest(share) <= until:
                found.append(share)
            else:
                self.schedule(share)
        found.sort(key=owner_of)
        return found

    # Versions, checkpoints

    def turn(self) -> list[Item]:
        """Switch between divided and undivided; returns all items, oldest first, for the caller to add anew.

        There may be no blocks.
        """
        items = [item for share in self.all() for item in share.items]
        items.sort(key=self.time_of)
        self.divided = not self.divided
        self.everybody = Share(EVERYBODY)
        self.shares = {}
        self.ranks = [{}]
        self.scheduled = []
        self.over = []
        self.count = 0
        self.crowded = False
        return items

    def restore_ranks(self, owners: list[str]) -> None:
        """Order the shares of a restored state, which hold their items again, as `all` gave them."""
        for owner in owners:
            share = self.shares[owner]
            del self.ranks[share.rank][owner]
            self.ranks[share.rank][owner] = share


def owner_of(share: Share[Item]) -> str:
    """The key by which shares are sorted."""
    return share.owner
