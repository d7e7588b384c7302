"""Diagnosis: what was done to a journal or its events, from the first sequence where the two do not fit.

The chain in message N of EVENTS covers the chain before it, journal message N and the events of N. So a chain that fits
proves the others original: two messages that link up were not altered, whatever is beside them.
"""

from __future__ import annotations

from typing import NamedTuple

from streams.errors import Undecodable
from streams.partition.partition import link
from streams.wire.codec import Facts, decode_facts, encode_again

JOURNAL = "journal"
EVENTS = "events"
BOTH = "journal and events"
ENGINE = "engine"


class Pair(NamedTuple):
    """Messages N of the journal and of EVENTS; None for one that is missing."""

    journal: bytes | None
    events: bytes | None


class Diagnosis(NamedTuple):
    """Diagnosis: where the fault is (JOURNAL, EVENTS, BOTH or ENGINE), and a sentence about the message there."""

    where: str
    what: str


def diagnose(chain: bytes, computed: bytes, here: Pair, after: Pair) -> Diagnosis:
    """Diagnose why a message of EVENTS is not the one computed from the journal's.

    chain: of the last message that fitted. here: the messages in both streams; after: the next of each.
    """
    expected = decode_facts(computed)
    told, then = read(here.events), read(after.events)
    if after.events == computed:
        return Diagnosis(EVENTS, "changed places with the next message")
    if told is not None and links(expected.chain, after.journal, told):
        return Diagnosis(EVENTS, "is the answer to the journal's next message: one is missing here")
    if told is not None and links(chain, after.journal, told):
        return Diagnosis(JOURNAL, "changed places with the next message")
    if told is not None and links(told.chain, here.journal, then):
        return Diagnosis(JOURNAL, "is what the next message of the events answers: one is missing here")
    if told is None:
        return Diagnosis(EVENTS, "cannot be decoded")
    return compare(chain, expected, told, links(expected.chain, after.journal, then), here, after)


def compare(chain: bytes, expected: Facts, told: Facts, goes_on: bool, here: Pair, after: Pair) -> Diagnosis:
    """Diagnose a message with other facts than expected; `goes_on`: the next message follows from the expected one."""
    if told.chain == expected.chain:
        part = "its time is not the journal's" if told.events == expected.events else "its events were altered"
        return Diagnosis(EVENTS, f"{part}, its chain is right")
    if links(chain, here.journal, told) and told.events == expected.events:
        return Diagnosis(JOURNAL, "has another time than when it was answered")
    if links(chain, here.journal, told):
        return Diagnosis(ENGINE, "answered this message otherwise when it was journaled")
    if goes_on:
        return Diagnosis(EVENTS, "was altered: the next message follows from what the journal gives")
    if links(told.chain, after.journal, read(after.events)):
        return Diagnosis(JOURNAL, "was altered: the events answer another message, and the next ones follow from it")
    return Diagnosis(BOTH, "do not belong together")


def read(events: bytes | None) -> Facts | None:
    """Decode a message of EVENTS; None if it is missing or unreadable."""
    try:
        return None if events is None else decode_facts(events)
    except Undecodable:
        return None


def links(chain: bytes, journal: bytes | None, facts: Facts | None) -> bool:
    """Whether facts answer a journal message behind a chain."""
    if journal is None or facts is None:
        return False
    return link(chain, facts.at, journal, encode_again(facts.events), facts.answered_at) == facts.chain
