"""`openbell audit`: audits the partitions asked for, shows progress, and prints the findings.

The exit code is 0 without findings, 1 with findings, 2 if the audit could not be made.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import structlog
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from openbell.audit.store import opened
from openbell.errors import FAILED, WRONG_USE, Fault
from openbell.local import logs
from streams import subjects
from streams.audit.audit import audit
from streams.audit.diagnosis import ENGINE
from streams.audit.findings import Audit, CopyFound, Finding
from streams.broker.bucket import ABSENT, Bucket
from streams.broker.reader import NO_SUCH_STREAM
from streams.errors import ApiRefused, PartitionStopped, StreamError, Unavailable
from streams.leadership.stop_marks import StopMarks
from streams.topology import PARTITIONS_KEY

if TYPE_CHECKING:
    from openbell.local.data_dir import DataDir
    from streams.broker.connection import Connection

log = structlog.get_logger()

LOG_LEVEL: Final = {"OPENBELL_LOG_LEVEL": "error"}
"""Warnings of the streams are left out, because the audit reports the same."""


def run(first: int, last: int, partitions: list[int], nats_url: str, data_dir: DataDir, *, as_json: bool) -> None:
    """Audit, print the findings, and end with the exit code."""
    logs.configure(logs.LogSettings.from_environment({**LOG_LEVEL, **os.environ}))
    if last and last < first:
        raise Fault(f"--to {last} lies before --from {first}", code=WRONG_USE)
    gc.set_threshold(0)  # It would take a third of the time in vain: the audit releases what is large.
    try:
        audits = asyncio.run(_audit_all(first, last, partitions, nats_url, data_dir))
    except StreamError as error:
        raise Fault(f"the audit cannot be made: {error}", code=WRONG_USE) from error
    (_tell_json if as_json else _tell)(audits)
    raise typer.Exit(0 if all(found.clean for found in audits) else FAILED)


async def _audit_all(first: int, last: int, partitions: list[int], nats_url: str, data_dir: DataDir) -> list[Audit]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with opened(data_dir, nats_url) as connection:
        chosen = await _chosen(connection, partitions)
        with Progress(*columns, console=Console(stderr=True)) as progress:
            return [await _audit_one(connection, number, first, last, progress) for number in chosen]


async def _audit_one(connection: Connection, number: int, first: int, last: int, progress: Progress) -> Audit:
    task = progress.add_task(f"partition {number}", total=None)
    found = await audit(
        connection, number, first, last, lambda done, total: progress.update(task, completed=done, total=total)
    )
    led = [copy.finding for copy in found.copies if copy.leads]
    for finding in (found.finding, *led):
        if finding is not None and finding.where != ENGINE:
            await _mark(connection, number, finding)
    return found


async def _mark(connection: Connection, number: int, finding: Finding) -> None:
    """Mark the finding's place, so that the partition's leader checks it and stops if it finds the same."""
    try:
        await StopMarks(connection).put(PartitionStopped(number, finding.sequence, f"the audit says: {finding}"))
    except Unavailable as error:
        log.warning("audit.not_marked", partition=number, error=str(error))


async def _chosen(connection: Connection, partitions: list[int]) -> list[int]:
    """The partitions asked for, or all."""
    try:
        entry = await Bucket(connection, subjects.DIRECTORY).get(PARTITIONS_KEY)
    except ApiRefused as error:
        if error.code != NO_SUCH_STREAM:
            raise
        entry = ABSENT
    if entry == ABSENT:
        raise Fault("there is no exchange on this NATS server", "Is --nats-url right?", code=WRONG_USE)
    everything = range(int(entry.value))
    if unknown := set(partitions) - set(everything):
        raise Fault(f"there is no partition {min(unknown)}", f"There are {len(everything)}, from 0.", code=WRONG_USE)
    return sorted(set(partitions)) or list(everything)


def _tell(audits: list[Audit]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for found in audits:
        name = f"partition {found.partition}"
        if found.finding is None:
            console.print(f"{name}: [green]clean[/], {_extent(found)}")
        else:
            console.print(f"{name}: [bold red]{escape(str(found.finding))}[/]; good before that: {_extent(found)}")
        if found.last:
            console.print(f"  digest {found.chain} at sequence {found.last}")
        if found.server:
            console.print(f"  that was the copy on {found.server}{'' if found.copies else '; no other was read'}")
        for copy in found.copies:
            console.print(f"  the copy on {copy.server}: {_state_of(copy)}")


def _state_of(copy: CopyFound) -> str:
    if copy.finding is not None:
        return f"[bold red]{escape(str(copy.finding))}[/]; good before that"
    if copy.unread:
        return f"[yellow]not read to its end[/], good to {copy.last:,}: {escape(copy.unread)}"
    return "the same, to the last byte"


def _extent(found: Audit) -> str:
    if found.last < found.first:
        return "nothing"
    rest = f", {found.unanswered:,} not answered yet" if found.unanswered else ""
    return (
        f"sequences {found.first:,} to {found.last:,}, {found.commands:,} commands, {found.trades:,} trades "
        f"in {found.seconds:.1f} s{rest}"
    )


def _tell_json(audits: list[Audit]) -> None:
    typer.echo(json.dumps({"clean": all(found.clean for found in audits), "partitions": list(map(_row, audits))}))


def _row(found: Audit) -> dict[str, Any]:
    row = asdict(found)
    row["digest"] = row.pop("chain")
    row["finding"] = _finding_row(found.finding)
    row["copies"] = [asdict(copy) | {"finding": _finding_row(copy.finding)} for copy in found.copies]
    return row


def _finding_row(finding: Finding | None) -> dict[str, Any] | None:
    return None if finding is None else {**finding._asdict(), "sentence": str(finding)}
