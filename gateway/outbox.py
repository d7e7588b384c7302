"""Outbox: a session's bounded queue of frames, written at the end of the loop's turn in one write.

One writer per socket. Bound: `unread_bytes` queued here and in the transport; beyond it the session is closed, because
the frames may be private and cannot be dropped. Depth stops earlier: see `behind`.

A snapshot may be larger than the bound. A frame above LARGE_BYTES is written piece by piece, as the client reads, and
later frames queue behind it; the bound of such frames is LARGE_UNREAD_BYTES, of the others as above.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

BEHIND_BYTES: Final = 65_536
"""A client with more unread bytes gets no depth until it has caught up, and then a snapshot."""


LARGE_BYTES: Final = 131_072
LARGE_UNREAD_BYTES: Final = 67_108_864
PIECE_BYTES: Final = 65_536
POUR_SECONDS: Final = 0.01
"""The pause before the next pieces of a large frame are written."""


class Transport(Protocol):
    """The part of asyncio's transport used here."""

    def write(self, data: bytes) -> None:
        """Send as soon as the socket accepts the data."""

    def get_write_buffer_size(self) -> int:
        """Bytes that the socket has not accepted yet."""
        ...

    def is_closing(self) -> bool:
        """Whether the transport can send nothing more."""
        ...


class Outbox:
    """The outbox of one session. `overflow` is called once, when a bound is exceeded."""

    __slots__ = (
        "_bytes",
        "_frames",
        "_large_bytes",
        "_large_max",
        "_later",
        "_loop",
        "_overflow",
        "_pouring",
        "_small_bytes",
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
        large_unread_max: int = LARGE_UNREAD_BYTES,
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._unread_max = unread_bytes_max
        self._large_max = large_unread_max
        self._overflow: Callable[[], None] | None = overflow
        self._frames: list[bytes] = []
        self._bytes = 0
        self._unsent = 0
        self._written = 0
        self._taken = 0
        self._later: deque[bytes] = deque()
        self._pouring: memoryview | None = None  # the unwritten rest of the large frame at hand
        self._large_bytes = 0
        self._small_bytes = 0

    def send(self, frame: bytes) -> None:
        """Queue a whole WebSocket frame; after `shut` it is dropped."""
        if self._overflow is None:
            return
        if self._later or self._pouring or len(frame) > LARGE_BYTES:
            self._send_later(frame)
            return
        if not self._frames:
            self._loop.call_soon(self.flush)
        self._frames.append(frame)
        self._bytes += len(frame)
        if self._bytes + self._unsent > self._unread_max and self.unread() > self._unread_max:
            self._give_up()

    def flush(self) -> None:
        """Write the queued frames."""
        frames = self._frames
        if not frames or self._transport.is_closing():
            return
        self._written += self._bytes
        self._frames, self._bytes = [], 0
        self._transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
        self._unsent = self._transport.get_write_buffer_size()

    def shut(self, last: bytes) -> None:
        """Write the queued frames and one last frame, then send nothing more. A large frame is broken off."""
        self.flush()
        self._overflow = None
        broken_off = self._pouring is not None
        self._forget_later()
        if not broken_off and not self._transport.is_closing():
            self._transport.write(last)

    def unread(self) -> int:
        """Bytes that the client has not read, as far as this side can see."""
        self._unsent = self._transport.get_write_buffer_size()
        return self._waiting()

    @property
    def behind(self) -> bool:
        """Whether more than BEHIND_BYTES are unread, so depth waits."""
        return self._waiting() > BEHIND_BYTES and self.unread() > BEHIND_BYTES

    def stuck(self) -> bool:
        """Whether the client has read nothing since `stuck` was last called, though bytes are unread."""
        unsent = self._transport.get_write_buffer_size()
        before, self._taken = self._taken, self._written - unsent
        return unsent > 0 and self._taken <= before

    def _waiting(self) -> int:
        poured = len(self._pouring) if self._pouring else 0
        return self._bytes + self._unsent + self._small_bytes + self._large_bytes + poured

    def _send_later(self, frame: bytes) -> None:
        """Queue a frame that is large, or has to follow a large one."""
        self.flush()
        pours = bool(self._later or self._pouring)
        self._later.append(frame)
        if len(frame) > LARGE_BYTES:
            self._large_bytes += len(frame)
        else:
            self._small_bytes += len(frame)
        if self._small_bytes > self._unread_max or self._large_bytes > self._large_max:
            self._give_up()
        elif not pours:
            self._loop.call_soon(self._pour)

    def _pour(self) -> None:
        """Write as much of the queue as the client takes now, the rest later."""
        while self._later or self._pouring:
            if self._transport.is_closing():
                self._forget_later()
                return
            if self._transport.get_write_buffer_size() >= PIECE_BYTES:
                self._loop.call_later(POUR_SECONDS, self._pour)
                return
            self._write_piece()

    def _write_piece(self) -> None:
        rest = self._pouring or self._take_next()
        piece, rest = rest[:PIECE_BYTES], rest[PIECE_BYTES:]
        self._pouring = rest or None
        self._written += len(piece)
        self._transport.write(bytes(piece))
        self._unsent = self._transport.get_write_buffer_size()

    def _take_next(self) -> memoryview:
        frame = self._later.popleft()
        if len(frame) > LARGE_BYTES:
            self._large_bytes -= len(frame)
        else:
            self._small_bytes -= len(frame)
        return memoryview(frame)

    def _give_up(self) -> None:
        """Drop the queue and close the session: a bound is met."""
        assert self._overflow is not None, "nothing is sent after this"
        # Deferred: the caller may be iterating over its subscribers.
        self._loop.call_soon(self._overflow)
        self._overflow = None
        self._frames, self._bytes = [], 0
        self._later.clear()

    def _forget_later(self) -> None:
        self._later.clear()
        self._pouring = None
        self._small_bytes = self._large_bytes = 0
