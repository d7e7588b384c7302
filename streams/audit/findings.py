"""Findings of an audit: what is wrong in a partition, where, and in which server's copy.

Sequences are those of the journal and of EVENTS. A finding is a copy's first fault: behind it nothing can be computed,
so there is at most one for each copy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from streams.audit.diagnosis import ENGINE


class Finding(NamedTuple):
    """Finding: the first fault. `where`: as in `diagnosis`."""

    sequence: int
    where: str
    what: str

    def __str__(self) -> str:
        if self.where == ENGINE:
            return f"at sequence {self.sequence} the engine {self.what}"
        return f"sequence {self.sequence} of the {self.where} {self.what}"


@dataclass
class CopyFound:
    """Findings in one server's copy, up to `last`; `unread`: why the copy was not read to its end, "" if it was.

    `leads`: the copy is that of the journal's leader, which answers all reads.
    """

    server: str
    last: int = 0
    finding: Finding | None = None
    unread: str = ""
    leads: bool = False


@dataclass
class Audit:
    """Result of an audit of one partition, sequences `first` to `last`.

    chain: after message `last`. unanswered: journal messages behind the end of EVENTS: in flight, or waiting for a
    leader. server: whose copy was replayed, "" if there is only one. copies: the findings in the others.
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
        """Whether no copy has a finding."""
        return self.finding is None and not any(copy.finding for copy in self.copies)
