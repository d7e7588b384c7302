"""Journals that were recorded once, for each version of the semantics that is carried out: their facts never change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.engine import OLDEST_SEMANTICS, SEMANTICS
from streams.wire.forms import COMMAND_TAGS
from tests.golden.replay import CHECKPOINT, from_checkpoint, messages

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"

RECORDED = {"journal": "chains", "journal_3": "chains_3", "journal_4": "chains_4"}
"""The chains of each journal: of version 2, as it was when that was the newest, of version 3, and of version 4.

The last two hold the same commands: what differs is how much is stored of their events.
"""


def chains_of(journal: str) -> list[str]:
    """What was recorded."""
    return (GOLDEN / f"{RECORDED[journal]}.txt").read_text().split()


def commands_of(journal: str) -> list[list[object]]:
    """Every command of a journal, as it travels."""
    lines = (GOLDEN / f"{journal}.jsonl").read_text().splitlines()
    return [command for line in lines for command in json.loads(line)["commands"]]


Replayed = tuple[str, list[tuple[str, str]]]
"""A golden journal, and what it gives."""


def replay(journal: str, hash_seed: str) -> list[tuple[str, str]]:
    """Chain and digest of what was rendered, after each message, from a process of its own."""
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    finished = subprocess.run(
        [sys.executable, GOLDEN / "replay.py", journal],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [(chain, rendered) for chain, rendered in (line.split() for line in finished.stdout.splitlines())]


@pytest.fixture(scope="module", params=RECORDED)
def replayed(request: pytest.FixtureRequest) -> Replayed:
    """A golden journal, and what it gives under the first hash seed."""
    return request.param, replay(request.param, "1")


def test_a_golden_journal_gives_the_recorded_chain(replayed: Replayed) -> None:
    """The facts of a journal are the same bytes for ever; the first line that differs is the message to look at."""
    journal, given = replayed
    assert [chain for chain, _ in given] == chains_of(journal)


def test_another_hash_seed_changes_no_byte(replayed: Replayed) -> None:
    """Neither the facts nor anything that is rendered of them depends on the order of a set."""
    journal, given = replayed
    assert replay(journal, "2") == given


def test_each_version_has_a_journal_that_keeps_to_it() -> None:
    """Whoever makes the next version has to record one: a version that no journal proves is not carried out."""
    versions = {journal: {command[1] for command in commands_of(journal) if command[0] == 1} for journal in RECORDED}
    assert versions == {"journal": {OLDEST_SEMANTICS}, "journal_3": {3}, "journal_4": {SEMANTICS}}


def test_a_checkpoint_of_before_goes_on_as_it_began() -> None:
    """It was written by the release that knew version 2 only, and gives the chains that were recorded then."""
    partition = from_checkpoint()
    assert (partition.sequence, partition.engine.semantics) == (CHECKPOINT, OLDEST_SEMANTICS)
    chains = [partition.chain.hex()]
    for message in list(messages("journal"))[CHECKPOINT:]:
        partition.answer(*message)
        chains.append(partition.chain.hex())
    assert chains == chains_of("journal")[CHECKPOINT - 1 :]


def test_the_golden_journal_speaks_the_whole_language() -> None:
    """Every kind of command is in it, so that none can change its form or meaning unnoticed."""
    assert {command[0] for command in commands_of("journal_4")} == set(COMMAND_TAGS)
