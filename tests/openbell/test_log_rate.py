"""No kind of line fills a disk: each has a rate, and what is left out is counted."""

from __future__ import annotations

import json
import logging
from collections import Counter

from openbell.local.log_rate import KINDS_MAX, LINES_AT_ONCE, LineRate
from tests.openbell.test_logs import BEGINNING, logged

LINES = LINES_AT_ONCE + 500
FLOOD = f"""
for number in range({LINES}):
    log.warning("door.full", number=number)
    logging.getLogger("somebody").error("line %s", number)
log.info("partition.acquired", partition=3)
"""


def test_a_flood_is_cut_off_and_counted() -> None:
    """Of a flood so many lines are written, others are not held up, and what was left out is told at the end."""
    events = [json.loads(line) for line in logged(BEGINNING + FLOOD, OPENBELL_LOG_FORMAT="json")]
    counts = Counter(event["event"].partition(" ")[0] for event in events)
    assert LINES_AT_ONCE <= counts["door.full"] < LINES_AT_ONCE + 100
    assert LINES_AT_ONCE <= counts["line"] < LINES_AT_ONCE + 100
    assert (counts["partition.acquired"], counts["log.left_out"]) == (1, 2)
    assert sum(event.get("left_out", 0) for event in events) + counts["door.full"] + counts["line"] == 2 * LINES


def test_a_kind_that_may_write_again_says_how_many_lines_it_left_out() -> None:
    """In its own next line; where none follows, in a line beside another's."""
    now, told = [0.0], []
    rate = LineRate(lambda *line: told.append(line), lambda: now[0], lines_at_once=2)

    def line(event: str) -> tuple[bool, int]:
        record = logging.makeLogRecord({"msg": {"event": event}, "levelno": logging.WARNING})
        return rate.filter(record), getattr(record, "left_out", 0)

    assert [line("a") for _ in range(5)] == [(True, 0), (True, 0), (False, 0), (False, 0), (False, 0)]
    assert (line("b"), told) == ((True, 0), [])
    now[0] = 1.0
    assert [line("a"), line("a")] == [(True, 3), (False, 0)]
    now[0] = 2.0
    assert (line("b"), told) == ((True, 0), [(logging.WARNING, "a", 1)])
    assert [line("a") for _ in range(3)] == [(True, 0), (False, 0), (False, 0)]
    rate.close()
    assert told == [(logging.WARNING, "a", 1), (logging.WARNING, "a", 2)]


def test_kinds_are_bounded() -> None:
    """However many kinds there are, so many are remembered."""
    rate = LineRate(lambda *_: None, lambda: 0.0, lines_at_once=1)
    for number in range(KINDS_MAX + 10):
        assert rate.filter(logging.makeLogRecord({"msg": {"event": f"kind.{number}"}, "levelno": 20}))
    assert len(rate.kinds) == KINDS_MAX
