"""streams/leadership/packer.py: ended orders are packed when there is time, and under load only beyond a bound."""

from __future__ import annotations

from exchange.terms import IOC
from streams.leadership.packer import AGE, INTERVAL, Packer
from tests.support.journaled import Journaled, buy

ENDED = 300
"""Orders of one account; the latest 128 of them stay objects, the 128 before them make two blocks."""


def traded(journaled: Journaled, count: int = ENDED) -> Journaled:
    """So many of anna's orders end, and a minute passes."""
    journaled.send(*[buy("anna", 1, "10.00", f"a{number}", time_in_force=IOC) for number in range(count)])
    journaled.now += AGE
    journaled.send(buy("boris", 1, "9.00", "b"))
    return journaled


def packed(journaled: Journaled) -> int:
    """How many orders are in the archive."""
    return len(journaled.partition.engine.register.past)


def test_what_has_ended_a_minute_ago_is_packed_and_still_known() -> None:
    """By id and by name, with the same answer as before."""
    journaled = traded(Journaled())
    before = journaled.ask("order", account="anna", order_id=1)
    assert not Packer(journaled.partition).step(INTERVAL)
    assert packed(journaled) == 128
    assert journaled.ask("order", account="anna", order_id=1) == before
    name = {"account": "anna", "symbol": "ACME", "client_order_id": "a0"}
    assert journaled.ask("by_client_id", **name) == before
    again = journaled.send(buy("anna", 1, "10.00", "a0", time_in_force=IOC))
    assert again.results == [("", {**before, "fills": []})]


def test_what_has_just_ended_stays() -> None:
    """Somebody may be asking for it."""
    journaled = Journaled()
    journaled.send(*[buy("anna", 1, "10.00", f"a{number}", time_in_force=IOC) for number in range(ENDED)])
    Packer(journaled.partition).step(INTERVAL)
    assert packed(journaled) == 0


def test_under_load_it_waits_until_there_are_too_many() -> None:
    """A thousand commands in a quarter of a second are load."""
    for whole_max, expected in ((1_000, 0), (100, 128)):
        journaled = Journaled()
        packer = Packer(journaled.partition, whole_max)
        traded(journaled)
        packer.step(INTERVAL / 10)
        assert packed(journaled) == expected
