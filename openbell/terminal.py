"""Several processes in one terminal: each line carries the name of whoever wrote it, in its role's colour.

Lines go to standard error; standard output is left to what a command was asked for. With `OPENBELL_LOG_FORMAT=json`
lines stay as they are: each is an object that names its process itself.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from openbell.logs import LogSettings

NAME_WIDTH: Final = 9
"""Fits `gateway-1`."""

COLORS: Final = {"nats": "35", "worker": "34", "gateway": "36", "bots": "33"}
"""SGR colour codes by role; any other has `OTHER`."""

OTHER: Final = "2"


def prefix_of(name: str, settings: LogSettings) -> str:
    """What stands before each line of the process of that name."""
    if settings.format == "json":
        return ""
    label = f"{name:<{NAME_WIDTH}} │ "
    if not settings.colors:
        return label
    color = COLORS.get(name.partition("-")[0], OTHER)
    return f"\x1b[{color}m{label}\x1b[0m"


def write_line(prefix: str, line: bytes) -> None:
    """Write one line of a child, whatever bytes it has, whole."""
    sys.stderr.write(prefix + line.decode("utf-8", "replace").rstrip("\r\n") + "\n")
    sys.stderr.flush()
