"""What a partition's two streams say without being replayed."""

from __future__ import annotations

from dataclasses import dataclass, field

from exchange.events import Expired, Rejected
from exchange.units import SECOND
from streams import subjects
from streams.broker.connection import Connection
from streams.broker.reader import StreamReader, state_of
from streams.wire import codec


@dataclass
class Ages:
    """Of one partition: how late commands were by journal time, and whether that ever ran backwards. Seconds."""

    oldest_executed: float = 0.0
    refused_late: int = 0
    backwards: int = 0
    expired: list[str] = field(default_factory=list)
    """Reasons of all that expired."""


async def ages_of(connection: Connection, number: int) -> Ages:
    """Read both streams of a partition from their beginning; they must be in step."""
    journal, events = subjects.journal_stream(number), subjects.events_stream(number)
    last = (await state_of(connection, journal)).last
    found, before = Ages(), 0
    async with StreamReader(connection, journal, 1) as commands, StreamReader(connection, events, 1) as facts:
        for _ in range(last):
            batch = codec.decode_batch((await anext(commands)).payload)
            said = codec.decode_facts((await anext(facts)).payload)
            found.backwards += said.at < before
            before = said.at
            for command, did in zip(batch.commands, said.events, strict=True):
                found.expired += [event.reason for event in did if isinstance(event, Expired)]
                codes = [event.code for event in did if isinstance(event, Rejected)]
                found.refused_late += "too_late" in codes
                sent_at = getattr(command, "sent_at", 0)
                if sent_at and not codes:
                    found.oldest_executed = max(found.oldest_executed, (said.at - sent_at) / SECOND)
    return found
