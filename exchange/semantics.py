"""Semantics: the versions of the rules that the engine applies, and the version from which each changed rule holds.

`Configure` names the version; a rule whose answers differ checks `semantics >= RULE`, so this list states what each
version changed (docs/decisions/0100-two-versions-of-the-semantics.md).
"""

from __future__ import annotations

from typing import Final

OLDEST: Final = 2
NEWEST: Final = 4

ROUNDED_REFERENCE: Final = 3
"""A reference price is a whole number of ticks, also after the ticks have changed."""

UNBOUNDED_VALUE: Final = 3
"""The value of an order has the limits that the listing and the account name, and no others."""

OWN_MEMORY: Final = 3
"""What is remembered of an account is bounded by that account's own doing, not by what all do together."""

KEPT_IN_BOOK: Final = 3
"""An at-close order that is in the book stays there when it is amended, whichever call is in progress."""

NOTHING_LEFT: Final = 3
"""An amendment that leaves nothing open passes no checks of what an open order would do."""

AGE_AT_ANSWER: Final = 3
"""A command that adds risk may be too old when it is answered, not only when it reaches the journal."""

COMPLETE_EVENTS: Final = 4
"""A stored event states its order right after the event, so that a reader needs no engine.

Events in memory always do; this version concerns the stored form (streams/wire/fast_forms.py) that the chain covers.
"""
