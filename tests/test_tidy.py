"""The architecture, held by tests: who may import whom, which folder owns which library, what stays pure."""

from __future__ import annotations

import ast
import builtins
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("exchange", "streams", "gateway", "openbell")
SDK = ROOT / "openbell" / "client"

MAY_IMPORT = {
    "exchange": {"exchange"},
    "streams": {"streams", "exchange"},
    "gateway": {"gateway", "streams", "exchange"},
    "openbell": {"openbell", "gateway", "streams", "exchange"},
}

# A library is imported in the folder that owns it, so each can be replaced in one place. msgspec serves two wires:
# NATS and what clients send. aiohttp outside gateway/ is the floor that `openbell bench path` measures against.
# websockets is the SDK's; of it the gateway's reader takes the routine that undoes masks, and nothing else.
# mypy_extensions tells the compiler of the core what it cannot see; interpreted it does nothing.
OWNS = {
    "nats": {"streams"},
    "msgspec": {"streams", "gateway"},
    "aiohttp": {"gateway", "openbell/bench"},
    "jwt": {"gateway"},
    "cryptography": {"gateway"},
    "orjson": {"gateway"},
    "typer": {"openbell"},
    "rich": {"openbell"},
    "websockets": {"openbell", "gateway/frames.py"},
    "uvloop": {"openbell"},
    "mypy_extensions": {"exchange", "streams"},
    "structlog": {"streams", "gateway", "openbell"},
}

PURE = {
    "__future__",
    "bisect",
    "collections",
    "collections.abc",
    "dataclasses",
    "hashlib",
    "heapq",
    "math",
    "mypy_extensions",
    "typing",
    "zlib",
}


def modules(folder: str) -> list[Path]:
    """Every Python file below a folder of the tree."""
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts)


@cache
def parsed(path: Path) -> ast.Module:
    """A file's syntax tree, read once for all tests."""
    return ast.parse(path.read_text())


def imports(path: Path) -> set[str]:
    """The modules that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_go_one_way_down(folder: str) -> None:
    """Imports run gateway → streams → exchange, the command line on top; the exchange imports nobody."""
    for path in modules(folder):
        ours = {name.split(".")[0] for name in imports(path)} & set(FOLDERS)
        assert ours <= MAY_IMPORT[folder], f"{path.relative_to(ROOT)} imports {sorted(ours)}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_library_has_one_home(folder: str) -> None:
    """A third-party library is imported only where it belongs."""
    for path in modules(folder):
        place = path.relative_to(ROOT).as_posix()
        for name in {name.split(".")[0] for name in imports(path)} - set(FOLDERS) - sys.stdlib_module_names:
            assert name in OWNS, f"{place} imports {name}, which no folder owns"
            homes = OWNS[name]
            assert any(place.startswith(home if home.endswith(".py") else f"{home}/") for home in homes), (
                f"{place} imports {name} of {sorted(homes)}"
            )


def test_the_exchange_is_pure() -> None:
    """No asyncio, no clock, no network, no JSON, no randomness in exchange/."""
    for path in modules("exchange"):
        foreign = {name for name in imports(path) if name.split(".")[0] != "exchange"} - PURE
        assert not foreign, f"{path.name} imports {sorted(foreign)}"


def test_nothing_below_knows_the_engine() -> None:
    """What a command does takes the market: only the engine, which dispatches, is above it; types count too."""
    for path in modules("exchange"):
        assert "exchange.engine" not in imports(path), f"{path.name} imports the engine, which is above it"


def test_the_exchange_has_no_float() -> None:
    """Not one float literal, true division or float() in exchange/."""
    for path in modules("exchange"):
        for node in ast.walk(parsed(path)):
            line = f"{path.name}:{getattr(node, 'lineno', 0)}"
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), f"{line} has a float"
            assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), f"{line} divides into a float"
            assert not (isinstance(node, ast.Name) and node.id == "float"), f"{line} speaks of float"


def test_the_exchange_iterates_over_no_set() -> None:
    """The order of a set of strings depends on the hash seed: the engine uses dicts and lists."""
    for path in modules("exchange"):
        for node in ast.walk(parsed(path)):
            assert not isinstance(node, ast.Set | ast.SetComp), f"{path.name}:{node.lineno} makes a set"


def exceptions() -> list[tuple[Path, ast.ClassDef]]:
    """The exception classes of the tree: built on one of Python's, or on another of ours."""
    rest = [
        (path, node)
        for folder in FOLDERS
        for path in modules(folder)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef)
    ]
    names = {name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, Exception)}
    found: list[tuple[Path, ast.ClassDef]] = []
    while fresh := [(path, node) for path, node in rest if names & bases(node)]:
        found += fresh
        rest = [each for each in rest if each not in fresh]
        names |= {node.name for _, node in fresh}
    return found


def bases(node: ast.ClassDef) -> set[str]:
    """The names of a class's bases, without their modules."""
    return {name_of(base) for base in node.bases}


