"""streams/recovery/retention.py and trimming.py: old messages go only when checkpoints stand for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from msgspec.structs import replace as altered
from structlog.testing import capture_logs

from streams import subjects, topology
from streams.audit.audit import audit
from streams.broker.connection import Connection
from streams.broker.reader import state_of
from streams.errors import PartitionStopped
from streams.journal import trimming
from streams.journal.capacity import Fills, StreamFill
from streams.recovery.checkpoint_maker import CheckpointMaker
from streams.recovery.recovery import load
from streams.recovery.retention import Retention, first_kept
from tests.support.exchange import listing
from tests.support.led import Led
from tests.support.nats import until

if TYPE_CHECKING:
    from streams.settings import StreamSettings

SECOND = 1_000_000_000
CHANGES = ("STREAM.PURGE", "STREAM.UPDATE")
STREAMS = (subjects.journal_stream(0), subjects.events_stream(0))


@pytest.fixture
def small(settings: StreamSettings) -> StreamSettings:
    """Settings that keep about 4 kB of a journal of 64 kB."""
    return replace(settings, journal_max_bytes=65_536, journal_retention_bytes=4_096)


@pytest_asyncio.fixture
async def led(connection: Connection, small: StreamSettings) -> Led:
    """A partition with far more messages than are to be kept, and no checkpoint."""
    led = await Led(connection, small).begin()
    await led.send(listing("ACME"))
    await led.trade(40)
    return led


def retention(led: Led) -> Retention:
    """What a leader trims with."""
    return Retention(led.connection, led.settings, 0, CheckpointMaker(led.connection, led.settings, led.partition))


async def look(led: Led, trims: Retention | None = None) -> Retention:
    """Two looks: one alone drops nothing."""
    trims = trims or retention(led)
    await trims.trim()
    await trims.trim()
    return trims


async def firsts(led: Led) -> list[int]:
    """Where the journal begins and where the events do; neither has a limit of age."""
    found = []
    for stream in STREAMS:
        information = await led.connection.api(f"STREAM.INFO.{stream}")
        assert information["config"]["max_age"] == 0
        found.append(information["state"]["first_seq"])
    return found


async def checkpoints(led: Led, count: int) -> list[int]:
    """Make so many, with trading between them; their sequences."""
    made = []
    for _ in range(count):
        await led.trade(2)
        made.append((await led.make()).sequence)
    return made


async def test_what_is_neither_to_be_kept_nor_needed_is_dropped(led: Led) -> None:
    """Both streams begin at one sequence, with the oldest checkpoint's at the latest; a restart comes to the same."""
    oldest, *_, newest = await checkpoints(led, 3)
    await led.trade()
    await look(led)
    journal, events = await firsts(led)
    assert 1 < journal == events <= oldest
    loaded, partition = await led.recovered()
    assert (loaded, partition.chain) == (newest, led.partition.chain)
    found = await audit(led.connection, 0)
    assert (found.finding, found.first, found.last) == (None, oldest + 1, led.partition.sequence)


async def test_with_more_than_is_kept_behind_it_all_before_the_oldest_checkpoint_goes(led: Led) -> None:
    """The checkpoints bound what is dropped where the bytes do not."""
    oldest, *_ = await checkpoints(led, 3)
    await led.trade(60)
    await look(led)
    assert await firsts(led) == [oldest, oldest]


async def test_one_measurement_drops_nothing(led: Led) -> None:
    """It may be a deposed leader's; the one of two that drops less counts."""
    await checkpoints(led, 3)
    await retention(led).trim()
    assert await firsts(led) == [1, 1]


@pytest.mark.parametrize("made", [0, 1])
async def test_without_two_checkpoints_nothing_is_dropped(led: Led, made: int) -> None:
    """They are asked for instead, once nothing else is due."""
    await checkpoints(led, made)
    maker = CheckpointMaker(led.connection, led.settings, led.partition)
    await look(led, Retention(led.connection, led.settings, 0, maker))
    assert await firsts(led) == [1, 1]
    assert maker.wanted


