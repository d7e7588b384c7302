"""Topology: the streams and buckets of an exchange, made by the workers; gateways wait until they exist.

- Making them is idempotent and may be done by several workers at once. An existing stream may get more room or other
  replicas, never less room.
- A journal and its events refuse when full and lose nothing (`discard: new`). No message can be deleted from their
  midst; old ones are purged up to a sequence (streams/journal/trimming.py). Events get EVENTS_PER_JOURNAL_BYTES times
  the journal's room, so nearly always the journal is full first, and answers `busy` (streams/journal/capacity.py).
- Checkpoints can be made again: new ones evict old ones. Their stream gets more room when they need it.
- The number of partitions is fixed when it is first written: an instrument's partition follows from it.
- The first message of each journal is a Configure command, written with the expectation of an empty stream, so only
  one writer succeeds.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from exchange.commands import Configure
from exchange.engine import SEMANTICS
from exchange.units import SECOND
from streams import subjects
from streams.broker import bucket
from streams.broker.bucket import ABSENT, Bucket
from streams.broker.connection import Connection
from streams.broker.reader import NO_SUCH_STREAM, state_of
from streams.errors import ApiRefused, NotStored, StoreUnknown, TopologyMismatch, Unavailable, WrongSequence
from streams.journal.event_writer import EVENTS_BYTES_MAX
from streams.settings import EVENTS_PER_JOURNAL_BYTES, StreamSettings
from streams.wire.codec import encode_batch, encode_command

log = structlog.get_logger()

PARTITIONS_KEY = "partitions"
CHECKPOINTS_BYTES_MIN = 64 * 1024 * 1024
"""Room for checkpoints with however small a journal: the state that the journal leads to may be large."""

SESSIONS_BYTES = 64 * 1024 * 1024
BUCKET_BYTES = 16 * 1024 * 1024
DUPLICATE_WINDOW = 120.0
"""Seconds that JetStream knows a message id. No message may be repeated for longer (streams/journal/writer.py)."""

POLL_INTERVAL = 0.5
RETRY_INTERVAL = 0.25
EXISTS_DIFFERENTLY = 10058
ORIGIN = "topology"

CONFIGURE = Configure(
    semantics=SEMANTICS,
    trades_per_order_max=10_000,
    ended_orders_max=100_000,
    command_age_max=5 * SECOND,
    ended_orders_total_max=StreamSettings.ended_orders_total_max,
    trades_total_max=StreamSettings.trades_total_max,
)
"""First command of a journal; a leader's own totals follow (streams/journal/timekeeper.py)."""


async def ensure(connection: Connection, settings: StreamSettings) -> None:
    """Make the missing streams and buckets, waiting for NATS without limit. TopologyMismatch if that is impossible."""
    while True:
        try:
            await _make(connection, settings)
        except (Unavailable, StoreUnknown, NotStored) as error:
            # In a cluster a stream that was just made does not store messages yet.
            log.warning("topology.waiting_for_nats", error=str(error))
            await connection.failover.refresh()
            await asyncio.sleep(RETRY_INTERVAL)
        else:
            return


async def make_leases(connection: Connection, settings: StreamSettings) -> None:
    """Make the bucket of the leases, which is in memory, so a restarted single server has lost it."""
    await _make_stream(connection, bucket.stream_config(subjects.LEASES, "memory", settings.replicas, BUCKET_BYTES))


async def wait(connection: Connection) -> int:
    """Wait until the topology is complete, and return its number of partitions."""
    told = False
    while (partitions := await _complete_partitions(connection)) is None:
        if not told:
            log.info("topology.waiting", why="no worker has made the streams yet")
            told = True
        await asyncio.sleep(POLL_INTERVAL)
    return partitions


async def _make(connection: Connection, settings: StreamSettings) -> None:
    if connection.payload_max < EVENTS_BYTES_MAX:
        raise TopologyMismatch(
            f"this nats-server takes messages of {connection.payload_max} bytes and events need {EVENTS_BYTES_MAX}: "
            "set `max_payload: 8MB` as in nats/server.conf"
        )
    await _make_stream(connection, bucket.stream_config(subjects.DIRECTORY, "file", settings.replicas, BUCKET_BYTES))
    await _fix_partitions(Bucket(connection, subjects.DIRECTORY), settings.partitions)
    await make_leases(connection, settings)
    await _make_stream(connection, bucket.stream_config(subjects.SESSIONS, "file", settings.replicas, SESSIONS_BYTES))
    for partition in range(settings.partitions):
        for config in _partition_streams(partition, settings):
            await _make_stream(connection, config)
        await _begin_journal(connection, partition)


