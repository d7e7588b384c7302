"""A data directory of an earlier version of the semantics goes on, and its whole journal can still be proved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exchange.commands import Command
from exchange.configuration import renewal
from exchange.engine import OLDEST_SEMANTICS, SEMANTICS
from exchange.market_events import Configured
from streams import subjects, topology
from streams.audit.audit import audit
from streams.recovery.recovery import load
from streams.topology import CONFIGURE
from streams.wire import codec
from tests.support.exchange import listing, open_venue, running_worker, sell
from tests.support.history import events_of, stored
from tests.support.led import Led
from tests.support.nats import until

if TYPE_CHECKING:
    from streams.broker.connection import Connection
    from streams.settings import StreamSettings

OLD = replace(CONFIGURE, semantics=OLDEST_SEMANTICS, trades_per_order_max=77)


async def write_old_journal(connection: Connection, settings: StreamSettings) -> Led:
    """Partition 0 as the release before left it: its journal begins with version 2, and it has a checkpoint."""
    name, subject = subjects.journal_stream(0), subjects.journal(0)
    await connection.api(f"STREAM.CREATE.{name}", {"name": name, "subjects": [subject]})
    opening = codec.encode_batch(topology.ORIGIN, 0, [codec.encode_command(OLD)])
    await connection.store(subject, opening)
    led = await Led(connection, settings).begin()
    await led.send(listing("ACME"))
    await led.trade(times=5)
    await led.make()
    return led


async def began_with(connection: Connection) -> Command:
    """The command that opens the journal of partition 0."""
    message = await stored(connection, subjects.journal_stream(0), 1)
    return codec.decode_batch(message).commands[0]


async def versions_of(connection: Connection) -> list[int]:
    """The versions that partition 0 has had."""
    return [event.semantics for _, event in await events_of(connection) if isinstance(event, Configured)]


async def test_a_journal_of_version_2_is_led_on_by_version_3(settings: StreamSettings, connection: Connection) -> None:
    """Its checkpoint restores as version 2; the leader adds the change, once, and the audit of it all is clean."""
    settings = replace(settings, partitions=1)
    old = await write_old_journal(connection, settings)
    restored = await load(connection, 0, old.partition.sequence)
    assert (restored.sequence, restored.engine.semantics) == (old.partition.sequence, OLDEST_SEMANTICS)
    totals = (settings.ended_orders_total_max, settings.trades_total_max)
    assert renewal(restored.engine, *totals) == replace(OLD, semantics=SEMANTICS)

    async def is_renewed() -> bool:
        return await versions_of(connection) == [OLDEST_SEMANTICS, SEMANTICS]

    for name in ("later", "latest"):
        async with running_worker(settings), open_venue(settings) as venue:
            await until(is_renewed)
            answer = await venue.submit(0, sell("anna", "ACME", 1, 90, name))
            assert answer.code == ""

    assert await is_renewed()
    assert await began_with(connection) == OLD
    found = await audit(connection, 0)
    assert (found.finding, found.unanswered, found.first) == (None, 0, 1)
    assert found.trades == old.partition.engine.books["ACME"].last_trade_id
