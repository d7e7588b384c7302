"""The versions of the semantics that the engine carries out, and from which of them on each rule holds that changed.

`Configure` names the version; a rule whose answers differ asks `semantics >= RULE`, so one look at this list tells what
a version changed (docs/decisions/0100-two-versions-of-the-semantics.md).
"""

from __future__ import annotations

from typing import Final

OLDEST: Final = 2
NEWEST: Final = 4

ROUNDED_REFERENCE: Final = 3
"""A reference price is a whole number of ticks, also after the ticks have changed."""

UNBOUNDED_VALUE: Final = 3
"""The value of an order has the limits that the listing and the account name, and no other."""

OWN_MEMORY: Final = 3
"""What is remembered of an account is bounded by what that account does, not by what all do together."""

KEPT_IN_BOOK: Final = 3
"""An at-close order that is in the book stays in it when it is amended, whatever call is at hand."""

NOTHING_LEFT: Final = 3
"""An amendment that leaves nothing open is not judged by what an open order would do."""

AGE_AT_ANSWER: Final = 3
"""A command that adds risk may be too old when it is answered, not only when it reaches the journal."""

COMPLETE_EVENTS: Final = 4
"""What is stored of an event says how its order stands right after it, so that a reader needs no engine.

In memory events always say so; this is about their stored form (streams/wire/fast_forms.py), which the chain runs over.
"""
