"""What tests do not do, held by a test: CONTRIBUTING.md, "What a change brings"."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent

PATCHED = {
    "gateway/test_http.py": {"STATIC"},  # where the built screen lies: a fact of the installation, not a bound
    "streams/test_orphans.py": {"name"},  # leases of whole workers and gateways, which are made by their settings
    "streams/test_revived.py": {"name"},  # likewise
    "streams/test_retention.py": {"JOURNAL_RETENTION_MIN", "DUPLICATE_WINDOW", "LATE_SECONDS"},  # of a whole store
}
"""Names of modules that a test may still change, each with its reason; no new ones."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Every file of the tests, by its path below tests/."""
    for path in sorted(ROOT.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def patched(tree: ast.Module) -> Iterator[str]:
    """What is set in modules: names in capitals, or by a variable whose value is not there to be read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "monkeypatch.setattr":
            name = node.args[-2] if len(node.args) > 2 else node.args[0]
            text = name.value if isinstance(name, ast.Constant) else ast.unparse(name)
            last = str(text).rpartition(".")[2]
            if last.isupper() or not isinstance(name, ast.Constant):
                yield last


def test_a_bound_that_a_test_changes_is_an_argument() -> None:
    """Or an attribute of what it bounds: a constant that is patched is not the one that a compiled module has."""
    found = {path: set(patched(tree)) for path, tree in sources()}
    assert {path: names for path, names in found.items() if names} == PATCHED


def test_nothing_of_ours_is_mocked() -> None:
    """Whoever stands in for a class of ours is written out, and held to the type that is wanted."""
    for path, tree in sources():
        for node in ast.walk(tree):
            modules = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in modules if name.split(".")[:2] == ["unittest", "mock"]], path
