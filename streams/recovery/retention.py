"""Retention: drops a partition's oldest commands and events once they exceed the age or the bytes to be kept.

- Only messages that KEPT_MIN checkpoints or more cover are dropped: each checkpoint was read back and compared with its
  digest, and EVENTS has its chain. The journal is dropped before the oldest kept checkpoint, its events the same; both
  keep the message of every checkpoint.
- No measurement is believed alone: of two in a row the one that drops less counts, and neither reaches beyond the
  checkpoints. So a stale answer keeps more, never less.
- The dropped messages are named by a sequence (streams/journal/trimming.py), so a leader may die between any two steps,
  and a request may be carried out late. A successor continues: events before the journal's first are dropped next.
- Without checkpoints nothing is dropped. Missing checkpoints are requested at once, and without a pause between two of
  them once the journal is PRESSED_SHARE full (streams/journal/capacity.py).
- A reader that falls behind the oldest checkpoint finds its place gone and loads a checkpoint.

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
"""Checkpoints that must cover dropped messages: one may be damaged when it is needed."""

PART: Final = 16
"""Messages are dropped once age or bytes exceed what is kept by a PARTth of it, so that a trim is worth its reads."""


class Retention:
    """Retention of one partition. `run` must run while it is led; `maker` makes its checkpoints."""

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
        self._trimmed_at = asyncio.get_running_loop().time()  # or when it was last logged that it could not be trimmed

    async def run(self) -> None:
        """Trim for ever; first reset the limit that a dead leader may have left set."""
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
        """Measure, raise the alarm, and drop messages neither to be kept nor needed. Raises Unavailable, ApiRefused."""
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
        """The first sequence to keep, checkpoints aside; 0 if nothing is to be dropped."""
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
        """The first sequence still needed: that of the oldest good checkpoint; 0 if all are needed.

        Once the journal fills up, it is that of the last checkpoint but one.

        A reader of EVENTS that keeps its own place for longer than the checkpoints must be consulted here.
        """
        kept = (await self._checkpoints.all())[:CHECKPOINTS_KEPT]
        good = [manifest for manifest in kept if await self._is_good(manifest)]
        self._read_back &= {manifest.digest for manifest in kept}
        if len(good) < KEPT_MIN:
            return 0
        return good[KEPT_MIN - 1 if now.share >= PRESSED_SHARE else -1].sequence

    async def _is_good(self, manifest: Manifest) -> bool:
        """Whether a checkpoint can be restored: its chunks were read once and exist; EVENTS has its history."""
        try:
            if manifest.digest not in self._read_back:
                await self._checkpoints.read(manifest)
                self._read_back.add(manifest.digest)
            elif not await self._checkpoints.begins(manifest):
                return False
        except CheckpointDamaged as damage:
            log.warning("checkpoint.damaged", partition=self._number, sequence=manifest.sequence, error=str(damage))
            return False
        except CheckpointUnusable:  # the checkpoint is of another version, or pruned meanwhile
            return False
        if await stored_chain(self._connection, self._number, manifest.sequence) != manifest.chain:
            return False
        return await read_message(self._connection, self._journal, manifest.sequence) is not None

    def say_when_full(self, now: Fills) -> None:
        """Log once that nothing will ever be dropped, so the journal fills up."""
        seconds = full_in_seconds(now)
        if not self._why and seconds is not None:
            self._why = "it is kept for ever"
            days = round(seconds / 86_400, 1)
            log.warning("journal.kept_for_ever", partition=self._number, share=round(now.share, 3), full_in_days=days)

    def _say_kept(self) -> None:
        """Log now and then that messages in excess cannot be dropped, because checkpoints are missing."""
        now = asyncio.get_running_loop().time()
        if now - self._trimmed_at >= KEPT_SAID_INTERVAL:
            self._trimmed_at = now
            log.warning("journal.kept", partition=self._number, why="fewer than two good checkpoints cover it")


def first_kept(fills: Fills, settings: StreamSettings) -> int:
    """The first sequence to keep of both streams so that neither exceeds its bytes to be kept; 0 if neither does."""
    journal, events = fills
    kept = settings.kept_bytes
    return max(first_within(journal, kept), first_within(events, min(kept * EVENTS_PER_JOURNAL_BYTES, events.size_max)))


def first_within(fill: StreamFill, kept: int) -> int:
    """The first sequence to keep so that about `kept` bytes are left; 0 without a clear excess, or without a bound."""
    if not kept or fill.size <= kept + kept // PART:
        return 0
    return fill.first + fill.messages * (fill.size - kept) // fill.size