async def test_a_damaged_checkpoint_covers_nothing(led: Led) -> None:
    """Its chunks are read back and compared before anything rests on it."""
    await checkpoints(led, 2)
    damaged = altered((await led.checkpoints.all())[0], digest=b"not it")
    await led.checkpoints.store_manifest(damaged)
    await led.connection.api(f"STREAM.PURGE.{subjects.checkpoints_stream(0)}", {"seq": min(damaged.chunks)})
    with capture_logs() as lines:
        await look(led)
    assert await firsts(led) == [1, 1]
    assert "checkpoint.damaged" in [line["event"] for line in lines]


async def test_a_checkpoint_of_another_version_covers_nothing_and_ends_nothing(led: Led) -> None:
    """After an upgrade those of before are there still: they are passed over, and looking goes on."""
    await checkpoints(led, 2)
    good = await led.make()
    for _ in range(3):
        await led.checkpoints.store_manifest(altered(good, form=99))
    with capture_logs() as logs:
        await look(led)
    assert await firsts(led) == [1, 1]
    assert {entry["event"] for entry in logs if entry["event"].startswith("checkpoint.")} == set()


async def test_a_checkpoint_of_another_history_covers_nothing(led: Led) -> None:
    """EVENTS has to have its chain."""
    await checkpoints(led, 2)
    manifest = (await led.checkpoints.all())[0]
    await led.connection.api(f"STREAM.PURGE.{subjects.checkpoints_stream(0)}", {"seq": min(manifest.chunks)})
    await led.checkpoints.store_manifest(altered(manifest, chain=bytes(16)))
    await look(led)
    assert await firsts(led) == [1, 1]


class Dead(Exception):
    """The leader was killed."""


class Mortal(Connection):
    """A connection whose process dies at its change number `dies_at` of a stream, before the server has it or after."""

    dies_at = 0
    too_late = False

    async def api(self, subject: str, body: Any = None) -> Any:
        if not subject.startswith(CHANGES):
            return await super().api(subject, body)
        self.dies_at -= 1
        if self.dies_at == 0 and not self.too_late:
            raise Dead
        answer = await super().api(subject, body)
        if self.dies_at == 0:
            raise Dead
        return answer


async def trim_and_die(led: Led, dies_at: int, *, too_late: bool) -> None:
    """Trim as a leader that does not survive it."""
    mortal = await Mortal.open(led.settings, "mortal")
    trims = Retention(mortal, led.settings, 0, CheckpointMaker(mortal, led.settings, led.partition))
    await trims.trim()
    mortal.dies_at, mortal.too_late = dies_at, too_late
    with pytest.raises(Dead):
        await trims.trim()
    await mortal.close()


@pytest.mark.parametrize("dies_at", [1, 2])
@pytest.mark.parametrize("too_late", [False, True])
async def test_a_leader_that_dies_while_it_trims_leaves_nothing_to_mend(led: Led, dies_at: int, too_late: bool) -> None:
    """Before and after each change: what is there can be led from and audited, and a successor trims on."""
    oldest, *_ = await checkpoints(led, 3)
    await led.trade(60)
    await trim_and_die(led, dies_at, too_late=too_late)
    journal, events = await firsts(led)
    assert events <= journal <= oldest
    _, partition = await led.recovered()
    assert partition.chain == led.partition.chain
    assert (await audit(led.connection, 0)).finding is None
    await look(led)
    assert await firsts(led) == [oldest, oldest]


