"""streams/leadership/roster.py: what one worker concludes from what it sees, and when."""

from __future__ import annotations

import pytest

from streams.broker.bucket import BucketEntry
from streams.leadership.roster import (
    BEATS_LEFT_TO_STANDBY,
    BUSY,
    BUSY_LEASES,
    LEAVING,
    NOBODY,
    Roster,
    lease_key,
    standby_key,
    worker_key,
)

TTL = 1.0
BEAT = TTL / 4


class Leases:
    """The bucket and a clock: whoever is in `beating` renews its key at each beat."""

    def __init__(self, *beating: str) -> None:
        self.entries: dict[str, BucketEntry] = {}
        self.beating = list(beating)
        self.now = 100.0
        self._revision = 0

    def write(self, key: str, value: str) -> None:
        self._revision += 1
        self.entries[key] = BucketEntry(value, self._revision)

    def led(self, **leaders: str) -> None:
        for number, leader in leaders.items():
            self.write(lease_key(int(number[1:])), leader)

    def followed(self, **standbys: str) -> None:
        for number, standby in standbys.items():
            self.write(standby_key(int(number[1:])), standby)

    def beat(self, *lookers: Roster, times: int = 1) -> None:
        for _ in range(times):
            self.now += BEAT
            for worker in self.beating:
                self.write(worker_key(worker), worker)
            for looker in lookers:
                looker.see(self.entries, self.now)


def test_a_worker_that_is_silent_for_its_lease_is_dead() -> None:
    """One beat before the end of the lease it lives, at the end it does not."""
    leases, boris = Leases("anna", "boris"), Roster("boris", 1, TTL)
    leases.led(p0="anna")
    leases.followed(p0="boris")
    leases.beat(boris)
    leases.beating.remove("anna")
    leases.beat(boris, times=3)
    assert (boris.is_live("anna"), boris.to_take([], [])) == (True, [])
    leases.beat(boris)
    assert (boris.is_live("anna"), boris.to_take([], [])) == (False, [0])


def test_what_nobody_watched_proves_nothing() -> None:
    """After a pause of our own, everyone who lived before it has the whole time of a lease again."""
    leases, boris = Leases("anna", "boris"), Roster("boris", 1, TTL)
    leases.led(p0="anna")
    leases.beat(boris)
    leases.beating.remove("anna")
    leases.now += 10
    leases.beat(boris, times=4)
    assert boris.is_live("anna")
    leases.beat(boris)
    assert not boris.is_live("anna")


def test_who_is_gone_is_dead_at_once_until_it_beats_again() -> None:
    """A closed connection counts before the lease has lapsed; the next beat of the same worker shows the error."""
    leases, boris = Leases("anna", "boris"), Roster("boris", 1, TTL)
    leases.led(p0="anna")
    leases.followed(p0="boris")
    leases.beat(boris)
    boris.record_gone("anna")
    boris.see(leases.entries, leases.now)
    assert boris.to_take([], []) == [0]
    leases.beat(boris)
    assert boris.to_take([], []) == []


def test_who_is_dead_stays_dead_while_its_key_is_kept() -> None:
    """Silent or gone: it is counted neither as a colleague nor for the fair share at any later look."""
    leases, boris = Leases("anna", "boris", "carl"), Roster("boris", 2, TTL)
    leases.led(p0="boris", p1="boris")
    leases.beat(boris)
    assert boris.staff == ["anna", "boris", "carl"]
    leases.beating.remove("anna")
    leases.beating.remove("carl")
    boris.record_gone("carl")
    leases.beat(boris, times=4)
    for _ in range(12):
        leases.beat(boris)
        assert (boris.staff, boris.share) == (["boris"], 2)
    leases.beating.append("anna")
    leases.beat(boris)
    assert boris.staff == ["anna", "boris"]


def test_the_standby_takes_over_first_and_whatever_its_share() -> None:
    """It has one partition already, which is its share; carla, with room, waits for it two beats."""
    leases = Leases("anna", "boris", "carla")
    boris, carla = Roster("boris", 2, TTL), Roster("carla", 2, TTL)
    leases.led(p0="anna", p1="boris")
    leases.followed(p0="boris")
    leases.beat(boris, carla)
    leases.beating.remove("anna")
    leases.beat(boris, carla, times=4)
    assert (boris.to_take([1], []), carla.to_take([], [])) == ([0], [])
    leases.beat(boris, carla, times=2)
    assert (boris.to_take([1], []), carla.to_take([], [])) == ([0], [0])


def test_without_a_standby_whoever_has_room_takes_over() -> None:
    """The share counts the living: carla leads one of three already and may lead two."""
    leases, carla = Leases("anna", "boris", "carla"), Roster("carla", 3, TTL)
    leases.led(p0="anna", p1="anna", p2="carla")
    leases.beat(carla)
    leases.beating.remove("anna")
    leases.beat(carla, times=4)
    assert carla.share == 2
    assert carla.to_take([2], []) == [0]


def test_a_refused_partition_is_not_taken() -> None:
    """Whatever else holds."""
    leases, anna = Leases("anna"), Roster("anna", 2, TTL)
    leases.beat(anna)
    assert anna.to_take([], [1]) == [0]


def test_a_partition_that_was_passed_on_to_us_is_ours() -> None:
    """Even if the message that says so was lost."""
    leases, boris = Leases("anna", "boris"), Roster("boris", 1, TTL)
    leases.led(p0="boris")
    leases.beat(boris)
    assert boris.to_take([], []) == [0]


