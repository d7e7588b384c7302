"""streams/journal/writer.py: group commit, and the end of every command."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from exchange.commands import CancelOrder, Tick
from streams import subjects, topology
from streams.broker.connection import Connection
from streams.broker.reader import state_of
from streams.errors import Busy, OutcomeUnknown, StreamError
from streams.journal.writer import FutureOutcome, Journal, Outcome
from streams.wire.codec import COMMANDS_MAX, CommandBatch, Results, decode_batch, encode_command
from tests.support.history import stored
from tests.support.nats import until, wire_to

if TYPE_CHECKING:
    from streams.settings import StreamSettings


def command(number: int, text: str = "a") -> CancelOrder:
    return CancelOrder(text, number)


@pytest_asyncio.fixture
async def ready(connection: Connection, settings: StreamSettings) -> Connection:
    await topology.ensure(connection, settings)
    return connection


async def stored_batches(connection: Connection) -> list[CommandBatch]:
    """All messages of journal 0 but its Configure."""
    last = (await state_of(connection, subjects.journal_stream(0))).last
    payloads = [await stored(connection, subjects.journal_stream(0), n) for n in range(2, last + 1)]
    return [decode_batch(payload) for payload in payloads]


async def stored_numbers(connection: Connection) -> list[int]:
    return [
        command.order_id
        for batch in await stored_batches(connection)
        for command in batch.commands
        if isinstance(command, CancelOrder)
    ]


def results(number: int, count: int) -> Results:
    return Results(0, number, 41, 1234, [("", b"%d" % index) for index in range(count)])


async def until_stored(connection: Connection, count: int) -> None:
    async def enough() -> bool:
        return len(await stored_numbers(connection)) >= count

    await until(enough)


async def append_when_it_can_be(journal: Journal, number: int) -> FutureOutcome:
    """Busy is a truthful answer while an older batch is unknown."""
    async with asyncio.timeout(10):
        while True:
            try:
                return journal.append(command(number))
            except Busy:
                await asyncio.sleep(0.01)


async def test_what_one_turn_brings_leaves_together_and_the_rest_in_the_next(
    ready: Connection, settings: StreamSettings
) -> None:
    """The first turn's commands are one message; all that come while it is in flight are the next one."""
    journal = Journal(ready, 0, "me", settings)
    for number in range(3):
        journal.append(command(number))
    await asyncio.sleep(0)
    for number in range(3, 103):
        journal.append(command(number))
    await until_stored(ready, 103)
    batches = await stored_batches(ready)
    assert [(batch.origin, batch.number, len(batch.commands)) for batch in batches] == [("me", 1, 3), ("me", 2, 100)]
    assert await stored_numbers(ready) == list(range(103))


async def test_a_message_holds_no_more_than_its_bounds(ready: Connection, settings: StreamSettings) -> None:
    """At most COMMANDS_MAX commands and BATCH_BYTES_MAX bytes, in order."""
    journal = Journal(ready, 0, "me", replace(settings, batches_in_flight_max=2))
    for number in range(1200):
        journal.append(command(number))
    for number in range(1200, 2200):
        journal.append(command(number, "x" * 32))
    await until_stored(ready, 2200)
    batches = await stored_batches(ready)
    assert max(len(batch.commands) for batch in batches) == COMMANDS_MAX
    assert await stored_numbers(ready) == list(range(2200))


async def test_a_large_batch_is_cut_by_its_bytes(ready: Connection, settings: StreamSettings) -> None:
    """The commands that would make the message too long wait for the next."""
    journal = Journal(ready, 0, "me", settings, batch_bytes_max=1000)
    for number in range(100):
        journal.append(command(number, "x" * 32))
    await until_stored(ready, 100)
    last = (await state_of(ready, subjects.journal_stream(0))).last
    sizes = [len(await stored(ready, subjects.journal_stream(0), n)) for n in range(2, last + 1)]
    assert max(sizes) <= 1000
    assert min(sizes[:-1]) > 800


