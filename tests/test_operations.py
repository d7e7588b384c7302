"""docs/operations.md: whoever reads a log finds each line explained."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "operations.md").read_text()
LOUD = ("warning", "error", "critical", "exception")
QUIET = ("debug", "info")
ANY = re.compile(r'"([a-z_]+\.[a-z_]+)"')
OF_CLIENTS = ("openbell/client", "openbell/local/bots.py")
"""These run at clients; their logs are not an operator's."""


def sources() -> dict[str, str]:
    """The text of every module that an operator runs, by its path."""
    paths = [
        path for folder in ("streams", "gateway", "openbell", "exchange") for path in (ROOT / folder).rglob("*.py")
    ]
    named = {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths}
    return {name: text for name, text in named.items() if not name.startswith(OF_CLIENTS)}


def calls_of_logs(text: str) -> list[tuple[str, ast.Call]]:
    """Every call of a method of `log`."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    functions = [(call, call.func) for call in calls if isinstance(call.func, ast.Attribute)]
    return [
        (function.attr, call)
        for call, function in functions
        if isinstance(function.value, ast.Name) and function.value.id == "log"
    ]


def events_of(name: ast.expr) -> set[str]:
    """The names that the first argument of such a call may be; a text that is put together has none."""
    if isinstance(name, ast.IfExp):
        return events_of(name.body) | events_of(name.orelse)
    return {name.value} if isinstance(name, ast.Constant) and isinstance(name.value, str) else set()


def loud_events() -> set[str]:
    """Every event that is logged as a warning or worse, anywhere in the source."""
    found: set[str] = set()
    for path, text in sources().items():
        for level, call in calls_of_logs(text):
            name = call.args[1] if level == "log" else call.args[0]
            assert level in (*LOUD, *QUIET, "log"), f"{path}:{call.lineno} logs at no level known"
            assert events_of(name), f"{path}:{call.lineno} logs an event whose name is not there to be read"
            if level not in QUIET:
                found |= events_of(name)
    return found


def test_nothing_logs_but_through_structlog() -> None:
    """So that every line is one of those events: no logger of another name, none of the standard library."""
    assert [path for path, text in sources().items() if "getLogger(" in text and path != "openbell/local/logs.py"] == []
    names = {match for text in sources().values() for match in re.findall(r"(\w+) = structlog.get_logger\(", text)}
    assert names == {"log"}


def test_every_warning_is_explained() -> None:
    """What is logged as a warning or worse is in the tables, with what to do."""
    logged = loud_events()
    assert len(logged) > 60
    explained = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", TEXT.partition("## What the log says")[2]))
    assert sorted(logged - explained) == []


def test_no_event_is_explained_that_nobody_logs() -> None:
    """A table that outlives its event misleads."""
    tables = TEXT.partition("## What the log says")[2]
    explained = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", tables)) - {"order.list"}
    logged = {event for text in sources().values() for event in ANY.findall(text)}
    assert sorted(explained - logged) == []


def test_every_place_it_points_to_is_there() -> None:
    """Links within the page end at a heading."""
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= anchors
