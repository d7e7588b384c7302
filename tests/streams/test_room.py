"""streams/journal/capacity.py, urgency.py and capacity_alarm.py: what is left of a journal, and for whom."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from exchange import commands
from streams import subjects, topology
from streams.broker.bucket import Bucket
from streams.errors import Busy, Unavailable
from streams.journal.capacity import Fills, Room, StreamFill, full_in_seconds, taken_at
from streams.journal.capacity_alarm import Alarm
from streams.journal.writer import Journal
from streams.wire.forms import COMMANDS
from streams.wire.urgency import CANCELING, OPERATING, PLACING, URGENCIES
from tests.support.exchange import open_venue, running_worker
from tests.support.nats import until

if TYPE_CHECKING:
    from streams.broker.connection import Connection
    from streams.settings import StreamSettings

DAY = 86_400
SECOND = 1_000_000_000


def fill(size: int, size_max: int = 100_000, last: int = 10, age_seconds: int = 100) -> StreamFill:
    """A stream of `last` messages, the first of them so old."""
    return StreamFill(size, size_max, last, 1, last, 1, 1 + age_seconds * SECOND)


def fills(journal: int, events: int = 0) -> Fills:
    """A journal and events of so many bytes, of 100,000 and 300,000."""
    return Fills(fill(journal), fill(events, 300_000))


OF_EACH_URGENCY: dict[int, tuple[type, ...]] = {
    PLACING: (commands.PlaceOrder, commands.AmendOrder),
    CANCELING: (commands.CancelOrder, commands.CancelAll, commands.CancelAfter),
    OPERATING: (commands.SetKillSwitch, commands.SetPhase, commands.Tick),
}


def test_every_command_has_its_urgency_in_both_of_its_forms() -> None:
    """A gateway sends forms and a leader commands; what gets an account out is more urgent than what gets it in."""
    assert URGENCIES.keys() == COMMANDS.structs.keys() | set(COMMANDS.structs.values())
    for urgency, kinds in OF_EACH_URGENCY.items():
        for kind in kinds:
            assert (URGENCIES[kind], URGENCIES[COMMANDS.structs[kind]]) == (urgency, urgency)


@pytest.mark.parametrize(
    ("share", "takes"), [(0.0, "everything"), (0.9, "cancels"), (0.98, "operators"), (0.99, "nothing")]
)
def test_the_last_tenth_is_kept(share: float, takes: str) -> None:
    """By either of the two streams: one that is full stops the partition alone."""
    for measured in (fills(int(share * 100_000)), fills(10, int(share * 300_000))):
        room = Room()
        room.learn(measured)
        assert (room.takes, taken_at(room.share)) == (takes, takes)


def test_before_it_was_measured_a_journal_takes_everything() -> None:
    """A gateway that cannot measure is no reason to refuse."""
    assert (Room().takes, Room().share, Room().left[PLACING]) == ("everything", 0.0, float("inf"))


def test_between_two_measurements_it_grows_by_what_was_stored() -> None:
    """What this process stored is counted, others' messages at the average size, each sequence once; events in step."""
    room = Room()
    room.learn(fills(50_000, 100_000))
    room.record(11, 904)
    assert (room.left[PLACING], room.share) == (39_000, 0.51)
    room.record(13, 904)
    assert room.left[PLACING] == 33_000
    room.record(13, 904)
    assert room.left[PLACING] == 33_000
    room.learn(fills(80_000, 264_000))
    assert room.left[PLACING] == pytest.approx(6_000 / 3.3)


def test_a_refusal_for_want_of_room_counts_until_the_next_measurement() -> None:
    """The estimate was wrong: placements wait."""
    room = Room()
    room.learn(fills(50_000))
    room.overflow()
    assert room.takes == "cancels"
    room.learn(fills(50_000))
    assert room.takes == "everything"


def test_each_level_is_said_once() -> None:
    """On the way up, with what is still taken; and when there is room again, clearly below the lowest level."""
    alarm = Alarm(3)
    with capture_logs() as lines:
        for share in (70, 80, 79, 82, 95, 91, 95, 99, 100, 85, 76, 74, 81):
            alarm.hear(fills(share * 1_000))
    said = [(line["event"], line["log_level"], line.get("takes")) for line in lines]
    assert said == [
        ("journal.filling", "warning", "everything"),
        ("journal.nearly_full", "error", "cancels"),
        ("journal.full", "critical", "nothing"),
        ("journal.has_room", "info", None),
        ("journal.filling", "warning", "everything"),
    ]


def test_when_it_is_full_follows_from_how_it_has_grown() -> None:
    """Half full after a day is full after another; what is younger than a minute says nothing."""
    day = Fills(fill(50_000, age_seconds=DAY), fill(0, 300_000))
    assert full_in_seconds(day) == pytest.approx(DAY)
    assert full_in_seconds(Fills(fill(50_000, age_seconds=59), fill(0, 300_000))) is None


async def test_waiting_commands_leave_room_for_the_more_urgent(
    connection: Connection, settings: StreamSettings
) -> None:
    """In the queue before the journal as in the journal: the last of it is for cancels and operators."""
    await topology.ensure(connection, settings)
    journal = Journal(connection, 0, "me", replace(settings, commands_waiting_max=10))
    tick = b"\x91\x08"

    def send(urgency: int, times: int) -> int:
        """How many of so many are taken."""
        taken = 0
        for _ in range(times):
            try:
                journal.send(tick, lambda _: None, urgency)
            except Busy:
                break
            taken += 1
        return taken

    assert [send(urgency, 20) for urgency in (PLACING, CANCELING, OPERATING)] == [9, 0, 1]
    journal.close()


async def test_the_last_room_for_promises_is_kept_for_leases(connection: Connection, settings: StreamSettings) -> None:
    """A bucket without room for a lease would have the orders of all who are connected canceled."""
    async with running_worker(settings), open_venue(settings) as venue:
        await until(lambda: venue.well)
        stream = subjects.bucket_stream(subjects.SESSIONS)
        config = (await connection.api(f"STREAM.INFO.{stream}"))["config"]
        await connection.api(f"STREAM.UPDATE.{stream}", config | {"max_bytes": 20_000})
        await Bucket(connection, subjects.SESSIONS).put("junk", "x" * 18_200)
        await until(lambda: venue.promises.full)
        with pytest.raises(Unavailable, match="no room for more promises"):
            await venue.promises.make("session", [("anna", "session")])
        await connection.api(f"STREAM.UPDATE.{stream}", config)
        await until(lambda: not venue.promises.full)
        await venue.promises.make("session", [("anna", "session")])