async def test_results_end_the_commands_of_their_batch(ready: Connection, settings: StreamSettings) -> None:
    """Each command gets its own code, body and place; results may come before the acknowledgement."""
    journal = Journal(ready, 0, "me", settings)
    outcomes = [journal.append(command(number)) for number in range(2)]
    await asyncio.sleep(0)
    assert journal.answer(results(1, 2)) > 0
    assert [await outcome for outcome in outcomes] == [
        Outcome("", b"0", 0, 41, 0, 1234),
        Outcome("", b"1", 0, 41, 1, 1234),
    ]
    assert journal.answer(results(1, 2)) == 0
    assert journal.answer(results(99, 2)) == 0


async def test_a_receiver_is_told_at_once_and_a_bad_one_harms_nobody(
    ready: Connection, settings: StreamSettings
) -> None:
    """What became of a command is told by a call within `answer`; one that fails is logged, the next is told too."""
    told: list[Outcome | StreamError] = []

    def fail(_: object) -> None:
        raise ZeroDivisionError

    journal = Journal(ready, 0, "me", settings)
    for number, receiver in enumerate((told.append, fail, told.append)):
        journal.send(encode_command(command(number)), receiver)
    await asyncio.sleep(0)
    with capture_logs() as logs:
        journal.answer(results(1, 3))
    assert told == [Outcome("", b"0", 0, 41, 0, 1234), Outcome("", b"2", 0, 41, 2, 1234)]
    assert [line["event"] for line in logs] == ["journal.receiver_failed"]


async def test_a_receiver_is_told_once_however_the_command_ends(ready: Connection, settings: StreamSettings) -> None:
    """Refused at once nobody is told; sent or waiting when the journal closes, each is told by its own error."""
    told: list[Outcome | StreamError] = []
    journal = Journal(ready, 0, "me", replace(settings, commands_waiting_max=1))
    journal.send(encode_command(command(1)), told.append)
    await asyncio.sleep(0)
    journal.send(encode_command(command(2)), told.append)
    with pytest.raises(Busy):
        journal.send(encode_command(command(3)), told.append)
    assert told == []
    journal.close()
    assert [type(error) for error in told] == [Busy, OutcomeUnknown]
    journal.answer(results(1, 1))
    assert len(told) == 2


async def test_an_outcome_that_nobody_waits_for_any_more_is_no_fault(
    ready: Connection, settings: StreamSettings
) -> None:
    """Whoever waited was canceled, as at a gateway's end, or has gone on after an earlier one failed."""
    unheard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
    journal = Journal(ready, 0, "me", settings)
    outcomes = [journal.append(command(number)) for number in range(3)]
    waiting = asyncio.create_task(asyncio.wait(outcomes[:2]))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    await until_stored(ready, 3)
    journal.close()
    assert all(isinstance(outcome.exception(), OutcomeUnknown) for outcome in outcomes[2:])
    outcomes.clear()
    del waiting, journal
    gc.collect()
    assert not unheard


async def test_an_answer_that_does_not_come_is_unknown(ready: Connection, settings: StreamSettings) -> None:
    """Stored, but no leader answers: after the outcome timeout nobody can say more."""
    journal = Journal(ready, 0, "me", replace(settings, outcome_timeout_seconds=0.1))
    with pytest.raises(OutcomeUnknown):
        await journal.append(command(1))
    assert await stored_numbers(ready) == [1]


async def test_too_many_waiting_are_busy(ready: Connection, settings: StreamSettings) -> None:
    """The bound on waiting commands refuses at once, and those before it are stored."""
    journal = Journal(ready, 0, "me", replace(settings, commands_waiting_max=3))
    for number in range(3):
        journal.append(command(number))
    with pytest.raises(Busy):
        journal.append(command(3))
    await until_stored(ready, 3)
    journal.append(command(4))
    await until_stored(ready, 4)


async def test_too_many_unanswered_are_busy(ready: Connection, settings: StreamSettings) -> None:
    """A leader that does not answer cannot make a gateway remember without end."""
    journal = Journal(ready, 0, "me", settings, commands_unanswered_max=2)
    outcomes = [journal.append(command(number)) for number in range(2)]
    await until_stored(ready, 2)
    with pytest.raises(Busy):
        journal.append(command(2))
    journal.answer(results(1, 2))
    await asyncio.gather(*outcomes)
    journal.append(command(2))


