"""What becomes of nats-server when the disk was full."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from openbell.local.full_disk import ROOM_BYTES, FullDisk
from tests.support.nats import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LINE = b"[7] [ERR] Filestore [ORDERS_0] Critical write error: write 1.blk: no space left on device\n"


@pytest_asyncio.fixture
async def disk(tmp_path: Path) -> AsyncIterator[tuple[FullDisk, dict[str, int], list[int]]]:
    """A watched disk whose room the test sets, and the restarts that were asked for."""
    room = {"bytes": 0}
    restarts: list[int] = []
    watched = FullDisk(tmp_path, room=lambda _: room["bytes"], poll_seconds=0.01)
    watching = asyncio.ensure_future(watched.run(lambda: restarts.append(room["bytes"])))
    yield watched, room, restarts
    watching.cancel()


async def test_the_server_is_restarted_when_there_is_room(disk: tuple[FullDisk, dict[str, int], list[int]]) -> None:
    """Not before, and once only."""
    watched, room, restarts = disk
    watched.hear(LINE)
    watched.hear(LINE)
    with pytest.raises(TimeoutError):
        await until(lambda: restarts, 0.1)
    room["bytes"] = ROOM_BYTES
    await until(lambda: restarts)
    assert restarts == [ROOM_BYTES]


async def test_other_lines_mean_nothing(disk: tuple[FullDisk, dict[str, int], list[int]]) -> None:
    """A disk with room is left alone, and so is a server that complains of something else."""
    watched, room, restarts = disk
    room["bytes"] = ROOM_BYTES
    watched.hear(b"[7] [WRN] Slow Consumer Detected\n")
    with pytest.raises(TimeoutError):
        await until(lambda: restarts, 0.1)


def test_a_disk_that_is_smaller_than_its_streams_may_grow_is_said_to_be(tmp_path: Path) -> None:
    """At the start, long before it is full; what the streams have taken already counts."""
    (tmp_path / "1.blk").write_bytes(bytes(500))
    with capture_logs() as lines:
        disk = FullDisk(tmp_path, room=lambda _: 1_000)
        disk.look_ahead(1_500)
        disk.look_ahead(1_501)
    assert [(line["event"], line["streams_may_take"]) for line in lines] == [("disk.small", 1_501)]
