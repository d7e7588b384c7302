"""Lifeline: a child process ends with its parent, even if the parent is killed with -9.

`openbell up` gives its process id to its children in the environment; each child ties itself to that process first.
A process killed so loses nothing: the journal is the truth (decision 10).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PARENT: Final = "OPENBELL_PARENT"
"""Environment variable: the process id of the parent to end with."""

SET_PARENT_DEATH_SIGNAL: Final = 1
"""`PR_SET_PDEATHSIG` of prctl(2); it survives execve, so nats-server keeps it."""


def end_with_parent(environ: Mapping[str, str]) -> None:
    """Make the kernel kill this process when the parent that `environ` names has ended; Linux only."""
    parent = environ.get(PARENT, "")
    if not parent.isdecimal() or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("the process that started this one is gone")
