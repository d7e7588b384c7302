"""streams/leadership/liveness.py: who is silent has no leader, and a leader that stands still is silent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from exchange.commands import CancelAll
from streams.errors import Busy, OutcomeUnknown
from streams.leadership.liveness import SIGN_INTERVAL, LeaderSign, Liveness
from streams.partition.partition import Partition
from tests.support.exchange import ask, buy, listing, open_venue, running_worker
from tests.support.nats import until
from tests.support.worker_process import WorkerProcess

if TYPE_CHECKING:
    from pathlib import Path

    from streams.settings import StreamSettings

ABSENT = 2 * SIGN_INTERVAL
"""One sign may be lost."""


class Mending:
    """In place of an event stream: whether it mends."""

    mending = False


class Signed:
    """Where a leader's signs go: it counts them."""

    def __init__(self) -> None:
        self.signs: list[str] = []

    def publish(self, subject: str, _: bytes) -> None:
        self.signs.append(subject)


async def test_a_loop_that_stands_still_does_not_sign() -> None:
    """It signs while it waits for orders, and while it answers; not with an order in its hands that goes nowhere."""
    wire = Signed()
    partition, events = Partition(3), Mending()
    sign = LeaderSign(wire, partition, events)
    told = []
    for sign.waits, partition.sequence in [(True, 0), (False, 1), (False, 1), (False, 1), (False, 2), (True, 2)]:
        before = len(wire.signs)
        sign.refresh()
        told.append(len(wire.signs) - before)
    assert told == [1, 1, 0, 0, 1, 1]
    events.mending = True
    sign.refresh()
    assert len(wire.signs) == sum(told), "it waits, and what it would answer would not be stored"
    assert set(wire.signs) == {"answering.3"}


async def test_silence_is_absence_and_a_sign_ends_it() -> None:
    """A partition is given the time of a takeover, from the start and from whenever we could not hear."""
    liveness = Liveness(2, absent_seconds=0.05)
    liveness.refresh()
    assert (liveness.absent, liveness.answers(0)) == (frozenset(), False)
    liveness.hear(0)
    assert liveness.answers(0)
    await until(lambda: not liveness.answers(0))
    liveness.refresh()
    assert liveness.absent == {0, 1}
    liveness.hear(1)
    assert liveness.absent == {0}
    liveness.excuse()
    liveness.refresh()
    assert liveness.absent == frozenset()
    assert (liveness.answers(0), liveness.answers(1)) == (False, True)


async def test_orders_for_nobody_are_busy_and_cancels_are_stored(settings: StreamSettings) -> None:
    """With its worker gone, a partition takes no new risk; what takes risk away is answered by the next leader."""
    settings = replace(settings, leader_absent_seconds=ABSENT, outcome_timeout_seconds=1.0)
    async with running_worker(settings) as worker, open_venue(settings) as venue:
        await venue.submit(0, listing("ACME"))
        placed = await venue.submit(0, buy("anna", "ACME", 1, 100, "a1"))
        await until(lambda: venue.why_not(0) == venue.why_not(1) == "")
        assert placed.code == ""
        await worker.stop()
        await until(lambda: venue.dead == {0, 1})
        assert venue.why_not(1) == "no worker answers for partition 1"
        with pytest.raises(Busy, match="no worker leads"):
            venue.submit(0, buy("anna", "ACME", 1, 100, "a2"))
        with pytest.raises(OutcomeUnknown):
            await venue.submit(0, CancelAll("anna"))
        async with running_worker(settings):
            await until(lambda: not venue.dead)
            terms = {"account": "anna", "symbol": "ACME", "client_order_id": "a1"}
            assert (await ask(venue, 0, "by_client_id", **terms))["status"] == "canceled"
            assert (await venue.submit(0, buy("anna", "ACME", 1, 100, "a2"))).code == ""


async def test_a_leader_that_hangs_is_absent(settings: StreamSettings, tmp_path: Path) -> None:
    """Its process and its connections are there, and its orders are not answered; it is back when they are."""
    settings = replace(settings, leader_absent_seconds=ABSENT)
    worker = WorkerProcess(settings, tmp_path / "worker.log")
    try:
        async with open_venue(settings) as venue:
            await until(lambda: venue.why_not(0) == "")
            worker.freeze()
            await until(lambda: venue.dead == {0, 1})
            worker.thaw()
            await until(lambda: not venue.dead)
            assert (await venue.submit(0, listing("ACME"))).code == ""
    finally:
        worker.end()
