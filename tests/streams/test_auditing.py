"""streams/audit/audit.py: whatever was done to a journal or its events is found, and named by its sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streams import subjects
from streams.audit.audit import audit
from streams.audit.diagnosis import BOTH, ENGINE, EVENTS, JOURNAL
from streams.audit.findings import Audit
from streams.partition.partition import Partition
from streams.wire import codec
from tests.support.altered import (
    LENGTH,
    Change,
    flipped,
    lose_order_1,
    missing,
    plant_checkpoint,
    read_all,
    swapped,
    untouched,
    write,
)
from tests.support.memory import alive, no_collections

if TYPE_CHECKING:
    from streams.broker.connection import Connection


async def test_an_untouched_history_is_clean(connection: Connection) -> None:
    """Everything is replayed; the chain that comes out is that of the last leader."""
    await write(connection)
    told = []
    found = await audit(connection, 0, progress=lambda *where: told.append(where))
    partition = Partition(0)
    for message in await read_all(connection, subjects.journal_stream(0)):
        partition.answer(message.payload, message.sequence, message.stored_at)
    assert found == Audit(
        partition=0,
        first=1,
        last=LENGTH,
        commands=2 * LENGTH - 3,
        trades=partition.engine.books["ACME"].last_trade_id,
        unanswered=0,
        chain=partition.chain.hex(),
        seconds=found.seconds,
    )
    assert found.trades > 10
    assert told[-1] == (LENGTH, LENGTH)


async def test_two_audits_to_the_same_sequence_agree(connection: Connection) -> None:
    """`last` is where a chain can be compared with an outsider's, whatever has been added since."""
    await write(connection)
    early, all_of_it = await audit(connection, 0, last=10), await audit(connection, 0)
    assert (early.last, all_of_it.last) == (10, LENGTH)
    stored = (await read_all(connection, subjects.events_stream(0)))[9].payload
    assert early.chain == codec.decode_facts(stored).chain.hex() != all_of_it.chain


async def test_what_is_not_answered_yet_is_no_fault(connection: Connection) -> None:
    """The journal may be ahead of its events: commands in flight, or waiting for a leader."""
    await write(connection, events=lambda messages: messages[:20])
    found = await audit(connection, 0)
    assert (found.finding, found.last, found.unanswered) == (None, 20, LENGTH - 20)


HEAD, MIDDLE, TAIL = 2, 12, LENGTH

