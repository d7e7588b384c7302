"""What a session is owed: frames that wait for the end of the loop's turn, then leave in one write.

One writer per socket. Bound: `unread_bytes` waiting here and in the transport; beyond it the session is closed,
because what it is owed may be private and cannot be left out. Depth stops earlier: see `behind`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

BEHIND_BYTES: Final = 65_536
"""A client with more unread than this gets no depth until it has caught up, and then a snapshot."""


class Transport(Protocol):
    """What is needed of asyncio's."""

    def write(self, data: bytes) -> None:
        """Send as soon as the socket takes it."""

    def get_write_buffer_size(self) -> int:
        """Bytes that the socket has not taken yet."""
        ...

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        ...


class Outbox:
    """The frames of one session. `overflow` is called once, when the bound is met."""

    __slots__ = (
        "_bytes",
        "_frames",
        "_loop",
        "_overflow",
        "_taken",
        "_transport",
        "_unread_max",
        "_unsent",
        "_written",
    )

    def __init__(
        self,
        transport: Transport,
        loop: asyncio.AbstractEventLoop,
        unread_bytes_max: int,
        overflow: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._unread_max = unread_bytes_max
        self._overflow: Callable[[], None] | None = overflow
        self._frames: list[bytes] = []
        self._bytes = 0
        self._unsent = 0
        self._written = 0
        self._taken = 0

    def send(self, frame: bytes) -> None:
        """Queue a whole WebSocket frame; after `shut` it is dropped."""
        if self._overflow is None:
            return
        if not self._frames:
            self._loop.call_soon(self.flush)
        self._frames.append(frame)
        self._bytes += len(frame)
        if self._bytes + self._unsent > self._unread_max and self.unread() > self._unread_max:
            # Not now: whoever sends to many is going through them.
            self._loop.call_soon(self._overflow)
            self._overflow = None
            self._frames, self._bytes = [], 0

    def flush(self) -> None:
        """Write what waits."""
        frames = self._frames
        if not frames or self._transport.is_closing():
            return
        self._written += self._bytes
        self._frames, self._bytes = [], 0
        self._transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
        self._unsent = self._transport.get_write_buffer_size()

    def shut(self, last: bytes) -> None:
        """Write what waits and one last frame; nothing after it is sent."""
        self.flush()
        self._overflow = None
        if not self._transport.is_closing():
            self._transport.write(last)

    def unread(self) -> int:
        """Bytes that the client has not taken, as far as we can see."""
        self._unsent = self._transport.get_write_buffer_size()
        return self._bytes + self._unsent

    @property
    def behind(self) -> bool:
        """Whether depth should wait for the client."""
        return self._bytes + self._unsent > BEHIND_BYTES and self.unread() > BEHIND_BYTES

    def stuck(self) -> bool:
        """Whether the client has taken nothing since the last time this was asked, though something is there."""
        unsent = self._transport.get_write_buffer_size()
        before, self._taken = self._taken, self._written - unsent
        return unsent > 0 and self._taken <= before
