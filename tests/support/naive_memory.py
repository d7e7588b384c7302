"""The naive exchange's memory: lists by owner, and after each change everybody's rank is looked at anew.

The rules are those of docs/rules.md, "What is remembered".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

MODEST_OWNERS = 32_768

Item = TypeVar("Item")


@dataclass
class NaiveMemory(Generic[Item]):
    """What is remembered of each owner, oldest first; `ranked` are the owners who have anything, as they came there."""

    undivided: bool = False
    """By version 2 of the rules there is one memory for everybody, without a total."""
    own_max: int = 0
    total_max: int = 0
    owned: dict[str, list[Item]] = field(default_factory=dict)
    ranked: list[tuple[int, str]] = field(default_factory=list)

    def add(self, owner: str, item: Item) -> None:
        """Remember another item."""
        owner = self._owner(owner)
        self.owned.setdefault(owner, []).append(item)
        self._rank(owner)

    def put(self, owner: str, item: Item) -> list[Item]:
        """Remember another item, in place of the oldest one, which is returned, if that is as many as there may be."""
        owner = self._owner(owner)
        if len(self.owned.get(owner, [])) < max(self.own_max, 1):
            self.add(owner, item)
            return []
        self.owned[owner].append(item)
        return [self.owned[owner].pop(0)]

    def drop(self, owner: str, gone: Callable[[Item], bool]) -> None:
        """Forget some of an owner's items."""
        owner = self._owner(owner)
        self.owned[owner] = [item for item in self.owned.get(owner, []) if not gone(item)]
        self._rank(owner)

    def beyond_bounds(self) -> Iterator[Item]:
        """What is too much: of one owner, by name; then of all, from the one who came first to the highest rank."""
        for owner in sorted(self.owned):
            while len(self.owned[owner]) > self.own_max:
                yield self._oldest(owner)
        while not self.undivided and sum(len(items) for items in self.owned.values()) > self.total_max:
            owner = max(self.ranked, key=lambda entry: entry[0])[1]
            if 2 ** len(self.owned[owner]).bit_length() <= self.total_max // MODEST_OWNERS:
                return
            yield self._oldest(owner)

    def outdated(self, is_old: Callable[[Item], bool]) -> Iterator[Item]:
        """What is too old, by owner's name."""
        for owner in sorted(self.owned):
            while self.owned[owner] and is_old(self.owned[owner][0]):
                yield self._oldest(owner)

    def _owner(self, account: str) -> str:
        return "" if self.undivided else account

    def _oldest(self, owner: str) -> Item:
        item = self.owned[owner].pop(0)
        self._rank(owner)
        return item

    def _rank(self, owner: str) -> None:
        rank = len(self.owned[owner]).bit_length()
        if (rank, owner) not in self.ranked:
            self.ranked = [entry for entry in self.ranked if entry[1] != owner]
            if rank:
                self.ranked.append((rank, owner))
