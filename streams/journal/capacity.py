"""Room of a partition's streams: how full the journal and its events are, and which commands they still accept.

- Journal and events refuse when full (streams/topology.py). So the last of their room is reserved for commands that
  reduce risk (streams/wire/urgency.py).
- JetStream's acknowledgements have no size. So the room is measured every few seconds (STREAM.INFO). In between, the
  bytes that this process has stored are added; messages of other processes, which show as gaps between the sequences of
  ours, are added at the average size. Events are assumed to grow in step with the journal.
- A measurement that fails changes nothing: the last estimate stays, and goes on growing.

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
"""Bytes that the store adds to a journal message's payload: record, subject, and the header with the message id."""

EVERYTHING: Final = "everything"
TAKES: Final = (EVERYTHING, "cancels", "operators", "nothing")
"""Commands that a journal accepts, by the least urgency accepted: cancels include operators' commands."""

STREAM_FULL: Final = 10077
"""JetStream's error code for a message without room."""

FULL_SHARE: Final = 0.99
"""Share from which a message of some kilobytes has no room: the journal counts as full."""

NEARLY_FULL_SHARE: Final = 0.95
FILLING_SHARE: Final = 0.8
PRESSED_SHARE: Final = 0.7
"""Share from which a stream is measured, and trimmed, without delay."""

MEASURE_INTERVAL: Final = 2.0
PRESSED_INTERVAL: Final = 0.25
"""Seconds between two measurements of one partition."""


GROWTH_SECONDS_MIN: Final = 60.0
"""Age of a stream from which its growth so far predicts its future."""


class StreamFill(NamedTuple):
    """Fill of one stream: `first` to `last` are its sequences, `first_at` is when the first was stored, 0 if empty."""

    size: int
    size_max: int
    messages: int
    first: int
    last: int
    first_at: int
    read_at: int

    @property
    def share(self) -> float:
        """Share of the stream's room in use; 0 without a bound."""
        return self.size / self.size_max if self.size_max > 0 else 0.0


NOTHING: Final = StreamFill(0, 0, 0, 0, 0, 0, 0)
"""Fill of a stream that was not measured yet."""


class Fills(NamedTuple):
    """Fills of a partition's journal and events, measured one after the other."""

    journal: StreamFill
    events: StreamFill

    @property
    def share(self) -> float:
        """Share of the fuller stream: either alone stops the partition when it is full."""
        return max(self.journal.share, self.events.share)


async def measure(connection: Connection, stream: str) -> StreamFill:
    """Measure a stream, at its leader. Raises Unavailable, ApiRefused."""
    return fill_of(await connection.api(f"STREAM.INFO.{stream}"))


def fill_of(information: dict[str, Any]) -> StreamFill:
    """The fill in an answer of STREAM.INFO."""
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
    """Enlarge a stream to `size_max` bytes, never shrink it. Raises Unavailable; ApiRefused if there is no room."""
    config: dict[str, Any] = (await connection.api(f"STREAM.INFO.{stream}"))["config"]
    if 0 < config["max_bytes"] < size_max:
        await connection.api(f"STREAM.UPDATE.{stream}", config | {"max_bytes": size_max})


def nanoseconds(timestamp: str) -> int:
    """Unix time in ns of an RFC 3339 time, exact to the microsecond."""
    return round(datetime.fromisoformat(timestamp).timestamp() * 1_000_000) * 1_000


def lowest_taken(share: float) -> int:
    """The least urgency that is still accepted at this share of a bound."""
    return sum(share >= limit for limit in SHARES[:OPERATING])


def taken_at(share: float) -> str:
    """What a journal accepts at this share: one of TAKES."""
    return TAKES[-1] if share >= FULL_SHARE else TAKES[lowest_taken(share)]


class Room:
    """Room of one partition's streams, as one process estimates it.

    left: bytes of commands that each urgency may still have in flight to the journal.
    """

    def __init__(self) -> None:
        self.left: list[float] = [inf] * len(SHARES)
        self.fills = Fills(NOTHING, NOTHING)
        self._added = 0
        self._through = 0
        self._growth = 1.0  # bytes of events for each byte of the journal

    @property
    def share(self) -> float:
        """Estimated share of the fuller stream's room in use."""
        journal, events = self.fills
        shares = [
            (fill.size + self._added * growth) / fill.size_max
            for fill, growth in ((journal, 1.0), (events, self._growth))
            if fill.size_max > 0
        ]
        return max(shares, default=0.0)

    @property
    def takes(self) -> str:
        """What the journal accepts now: one of TAKES."""
        lowest = sum(left <= 0 for left in self.left[:OPERATING])
        return max(taken_at(self.share), TAKES[lowest], key=TAKES.index)

    @property
    def interval(self) -> float:
        """Seconds until the next measurement."""
        return PRESSED_INTERVAL if self.share >= PRESSED_SHARE else MEASURE_INTERVAL

    def learn(self, fills: Fills) -> None:
        """Replace the estimate by a measurement."""
        self.fills = fills
        self._added = 0
        self._through = fills.journal.last
        self._growth = fills.events.size / fills.journal.size if fills.journal.size else 1.0
        self._reckon()

    def record(self, sequence: int, size: int) -> None:
        """Record that a message of ours is stored at `sequence` of the journal; its payload has `size` bytes."""
        journal = self.fills.journal
        if not journal.messages or sequence <= self._through:
            return
        others = sequence - self._through - 1
        self._through = sequence
        self._added += size + MESSAGE_OVERHEAD_BYTES + others * journal.size // journal.messages
        self._reckon()

    def overflow(self) -> None:
        """Record that JetStream refused a message for want of room: full until the next measurement."""
        self.left[PLACING] = min(0, self.left[PLACING])

    def _reckon(self) -> None:
        journal, events = self.fills
        for urgency in range(OPERATING):
            limit = SHARES[urgency]
            of_journal = limit * journal.size_max - journal.size if journal.size_max > 0 else inf
            of_events = limit * events.size_max - events.size if events.size_max > 0 else inf
            self.left[urgency] = min(of_journal, of_events / self._growth if self._growth else inf) - self._added


def full_in_seconds(fills: Fills) -> float | None:
    """Seconds until the fuller stream is full, at its growth since its first message; None if it is too young."""
    fill = max(fills, key=lambda each: each.share)
    age = (fill.read_at - fill.first_at) / SECOND
    if not fill.first_at or age < GROWTH_SECONDS_MIN or fill.size_max <= 0:
        return None
    return (fill.size_max - fill.size) * age / fill.size
