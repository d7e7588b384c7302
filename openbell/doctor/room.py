"""Room check: how full the fullest partition is, what it still accepts, and when it will be full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from openbell.doctor.finding import CheckResult, fail, ok, warn
from streams.journal.capacity import FILLING_SHARE, FULL_SHARE, full_in_seconds, measure_both, taken_at

if TYPE_CHECKING:
    from streams.broker.connection import Connection
    from streams.journal.capacity import Fills
    from streams.settings import StreamSettings

DAY_SECONDS: Final = 86_400
SOON_DAYS: Final = 30
"""A journal that is never trimmed and will be full before this is worth a warning."""

MEND: Final = (
    "Give the streams more room with OPENBELL_JOURNAL_MAX_BYTES and restart a worker, or have less kept with "
    "OPENBELL_JOURNAL_RETENTION_BYTES; if it does not shrink, look for journal.kept in the workers' log."
)


async def room(connection: Connection, partitions: int, settings: StreamSettings) -> CheckResult:
    """The finding about the fullest of all partitions. Raises Unavailable, ApiRefused."""
    measured = [await measure_both(connection, number) for number in range(partitions)]
    fullest = max(range(partitions), key=lambda number: measured[number].share)
    return finding_of(fullest, measured[fullest], settings)


def finding_of(partition: int, fills: Fills, settings: StreamSettings) -> CheckResult:
    """The finding about one partition."""
    share = fills.share
    text = (
        f"the fullest partition is {partition}: journal {fills.journal.share:.0%}, events {fills.events.share:.0%} "
        f"of their room; it takes {taken_at(share)}"
    )
    if share >= FULL_SHARE:
        return fail("room", text, MEND)
    if share >= FILLING_SHARE:
        return warn("room", text, MEND)
    seconds = full_in_seconds(fills) if settings.keeps_everything else None
    if seconds is None:
        return ok("room", text)
    forever = f"{text}; nothing is ever dropped, so it is full in {seconds / DAY_SECONDS:.1f} days"
    return warn("room", forever, MEND) if seconds < SOON_DAYS * DAY_SECONDS else ok("room", forever)