async def test_a_full_journal_is_busy_and_surely_not_stored(connection: Connection, settings: StreamSettings) -> None:
    """A definite refusal ends the commands with Busy; a smaller batch later may still fit."""
    await topology.ensure(connection, replace(settings, journal_max_bytes=4096))
    journal = Journal(connection, 0, "me", settings)
    outcomes = [journal.append(command(number, "x" * 32)) for number in range(200)]
    for outcome in outcomes:
        with pytest.raises(Busy):
            await outcome
    assert await stored_numbers(connection) == []


async def test_while_nats_is_away_everything_is_busy(settings: StreamSettings, ready: Connection) -> None:
    """What was not sent is refused: at once when it is new, as soon as it is known when it waits."""
    async with wire_to(settings.nats_url) as wire:
        far = await Connection.open(replace(settings, nats_url=wire.url), "far")
        journal = Journal(far, 0, "me", settings)
        wire.deaf = True
        sent = journal.append(command(1))
        await asyncio.sleep(0)
        waiting = journal.append(command(2))
        wire.cut()
        with pytest.raises(Busy):
            await waiting
        with pytest.raises(Busy):
            journal.append(command(3))
        assert not sent.done()
        journal.close()
        await far.close()
        with pytest.raises(OutcomeUnknown):
            await sent


@pytest.mark.parametrize("batches_in_flight_max", [1, 3])
async def test_an_unknown_batch_is_repeated_until_it_is_definite_and_never_twice(
    settings: StreamSettings, ready: Connection, batches_in_flight_max: int
) -> None:
    """A lost acknowledgement, then the same bytes again: each command stands in the journal once, in order.

    Between the two the journal says that it is in doubt.
    """
    async with wire_to(settings.nats_url) as wire:
        far = await Connection.open(replace(settings, nats_url=wire.url), "far")
        journal = Journal(far, 0, "me", replace(settings, batches_in_flight_max=batches_in_flight_max))
        running = asyncio.create_task(journal.run())
        wire.deaf = True
        outcomes = []
        for number in range(batches_in_flight_max):
            outcomes.append(journal.append(command(number)))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await until_stored(ready, batches_in_flight_max)
        assert not journal.in_doubt
        wire.cut()
        await until(lambda: not far.connected)
        assert journal.in_doubt
        wire.deaf = False
        await wire.connect()
        outcomes.append(await append_when_it_can_be(journal, 99))
        assert not journal.in_doubt
        await until_stored(ready, batches_in_flight_max + 1)
        assert await stored_numbers(ready) == [*range(batches_in_flight_max), 99]
        running.cancel()
        journal.close()
        await asyncio.gather(*outcomes, return_exceptions=True)
        await far.close()


async def test_a_batch_that_never_arrived_is_repeated_before_anything_newer(
    settings: StreamSettings, ready: Connection
) -> None:
    """The bytes were lost with the connection: they are stored after it is back, and newer commands behind them."""
    async with wire_to(settings.nats_url) as wire:
        far = await Connection.open(replace(settings, nats_url=wire.url), "far")
        journal = Journal(far, 0, "me", settings)
        running = asyncio.create_task(journal.run())
        outcomes = [journal.append(command(1))]
        await asyncio.sleep(0)
        wire.cut()  # before the write of this turn has left
        await until(lambda: not far.connected)
        await wire.connect()
        await until_stored(ready, 1)
        outcomes.append(await append_when_it_can_be(journal, 2))
        await until_stored(ready, 2)
        assert await stored_numbers(ready) == [1, 2]
        running.cancel()
        journal.close()
        await asyncio.gather(*outcomes, return_exceptions=True)
        await far.close()


async def test_ticks_travel_like_everything_else(ready: Connection, settings: StreamSettings) -> None:
    """A Tick is a command in the journal."""
    journal = Journal(ready, 0, "me", settings)
    outcome = journal.append(Tick())
    await until(lambda: stored_batches(ready))
    assert [batch.commands for batch in await stored_batches(ready)] == [[Tick()]]
    journal.answer(results(1, 1))
    await outcome
