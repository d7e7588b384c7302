"""The engine is a function: a journal gives the same events and digest again, from its start or from a state."""

from __future__ import annotations

from ast import literal_eval
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis.strategies import integers

from exchange.checkpoint.packing import pack
from exchange.checkpoint.state import market_parts, restore_part
from exchange.engine import Engine
from tests.properties.conftest import EXAMPLES, LEISURE
from tests.support.comparison import Comparison
from tests.support.random_choices import Seeded, stories
from tests.support.random_commands import NARROW, Step, random_step

if TYPE_CHECKING:
    from exchange.commands import Command
    from exchange.events import Event

Journal = list[tuple["Command", int, int]]

PLAIN_TYPES = (int, str, bytes, bool, type(None))


def written(story: list[Step]) -> tuple[Journal, list[list[Event]]]:
    """The journal that a story leaves and the events that answered it."""
    comparison = Comparison(NARROW)
    comparison.take(story)
    return comparison.journal, comparison.events


def replay(engine: Engine, journal: Journal) -> list[list[Event]]:
    """What an engine answers to a journal."""
    return [engine.apply(*entry) for entry in journal]


def is_plain(value: object) -> bool:
    """Whether it is made of lists, dicts and scalars alone, exactly those types."""
    if type(value) is dict:
        return all(is_plain(key) and is_plain(item) for key, item in value.items())
    if type(value) is list:
        return all(is_plain(item) for item in value)
    return type(value) in PLAIN_TYPES


@given(stories())
@settings(LEISURE, max_examples=EXAMPLES // 2)
def test_a_journal_gives_the_same_events_and_digest_twice(story: list[Step]) -> None:
    """Nothing but the journal decides what happens."""
    journal, events = written(story)
    first, second = Engine(), Engine()
    assert replay(first, journal) == events
    assert replay(second, journal) == events
    assert first.digest() == second.digest()
    assert first.state() == second.state()


@given(stories(), integers(0, 40))
@settings(LEISURE, max_examples=EXAMPLES // 2)
def test_a_state_has_the_same_digest_and_the_same_future(story: list[Step], cut: int) -> None:
    """An engine written down and read back anywhere in the journal cannot be told from one that lived it."""
    journal, events = written(story)
    cut = min(cut + 2, len(journal))
    lived = Engine()
    replay(lived, journal[:cut])

    state = lived.state()
    assert is_plain(state)
    restored = Engine.from_state(literal_eval(repr(state)))

    assert restored.digest() == lived.digest()
    assert restored.state() == state
    assert restored.next_due() == lived.next_due()
    for entry, expected in zip(journal[cut:], events[cut:], strict=True):
        assert restored.apply(*entry) == lived.apply(*entry) == expected
        assert restored.changes == lived.changes
        assert restored.digest() == lived.digest()


@given(stories(), integers(0, 40))
@settings(LEISURE, max_examples=EXAMPLES // 2)
def test_an_archive_shows_in_nothing(story: list[Step], cut: int) -> None:
    """An engine that packs, and one restored from its packed parts, have state and future of one that does not."""
    journal, events = written(story)
    cut = min(cut + 2, len(journal))
    plain, packing = Engine(), Engine()
    replay(plain, journal[:cut])
    for command, sequence, at in journal[:cut]:
        packing.apply(command, sequence, at)
        pack(packing, at, most=1, size=1)
    parts = list(market_parts(packing))
    restored = Engine()
    for kind, rows in parts:
        restore_part(restored, kind, literal_eval(repr(rows)))

    assert list(market_parts(restored)) == parts
    assert restored.state() == packing.state() == plain.state()
    for entry, expected in zip(journal[cut:], events[cut:], strict=True):
        assert restored.apply(*entry) == packing.apply(*entry) == expected
        pack(packing, entry[2], most=3, size=1)
        assert restored.digest() == packing.digest() == plain_after(plain, entry)


def plain_after(engine: Engine, entry: tuple[Command, int, int]) -> str:
    """The digest of an engine after another command."""
    engine.apply(*entry)
    return engine.digest()


def test_a_state_is_a_copy() -> None:
    """What happens afterwards does not reach a state that was taken before."""
    comparison = Comparison(NARROW)
    choose = Seeded(4)
    comparison.take([random_step(choose) for _ in range(50)])
    state = comparison.engine.state()
    before = repr(state)
    restored = Engine.from_state(state)
    comparison.take([random_step(choose) for _ in range(50)])
    for entry in comparison.journal[-50:]:
        restored.apply(*entry)
    assert repr(state) == before


def test_different_pasts_have_different_digests() -> None:
    """A digest that never changed would prove nothing: every accepted order moves it."""
    comparison = Comparison(NARROW)
    choose = Seeded(5)
    digests = []
    for _ in range(100):
        comparison.take([random_step(choose)])
        if comparison.engine.changes:
            digests.append(comparison.engine.digest())
    assert len(digests) > 10
    assert len(set(digests)) == len(digests)
