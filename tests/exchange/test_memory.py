"""exchange/memory/memory.py: who evicts, and for whom."""

from __future__ import annotations

from exchange.memory.memory import MODEST_OWNERS, Memory


def identity(item: int) -> int:
    """Items here are their own times."""
    return item


def filled(own_max: int, total_max: int, **counts: int) -> Memory[int]:
    """A memory of so many items of each owner; an item is how many were taken before."""
    memory: Memory[int] = Memory(identity, own_max, total_max)
    for owner, count in counts.items():
        share = memory.share(owner)
        for _ in range(count):
            memory.take(share, memory.count)
    return memory


def evict_for_all(memory: Memory[int]) -> list[str]:
    """Whoever evicts until the total is met, in order."""
    evicted = []
    while (share := memory.largest()) is not None:
        memory.evict(share)
        evicted.append(share.owner)
    return evicted


def lengths(memory: Memory[int]) -> dict[str, int]:
    """How much is remembered of each owner."""
    return {owner: len(share.items) for owner, share in memory.shares.items()}


def test_within_the_bounds_nobody_evicts() -> None:
    """Neither for itself nor for others."""
    memory = filled(4, 9, anna=4, boris=4, carla=1)
    assert not memory.crowded
    assert memory.largest() is None
    assert memory.overfull() == []


def test_a_share_that_is_too_long_is_named_once() -> None:
    """By owner's name, whoever came first; and after a smaller bound, too."""
    memory = filled(2, 100, dora=5, boris=2, anna=3)
    assert [share.owner for share in memory.overfull()] == ["anna", "dora"]
    assert memory.overfull() == []
    memory.bound(1, 100)
    assert memory.crowded
    assert sorted(share.owner for share in memory.overfull()) == ["anna", "boris", "dora"]


def test_the_first_of_the_highest_rank_evicts_until_it_is_of_the_next() -> None:
    """Carla and boris have eight and more; dora, who had seven, is before them when they have come down to that."""
    memory = filled(100, 17, anna=2, carla=9, boris=8, dora=7)
    assert memory.crowded
    assert evict_for_all(memory) == ["carla"] * 2 + ["boris"] + ["dora"] * 4 + ["carla"] * 2
    assert sum(lengths(memory).values()) == 17
    assert lengths(memory)["anna"] == 2


def test_the_modest_evict_nothing() -> None:
    """Beyond MODEST_OWNERS owners the total gives way, not those who are of a lower rank than their part of it."""
    total = 2 * MODEST_OWNERS
    memory = filled(10, total, **{f"owner{number}": 1 for number in range(2 * MODEST_OWNERS + 10)}, large=5)
    assert evict_for_all(memory) == ["large"] * 4
    assert memory.count == total + 11


def test_who_leaves_nothing_is_forgotten() -> None:
    """A share is dropped when it is empty and nobody refers to it, whichever comes last."""
    memory = filled(10, 10, anna=1, boris=1)
    memory.evict(memory.shares["anna"])
    memory.leave(memory.shares["anna"])
    memory.leave(memory.shares["boris"])
    assert lengths(memory) == {"boris": 1}
    memory.evict(memory.shares["boris"])
    assert lengths(memory) == {}


def test_the_outdated_are_found_by_the_oldest_item_alone() -> None:
    """What was evicted meanwhile leaves an entry that is found stale; nobody has two."""
    memory = filled(10, 10, anna=2, boris=2)
    memory.evict(memory.shares["anna"])
    assert memory.oldest() == 0
    assert memory.outdated(0) == []
    assert [share.owner for share in memory.outdated(2)] == ["anna", "boris"]
    assert memory.scheduled == []


def test_an_undivided_memory_is_one_share() -> None:
    """Turned over, everything is taken anew in the order of time; it has no total."""
    memory = filled(2, 3, anna=2, boris=2)
    items = memory.turn()
    assert items == [0, 1, 2, 3]
    everybody = memory.share("anna")
    assert everybody is memory.share("boris")
    for item in items:
        memory.take(everybody, item)
    assert memory.largest() is None
    assert [share.owner for share in memory.overfull()] == [""]
