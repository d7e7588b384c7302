"""Findings of an audit: what is wrong in a partition, where, and in which server's copy of it.

Sequences are those of the journal and of EVENTS. A finding is the first thing that is wrong: behind it nothing can be
computed, so there is one at most for each copy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from streams.audit.diagnosis import ENGINE


class Finding(NamedTuple):
    """The first thing that is wrong. `where`: as in `diagnosis`."""

    sequence: int
    where: str
    what: str

    def __str__(self) -> str:
        if self.where == ENGINE:
            return f"at sequence {self.sequence} the engine {self.what}"
        return f"sequence {self.sequence} of the {self.where} {self.what}"


@dataclass
class CopyFound:
    """What was found in one server's copy, up to `last`; `unread`: why it was not read to its end, "" if it was.

    `leads`: it is that of the journal's leader, from which everybody reads.
    """

    server: str
    last: int = 0
    finding: Finding | None = None
    unread: str = ""
    leads: bool = False


@dataclass
class Audit:
    """What was looked at in one partition, sequences `first` to `last`, and what was found.

    chain: after message `last`. unanswered: journal messages behind the end of EVENTS: in flight, or waiting for a
    leader. server: whose copy was replayed, "" where there is one alone. copies: what was found in the others.
    """

    partition: int
    first: int = 1
    last: int = 0
    commands: int = 0
    trades: int = 0
    unanswered: int = 0
    chain: str = ""
    seconds: float = 0.0
    finding: Finding | None = None
    server: str = ""
    copies: list[CopyFound] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing was found, in no copy."""
        return self.finding is None and not any(copy.finding for copy in self.copies)
