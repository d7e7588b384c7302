"""streams/partition/state.py: a partition's whole state in parts, and back."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.commands import ListInstrument
from streams.partition.partition import Partition
from streams.partition.state import partition_parts, restored
from streams.publication.reports import REPORTS_PER_ACCOUNT_MAX
from streams.recovery.checkpoints import chunks_of, parts_in
from streams.wire import codec
from tests.support.journaled import ACME, Journaled, buy, sell
from tests.support.random_choices import stories
from tests.support.random_commands import NARROW, PLAIN, Step
from tests.support.random_days import days

QUERIES = [
    codec.encode_query("instruments", {}),
    *[codec.encode_query(kind, {"symbol": "ACME"}) for kind in ("book", "full", "trades", "ticker", "status")],
    *[codec.encode_query("reports", {"account": name, "after": 0}) for name in ("anna", "boris", "carla", "dora")],
    *[
        codec.encode_query(kind, {"account": name})
        for kind in ("orders_snapshot", "account")
        for name in ("anna", "boris", "carla", "dora")
    ],
    codec.encode_query("kill_switch", {}),
    codec.encode_query("audit", {"limit": 100}),
]


def copied(partition: Partition) -> Partition:
    """A partition's double, made from what a checkpoint of it would hold."""
    parts = (part for chunk in chunks_of(partition_parts(partition)) for part in parts_in(chunk))
    return restored(partition.number, parts)


def assert_alike(one: Partition, other: Partition) -> None:
    """Both have the same state and answer alike."""
    assert list(partition_parts(one, packed=False)) == list(partition_parts(other, packed=False))
    for request in QUERIES:
        assert one.query(request) == other.query(request)


@given(stories() | days(), st.integers(0, 60))
@settings(max_examples=120)
def test_a_copy_has_the_same_state_and_the_same_future(story: list[Step], cut: int) -> None:
    """Every byte that the copy makes of the rest of the journal is the one that the original makes."""
    lived = Journaled(PLAIN, configure=NARROW)
    for step in story[:cut]:
        lived.take(step)
    copy = copied(lived.partition)
    assert_alike(lived.partition, copy)
    for step in story[cut:]:
        answered = lived.take(step)
        assert copy.answer(*lived.journal[-1]) == answered.output
    assert_alike(lived.partition, copy)


def test_the_rings_of_reports_go_on_as_they_were() -> None:
    """What was too old to hold stays so, and the next reports push out the same ones."""
    lived = Journaled()
    for number in range(REPORTS_PER_ACCOUNT_MAX // 2 + 10):
        lived.send(sell("anna", 1, "101.25", f"a-{number}"), buy("boris", 1, "101.25", f"b-{number}"))
    copy = copied(lived.partition)
    lived.send(sell("anna", 1, "101.25", "a-last"))
    copy.answer(*lived.journal[-1])
    assert_alike(lived.partition, copy)
    assert copy.reports.since("anna", 0) is None
    assert len(copy.reports.since("anna", copy.reports.seq("anna") - REPORTS_PER_ACCOUNT_MAX) or []) == 1_000


def test_a_listing_that_changed_the_decimals_is_printed_as_it_was() -> None:
    """Printers are not in the state; they follow from the listing that counts."""
    lived = Journaled()
    lived.send(sell("anna", 5, "101.25", "a-1"))
    lived.send(ListInstrument(type(ACME)("ACME", [(0, ACME.smallest_tick // 100)], ACME.lot_size)))
    assert_alike(lived.partition, copied(lived.partition))


def test_a_state_does_not_depend_on_what_was_rendered() -> None:
    """A leader's checkpoint and a standby's are the same bytes."""
    lived = Journaled()
    for number in range(20):
        lived.send(sell("anna", 2, "101.25", f"a-{number}"), buy("boris", 1, "101.50", f"b-{number}"))
    replayed = Partition(lived.partition.number)
    for entry in lived.journal:
        replayed.answer(*entry, render=False)
    assert list(partition_parts(replayed, packed=False)) == list(partition_parts(lived.partition, packed=False))
