"""Room of a partition's streams: how full the journal and its events are, and which commands they still take.

- A stream that holds the truth refuses when it is full (topology.py). So the last of its room is kept for what reduces
  risk (urgency.py).
- JetStream tells no size with an acknowledgement. So the room is measured every few seconds (STREAM.INFO). In between,
  the bytes that this process has stored are added; messages of others, which show as gaps between the sequences of
  ours, are added at the average size. Events are taken to grow in step with the journal.
- A measurement that fails changes nothing: the last estimate stands, and goes on growing.

Sizes: bytes. Shares: of the room that the stream has, from 0 to 1. Times: nanoseconds of the server's clock.
"""

from __future__ import annotations

from datetime import datetime
from math import inf
from typing import Any, Final, NamedTuple

from exchange.units import SECOND
from streams import subjects
from streams.broker.connection import Connection
from streams.wire.urgency import OPERATING, PLACING, SHARES

MESSAGE_OVERHEAD_BYTES: Final = 96
"""What the store adds to a journal message's payload: its record, its subject, and the header with the message id."""

EVERYTHING: Final = "everything"
TAKES: Final = (EVERYTHING, "cancels", "operators", "nothing")
"""What a journal takes, by the least urgency that is taken: cancels and operators, operators alone, nobody."""

STREAM_FULL: Final = 10077
"""JetStream's error code for a message that finds no room."""

FULL_SHARE: Final = 0.99
"""From here on a message of some kilobytes finds no room: that is what full means to those who wait."""

NEARLY_FULL_SHARE: Final = 0.95
FILLING_SHARE: Final = 0.8
PRESSED_SHARE: Final = 0.7
"""From here on it is measured, and trimmed, without delay."""

MEASURE_INTERVAL: Final = 2.0
PRESSED_INTERVAL: Final = 0.25
"""Seconds between two measurements of one partition."""


GROWTH_SECONDS_MIN: Final = 60.0
"""A stream has to be so old before its growth is taken for its future."""


class StreamFill(NamedTuple):
    """One stream, measured: `first` to `last` are its sequences, `first_at` is when the first was stored, 0 of none."""

    size: int
    size_max: int
    messages: int
    first: int
    last: int
    first_at: int
    read_at: int

    @property
    def share(self) -> float:
        """How much of its room is taken; 0 if the stream has no bound."""
        return self.size / self.size_max if self.size_max > 0 else 0.0


NOTHING: Final = StreamFill(0, 0, 0, 0, 0, 0, 0)
"""Of a stream that was not measured yet."""


class Fills(NamedTuple):
    """A partition's journal and events, measured one after the other."""

    journal: StreamFill
    events: StreamFill

    @property
    def share(self) -> float:
        """That of the fuller one: either of them alone stops the partition when it is full."""
        return max(self.journal.share, self.events.share)


async def measure(connection: Connection, stream: str) -> StreamFill:
    """Ask a stream's leader. Raises Unavailable, ApiRefused."""
    return fill_of(await connection.api(f"STREAM.INFO.{stream}"))


def fill_of(information: dict[str, Any]) -> StreamFill:
    """What an answer of STREAM.INFO says."""
    state = information["state"]
    return StreamFill(
        state["bytes"],
        information["config"]["max_bytes"],
        state["messages"],
        state["first_seq"],
        state["last_seq"],
        nanoseconds(state["first_ts"]) if state["messages"] else 0,
        nanoseconds(information["ts"]),
    )


async def measure_both(connection: Connection, partition: int) -> Fills:
    """Measure a partition's streams. Raises Unavailable, ApiRefused."""
    journal = await measure(connection, subjects.journal_stream(partition))
    return Fills(journal, await measure(connection, subjects.events_stream(partition)))


async def enlarge(connection: Connection, stream: str, size_max: int) -> None:
    """Give a stream room for so many bytes, never less than it has. Raises Unavailable; ApiRefused if there is none."""
    config: dict[str, Any] = (await connection.api(f"STREAM.INFO.{stream}"))["config"]
    if 0 < config["max_bytes"] < size_max:
        await connection.api(f"STREAM.UPDATE.{stream}", config | {"max_bytes": size_max})


def nanoseconds(timestamp: str) -> int:
    """Of an RFC 3339 time, to the microsecond."""
    return round(datetime.fromisoformat(timestamp).timestamp() * 1_000_000) * 1_000


def lowest_taken(share: float) -> int:
    """The least urgency that is still served at this share of a bound."""
    return sum(share >= limit for limit in SHARES[:OPERATING])


def taken_at(share: float) -> str:
    """What a journal that is so full takes: one of TAKES."""
    return TAKES[-1] if share >= FULL_SHARE else TAKES[lowest_taken(share)]


class Room:
    """One partition's room as one process estimates it.

    left: how many bytes of commands each urgency may still have on their way to the journal.
    """

    def __init__(self) -> None:
        self.left: list[float] = [inf] * len(SHARES)
        self.fills = Fills(NOTHING, NOTHING)
        self._added = 0
        self._through = 0
        self._growth = 1.0  # bytes of events for one of the journal

    @property
    def share(self) -> float:
        """How much of the fuller stream's room is taken by now."""
        journal, events = self.fills
        shares = [
            (fill.size + self._added * growth) / fill.size_max
            for fill, growth in ((journal, 1.0), (events, self._growth))
            if fill.size_max > 0
        ]
        return max(shares, default=0.0)

    @property
    def takes(self) -> str:
        """What the journal takes now: one of TAKES."""
        lowest = sum(left <= 0 for left in self.left[:OPERATING])
        return max(taken_at(self.share), TAKES[lowest], key=TAKES.index)

    @property
    def interval(self) -> float:
        """Seconds until it is to be measured again."""
        return PRESSED_INTERVAL if self.share >= PRESSED_SHARE else MEASURE_INTERVAL

    def learn(self, fills: Fills) -> None:
        """The streams were measured."""
        self.fills = fills
        self._added = 0
        self._through = fills.journal.last
        self._growth = fills.events.size / fills.journal.size if fills.journal.size else 1.0
        self._reckon()

    def record(self, sequence: int, size: int) -> None:
        """A message of ours, with a payload of so many bytes, is stored at this sequence of the journal."""
        journal = self.fills.journal
        if not journal.messages or sequence <= self._through:
            return
        others = sequence - self._through - 1
        self._through = sequence
        self._added += size + MESSAGE_OVERHEAD_BYTES + others * journal.size // journal.messages
        self._reckon()

    def overflow(self) -> None:
        """JetStream has refused a message for want of room: until the next measurement, that is what counts."""
        self.left[PLACING] = min(0, self.left[PLACING])

    def _reckon(self) -> None:
        journal, events = self.fills
        for urgency in range(OPERATING):
            limit = SHARES[urgency]
            of_journal = limit * journal.size_max - journal.size if journal.size_max > 0 else inf
            of_events = limit * events.size_max - events.size if events.size_max > 0 else inf
            self.left[urgency] = min(of_journal, of_events / self._growth if self._growth else inf) - self._added


def full_in_seconds(fills: Fills) -> float | None:
    """When the fuller stream is full, if it grows on as it has since its first message; None if it is too young."""
    fill = max(fills, key=lambda each: each.share)
    age = (fill.read_at - fill.first_at) / SECOND
    if not fill.first_at or age < GROWTH_SECONDS_MIN or fill.size_max <= 0:
        return None
    return (fill.size_max - fill.size) * age / fill.size
