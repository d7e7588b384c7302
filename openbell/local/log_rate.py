"""Log rate: limits the lines of each kind, in a filter before all handlers.

A kind is the name of an event, or for a library's line the place in its code. Each kind may write LINES_AT_ONCE lines
and then LINES_PER_SECOND; lines beyond are counted, and the next line of the kind has the count as `left_out`. If none
follows, a line of its own has the count, as soon as any line is logged a second later, or at the process's end.
Bound: KINDS_MAX kinds are counted apart; the kind silent longest is evicted.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

LINES_AT_ONCE: Final = 300
"""More than the most partitions: at a start each partition logs lines of the same kinds."""

LINES_PER_SECOND: Final = 1.0
KINDS_MAX: Final = 1_000


class Kind:
    """The allowance of one kind of line: the `lines` it may write at time `at`, and the number left out since."""

    __slots__ = ("at", "left_out", "level", "lines")

    def __init__(self, lines: float, at: float, level: int) -> None:
        self.lines = lines
        self.at = at
        self.level = level
        self.left_out = 0

    def lines_at(self, now: float) -> float:
        """The lines allowed at a time, without the bound on lines at once."""
        return self.lines + (now - self.at) * LINES_PER_SECOND

    def refill(self, now: float, most: float) -> None:
        """Refill for the time since the last line."""
        self.lines, self.at = min(most, self.lines_at(now)), now


class LineRate(logging.Filter):
    """The filter: passes lines or counts them.

    tell: writes a line of a level, a kind and a count. clock: seconds that only rise.
    """

    def __init__(
        self,
        tell: Callable[[int, str, int], object],
        clock: Callable[[], float] = time.monotonic,
        lines_at_once: int = LINES_AT_ONCE,
    ) -> None:
        super().__init__()
        self._tell = tell
        self._clock = clock
        self._most = lines_at_once
        self.kinds: OrderedDict[str, Kind] = OrderedDict()
        self._silenced: dict[str, Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line may be written now; `record.left_out` is the number of its kind left out before it."""
        now, name = self._clock(), kind_of(record)
        kind = self._kind(name, record.levelno, now)
        kind.refill(now, self._most)
        if kind.lines < 1:
            kind.left_out += 1
            self._silenced[name] = kind
            return False
        kind.lines -= 1
        if kind.left_out:
            record.left_out, kind.left_out = kind.left_out, 0
            self._silenced.pop(name, None)
        if self._silenced:
            self._own_up(now)
        return True

    def close(self) -> None:
        """Log the counts of lines left out that are not logged yet."""
        self._own_up(float("inf"))

    def _kind(self, name: str, level: int, now: float) -> Kind:
        kind = self.kinds.get(name)
        if kind is not None:
            self.kinds.move_to_end(name)
            return kind
        if len(self.kinds) >= KINDS_MAX:
            self.kinds.popitem(last=False)
        kind = self.kinds[name] = Kind(self._most, now, level)
        return kind

    def _own_up(self, now: float) -> None:
        """Log the counts of kinds that could write again and have not."""
        ready = [name for name, kind in self._silenced.items() if kind.lines_at(now) >= 1]
        counts = [(self._silenced.pop(name), name) for name in ready]
        for kind, name in counts:
            count, kind.left_out = kind.left_out, 0
            self._tell(kind.level, name, count)


def kind_of(record: logging.LogRecord) -> str:
    """The kind of a line."""
    if isinstance(record.msg, dict):
        return str(record.msg.get("event"))
    return f"{record.name}:{record.filename}:{record.lineno}"