FAULTS = {
    "flipped in the journal": (flipped(MIDDLE), None, MIDDLE, JOURNAL, "was altered"),
    "head flipped in the journal": (flipped(HEAD), None, HEAD, JOURNAL, "was altered"),
    "opening flipped in the journal": (flipped(MIDDLE, 0), None, MIDDLE, JOURNAL, "was altered"),
    "tail flipped in the journal": (flipped(TAIL), None, TAIL, BOTH, "do not belong together"),
    "missing in the journal": (missing(MIDDLE), None, MIDDLE, JOURNAL, "one is missing here"),
    "tail missing in the journal": (missing(TAIL), None, TAIL, JOURNAL, "is missing"),
    "swapped in the journal": (swapped(MIDDLE, MIDDLE + 1), None, MIDDLE, JOURNAL, "changed places with the next"),
    "swapped far in the journal": (swapped(MIDDLE, MIDDLE + 5), None, MIDDLE, JOURNAL, "was altered"),
    "flipped in the events": (None, flipped(MIDDLE), MIDDLE, EVENTS, "events were altered, its chain is right"),
    "time flipped in the events": (None, flipped(MIDDLE, 5), MIDDLE, EVENTS, "its time is not the journal's"),
    "chain flipped in the events": (None, flipped(MIDDLE, 20), MIDDLE, EVENTS, "was altered: the next message"),
    "opening flipped in the events": (None, flipped(MIDDLE, 0), MIDDLE, EVENTS, "cannot be decoded"),
    "tail flipped in the events": (None, flipped(TAIL), TAIL, EVENTS, "its chain is right"),
    "missing in the events": (None, missing(MIDDLE), MIDDLE, EVENTS, "one is missing here"),
    "swapped in the events": (None, swapped(MIDDLE, MIDDLE + 1), MIDDLE, EVENTS, "changed places with the next"),
    "swapped far in the events": (None, swapped(MIDDLE, MIDDLE + 5), MIDDLE, EVENTS, "was altered: the next message"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_is_named_by_its_sequence(connection: Connection, fault: str) -> None:
    """A flipped byte, a missing or a swapped message in either stream: which sequence, which stream, what."""
    journal, events, sequence, where, what = FAULTS[fault]
    await write(connection, **({"journal": journal} if journal else {"events": events}))
    found = await audit(connection, 0)
    assert found.finding is not None
    assert (found.finding.sequence, found.finding.where) == (sequence, where), found.finding
    assert what in found.finding.what
    assert found.last == sequence - 1


@pytest.mark.parametrize("change", [untouched, flipped(MIDDLE)], ids=["clean", "flipped"])
async def test_no_partition_outlives_its_audit(connection: Connection, change: Change) -> None:
    """Otherwise all partitions would be in memory in the end."""
    await write(connection, journal=change)
    with no_collections():
        before = alive()
        await audit(connection, 0)
        assert alive() == before


@pytest.mark.parametrize(("stream", "where"), [("ORDERS_0", JOURNAL), ("EVENTS_0", EVENTS)])
@pytest.mark.parametrize("lost", [[1], [MIDDLE], [LENGTH - 1, LENGTH]])
async def test_messages_that_the_store_has_lost_are_named(
    connection: Connection, stream: str, where: str, lost: list[int]
) -> None:
    """A lost start, a hole, a lost end, as a server leaves them that found its file damaged."""
    await write(connection)
    for sequence in lost:
        await connection.api(f"STREAM.MSG.DELETE.{stream}", {"seq": sequence})
    found = await audit(connection, 0)
    assert found.finding is not None
    assert found.finding[:2] == (lost[0], where)
    assert "is missing" in str(found.finding)


async def test_a_stream_that_is_not_there_is_named(connection: Connection) -> None:
    """A server that cannot read what it knows about a stream starts without it."""
    await write(connection)
    await connection.api("STREAM.DELETE.ORDERS_0")
    found = await audit(connection, 0)
    assert str(found.finding) == "sequence 1 of the journal is missing: the whole stream is not there"


async def make_checkpoint_stream(connection: Connection) -> None:
    config = {"name": "CHECKPOINTS_0", "subjects": [subjects.checkpoint_chunks(0), subjects.checkpoint_manifests(0)]}
    await connection.api("STREAM.CREATE.CHECKPOINTS_0", config)


async def test_an_audit_begins_at_a_checkpoint(connection: Connection) -> None:
    """The last one before the sequence that was asked for; the chain at the end is that of the whole history."""
    await write(connection)
    await make_checkpoint_stream(connection)
    for through in (5, 12, 20):
        await plant_checkpoint(connection, through, lambda _: None)
    whole, part = await audit(connection, 0), await audit(connection, 0, first=15)
    assert (whole.first, part.first, part.finding) == (1, 13, None)
    assert (part.last, part.chain) == (whole.last, whole.chain)


async def test_a_trimmed_journal_is_audited_from_its_first_checkpoint(connection: Connection) -> None:
    """What retention has removed was covered by a checkpoint; without one something is missing."""
    await write(connection)
    await make_checkpoint_stream(connection)
    for stream in ("ORDERS_0", "EVENTS_0"):
        await connection.api(f"STREAM.PURGE.{stream}", {"seq": 11})
    found = await audit(connection, 0)
    assert str(found.finding) == "sequence 1 of the journal is missing, as is all before 11"


async def test_a_trimmed_history_is_good_from_its_checkpoint_on(connection: Connection) -> None:
    """The audit begins behind the oldest checkpoint that the journal still goes on from."""
    await write(connection)
    await make_checkpoint_stream(connection)
    for through in (5, 12, 20):
        await plant_checkpoint(connection, through, lambda _: None)
    for stream in ("ORDERS_0", "EVENTS_0"):
        await connection.api(f"STREAM.PURGE.{stream}", {"seq": 11})
    found = await audit(connection, 0)
    assert (found.first, found.last, found.finding) == (13, LENGTH, None)


async def test_a_journal_shorter_than_a_checkpoint_is_found(connection: Connection) -> None:
    """Both streams may have lost their ends; a checkpoint remembers how far they went."""
    await write(connection, lambda messages: messages[:20], lambda messages: messages[:20])
    await make_checkpoint_stream(connection)
    await plant_checkpoint(connection, 20, lambda partition: setattr(partition, "sequence", 22))
    found = await audit(connection, 0)
    assert str(found.finding) == "sequence 21 of the journal is missing: there is a checkpoint of 22"


async def test_a_state_that_breaks_its_rules_is_our_fault(connection: Connection) -> None:
    """Bytes that fit are not enough: the state behind them is looked at as well."""
    await write(connection)
    await make_checkpoint_stream(connection)
    await plant_checkpoint(connection, 20, lambda partition: setattr(partition.engine.orders[1], "canceled", 1))
    found = await audit(connection, 0, first=21)
    assert found.finding is not None
    assert (found.finding.sequence, found.finding.where) == (LENGTH, ENGINE)
    assert "order 1 has filled, open and canceled" in str(found.finding)


async def test_an_engine_that_answers_otherwise_is_our_fault(connection: Connection) -> None:
    """What was stored belongs to its journal message; what is computed from it here is something else."""
    await write(connection)
    await make_checkpoint_stream(connection)
    await plant_checkpoint(connection, 3, lose_order_1)
    found = await audit(connection, 0, first=4)
    assert found.finding is not None
    assert found.finding.where == ENGINE
    assert "answered this message otherwise" in str(found.finding)
