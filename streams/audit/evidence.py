"""Evidence of a stopped partition, so that its fault can be examined and repeated elsewhere.

    partition-3-sequence-1042/report.json   what stopped the partition, and the states of its streams
                              message       message 1042 of the journal, if there is one
                              events        message 1042 of EVENTS, if there is one
                              state         the partition before 1042, after a fault of our own

The state is computed from the journal, not taken from the process that failed, which may be damaged. There is one
directory for each sequence: a worker that fails there again, as the next leader may, writes the same.

The outcome is one log line: `evidence.left`, or `evidence.not_left` and why. Streams that do not answer are read
ATTEMPTS times; then the report says so (`incomplete`).
"""

from __future__ import annotations

import asyncio
import json
import platform
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import structlog

from exchange import engine
from streams import subjects
from streams.broker.connection import Connection
from streams.broker.reader import StreamMessage, StreamReader, read_message, state_of
from streams.errors import PartitionFailed, PartitionStopped, StreamError
from streams.partition import state
from streams.partition.partition import Partition
from streams.recovery import recovery
from streams.wire.wide import encode, number_of

log = structlog.get_logger()

FOLDER: Final = "evidence"
"""Directory of all evidence, in the data directory."""

MESSAGES_PER_TURN: Final = 8
"""Messages replayed before the event loop has its turn."""

MESSAGE_TIMEOUT: Final = 10.0
ATTEMPTS: Final = 5
ATTEMPT_INTERVAL: Final = 2.0

decode_state: Final = msgspec.msgpack.Decoder(tuple[int, list[tuple[str, list[Any]]]], ext_hook=number_of).decode


class Evidence(NamedTuple):
    """Evidence of a fault of our own, to be repeated: the partition before it, and the message with its time."""

    partition: Partition
    message: bytes
    stored_at: int


async def leave(
    connection: Connection, data_dir: str, stopped: PartitionStopped, attempt_interval: float = ATTEMPT_INTERVAL
) -> None:
    """Write the evidence of why a partition stopped; a failure is logged, not raised."""
    number, sequence = stopped.partition, stopped.sequence
    if not data_dir:
        log.error("evidence.not_left", partition=number, error="no directory is named: set OPENBELL_DATA_DIR")
        return
    path = Path(data_dir) / FOLDER / f"partition-{number}-sequence-{sequence}"
    try:
        report, files = await _collect_patiently(connection, stopped, attempt_interval)
        await asyncio.to_thread(write, path, report, files)
    except asyncio.CancelledError:
        log.error(  # noqa: TRY400 - the traceback of a cancellation is of no use
            "evidence.not_left", partition=number, error="the worker ended before it was written"
        )
        raise
    except Exception as error:  # Evidence can fail; this process's other partitions must go on.
        log.exception("evidence.not_left", partition=number, error=str(error))
    else:
        log.critical("evidence.left", partition=number, sequence=sequence, path=str(path))


async def _collect_patiently(
    connection: Connection, stopped: PartitionStopped, attempt_interval: float
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The result of `collect`; after ATTEMPTS in vain the report alone."""
    for attempt in range(ATTEMPTS):
        if attempt:
            await asyncio.sleep(attempt_interval)
        try:
            return await collect(connection, stopped)
        except (StreamError, TimeoutError) as error:
            why = f"{type(error).__name__}: {error}"
            log.warning("evidence.waiting", partition=stopped.partition, error=why)
    return report_of(stopped) | {"incomplete": why}, {}


def stopped_in(why: BaseExceptionGroup[Exception]) -> PartitionStopped:
    """The error in a group that names a sequence."""
    found: BaseException | None = why.subgroup(PartitionStopped)
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, PartitionStopped), "a group without it is none of ours"
    return found


async def collect(connection: Connection, stopped: PartitionStopped) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The report, and the files beside it."""
    number, sequence = stopped.partition, stopped.sequence
    journal, events = subjects.journal_stream(number), subjects.events_stream(number)
    report = report_of(stopped)
    report["streams"] = {name: (await state_of(connection, name))[:3] for name in (journal, events)}
    found = {
        "message": await read_message(connection, journal, sequence),
        "events": await read_message(connection, events, sequence),
    }
    if isinstance(stopped, PartitionFailed):
        partition, message = await state_before(connection, number, sequence)
        report["stored_at"] = message.stored_at
        found["message"] = message.payload
        found["state"] = encode((state.FORM, list(state.partition_parts(partition))))
    return report, {name: data for name, data in found.items() if data is not None}


def report_of(stopped: PartitionStopped) -> dict[str, Any]:
    """The part of the report that needs no stream."""
    return {
        "partition": stopped.partition,
        "sequence": stopped.sequence,
        "error": str(stopped),
        "traceback": traceback.format_exception(stopped.__cause__) if stopped.__cause__ else [],
        "written_at": datetime.now(tz=UTC).isoformat(),
        "semantics": engine.SEMANTICS,
        "compiled": not engine.__file__.endswith(".py"),
        "python": platform.python_version(),
    }


async def state_before(connection: Connection, number: int, sequence: int) -> tuple[Partition, StreamMessage]:
    """The partition replayed up to just before `sequence`, and the journal's message there."""
    partition = await recovery.load(connection, number, sequence - 1)
    start = partition.sequence + 1
    partition.late = await recovery.late_answers(connection, number, start, sequence - 1)
    async with StreamReader(connection, subjects.journal_stream(number), start) as reader:
        while True:
            async with asyncio.timeout(MESSAGE_TIMEOUT):
                message = await anext(reader)
            if message.sequence == sequence:
                return partition, message
            partition.answer(message.payload, message.sequence, message.stored_at, render=False)
            if message.sequence % MESSAGES_PER_TURN == 0:
                await asyncio.sleep(0)


def write(path: Path, report: dict[str, Any], files: dict[str, bytes]) -> None:
    """Write the report and its files; the report comes last, so its presence proves the files complete."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, data in files.items():
        (path / name).write_bytes(data)
    (path / "report.json").write_text(json.dumps(report, indent=2) + "\n")


def read(path: Path) -> Evidence:
    """Read evidence of a fault of our own. Raises OSError, ValueError or KeyError if it is missing or malformed."""
    report = json.loads((path / "report.json").read_text())
    form, parts = decode_state((path / "state").read_bytes())
    if form not in state.FORMS_READ:
        raise ValueError(f"the state is of form {form}, and this is Openbell for form {state.FORM}")
    partition = state.restored(report["partition"], parts)
    return Evidence(partition, (path / "message").read_bytes(), report["stored_at"])


def repeat(evidence: Evidence) -> BaseException | None:
    """Answer the message again; returns the exception, None if there was none."""
    partition, message, stored_at = evidence
    try:
        partition.answer(message, partition.sequence + 1, stored_at)
    except PartitionFailed as failed:
        return failed.__cause__
    return None
