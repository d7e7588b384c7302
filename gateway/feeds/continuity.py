"""Continuity: numbered messages in sequence; duplicates are dropped, gaps are detected and closed by a snapshot.

Core NATS may lose messages around a reconnect and two leaders may both publish, so every feed has a `Continuity`.
No I/O: its owner asks the exchange for a snapshot when it is `broken` and then calls `restart`.
"""

from __future__ import annotations

from typing import Final, Generic, NamedTuple, TypeVar

HELD_MAX: Final = 10_000
"""Messages buffered while a snapshot is under way. Beyond this bound all are dropped, which shows as the next gap."""

Item = TypeVar("Item")


class Numbered(NamedTuple, Generic[Item]):
    """A message, its number, and the number of the message before it."""

    previous: int
    seq: int
    item: Item


class Continuity(Generic[Item]):
    """The position of a feed. `seq` is the last message's number, -1 while broken."""

    def __init__(self, held_max: int = HELD_MAX) -> None:
        self.seq = -1
        self._held: list[Numbered[Item]] = []
        self._held_max = held_max

    @property
    def broken(self) -> bool:
        """Whether a snapshot is needed before any message can be applied."""
        return self.seq < 0

    def offer(self, previous: int, seq: int, item: Item) -> bool:
        """Whether the message is the next one, to be applied now; else it was dropped or is buffered."""
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
        """A message may have been missed: wait for a snapshot."""
        self.seq = -1

    def restart(self, seq: int) -> list[Numbered[Item]]:
        """Continue after a snapshot at `seq`: the buffered messages that follow it, to be applied now.

        If they do not connect, the feed is broken again and its buffer is kept for the next snapshot.
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
