import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.forms import COMMAND_TAGS

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"


def replay(hash_seed: str) -> list[tuple[str, str]]:
    """Chain and digest of what was rendered, after each message, from a process of its own."""
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    finished = subprocess.run(
        [sys.executable, GOLDEN / "replay.py"], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return [(chain, rendered) for chain, rendered in (line.split() for line in finished.stdout.splitlines())]


@pytest.fixture(scope="module")
def replayed() -> list[tuple[str, str]]:
    """The golden journal under the first hash seed."""
    return replay("1")


def test_the_golden_journal_gives_the_recorded_chain(replayed: list[tuple[str, str]]) -> None:
    """The facts of a journal are the same bytes for ever; the first line that differs is the message to look at."""
    recorded = (GOLDEN / "chains.txt").read_text().split()

    assert [chain for chain, _ in replayed] == recorded


def test_another_hash_seed_changes_no_byte(replayed: list[tuple[str, str]]) -> None:
    """Neither the facts nor anything that is rendered of them depends on the order of a set."""
    assert replay("2") == replayed


def test_the_golden_journal_speaks_the_whole_language() -> None:
    """Every kind of command is in it, so that none can change its form or meaning unnoticed."""
    lines = (GOLDEN / "journal.jsonl").read_text().splitlines()
    tags = {command[0] for line in lines for command in json.loads(line)["commands"]}

    assert tags == set(COMMAND_TAGS)
