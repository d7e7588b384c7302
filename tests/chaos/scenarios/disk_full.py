"""The disk of the journals full: clients are told, `/health/ready` fails, and all resumes when there is room."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from openbell.api import Api
from tests.chaos.crowd import Crowd
from tests.chaos.findings import Findings, quantile
from tests.chaos.run import Run, under_load
from tests.chaos.supervised import SupervisedExchange
from tests.support.local_exchange import kill
from tests.support.nats import until

DISK_BYTES = 64 * 2**20
ROOM_BYTES = 512 * 1024
"""What is left when the disk is made full, so that it is the journal that fills it."""

CALM_SECONDS = 5.0
FULL_SECONDS = 10.0
GIVE_UP_SECONDS = 30.0
NOT_READY_SECONDS = 5.0
TOLD_SECONDS = 6.0
RESUMED_SECONDS = 10.0
"""`openbell up` sees the room within half a second, and restarts nats-server."""

POLL_SECONDS = 0.1


async def disk_full(run: Run) -> Findings:
    """Run `openbell up` on a small disk, fill it, and make room again."""
    findings = Findings("disk-full")
    if os.geteuid() != 0:
        findings.notes.append("needs root, for a small tmpfs: not run")
        return findings
    with small_disk(run.directory / "disk") as disk:
        exchange = SupervisedExchange(disk)
        loop = asyncio.get_running_loop()
        try:
            async with under_load(run, exchange, findings) as crowd:
                await asyncio.sleep(CALM_SECONDS)
                began = loop.time()
                filler = fill(disk)
                await until(lambda: crowd.refusals(began, float("inf")), GIVE_UP_SECONDS)
                first = min(served.sent for served in crowd.refusals(began, float("inf")))
                unready = await _until_ready_is(exchange, expected=False) - first
                await asyncio.sleep(FULL_SECONDS)
                refusals = crowd.refusals(first, loop.time())
                filler.unlink()
                room = loop.time()
                codes = sorted({served.code for served in refusals})
                slowest = quantile([served.answered - served.sent for served in refusals], 1.0)
                told = f"{len(refusals)} told {codes}, after {slowest:.2f} s at most"
                holds = bool(refusals) and set(codes) <= {"busy", "outcome_unknown"} and slowest < TOLD_SECONDS
                findings.measure("clients", told, "busy or outcome_unknown", holds=holds)
                holds = unready < NOT_READY_SECONDS
                findings.measure("/health/ready fails", f"{unready:.2f} s", f"< {NOT_READY_SECONDS:g} s", holds=holds)
                again = await _again(crowd, exchange, room)
                seen = f"{again:.2f} s after there was room" if again else f"not in {GIVE_UP_SECONDS:g} s"
                holds = again is not None and again < RESUMED_SECONDS
                findings.measure("trading resumes by itself", seen, f"< {RESUMED_SECONDS:g} s", holds=holds)
                if again is None:
                    # By hand, so that what was answered until then can be judged.
                    for pid in exchange.up.children("nats-server"):
                        kill(pid)
        finally:
            (run.directory / "up.log").write_text("".join(exchange.up.lines))
    return findings


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A file system of DISK_BYTES for the length of a block."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "openbell-chaos", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Use up all of a disk but ROOM_BYTES."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - ROOM_BYTES)
    return filler


async def _until_ready_is(exchange: SupervisedExchange, *, expected: bool) -> float:
    """Ask for readiness until it is as expected; when that was."""
    api = Api(exchange.urls[0], timeout_seconds=1.0)
    loop = asyncio.get_running_loop()
    ends = loop.time() + GIVE_UP_SECONDS
    while await asyncio.to_thread(api.is_ready) is not expected and loop.time() < ends:  # noqa: ASYNC110
        await asyncio.sleep(POLL_SECONDS)  # it has no event that we could wait for
    return loop.time()


async def _again(crowd: Crowd, exchange: SupervisedExchange, room: float) -> float | None:
    """How long after there was room each partition answered again; None if it did not."""
    try:
        return max(await crowd.until_answered(range(exchange.settings.partitions), room, GIVE_UP_SECONDS))
    except TimeoutError:
        return None
