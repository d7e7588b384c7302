"""Drops a partition's oldest commands and events once they are older, or take more bytes, than is to be kept.

- Only what KEPT_MIN checkpoints or more stand for: each was read back and compared with its digest, and EVENTS has its
  chain. The journal is dropped before the oldest of those that are kept, its events the same; both hold the message of
  every checkpoint.
- No measurement is believed alone: of two in a row the one that drops less counts, and neither reaches beyond what the
  checkpoints cover. So a stale answer keeps more, never less.
- What is dropped is named by its sequence (trimming.py), so it does not matter between which two steps a leader dies,
  or how late a request is carried out. A successor goes on: events from before the journal's first are dropped next.
- Without checkpoints nothing is dropped. They are asked for as soon as they are missing, and without rest between two
  of them once the journal is PRESSED_SHARE full (capacity.py).
- Whoever reads from behind the oldest checkpoint finds its place gone and loads a checkpoint (recovery.py).

Times: nanoseconds of the server's clock, but settings and constants are seconds.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from exchange.units import SECOND
from streams import subjects
from streams.broker.connection import Connection
from streams.broker.reader import read_message
from streams.errors import ApiRefused, CheckpointDamaged, CheckpointUnusable, Unavailable
from streams.journal import trimming
from streams.journal.capacity import (
    MEASURE_INTERVAL,
    PRESSED_INTERVAL,
    PRESSED_SHARE,
    Fills,
    StreamFill,
    full_in_seconds,
    measure_both,
)
from streams.journal.capacity_alarm import Alarm
from streams.recovery.checkpoint_maker import CheckpointMaker
from streams.recovery.checkpoints import CHECKPOINTS_KEPT, Checkpoints, Manifest
from streams.recovery.recovery import stored_chain
from streams.settings import EVENTS_PER_JOURNAL_BYTES, StreamSettings

log = structlog.get_logger()

KEPT_SAID_INTERVAL: Final = 60.0
KEPT_MIN: Final = 2
"""Checkpoints that have to stand for what is dropped: one may be damaged when it is needed."""

PART: Final = 16
"""This part more than what is kept has to be there before anything is dropped, so that it is worth its reading."""


class Retention:
    """See the module. `run` has to run for as long as the partition is led; `maker` makes its checkpoints."""

    def __init__(self, connection: Connection, settings: StreamSettings, number: int, maker: CheckpointMaker) -> None:
        self._connection = connection
        self._settings = settings
        self._number = number
        self._maker = maker
        self._checkpoints = Checkpoints(connection, number)
        self._journal = subjects.journal_stream(number)
        self._events = subjects.events_stream(number)
        self._alarm = Alarm(number)
        self._before: Fills | None = None
        self._read_back: set[bytes] = set()  # digests of checkpoints that were found good
        self._why = ""
        self._trimmed_at = asyncio.get_running_loop().time()  # or last said that it could not be

    async def run(self) -> None:
        """Look and trim for ever; first take back what a leader that died may have left set."""
        for stream in (self._journal, self._events):
            await trimming.take_limit_back(self._connection, stream)
        while True:
            try:
                await self.trim()
            except Unavailable as error:
                log.warning("journal.not_trimmed", partition=self._number, error=str(error))
            except ApiRefused as error:
                # A person has to look at the server; trading goes on until the journal is full.
                if str(error) != self._why:
                    self._why = str(error)
                    log.critical("journal.trim_refused", partition=self._number, error=self._why)
            await asyncio.sleep(PRESSED_INTERVAL if self._maker.pressed else MEASURE_INTERVAL)

    async def trim(self) -> None:
        """Measure, sound the alarm, and drop what is neither to be kept nor needed. Raises Unavailable, ApiRefused."""
        before, now = self._before, await measure_both(self._connection, self._number)
        self._before = now
        self._alarm.hear(now)
        self._maker.pressed = not self._settings.keeps_everything and now.share >= PRESSED_SHARE
        self._maker.wanted = False
        if self._settings.keeps_everything:
            self.say_when_full(now)
        elif before is not None and (wanted := await self._wanted(before, now)):
            await self._trim(wanted, now)

    async def _wanted(self, before: Fills, now: Fills) -> int:
        """The first sequence that is to be kept, whatever checkpoints cover; 0 if nothing is to be dropped."""
        by_size = min(first_kept(fills, self._settings) for fills in (before, now))
        journal, seconds = now.journal, self._settings.journal_retention_seconds
        by_age = 0
        if seconds and journal.first_at and journal.read_at - journal.first_at > seconds * (1 + 1 / PART) * SECOND:
            oldest = journal.read_at - int(seconds * SECOND)
            by_age = await trimming.first_since(self._connection, self._journal, journal.first, journal.last, oldest)
        left_behind = journal.first if now.events.first < journal.first else 0
        return max(by_size, by_age, left_behind)

    async def _trim(self, wanted: int, now: Fills) -> None:
        needed = await self._needed_from(now)
        self._maker.wanted = needed < wanted
        keep_from = min(wanted, needed)
        if keep_from <= min(now.journal.first, now.events.first):
            self._say_kept()
            return
        self._trimmed_at = asyncio.get_running_loop().time()
        for stream in (self._journal, self._events):
            await trimming.trim(self._connection, stream, keep_from, needed)
        log.info("journal.trimmed", partition=self._number, first=keep_from, wanted=wanted)

    async def _needed_from(self, now: Fills) -> int:
        """The first sequence that somebody may still need: that of the oldest good checkpoint; 0 if all are needed.

        Once the journal fills up, it is that of the last but one.

        A reader of EVENTS that keeps its own place for longer than the checkpoints do is to be asked here.
        """
        kept = (await self._checkpoints.all())[:CHECKPOINTS_KEPT]
        good = [manifest for manifest in kept if await self._is_good(manifest)]
        self._read_back &= {manifest.digest for manifest in kept}
        if len(good) < KEPT_MIN:
            return 0
        return good[KEPT_MIN - 1 if now.share >= PRESSED_SHARE else -1].sequence

    async def _is_good(self, manifest: Manifest) -> bool:
        """Whether a checkpoint can be begun from: its chunks were read once, and are there; its history is EVENTS'."""
        try:
            if manifest.digest not in self._read_back:
                await self._checkpoints.read(manifest)
                self._read_back.add(manifest.digest)
            elif not await self._checkpoints.begins(manifest):
                return False
        except CheckpointDamaged as damage:
            log.warning("checkpoint.damaged", partition=self._number, sequence=manifest.sequence, error=str(damage))
            return False
        except CheckpointUnusable:  # of another version, or pruned meanwhile
            return False
        if await stored_chain(self._connection, self._number, manifest.sequence) != manifest.chain:
            return False
        return await read_message(self._connection, self._journal, manifest.sequence) is not None

    def say_when_full(self, now: Fills) -> None:
        """Once: nothing will ever be dropped, so the journal fills up."""
        seconds = full_in_seconds(now)
        if not self._why and seconds is not None:
            self._why = "it is kept for ever"
            days = round(seconds / 86_400, 1)
            log.warning("journal.kept_for_ever", partition=self._number, share=round(now.share, 3), full_in_days=days)

    def _say_kept(self) -> None:
        """Now and then: more is there than is to be kept, and checkpoints that cover it are missing."""
        now = asyncio.get_running_loop().time()
        if now - self._trimmed_at >= KEPT_SAID_INTERVAL:
            self._trimmed_at = now
            log.warning("journal.kept", partition=self._number, why="fewer than two good checkpoints cover it")


def first_kept(fills: Fills, settings: StreamSettings) -> int:
    """The first sequence to keep of both streams so that neither holds more bytes than wanted; 0 if neither does."""
    journal, events = fills
    kept = settings.kept_bytes
    return max(first_within(journal, kept), first_within(events, min(kept * EVENTS_PER_JOURNAL_BYTES, events.size_max)))


def first_within(fill: StreamFill, kept: int) -> int:
    """The first sequence to keep so that about `kept` bytes are left; 0 if there are not clearly more, or no bound."""
    if not kept or fill.size <= kept + kept // PART:
        return 0
    return fill.first + fill.messages * (fill.size - kept) // fill.size
