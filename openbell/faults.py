"""What the command line says when it cannot go on: what is wrong, how to mend it, and an exit code.

A `Fault` is for whoever typed the command; it is printed without a traceback.
"""

from __future__ import annotations

from typing import Final

WRONG_USE: Final = 2
"""Exit code where the command line or the environment must be changed."""

FAILED: Final = 1
"""Exit code where the command was understood and could not be done."""


class Fault(Exception):
    """Something the reader can mend; `mend` is the sentence that says how."""

    def __init__(self, what: str, mend: str = "", *, code: int = FAILED) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend
        self.code = code
