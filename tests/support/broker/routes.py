"""Who has subscribed to what: literal subjects by name, those with wildcards one by one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.support.broker.client import MemoryClient


class Interest(NamedTuple):
    """One subscription of one client, by the number that the client gave it."""

    client: MemoryClient
    number: int
    queue: str


class Routes:
    """Subscriptions in the order in which they were made."""

    def __init__(self) -> None:
        self._literal: dict[str, list[Interest]] = {}
        self._below: dict[str, list[Interest]] = {}  # by what stands before `.*`: the inboxes, and most of what is told
        self._patterns: dict[str, list[Interest]] = {}

    def add(self, subject: str, interest: Interest) -> None:
        """Somebody subscribes."""
        before, _, last = subject.rpartition(".")
        if "*" in before or ">" in subject:
            self._patterns.setdefault(subject, []).append(interest)
        elif last == "*":
            self._below.setdefault(before, []).append(interest)
        else:
            self._literal.setdefault(subject, []).append(interest)

    def remove(self, client: MemoryClient, number: int | None = None) -> None:
        """Somebody unsubscribes from one thing, or is gone."""
        for table in (self._literal, self._below, self._patterns):
            for subject, interests in list(table.items()):
                left = [each for each in interests if each.client is not client or number not in (None, each.number)]
                if left:
                    table[subject] = left
                else:
                    del table[subject]

    def clear(self) -> None:
        """All are gone."""
        self._literal.clear()
        self._below.clear()
        self._patterns.clear()

    def of(self, subject: str) -> list[Interest]:
        """Who gets a message: everyone interested, of each queue only one."""
        found = [*self._literal.get(subject, ()), *self._below.get(subject.rpartition(".")[0], ())]
        for pattern, interests in self._patterns.items():
            if matches(pattern, subject):
                found += interests
        queues: dict[str, Interest] = {}
        for interest in found:
            if interest.queue:
                queues.setdefault(interest.queue, interest)
        return [each for each in found if not each.queue or queues[each.queue] is each]


def matches(pattern: str, subject: str) -> bool:
    """Whether a subject is one of a pattern's."""
    if not subject.startswith(_fixed(pattern)):
        return False
    wanted, tokens = pattern.split("."), subject.split(".")
    for place, token in enumerate(wanted):
        if token == ">":
            return len(tokens) > place
        if place >= len(tokens) or token not in ("*", tokens[place]):
            return False
    return len(wanted) == len(tokens)


@lru_cache(maxsize=1_000)
def _fixed(pattern: str) -> str:
    """What all of a pattern's subjects begin with: most subjects are none of a pattern's, and quickly told so."""
    return pattern.partition("*")[0].partition(">")[0]
