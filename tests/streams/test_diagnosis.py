"""streams/audit/diagnosis.py: from the first place where two streams do not fit, what was done to which."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.audit.diagnosis import BOTH, ENGINE, EVENTS, JOURNAL, Diagnosis, Pair, diagnose
from streams.errors import PartitionStopped
from streams.partition.partition import CHAIN_START, Partition, link
from streams.wire import codec
from tests.support.altered import LENGTH, trading
from tests.support.journaled import OPENING

Streams = tuple[list[bytes], list[bytes]]


@cache
def original() -> Streams:
    """A journal and its events."""
    journal = [
        codec.encode_batch("me", number, [codec.encode_command(command) for command in commands])
        for number, commands in enumerate(trading())
    ]
    partition = Partition(0)
    return journal, [partition.answer(message, n, OPENING + n).events for n, message in enumerate(journal, start=1)]


def at(messages: list[bytes], sequence: int) -> bytes | None:
    """A message, None behind the end."""
    return messages[sequence - 1] if sequence <= len(messages) else None


def examine(journal: list[bytes], events: list[bytes]) -> tuple[int, Diagnosis] | None:
    """The first sequence that does not fit, and what is said of it; None if all fit."""
    partition, chain = Partition(0), CHAIN_START
    for sequence, (message, stored) in enumerate(zip(journal, events, strict=True), start=1):
        computed = partition.answer(message, sequence, OPENING + sequence).events
        if computed != stored:
            after = Pair(at(journal, sequence + 1), at(events, sequence + 1))
            return sequence, diagnose(chain, computed, Pair(message, stored), after)
        chain = partition.chain
    return None


def test_what_fits_is_not_diagnosed() -> None:
    """A journal and its own events."""
    assert examine(*original()) is None


@given(st.sampled_from([JOURNAL, EVENTS]), st.integers(2, LENGTH), st.integers(0, 10_000), st.integers(0, 7))
@settings(max_examples=400)
def test_any_flipped_bit_is_named(stream: str, sequence: int, place: int, bit: int) -> None:
    """Whichever bit of whichever message: its sequence, and its stream unless nothing follows that could tell."""
    streams = {JOURNAL: list(original()[0]), EVENTS: list(original()[1])}
    message = bytearray(streams[stream][sequence - 1])
    message[place % len(message)] ^= 1 << bit
    streams[stream][sequence - 1] = bytes(message)

    try:
        found = examine(streams[JOURNAL], streams[EVENTS])
    except PartitionStopped as stopped:  # The flip has made another command of it: one for rules that nobody knows.
        found = stopped.sequence, Diagnosis(JOURNAL, str(stopped))

    assert found is not None
    assert found[0] == sequence
    assert found[1].where == stream or (sequence == LENGTH and found[1].where == BOTH)


@pytest.mark.parametrize("sequence", range(2, LENGTH))
def test_any_two_neighbours_that_changed_places_are_named(sequence: int) -> None:
    """In the journal and in the events, at any place."""
    journal, events = original()
    for stream, messages in ((JOURNAL, journal), (EVENTS, events)):
        swapped = list(messages)
        swapped[sequence - 1 : sequence + 1] = messages[sequence], messages[sequence - 1]

        found = examine(swapped, events) if stream == JOURNAL else examine(journal, swapped)

        assert found == (sequence, Diagnosis(stream, "changed places with the next message"))


@pytest.mark.parametrize("sequence", range(2, LENGTH))
def test_any_message_that_is_missing_is_named(sequence: int) -> None:
    """Those behind it have moved up, and the numbers look whole."""
    journal, events = original()
    for stream, messages in ((JOURNAL, journal), (EVENTS, events)):
        short = messages[: sequence - 1] + messages[sequence:]

        found = examine(short, events[:-1]) if stream == JOURNAL else examine(journal[:-1], short)

        assert found is not None
        assert found[0] == sequence
        assert found[1].where == stream or (sequence == LENGTH - 1 and found[1].where == BOTH)


def test_a_time_that_was_changed_in_the_journal_is_named() -> None:
    """The chain runs over the times: the same message at another time has another chain."""
    journal, events = original()
    before, facts = codec.decode_facts(events[3]), codec.decode_facts(events[4])
    encoded = codec.encode_events(facts.events)
    chain = link(before.chain, facts.at + 1, journal[4], encoded)

    found = diagnose(
        before.chain, codec.encode_facts(facts.at + 1, chain, encoded), Pair(journal[4], events[4]), Pair(None, None)
    )

    assert found == Diagnosis(JOURNAL, "has another time than when it was answered")


def test_an_answer_that_was_right_once_is_the_engines_fault() -> None:
    """Stored events that link to their journal message were its answer, whatever is computed now."""
    journal, events = original()
    before, facts = codec.decode_facts(events[3]), codec.decode_facts(events[4])
    other = codec.encode_events([[], []])
    chain = link(before.chain, facts.at, journal[4], other)

    found = diagnose(
        before.chain, events[4], Pair(journal[4], codec.encode_facts(facts.at, chain, other)), Pair(None, None)
    )

    assert found == Diagnosis(ENGINE, "answered this message otherwise when it was journaled")
