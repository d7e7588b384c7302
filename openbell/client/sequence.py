"""Whether a message follows the one before it (docs/protocol.md, "Channels"). No I/O."""

from __future__ import annotations

from typing import Any

from openbell.client.errors import OutOfStep


class Sequence:
    """The place of one reader in one channel's messages."""

    def __init__(self) -> None:
        self.seq = -1
        """The last message taken; -1 while a snapshot is awaited."""

    def await_snapshot(self) -> None:
        """Take no update until a snapshot has come."""
        self.seq = -1

    def admit(self, frame: dict[str, Any]) -> bool:
        """Whether to take the message: not before a snapshot, and not a second time.

        Raises:
            OutOfStep: messages are missing before this one; a snapshot is awaited from here on.
        """
        seq = int(frame["seq"])
        if frame["type"] == "snapshot":
            self.seq = seq
            return True
        if self.seq < 0 or seq <= self.seq:
            return False
        if frame.get("prev") != self.seq:
            held = self.seq
            self.await_snapshot()
            raise OutOfStep(f"message {seq} follows {frame.get('prev')}, and {held} is the last one here")
        self.seq = seq
        return True
