"""What somebody wrote into a journal who should not have: it is answered, and trading goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from exchange.events import MessageRejected
from streams import subjects
from streams.audit.audit import audit
from streams.partition.partition import fingerprint
from streams.wire.codec import decode_facts
from tests.support.altered import read_all
from tests.support.exchange import buy, listing, open_venue, running_worker

if TYPE_CHECKING:
    from streams.broker.connection import Connection
    from streams.settings import StreamSettings

POISON = {
    "nothing": b"",
    "noise": bytes(range(256)),
    "another version": b"\x94\x02\xa1a\x01\x90",
    "an unknown command": b"\x94\x01\xa1a\x01\x91\x91\x63",
    "deep nesting": b"\x91" * 100_000,
    "a size that is not there": b"\xdd\xff\xff\xff\xff",
}


@pytest.mark.parametrize("kind", POISON)
async def test_poison_is_answered_by_its_digest_and_trading_goes_on(
    settings: StreamSettings, connection: Connection, kind: str
) -> None:
    """One event and one warning name the message; the orders around it are answered, and the audit is clean."""
    with capture_logs() as logs:
        async with running_worker(settings), open_venue(settings) as venue:
            await venue.submit(0, listing("S0"))
            await connection.store(subjects.journal(0), POISON[kind])
            outcome = await venue.submit(0, buy("anna", "S0", 1, 100, "a1"))
            assert outcome.code == ""
            poisoned = outcome.sequence - 1
    facts = decode_facts((await read_all(connection, subjects.events_stream(0)))[poisoned - 1].payload)
    assert facts.events == [[MessageRejected(fingerprint(POISON[kind]))]]
    found = await audit(connection, 0)
    assert (found.finding, found.last) == (None, outcome.sequence)
    warnings = [line for line in logs if line["event"] == "partition.message_rejected"]
    assert [(line["partition"], line["sequence"], line["digest"]) for line in warnings] == [
        (0, poisoned, fingerprint(POISON[kind]))
    ]
