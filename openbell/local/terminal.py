"""Terminal: the lines of several processes in one terminal, each with its process's name in the role's colour.

Lines go to standard error; standard output is for the results of commands. With `OPENBELL_LOG_FORMAT=json` each line is
an object that names its process itself.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from openbell.local.logs import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from openbell.local.logs import LogSettings

NAME_WIDTH: Final = 9
"""Fits `gateway-1`."""

LINE_WIDTH_MAX: Final = 10_000
"""Wider than any row, for output that is no terminal and has no width."""

COLORS: Final = {"nats": "35", "worker": "34", "gateway": "36", "bots": "33"}
"""SGR colour codes by role; other roles have `OTHER`."""

OTHER: Final = "2"

of_nats_server = re.compile(r"\[\d+\] \S+ (\d\d:\d\d:\d\d)[.\d]* \[(\w{3})\] (.*)").fullmatch
"""Time, level and text of one line of nats-server's log."""

NATS_LEVELS: Final = {"TRC": "debug", "DBG": "debug", "INF": "debug", "WRN": "warning", "ERR": "error", "FTL": "error"}
"""Our levels for nats-server's; its information is `debug` here, because it opens with forty lines of it."""


def console_for_tables() -> Console:
    """Standard output for tables: a terminal folds lines that are too wide, other output gets lines of any length."""
    return Console() if sys.stdout.isatty() else Console(width=LINE_WIDTH_MAX)


def table_of(*columns: str) -> Table:
    """A table without a frame, in which no cell is ever cut short."""
    table = Table(box=None)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def prefix_of(name: str, settings: LogSettings) -> str:
    """The prefix of each line of the process of that name."""
    if settings.format == "json":
        return ""
    label = f"{name:<{NAME_WIDTH}} │ "
    if not settings.colors:
        return label
    color = COLORS.get(name.partition("-")[0], OTHER)
    return f"\x1b[{color}m{label}\x1b[0m"


def line_writer(name: str, settings: LogSettings) -> Callable[[bytes], None]:
    """A function that writes one line, of any bytes, of the process of that name."""
    prefix = prefix_of(name, settings)

    def write(line: bytes) -> None:
        text = shown(name, line.decode("utf-8", "replace").rstrip("\r\n"), settings)
        if text:
            sys.stderr.write(f"{prefix}{text}\n")
            sys.stderr.flush()

    return write


def shown(name: str, text: str, settings: LogSettings) -> str:
    """A line in the format of the settings, empty if its level is below theirs.

    Our own processes write in that format by themselves; nats-server, and Python when it crashes, do not.
    """
    match = of_nats_server(text)
    if match is None:
        foreign = settings.format == "json" and not text.startswith("{")
        return json.dumps({"name": name, "event": text}) if foreign else text
    time, level, words = match.groups()
    level = NATS_LEVELS.get(level, "info")
    if LEVELS.index(level) < LEVELS.index(settings.level):
        return ""
    if settings.format == "json":
        now = datetime.now(tz=UTC).isoformat()
        return json.dumps({"name": name, "event": words, "level": level, "timestamp": now})
    return f"{time} [{level:<9}] {words}"
