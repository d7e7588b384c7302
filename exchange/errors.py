"""What the exchange raises. A command that it does not take is an event, `Rejected`, and no exception."""

from __future__ import annotations


class UnknownSemantics(Exception):
    """The journal wants rules that this engine does not know: it must not lead this partition."""
