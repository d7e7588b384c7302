"""audit/evidence.py: a fault of our own stops one partition, and can be made to happen again from what it left."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from exchange.commands import CancelOrder
from streams import subjects, topology
from streams.audit import evidence
from streams.broker.reader import state_of
from streams.errors import OutcomeUnknown, PartitionStopped
from streams.wire import codec
from tests.support.altered import lose_order_1, plant_checkpoint
from tests.support.exchange import buy, listing, open_venue, running_worker
from tests.support.nats import until

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streams.broker.connection import Connection
    from streams.settings import StreamSettings


async def make_trading_exchange(settings: StreamSettings) -> None:
    """An instrument in each partition, and order 1 in the book of the first."""
    async with running_worker(settings), open_venue(settings) as venue:
        for partition in (0, 1):
            await venue.submit(partition, listing(f"S{partition}"))
        await venue.submit(0, buy("anna", "S0", 5, 100, "a1"))


def last_event(logs: Iterable[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next((entry for entry in logs if entry["event"] == name), {})


async def test_a_broken_invariant_stops_one_partition_and_leaves_evidence(
    settings: StreamSettings, connection: Connection, tmp_path: Path
) -> None:
    """The others trade on; the evidence names the sequence, and answering the message again fails again."""
    settings = replace(settings, data_dir=str(tmp_path), outcome_timeout_seconds=1.0)
    await make_trading_exchange(settings)
    answered = (await state_of(connection, subjects.events_stream(0))).last
    await plant_checkpoint(connection, answered, lose_order_1)
    with capture_logs() as logs:
        async with running_worker(settings), open_venue(settings) as venue:
            with pytest.raises(OutcomeUnknown):
                await venue.submit(0, CancelOrder("anna", 1))
            await until(lambda: last_event(logs, "evidence.left"), 20)
            outcome = await venue.submit(1, buy("boris", "S1", 1, 100, "b1"))
            assert outcome.code == ""
    stopped = last_event(logs, "partition.stopped")
    assert stopped["partition"] == 0
    assert "only an order that rests or waits can leave the book" in stopped["error"]
    path = Path(last_event(logs, "evidence.left")["path"])
    sequence = (await state_of(connection, subjects.journal_stream(0))).last
    assert path == tmp_path / "evidence" / f"partition-0-sequence-{sequence}"
    report = json.loads((path / "report.json").read_text())
    assert (report["partition"], report["sequence"]) == (0, sequence)
    assert "AssertionError" in "".join(report["traceback"])
    left = evidence.read(path)
    assert codec.decode_batch(left.message).commands == [CancelOrder("anna", 1)]
    assert isinstance(evidence.repeat(left), AssertionError)


async def test_contradicting_streams_leave_what_stands_in_both(
    settings: StreamSettings, connection: Connection, tmp_path: Path
) -> None:
    """There is no state to repeat a fault from, but the two messages that do not fit."""
    settings = replace(settings, data_dir=str(tmp_path))
    await topology.ensure(connection, settings)
    await connection.store(subjects.events(0), b"not what the journal gives")
    with capture_logs() as logs:
        async with running_worker(settings):
            await until(lambda: last_event(logs, "evidence.left"), 20)
    path = tmp_path / "evidence" / "partition-0-sequence-1"
    assert (path / "events").read_bytes() == b"not what the journal gives"
    assert codec.decode_batch((path / "message").read_bytes()).origin == topology.ORIGIN
    assert not (path / "state").exists()
    assert json.loads((path / "report.json").read_text())["streams"]["EVENTS_0"][:2] == [1, 1]


async def test_without_a_directory_it_is_said_that_nothing_is_left(
    settings: StreamSettings, connection: Connection
) -> None:
    """A worker that was told no place for evidence stops the partition all the same."""
    await topology.ensure(connection, settings)
    await connection.store(subjects.events(0), b"not what the journal gives")
    with capture_logs() as logs:
        async with running_worker(replace(settings, data_dir="")):
            await until(lambda: last_event(logs, "evidence.not_left"), 20)
    assert "OPENBELL_DATA_DIR" in last_event(logs, "evidence.not_left")["error"]


async def test_streams_that_do_not_answer_leave_a_report_that_says_so(connection: Connection, tmp_path: Path) -> None:
    """After some attempts what is known without them is written, and why the rest is missing."""
    await connection.api("STREAM.CREATE.ORDERS_0", {"name": "ORDERS_0", "subjects": ["orders.0"]})
    with capture_logs() as logs:
        await evidence.leave(connection, str(tmp_path), PartitionStopped(0, 7, "a sentence"), attempt_interval=0.0)
    assert [entry["event"] for entry in logs] == ["evidence.waiting"] * evidence.ATTEMPTS + ["evidence.left"]
    report = json.loads((Path(logs[-1]["path"]) / "report.json").read_text())
    assert (report["sequence"], report["error"]) == (7, "partition 0 stopped at sequence 7: a sentence")
    assert "stream not found" in report["incomplete"]