def test_a_lease_that_was_lost_is_left_to_its_leader_for_as_long_as_a_lease() -> None:
    """Of two workers that live each has seen the other lead last: without an end they would wait for ever."""
    leases = Leases("anna", "boris")
    anna, boris = Roster("anna", 1, TTL), Roster("boris", 1, TTL)
    leases.led(p0="boris")
    leases.beat(anna)
    leases.led(p0="anna")
    leases.beat(boris)
    del leases.entries[lease_key(0)]
    leases.beat(anna, boris, times=4)
    assert (anna.leaders, boris.leaders) == (["boris"], ["anna"])
    assert [worker.to_take([], []) for worker in (anna, boris)] == [[], []]
    leases.beat(anna, boris, times=BEATS_LEFT_TO_STANDBY + 1)
    assert [worker.to_take([], []) for worker in (anna, boris)] == [[0], [0]]


def test_a_lease_that_its_leader_has_written_again_is_its_own() -> None:
    """It was only lost for a while."""
    leases, boris = Leases("anna", "boris"), Roster("boris", 1, TTL)
    leases.led(p0="anna")
    leases.beat(boris)
    del leases.entries[lease_key(0)]
    leases.beat(boris, times=3)
    leases.led(p0="anna")
    leases.beat(boris, times=5)
    assert boris.to_take([], []) == []


def test_a_lost_lease_is_left_for_longer_to_who_may_be_busy() -> None:
    """It writes it again with its next beat."""
    leases, boris = Leases("boris"), Roster("boris", 1, TTL)
    leases.led(p0="anna")
    leases.write(worker_key("anna"), BUSY)
    leases.beat(boris)
    del leases.entries[lease_key(0)]
    leases.beat(boris, times=4 * BUSY_LEASES - 2)
    assert boris.to_take([], []) == []


def test_who_may_be_busy_has_more_time() -> None:
    """It is a colleague like any other; only its silence means nothing for longer, and then it is dead."""
    leases, boris = Leases("boris"), Roster("boris", 1, TTL)
    leases.led(p0="anna")
    leases.followed(p0="boris")
    leases.write(worker_key("anna"), BUSY)
    leases.beat(boris, times=4 * BUSY_LEASES)
    assert (boris.staff, boris.to_take([], [])) == (["anna", "boris"], [])
    leases.beat(boris)
    assert (boris.staff, boris.to_take([], [])) == (["boris"], [0])


def test_who_is_not_busy_any_more_has_its_lease_again() -> None:
    """The last sign counts."""
    leases, boris = Leases("boris"), Roster("boris", 1, TTL)
    leases.led(p0="anna")
    leases.write(worker_key("anna"), BUSY)
    leases.beat(boris)
    leases.write(worker_key("anna"), "anna")
    leases.beat(boris, times=5)
    assert not boris.is_live("anna")


def test_who_leaves_lives_but_is_no_colleague() -> None:
    """Its partitions are not free, and it is nobody's standby."""
    leases, boris = Leases("boris"), Roster("boris", 2, TTL)
    leases.led(p0="anna", p1="boris")
    leases.followed(p1="anna")
    leases.write(worker_key("anna"), LEAVING)
    leases.beat(boris)
    assert (boris.staff, boris.standby_of(1), boris.to_take([1], [])) == (["boris"], NOBODY, [])


def settle(leases: Leases, workers: list[Roster], beats: int) -> None:
    """Let every leader do what the roster tells it, one beat after another."""
    for _ in range(beats):
        leases.beat(*workers)
        for worker in workers:
            held = [number for number, leader in enumerate(worker.leaders) if leader == worker.worker]
            for number in worker.to_take(held, []):
                if worker.revisions[number] == leases.entries.get(lease_key(number), BucketEntry("", 0)).revision:
                    leases.write(lease_key(number), worker.worker)
            for number, standby in worker.choices(held).items():
                leases.write(standby_key(number), standby)
            going = worker.next_to_go(held)
            if going is not None:
                leases.write(lease_key(going), worker.standby_of(going))


@pytest.mark.parametrize("partitions", [1, 2, 3, 4, 6, 7, 16])
@pytest.mark.parametrize("workers", [2, 3, 4, 5])
def test_all_settles_evenly_wherever_it_begins(partitions: int, workers: int) -> None:
    """One leads everything, then others come: leaders within the share, every partition followed by another, evenly."""
    names = [f"w{number}" for number in range(workers)]
    leases = Leases("w0")
    rosters = [Roster(name, partitions, TTL) for name in names]
    settle(leases, rosters[:1], 2)
    leases.beating = names
    settle(leases, rosters, 12 * partitions)
    leases.beat(*rosters)
    seen = rosters[0]
    leads = [seen.leaders.count(name) for name in names]
    follows = [[seen.standby_of(number) for number in range(partitions)].count(name) for name in names]
    assert max(leads) <= seen.share
    assert (sum(leads), sum(follows)) == (partitions, partitions)
    loads = [lead + follow for lead, follow in zip(leads, follows, strict=True)]
    assert max(loads) - min(loads) <= 2
    before = dict(leases.entries)
    settle(leases, rosters, 3)
    assert {key: entry for key, entry in leases.entries.items() if not key.startswith("worker.")} == {
        key: entry for key, entry in before.items() if not key.startswith("worker.")
    }
