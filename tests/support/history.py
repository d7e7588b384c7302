"""What the stored events of a partition say, each with its journal time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams import subjects
from streams.broker.reader import read_message, state_of
from streams.wire import codec

if TYPE_CHECKING:
    from exchange.events import Event
    from streams.broker.connection import Connection


async def events_of(connection: Connection, partition: int = 0) -> list[tuple[int, Event]]:
    """Everything that happened in a partition so far."""
    stream = subjects.events_stream(partition)
    last = (await state_of(connection, stream)).last
    messages = [await stored(connection, stream, sequence) for sequence in range(1, last + 1)]
    found = [codec.decode_facts(message) for message in messages]
    return [(facts.at, event) for facts in found for of_command in facts.events for event in of_command]


async def times_of(connection: Connection, partition: int = 0) -> list[int]:
    """The journal time of each message that is answered, those without an event included."""
    stream = subjects.events_stream(partition)
    last = (await state_of(connection, stream)).last
    messages = [await stored(connection, stream, sequence) for sequence in range(1, last + 1)]
    return [codec.decode_facts(message).at for message in messages]


async def stored(connection: Connection, stream: str, sequence: int) -> bytes:
    """A message of a stream that must be there."""
    payload = await read_message(connection, stream, sequence)
    assert payload is not None, f"{stream} has no message {sequence}"
    return payload
