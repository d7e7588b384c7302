"""Exceptions of the exchange. A refused command is an event, `Rejected`, and no exception."""

from __future__ import annotations


class UnknownSemantics(Exception):
    """The journal names rules that this engine does not know: a worker with it must not lead the partition."""
