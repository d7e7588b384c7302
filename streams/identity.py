"""Ids of processes: new at each start, so nothing of an earlier life is taken for their own."""

from __future__ import annotations

import secrets

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
LENGTH = 12


def new_id() -> str:
    """Twelve random characters, safe as a token of a subject: 62 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
