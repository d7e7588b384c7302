"""Packer: moves a partition's ended orders into the archive while the process is idle.

No task waits for the packer, and packing shows in nothing but memory (exchange/checkpoint/packing.py), so leader and
standby each pack when they can. Under load the packer pauses until WHOLE_MAX ended orders are objects; from then on it
packs a piece at a time between commands, so the memory of a market that never rests is bounded.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from exchange.checkpoint.packing import pack
from exchange.units import SECOND

if TYPE_CHECKING:
    from streams.partition.partition import Partition

INTERVAL: Final = 0.25
"""Seconds between two checks for orders to pack."""

AGE: Final = 60 * SECOND
"""Age from which an ended order is packed, in nanoseconds of journal time: before that clients query it."""

BLOCKS: Final = 4
"""Blocks packed at a time: about a millisecond."""

PAUSE: Final = 0.005
"""Seconds from one piece to the next."""

LOAD: Final = 2_000
"""Commands per second above which the partition is under load."""

WHOLE_MAX: Final = 200_000
"""Ended orders of a partition that may be objects under load: about 150 MB."""


class Packer:
    """Packer of one partition. `run` may be canceled at any time."""

    def __init__(self, partition: Partition, whole_max: int = WHOLE_MAX) -> None:
        self._partition = partition
        self._whole_max = whole_max
        self._commands = partition.commands

    async def run(self) -> None:
        """Pack for ever."""
        pause = INTERVAL
        while True:
            await asyncio.sleep(pause)
            pause = PAUSE if self.step(pause) else INTERVAL

    def step(self, seconds: float) -> bool:
        """Pack a piece, unless there was load since the last step, `seconds` ago; True if there may be more to pack."""
        partition = self._partition
        busy = partition.commands - self._commands > LOAD * seconds
        self._commands = partition.commands
        register = partition.engine.register
        if busy and register.ended.count - len(register.past) < self._whole_max:
            return False
        return pack(partition.engine, partition.engine.now - AGE, BLOCKS) == BLOCKS
