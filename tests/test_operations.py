"""docs/operations.md: whoever reads a log finds each line explained."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "operations.md").read_text()
LOUD = re.compile(r'log\.(?:warning|error|critical|exception)\(\s*(?:\w+ if \w+ else )?"([a-z_]+\.[a-z_]+)"')
ANY = re.compile(r'"([a-z_]+\.[a-z_]+)"')
OF_CLIENTS = ("openbell/client", "openbell/bots.py")
"""These run at clients; their logs are not an operator's."""


def sources() -> list[str]:
    """The text of every module that an operator runs."""
    paths = [path for folder in ("streams", "gateway", "openbell") for path in (ROOT / folder).rglob("*.py")]
    return [path.read_text() for path in paths if not path.relative_to(ROOT).as_posix().startswith(OF_CLIENTS)]


def test_every_warning_is_explained() -> None:
    """What is logged as a warning or worse is in the tables, with what to do."""
    logged = {event for text in sources() for event in LOUD.findall(text)}
    assert len(logged) > 40
    explained = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", TEXT))
    assert sorted(logged - explained) == []


def test_no_event_is_explained_that_nobody_logs() -> None:
    """A table that outlives its event misleads."""
    tables = TEXT.partition("## What the log says")[2]
    explained = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", tables)) - {"order.list"}
    logged = {event for text in sources() for event in ANY.findall(text)}
    assert sorted(explained - logged) == []


def test_every_place_it_points_to_is_there() -> None:
    """Links within the page end at a heading."""
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= anchors
