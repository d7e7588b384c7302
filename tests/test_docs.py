"""The documents name only what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exchange import rejections

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "docs" / "rules.md"


def test_every_proof_named_in_the_rules_exists() -> None:
    """Each rule's proof is a file in the tree."""
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", RULES.read_text()))
    assert len(named) > 15
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []


def test_every_scenario_proves_a_rule() -> None:
    """No scenario stands outside the rules: docs/rules.md names each of their files."""
    text = RULES.read_text()
    scenarios = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "scenarios").glob("test_*.py"))
    assert [path for path in scenarios if f"`{path}`" not in text] == []


@pytest.mark.parametrize("heading", re.findall(r"^### (\d+\. .*)$", RULES.read_text(), re.MULTILINE))
def test_every_numbered_rule_has_an_example_and_a_proof(heading: str) -> None:
    """A rule of continuous trading can be done by hand and is proved, or says that it is not in this release."""
    section = RULES.read_text().partition(f"### {heading}\n")[2].partition("\n#")[0]
    there = "\n> " in section and "Proof: `tests/" in section
    assert there or section.strip() == "Not in this release."


def test_every_code_of_the_engine_is_in_the_rules() -> None:
    """A trader who is refused finds the code explained."""
    text = RULES.read_text()
    codes = [value for name, value in vars(rejections).items() if name.isupper() and isinstance(value, str)]
    assert [code for code in codes if f"`{code}`" not in text] == []