def name_of(node: ast.AST) -> str:
    """The last part of a plain or dotted name, or an empty string."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def made_in(node: ast.AST) -> Iterator[str]:
    """The names that code below `node` uses otherwise than to catch, to inherit from, to annotate or to ask for."""
    asked_for = {"isinstance", "issubclass", "suppress"}
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "bases"} or (name == "type" and isinstance(node, ast.ExceptHandler)):
            continue
        if isinstance(node, ast.Call) and name_of(node.func) in asked_for:
            continue
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, ast.AST):
                yield name_of(inner)
                yield from made_in(inner)


def test_exceptions_stand_in_the_errors_of_their_package() -> None:
    """One place in each package lists what can go wrong, so no class is raised here while another is caught there."""
    for path, node in exceptions():
        assert path.name == "errors.py", f"{path.relative_to(ROOT)}: {node.name} belongs into an errors.py"


def test_every_exception_is_raised() -> None:
    """An exception that nobody raises is caught in vain; of one that others are built on, one of those is raised."""
    made = {name for folder in FOLDERS for path in modules(folder) for name in made_in(parsed(path)) if name}
    built_on = {base for _, node in exceptions() for base in bases(node)}
    for path, node in exceptions():
        assert node.name in made | built_on, f"{path.relative_to(ROOT)}: nobody raises {node.name}"


def test_a_class_has_its_name_alone() -> None:
    """Two classes with one name are taken for each other. The SDK's are its users' words, who know no others."""
    seen: dict[str, Path] = {}
    for path in (path for folder in FOLDERS for path in modules(folder) if not path.is_relative_to(SDK)):
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef):
                assert node.name not in seen, f"{path.relative_to(ROOT)}: {node.name} is that of {seen[node.name]}"
                seen[node.name] = path.relative_to(ROOT)


def test_nats_holds_no_python() -> None:
    """nats/ shares its name with the client library, so a module there would hide it."""
    assert not list((ROOT / "nats").rglob("*.py"))


def test_packages_hold_a_docstring_only() -> None:
    """`__init__.py` says what a folder is for; the code is in the files that carry its name."""
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("__init__.py"):
            body = parsed(path).body
            kinds = {type(node).__name__ for node in body}
            assert kinds <= {"Expr", "ImportFrom", "Assign"}, f"{path.relative_to(ROOT)} holds code"
            assert ast.get_docstring(parsed(path)), f"{path.relative_to(ROOT)} does not say what it is"


def test_every_module_says_what_it_is_for() -> None:
    """Each file opens with a docstring."""
    for folder in FOLDERS:
        for path in modules(folder):
            assert ast.get_docstring(parsed(path)), f"{path.relative_to(ROOT)} has no docstring"


def test_there_is_no_import_cycle() -> None:
    """Within the tree no module needs, at import, one that needs it."""
    graph: dict[str, set[str]] = {}
    for folder in FOLDERS:
        for path in modules(folder):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            graph[name] = {target for target in top_imports(path) if target.split(".")[0] in FOLDERS}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"cycle: {' → '.join([*trail, name])}"
        if name in done or name not in graph:
            return
        for target in sorted(graph[name]):
            visit(target, (*trail, name))
        done.add(name)

    for name in sorted(graph):
        visit(name, ())


def top_imports(path: Path) -> set[str]:
    """What a file imports when it is imported: not inside functions, not for types only."""
    found: set[str] = set()
    for node in parsed(path).body:
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(imported(node.module or "", name.name) for name in node.names)
    return found


def imported(module: str, name: str) -> str:
    """The module that `from module import name` needs: the one called so, else the one that holds the name."""
    inner = ROOT / Path(*module.split("."), name)
    return f"{module}.{name}" if inner.with_suffix(".py").exists() or inner.is_dir() else module


def tracked() -> list[Path]:
    """Every file that git knows here; a source archive without git has nothing to look at."""
    run = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in run.stdout.splitlines() if (ROOT / name).is_file()]


def test_no_file_names_a_machine_or_a_registry() -> None:
    """Pins carry no addresses, and no file knows where it was written."""
    address = re.compile(rb"registry\.npmjs|pypi\.org/simple|files\.pythonhosted|deb\.debian\.org")
    place = re.compile(rb"(?<![\w.-])/(?:work|root|tmp/bash_jobs)/\w")
    for path in tracked():
        if path == Path(__file__):
            continue
        content = path.read_bytes()
        assert not address.search(content), f"{path.relative_to(ROOT)} names a package registry"
        assert not place.search(content), f"{path.relative_to(ROOT)} names a path of one machine"


def test_readme_fits_a_reader() -> None:
    """The README has 150 lines at most."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_recorded_data_is_not_committed() -> None:
    """The recorded market data is for academic use: it stays outside the repository."""
    assert not [path for path in tracked() if path.suffixes[-2:] == [".csv", ".gz"]]


@pytest.mark.parametrize("module", ["replies", "login", "order_methods", "channel_methods", "session_subscriptions"])
def test_what_a_session_is_made_of_does_not_know_it(module: str) -> None:
    """They answer through `replies`, which is below them all: a session imports them, none of them a session."""
    assert "gateway.websocket.session" not in imports(ROOT / "gateway" / "websocket" / f"{module}.py")