async def test_what_is_older_than_wanted_is_dropped(
    connection: Connection, settings: StreamSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the time of each message, when the bytes are no reason."""
    monkeypatch.setattr("streams.settings.JOURNAL_RETENTION_MIN", 0.5)
    led = await Led(connection, replace(settings, journal_retention_seconds=1.0)).begin()
    await led.send(listing("ACME"))
    await led.trade(3)
    old, listed_at = led.partition.sequence, led.partition.at
    trims = retention(led)

    async def is_old() -> bool:
        return (await state_of(connection, STREAMS[0])).read_at - listed_at > 1.2 * SECOND

    await until(is_old)
    oldest, *_ = await checkpoints(led, 3)
    await look(led, trims)
    journal, events = await firsts(led)
    assert old < journal == events <= oldest


async def test_a_store_of_an_older_version_is_trimmed_by_age(
    connection: Connection, small: StreamSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its streams forbid purging; a limit of age that lasts a moment does it, and none is left behind."""
    monkeypatch.setattr(topology, "DUPLICATE_WINDOW", 0.2)
    monkeypatch.setattr(trimming, "LATE_SECONDS", 0.4)
    for stream, subject in zip(STREAMS, (subjects.journal(0), subjects.events(0)), strict=True):
        older = {"name": stream, "subjects": [subject], "discard": "new", "deny_delete": True, "deny_purge": True}
        await connection.api(f"STREAM.CREATE.{stream}", older | {"duplicate_window": SECOND // 5})
    led = await Led(connection, small).begin()
    await led.send(listing("ACME"))
    await led.trade(40)
    through = led.partition.at

    async def is_old() -> bool:
        return (await state_of(connection, STREAMS[0])).read_at - through > 0.5 * SECOND

    await until(is_old)
    oldest, *_ = await checkpoints(led, 3)
    await led.trade(60)
    trims = retention(led)

    async def is_trimmed() -> bool:
        await look(led, trims)  # the server looks at its limit a little later, so it may take several
        return 1 not in await firsts(led)

    await until(is_trimmed)
    assert max(await firsts(led)) <= oldest
    assert (await led.recovered())[1].chain == led.partition.chain


async def test_a_limit_of_age_that_was_left_behind_is_taken_back(led: Led) -> None:
    """The leader that set it died before it could."""
    stream = subjects.events_stream(0)
    config = (await led.connection.api(f"STREAM.INFO.{stream}"))["config"]
    await led.connection.api(f"STREAM.UPDATE.{stream}", config | {"max_age": 3_600 * SECOND})
    await trimming.take_limit_back(led.connection, stream)
    assert await firsts(led) == [1, 1]


async def test_who_keeps_everything_is_told_when_it_will_be_full(led: Led) -> None:
    """Once, and nothing is dropped."""
    forever = replace(led.settings, journal_retention_seconds=0, journal_retention_bytes=0)
    led.settings = forever
    await checkpoints(led, 3)
    with capture_logs() as lines:
        trims = retention(led)
        now = StreamFill(500, 1_000, 10, 1, 10, 1, 1 + 120 * SECOND)
        trims.say_when_full(Fills(now, now))
        trims.say_when_full(Fills(now, now))
        await look(led, trims)
    told = [line for line in lines if line["event"] == "journal.kept_for_ever"]
    assert [(line["share"], line["full_in_days"]) for line in told] == [(0.5, 0.0)]
    assert await firsts(led) == [1, 1]


def test_what_is_kept_follows_from_both_streams(small: StreamSettings) -> None:
    """About the bytes that are wanted, of the journal or of its events, whichever drops more; a little more is kept."""
    little, much = StreamFill(4_200, 65_536, 100, 11, 110, 1, 2), StreamFill(8_192, 65_536, 100, 11, 110, 1, 2)
    events = StreamFill(24_576, 196_608, 100, 11, 110, 1, 2)
    assert first_kept(Fills(little, little), small) == 0
    assert first_kept(Fills(much, little), small) == 61
    assert first_kept(Fills(little, events), small) == 61


async def test_a_trimmed_journal_without_a_good_checkpoint_stops_the_partition(led: Led) -> None:
    """Nobody can know what the dropped commands did."""
    await checkpoints(led, 3)
    await led.trade(60)
    await look(led)
    for manifest in await led.checkpoints.all():
        await led.checkpoints.store_manifest(altered(manifest, digest=b"not it"))
    stream = subjects.checkpoints_stream(0)
    before_the_bad = (await state_of(led.connection, stream)).last - 2
    await led.connection.api(f"STREAM.PURGE.{stream}", {"seq": before_the_bad})
    with pytest.raises(PartitionStopped, match="the journal begins at"):
        await load(led.connection, 0, led.partition.sequence)
