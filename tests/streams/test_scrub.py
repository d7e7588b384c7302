"""streams/recovery/scrub.py: whatever was lost or altered behind a checkpoint is found by one reading, and named."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from streams import subjects
from streams.broker.reader import StreamMessage
from streams.errors import PartitionStopped, StreamGap, Unavailable
from streams.recovery import scrub as scrub_module
from streams.recovery.scrub import Links, Scrub, ScrubPace, look_at
from streams.wire.codec import decode_facts, encode_events, encode_facts
from tests.support.altered import LENGTH, Change, flipped, missing, swapped, untouched, write

if TYPE_CHECKING:
    from streams.broker.connection import Connection


async def scrubbed(connection: Connection, through: int = LENGTH) -> None:
    await Scrub(connection, 0, through).run()


async def finding(connection: Connection) -> int:
    """Where a scrub stops, and that a look at that place says the same."""
    with pytest.raises(PartitionStopped) as stopped:
        await scrubbed(connection)
    assert await look_at(connection, 0, stopped.value.sequence)
    return stopped.value.sequence


async def test_nothing_is_found_where_nothing_is_wrong(connection: Connection) -> None:
    """It reads everything, says so once, and no look at any place finds anything either."""
    await write(connection)
    with capture_logs() as logs:
        await scrubbed(connection)
    [line] = [entry for entry in logs if entry["event"] == "partition.scrubbed"]
    assert (line["first"], line["last"]) == (1, LENGTH)
    assert [await look_at(connection, 0, sequence) for sequence in range(LENGTH + 3)] == [""] * (LENGTH + 3)


@pytest.mark.parametrize("sequence", [1, 2, 12, LENGTH])
async def test_one_bit_of_the_journal_is_found(connection: Connection, sequence: int) -> None:
    """The chain in the events is that of another message."""
    await write(connection, journal=flipped(sequence))
    assert await finding(connection) == sequence


@pytest.mark.parametrize("place", [-1, 20])
async def test_one_bit_of_the_events_is_found(connection: Connection, place: int) -> None:
    """Whether it is in what happened or in the chain."""
    await write(connection, events=flipped(12, place))
    assert await finding(connection) == 12


async def test_a_time_that_was_altered_is_found(connection: Connection) -> None:
    """The events' time is the journal's."""

    def later(messages: list[bytes]) -> list[bytes]:
        facts = decode_facts(messages[11])
        told = encode_facts(facts.at + 1, facts.chain, encode_events(facts.events))
        return [*messages[:11], told, *messages[12:]]

    await write(connection, events=later)
    with pytest.raises(PartitionStopped) as stopped:
        await scrubbed(connection)
    assert stopped.value.sequence == 12


@pytest.mark.parametrize("change", [missing(12), swapped(12, 15)])
@pytest.mark.parametrize("stream", ["journal", "events"])
async def test_a_message_in_the_wrong_place_is_found(connection: Connection, stream: str, change: Change) -> None:
    """The first that is not where it was is named."""
    await write(connection, **{stream: change})
    with pytest.raises(PartitionStopped) as stopped:
        await scrubbed(connection, LENGTH - 1)
    assert stopped.value.sequence == 12


@pytest.mark.parametrize("stream", ["ORDERS_0", "EVENTS_0"])
async def test_a_lost_message_is_found(connection: Connection, stream: str) -> None:
    """A server that cannot read a message leaves a hole."""
    await write(connection)
    await connection.api(f"STREAM.MSG.DELETE.{stream}", {"seq": 12})
    assert await finding(connection) == 12


async def test_events_that_cannot_be_read_are_found(connection: Connection) -> None:
    """Whatever they were."""
    await write(connection, events=lambda messages: [*messages[:11], b"nonsense", *messages[12:]])
    assert await finding(connection) == 12


async def test_what_was_too_large_to_store_is_no_damage(connection: Connection) -> None:
    """Where events were left out the chain is taken as it stands; the next message has to follow from it."""

    def large(messages: list[bytes]) -> list[bytes]:
        facts = decode_facts(messages[11])
        return [*messages[:11], encode_facts(facts.at, facts.chain, encode_events([])), *messages[12:]]

    await write(connection, events=large)
    await scrubbed(connection)


async def test_what_retention_drops_meanwhile_is_no_damage(connection: Connection) -> None:
    """It goes on behind it; and what it finds there is still named."""
    await write(connection, journal=flipped(20))
    scrub = Scrub(connection, 0, LENGTH)
    for stream in (subjects.journal_stream(0), subjects.events_stream(0)):
        await connection.api(f"STREAM.PURGE.{stream}", {"seq": 9})
    assert await look_at(connection, 0, 8) == ""
    with pytest.raises(PartitionStopped) as stopped:
        await scrub.run()
    assert stopped.value.sequence == 20


async def test_what_cannot_be_read_now_is_no_damage(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that was not there when it was asked for, and is, or a server that does not say: it asks again."""
    await write(connection)
    scrub = Scrub(connection, 0, LENGTH, retry_interval=0.0)
    read, faults = scrub._read, [StreamGap("a message"), Unavailable("nobody")]

    async def fail_twice(copy: Any) -> None:
        if faults:
            raise faults.pop()
        await read(copy)

    monkeypatch.setattr(scrub, "_read", fail_twice)
    with capture_logs() as logs:
        await scrub.run()
    assert [entry["last"] for entry in logs if entry["event"] == "partition.scrubbed"] == [LENGTH]


async def test_it_goes_on_where_it_was(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """A post that lets go and leads again reads on, and not everything once more."""
    await write(connection, journal=untouched)
    read = []
    scrub = Scrub(connection, 0, LENGTH)
    take = Links.compare

    def taken(links: Links, message: StreamMessage, stored: Any) -> None:
        take(links, message, stored)
        read.append(message.sequence)
        if message.sequence == 10:
            running.cancel()

    monkeypatch.setattr(Links, "compare", taken)
    running = asyncio.create_task(scrub.run())
    await asyncio.wait([running])
    await scrub.run()
    await scrub.run()
    assert read == list(range(1, LENGTH + 1))


async def test_it_reads_no_quicker_than_it_may() -> None:
    """By messages where they are small, by bytes where they are large; what is not used is not saved up."""
    now, slept = 1000.0, 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now, slept
        now, slept = now + seconds, slept + seconds

    pace = ScrubPace(lambda: now, sleep)
    for _ in range(3 * scrub_module.MESSAGES_PER_SECOND):
        await pace.keep(10)
    assert slept == pytest.approx(3, abs=0.1)
    now, slept = now + 3600, 0.0
    for _ in range(16):
        await pace.keep(scrub_module.BYTES_PER_SECOND // 4)
    assert slept == pytest.approx(4, abs=0.3)
