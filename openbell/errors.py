"""Errors of the command line: the fault, how to mend it, and an exit code.

A `Fault` is for the user of the command; it is printed without a traceback.
"""

from __future__ import annotations

from typing import Any, Final

WRONG_USE: Final = 2
"""Exit code where the command line or the environment must be changed."""

FAILED: Final = 1
"""Exit code where the command was understood and could not be done."""


MENDS: Final = {
    "unauthenticated": "Mint a token with `openbell token --account ops --scope admin` and give it in OPENBELL_TOKEN.",
    "forbidden": "The token lacks the scope: mint one with --scope admin.",
    "token_expired": "Mint a new token with `openbell token`.",
    "rate_limited": "Wait a second and repeat the command.",
}
"""How to mend an answer with this code."""


class Fault(Exception):
    """A fault that the user can mend; `mend` is the sentence that says how."""

    def __init__(self, what: str, mend: str = "", *, code: int = FAILED) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend
        self.code = code


class RequestRefused(Fault):
    """The exchange answered with an error; `status` and `code` are the answer's."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.error_code = str(problem.get("code", ""))
        message = problem.get("message") or problem.get("title") or f"HTTP status {status}"
        super().__init__(f"{message} ({self.error_code or status})", MENDS.get(self.error_code, ""))
