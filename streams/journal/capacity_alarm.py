"""Capacity alarm of a partition: each level is logged once when it is reached, and once when there is room again.

A level counts as reached until the share is HYSTERESIS below it, so that a journal which is trimmed as fast as it fills
does not log the same again and again.
"""

from __future__ import annotations

from typing import Final

import structlog

from streams.journal.capacity import FILLING_SHARE, FULL_SHARE, NEARLY_FULL_SHARE, Fills, taken_at

log = structlog.get_logger()

HYSTERESIS: Final = 0.05
LEVELS: Final = (FILLING_SHARE, NEARLY_FULL_SHARE, FULL_SHARE)


class Alarm:
    """Capacity alarm of one partition. `hear` is called with every measurement."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._level = 0

    def hear(self, fills: Fills) -> None:
        """Log a change of level."""
        share, before = fills.share, self._level
        met = sum(share >= limit for limit in LEVELS)
        still = sum(share >= limit - HYSTERESIS for limit in LEVELS[:before])
        self._level = max(met, still)
        if self._level > before:
            self._say(fills)
        elif before and not self._level:
            log.info("journal.has_room", partition=self._partition, share=round(share, 3))

    def _say(self, fills: Fills) -> None:
        facts = {
            "partition": self._partition,
            "journal_share": round(fills.journal.share, 3),
            "events_share": round(fills.events.share, 3),
            "takes": taken_at(fills.share),
        }
        if self._level == len(LEVELS):
            log.critical("journal.full", **facts)
        elif self._level > 1:
            log.error("journal.nearly_full", **facts)
        else:
            log.warning("journal.filling", **facts)
