"""Sequence: checks that each message follows the one before it (docs/protocol.md, "Channels"). No I/O."""

from __future__ import annotations

from typing import Any

from openbell.client.errors import OutOfStep


class Sequence:
    """One reader's position in one channel's messages."""

    def __init__(self) -> None:
        self.seq = -1
        """The number of the last message admitted; -1 while a snapshot is awaited."""

    def await_snapshot(self) -> None:
        """Admit no update until a snapshot has come."""
        self.seq = -1

    def admit(self, frame: dict[str, Any]) -> bool:
        """Whether the message is the next: not one before a snapshot, and not a repeat.

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
