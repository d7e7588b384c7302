"""Due queue: keys by the time at which each is due, where a key gets another time without a search for its old one.

An entry is a time and a key in a heap. Setting another time for a key, or none, leaves the key's old entry in the heap;
that entry is stale, and dropped at the heap's top. A subclass knows the time of each key (`is_due`), so the queue keeps
no copy of that time. Times are nanoseconds of journal time. Keys of one time are due in their own order, so that a
restored state executes them alike. Bound: when there are twice as many entries as were left by the last cleaning, and
TIMERS_SPARE more, all stale entries are dropped.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

from exchange.units import NEVER, TIMERS_SPARE

Key = TypeVar("Key")


class DueQueue(Generic[Key]):
    """A heap of (time, key), stale entries among them."""

    __slots__ = ("entries", "entries_max")

    def __init__(self) -> None:
        self.entries: list[tuple[int, Key]] = []
        self.entries_max: int = TIMERS_SPARE

    def is_due(self, due: int, key: Key) -> bool:
        """Whether `due` is still the time of the key; an entry of which this is False is stale."""
        raise NotImplementedError

    def push(self, due: int, key: Key) -> None:
        """Set a key's time; an earlier entry becomes stale."""
        heappush(self.entries, (due, key))
        if len(self.entries) > self.entries_max:
            self.drop_stale()

    def first(self) -> int:
        """The earliest time at which a key is due, NEVER if none is."""
        entries = self.entries
        while entries:
            due, key = entries[0]
            if self.is_due(due, key):
                return due
            heappop(entries)
        return NEVER

    def pop(self) -> Key:
        """Remove and return the key due at `first`, just read by the caller and not NEVER."""
        return heappop(self.entries)[1]

    def drop_stale(self) -> None:
        """Keep only the entries that are not stale, each once: a key may return to an earlier time."""
        self.entries = list({entry: None for entry in self.entries if self.is_due(entry[0], entry[1])})
        heapify(self.entries)
        self.entries_max = 2 * len(self.entries) + TIMERS_SPARE
