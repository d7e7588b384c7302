"""The commands that clients send, as the journal holds them: made and written without an engine's object between.

They have the names, the order and the defaults of their dataclasses (forms.py), so for types they are those; one is
made and encoded in a sixth of the time. `codec.encode_command` takes either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange import commands
from streams.wire.forms import COMMANDS

if TYPE_CHECKING:
    from exchange.commands import AmendOrder as AmendForm
    from exchange.commands import CancelOrder as CancelForm
    from exchange.commands import PlaceOrder as PlaceForm
else:
    PlaceForm = COMMANDS.structs[commands.PlaceOrder]
    AmendForm = COMMANDS.structs[commands.AmendOrder]
    CancelForm = COMMANDS.structs[commands.CancelOrder]

__all__ = ["AmendForm", "CancelForm", "PlaceForm"]
