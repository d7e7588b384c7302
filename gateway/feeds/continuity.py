"""A sequence of numbered messages kept whole: duplicates dropped, gaps noticed, and closed by a snapshot.

Core NATS may lose messages around a reconnect and two leaders may both publish, so every feed runs through one of
these. No I/O: whoever owns it asks the exchange for a snapshot when `broken` and then calls `restart`.
"""

from __future__ import annotations

from typing import Final, Generic, NamedTuple, TypeVar

HELD_MAX: Final = 10_000
"""Messages held while a snapshot is under way. Beyond it they are dropped, which shows as the next gap."""

Item = TypeVar("Item")


class Numbered(NamedTuple, Generic[Item]):
    """A message, its number, and the number of the one before it."""

    previous: int
    seq: int
    item: Item


class Continuity(Generic[Item]):
    """Where a feed stands. `seq` is the last message's number, -1 while broken."""

    def __init__(self, held_max: int = HELD_MAX) -> None:
        self.seq = -1
        self._held: list[Numbered[Item]] = []
        self._held_max = held_max

    @property
    def broken(self) -> bool:
        """Whether a snapshot is needed before anything can be passed on."""
        return self.seq < 0

    def offer(self, previous: int, seq: int, item: Item) -> bool:
        """Whether the message is the next one, to be passed on now; else it was dropped or is held."""
        if self.seq >= 0:
            if previous == self.seq:
                self.seq = seq
                return True
            if seq <= self.seq:
                return False
            self.break_off()
        if len(self._held) >= self._held_max:
            self._held.clear()
        self._held.append(Numbered(previous, seq, item))
        return False

    def break_off(self) -> None:
        """Something may have been missed: wait for a snapshot."""
        self.seq = -1

    def restart(self, seq: int) -> list[Numbered[Item]]:
        """Go on after a snapshot at `seq`: the held messages that follow it, to be passed on now.

        If they do not connect, the feed is broken again and keeps what it holds for the next snapshot.
        """
        self.seq = seq
        following: list[Numbered[Item]] = []
        held, self._held = self._held, []
        for position, numbered in enumerate(held):
            if numbered.seq <= self.seq:
                continue
            if numbered.previous != self.seq:
                self.break_off()
                self._held = held[position:]
                break
            self.seq = numbered.seq
            following.append(numbered)
        return following