async def _fix_partitions(directory: Bucket, partitions: int) -> None:
    try:
        await directory.put(PARTITIONS_KEY, str(partitions), revision=0)
    except WrongSequence:
        entry = await directory.get_present(PARTITIONS_KEY)
        if entry.value != str(partitions):
            raise TopologyMismatch(
                f"this exchange has {entry.value} partitions and OPENBELL_PARTITIONS says {partitions}: "
                "the number is fixed when an exchange is first started; set it back, or start with a new store"
            ) from None


def _partition_streams(partition: int, settings: StreamSettings) -> list[dict[str, Any]]:
    common = {
        "storage": "file",
        "num_replicas": settings.replicas,
        "discard": "new",
        "deny_delete": True,
        "duplicate_window": int(DUPLICATE_WINDOW * SECOND),
    }
    journal = {
        "name": subjects.journal_stream(partition),
        "subjects": [subjects.journal(partition)],
        "max_bytes": settings.journal_max_bytes,
    }
    events = {
        "name": subjects.events_stream(partition),
        "subjects": [subjects.events(partition)],
        "max_bytes": settings.journal_max_bytes * EVENTS_PER_JOURNAL_BYTES,
    }
    checkpoints = {
        "name": subjects.checkpoints_stream(partition),
        "subjects": [subjects.checkpoint_chunks(partition), subjects.checkpoint_manifests(partition)],
        "max_bytes": max(settings.journal_max_bytes, CHECKPOINTS_BYTES_MIN),
        "storage": "file",
        "num_replicas": settings.replicas,
        "discard": "old",
        "deny_delete": True,
    }
    return [common | journal, common | events, checkpoints]


async def _make_stream(connection: Connection, config: dict[str, Any]) -> None:
    name = config["name"]
    try:
        await connection.api(f"STREAM.CREATE.{name}", config)
    except ApiRefused as error:
        if error.code != EXISTS_DIFFERENTLY:
            raise TopologyMismatch(f"stream {name} cannot be made: {error}") from error
        await _adapt_stream(connection, config)


async def _adapt_stream(connection: Connection, config: dict[str, Any]) -> None:
    name = config["name"]
    present = (await connection.api(f"STREAM.INFO.{name}"))["config"]
    # Streams made before version 3 of the rules forbid purging, for good (streams/journal/trimming.py).
    kept = {"max_bytes": max(config["max_bytes"], present["max_bytes"]), "deny_purge": present["deny_purge"]}
    wanted = config | kept
    try:
        await connection.api(f"STREAM.UPDATE.{name}", wanted)
    except ApiRefused as error:
        raise TopologyMismatch(f"stream {name} exists and cannot be changed to what is configured: {error}") from error


async def _begin_journal(connection: Connection, partition: int) -> None:
    if (await state_of(connection, subjects.journal_stream(partition))).last > 0:
        return
    payload = encode_batch(ORIGIN, 0, [encode_command(CONFIGURE)])
    try:
        await connection.store(subjects.journal(partition), payload, f"{ORIGIN}-{partition}-0", 0)
    except WrongSequence:
        return
    log.info("topology.journal_begun", partition=partition, semantics=SEMANTICS)


async def _complete_partitions(connection: Connection) -> int | None:
    """The number of partitions, once each has a journal with its first command; None before."""
    try:
        entry = await Bucket(connection, subjects.DIRECTORY).get(PARTITIONS_KEY)
        if entry == ABSENT:
            return None
        for partition in range(int(entry.value)):
            if (await state_of(connection, subjects.journal_stream(partition))).last == 0:
                return None
    except Unavailable:
        await connection.failover.refresh()
        return None
    except ApiRefused as error:
        connection.failover.stored()
        if error.code == NO_SUCH_STREAM:
            return None
        raise
    return int(entry.value)
