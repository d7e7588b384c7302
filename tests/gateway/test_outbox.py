"""The outbox: nothing is lost, nothing overtakes, and its bounds hold, for frames of any size."""

from __future__ import annotations

import asyncio

import pytest

from gateway.outbox import LARGE_BYTES, PIECE_BYTES, Outbox
from tests.support.gateway import Wire, eventually

UNREAD_MAX = 1_048_576
LARGE_MAX = 48 * LARGE_BYTES


class Box:
    """An outbox on a wire, and whether it has met its bound."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.overflows = 0
        self.outbox = Outbox(self.wire, asyncio.get_running_loop(), UNREAD_MAX, self._overflow, LARGE_MAX)

    def _overflow(self) -> None:
        self.overflows += 1


@pytest.fixture
async def box() -> Box:
    """An empty one."""
    return Box()


async def test_a_large_frame_leaves_in_pieces_and_nothing_overtakes_it(box: Box) -> None:
    """What was sent before it comes before it, what was sent after it after it."""
    large = bytes(range(256)) * 20_000
    for frame in (b"before", large, b"after", b"last"):
        box.outbox.send(frame)
    await eventually(lambda: len(box.wire.data) == len(large) + 15)
    assert box.wire.data == b"before" + large + b"afterlast"
    box.outbox.send(b"again")
    await eventually(lambda: box.wire.data.endswith(b"lastagain"))
    assert (box.overflows, box.outbox.unread()) == (0, 0)


async def test_a_client_that_stops_reading_gets_no_more_of_it(box: Box) -> None:
    """The socket holds a piece or two; the client counts as behind, and what waits is bounded as ever."""
    box.wire.stalled = True
    box.outbox.send(bytes(8 * LARGE_BYTES))
    await asyncio.sleep(0)
    assert len(box.wire.data) == PIECE_BYTES
    assert box.outbox.behind
    assert box.outbox.stuck()
    for _ in range(9):
        box.outbox.send(bytes(UNREAD_MAX // 10))
    assert box.overflows == 0
    for _ in range(2):
        box.outbox.send(bytes(UNREAD_MAX // 10))
    await eventually(lambda: box.overflows == 1)
    box.outbox.send(b"nothing is taken any more")
    box.outbox.shut(b"no place for a close frame within another frame")
    assert len(box.wire.data) == PIECE_BYTES


async def test_large_frames_are_bounded_too(box: Box) -> None:
    """Nobody makes us hold many of them."""
    box.wire.stalled = True
    for _ in range(LARGE_MAX // LARGE_BYTES):
        box.outbox.send(bytes(LARGE_BYTES + 1))
    await eventually(lambda: box.overflows == 1)
