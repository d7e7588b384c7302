"""A journal and its events as somebody left them who could write to the streams: altered, short, or in another order.

JetStream gives each message the time of its storing. So the altered journal is written first, and the original's
messages are answered at the times of those that stand in their places.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest

from exchange.commands import CancelOrder, Command
from streams import subjects
from streams.broker.connection import Connection
from streams.broker.reader import StreamMessage, StreamReader, state_of
from streams.partition.partition import Partition
from streams.partition.state import FORM, partition_parts
from streams.recovery.checkpoints import Checkpoints, Manifest, chunks_of, new_digest
from streams.topology import CONFIGURE
from streams.wire import codec
from tests.support.exchange import buy, listing, sell

Change = Callable[[list[bytes]], list[bytes]]
"""From the messages of a stream, the first being sequence 1, to those that are written."""

LENGTH = 24
"""Messages of `trading`."""


def trading() -> list[list[Command]]:
    """What the messages hold: a market in which most orders trade."""
    messages: list[list[Command]] = [[CONFIGURE], [listing("ACME")]]
    for number in range(LENGTH - 3):
        first, second = (buy, sell) if number % 2 else (sell, buy)
        messages.append(
            [first("anna", "ACME", 5, 100 + number % 3, f"a{number}"), second("boris", "ACME", 3, 101, f"b{number}")]
        )
    return [*messages, [CancelOrder("anna", 1)]]


def untouched(messages: list[bytes]) -> list[bytes]:
    """No change."""
    return messages


def flipped(sequence: int, place: int = -1) -> Change:
    """One bit of one byte of a message is another."""

    def change(messages: list[bytes]) -> list[bytes]:
        data = bytearray(messages[sequence - 1])
        data[place] ^= 1
        return [*messages[: sequence - 1], bytes(data), *messages[sequence:]]

    return change


def missing(sequence: int) -> Change:
    """A message was left out, and those behind it moved up."""
    return lambda messages: [*messages[: sequence - 1], *messages[sequence:]]


def swapped(sequence: int, other: int) -> Change:
    """Two messages changed places."""

    def change(messages: list[bytes]) -> list[bytes]:
        changed = list(messages)
        changed[sequence - 1], changed[other - 1] = messages[other - 1], messages[sequence - 1]
        return changed

    return change


async def write(connection: Connection, journal: Change = untouched, events: Change = untouched) -> None:
    """Make both streams of partition 0, with those changes. Unlike real ones they let messages be deleted."""
    for stream, subject in (
        (subjects.journal_stream(0), subjects.journal(0)),
        (subjects.events_stream(0), subjects.events(0)),
    ):
        await connection.api(f"STREAM.CREATE.{stream}", {"name": stream, "subjects": [subject]})
    originals = [
        codec.encode_batch("me", number, [codec.encode_command(command) for command in commands])
        for number, commands in enumerate(trading())
    ]
    for payload in journal(originals):
        await connection.store(subjects.journal(0), payload)
    times = [message.stored_at for message in await read_all(connection, subjects.journal_stream(0))]
    partition = Partition(0)
    answers = [
        partition.answer(payload, sequence, at or times[-1]).events
        for sequence, (payload, at) in enumerate(zip_longest(originals, times), start=1)
    ]
    for answer in events(answers):
        await connection.store(subjects.events(0), answer)


async def plant_checkpoint(connection: Connection, through: int, change: Callable[[Partition], None]) -> None:
    """A checkpoint of partition 0 that is right in all that is checked, of a state that was changed."""
    partition = Partition(0)
    for message in (await read_all(connection, subjects.journal_stream(0)))[:through]:
        partition.answer(message.payload, message.sequence, message.stored_at)
    change(partition)
    checkpoints = Checkpoints(connection, 0)
    chunks = list(chunks_of(partition_parts(partition)))
    places = [await checkpoints.store_chunk(chunk) for chunk in chunks]
    moment = (partition.sequence, partition.at, partition.commands, partition.chain)
    digest = new_digest()
    for chunk in chunks:
        digest.update(chunk)
    await checkpoints.store_manifest(Manifest(1, FORM, *moment, digest.digest(), places))


def lose_order_1(partition: Partition) -> None:
    """It stays open and rests nowhere."""
    order = partition.engine.orders[1]
    order.book.remove(order)


async def read_all(connection: Connection, stream: str) -> list[StreamMessage]:
    """All that a stream holds."""
    last = (await state_of(connection, stream)).last
    async with StreamReader(connection, stream, 1) as reader:
        return [await anext(reader) for _ in range(last)]
