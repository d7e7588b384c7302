"""Degraded partitions, described for people: which do not trade, why, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from openbell.api import Readiness

OTHER_VERSION: Final = "of the rules, this"
"""Part of the sentence about a journal of another version of the rules (exchange/engine.py)."""

NO_WORKER: Final = "Start a worker, or look at the log of the one that should lead: `openbell doctor` says more."
STOPPED: Final = (
    "`openbell doctor` and docs/operations.md, “A stopped partition”, say what to do; then restart the workers."
)
WRONG_VERSION: Final = "Run the version of Openbell that wrote this journal: what it holds is as it was."


def names_of(readiness: Readiness) -> str:
    """A sentence for each partition that does not trade, with its known instruments."""
    return "; ".join(
        f"{row['why']} ({', '.join(row['symbols'])})" if row["symbols"] else str(row["why"])
        for row in readiness.degraded
    )


def mend_of(readiness: Readiness) -> str:
    """What to do about these partitions: the advice for the gravest case alone."""
    if any(OTHER_VERSION in row["why"] for row in readiness.degraded):
        return WRONG_VERSION
    return STOPPED if any(row["stopped"] for row in readiness.degraded) else NO_WORKER
