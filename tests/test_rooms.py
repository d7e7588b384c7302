"""The rooms, held by tests: which imports which, one sentence each, no file too long.

A room is a package below one of the four folders; a file that lies loose in its folder counts as a room of its own.
Every import counts: those for types only, and those inside functions.
"""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINES_MAX = 400

# What each room may import of its own folder. A room stands below all rooms that it may import, so no arrow goes back.
# What is imported of the folders below is test_tidy's.
MAY_IMPORT = {
    "exchange": {
        "semantics": "",
        "units": "",
        "instrument": "semantics units",
        "terms": "",
        "accounts": "semantics units instrument terms",
        "commands": "instrument terms",
        "market_events": "instrument",
        "events": "terms commands market_events",
        "memory": "",
        "book": "semantics units instrument terms accounts commands events memory",
        "timers": "units terms book",
        "market": "semantics units instrument terms accounts events memory book timers",
        "checkpoint": "semantics instrument terms accounts events memory book market",
        "errors": "",
        "configuration": "semantics commands market_events book market checkpoint errors",
        "rejections": "",
        "matching": (
            "semantics units instrument terms accounts commands market_events events book timers market rejections"
        ),
        "day": "units terms accounts commands market_events events book market rejections matching",
        "engine": "semantics commands events market checkpoint configuration matching day",
        "invariants": "terms book market",
    },
    "streams": {
        "errors": "",
        "settings": "errors",
        "subjects": "",
        "broker": "errors settings subjects",
        "wire": "errors",
        "journal": "errors settings subjects broker wire",
        "publication": "subjects wire",
        "partition": "errors subjects wire publication",
        "collector": "",
        "recovery": "errors settings subjects broker wire journal partition collector",
        "audit": "errors subjects broker wire journal partition recovery",
        "health": "",
        "promises": "errors subjects broker journal",
        "leadership": "errors settings subjects broker wire journal partition collector recovery promises",
        "probe": "",
        "topology": "errors settings subjects broker wire journal",
        "venue": "errors settings subjects broker wire journal promises leadership topology",
        "worker": "errors settings subjects broker journal partition audit health leadership topology",
    },
    "gateway": {
        "errors": "",
        "directory": "errors",
        "frames": "errors",
        "requests": "errors",
        "origins": "",
        "settings": "origins",
        "orders": "errors directory requests settings",
        "outbox": "",
        "feeds": "errors directory frames requests orders outbox",
        "identity": "errors settings",
        "sessions": "errors settings",
        "throttle": "errors settings",
        "services": "directory settings orders feeds identity sessions throttle",
        "websocket": "errors frames requests origins orders outbox feeds identity throttle services",
        "description": "errors requests feeds websocket",
        "server_log": "",
        "http": "errors requests settings orders feeds identity throttle services description server_log",
        "server": (
            "errors directory settings orders feeds identity sessions throttle services websocket server_log http"
        ),
    },
    "openbell": {
        "errors": "",
        "api": "errors",
        "client": "errors api",
        "core": "",
        "local": "errors api client core",
        "audit": "errors local",
        "replay": "errors client",
        "bench": "errors api core local replay",
        "durations": "errors",
        "commands": "errors api client local audit replay bench durations",
        "doctor": "errors api core local",
        "cli": "errors api local durations commands doctor",
        "__main__": "cli",
    },
}

CIRCLE = {
    "exchange.book.balance",
    "exchange.book.book",
    "exchange.book.book_side",
    "exchange.book.holding",
    "exchange.book.level",
    "exchange.book.order",
    "exchange.book.stop_orders",
    "exchange.book.trades",
}
"""The one circle: an order knows its queue, its book, its holding, its trades, and they know it."""


def modules(folder: str) -> list[Path]:
    """Every Python file below a folder of the tree."""
    return sorted((ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    """The dotted name of a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def is_module(name: str) -> bool:
    """Whether there is a file or a package of that dotted name."""
    place = ROOT / Path(*name.split("."))
    return place.with_suffix(".py").is_file() or place.is_dir()


def imports(path: Path) -> set[str]:
    """The modules of the tree that a file imports, anywhere in it and for whatever use."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(name if is_module(name) else node.module for name in inner)
    return {name for name in found if name.split(".")[0] in MAY_IMPORT}


def room_of(name: str) -> str:
    """The room of a module: the second part of its name, "" for the folder's own `__init__`."""
    return "".join(name.split(".")[1:2])


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_room_imports_only_what_the_table_lets_it(folder: str) -> None:
    """Each arrow between two rooms of a folder is in the table, and each room there is has its row."""
    table = MAY_IMPORT[folder]
    rooms = {room_of(name_of(path)) for path in modules(folder)} - {""}
    assert rooms == set(table)
    for path in modules(folder):
        room = room_of(name_of(path))
        wanted = {room_of(name) for name in imports(path) if name.split(".")[0] == folder} - {room, ""}
        assert wanted <= set(table.get(room, "").split()) | ({*table} if room == "" else set()), (
            f"{path.relative_to(ROOT)} imports of {folder}: {sorted(wanted)}"
        )


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_the_table_has_no_arrow_back(folder: str) -> None:
    """No room may import one that may import it, by whatever way; and no row allows what is not there."""
    table = {room: set(allowed.split()) for room, allowed in MAY_IMPORT[folder].items()}
    assert set().union(*table.values()) <= set(table)
    try:
        TopologicalSorter(table).prepare()
    except CycleError as error:
        pytest.fail(f"{folder}: {' → '.join(reversed(error.args[1]))}")


def test_there_is_one_circle_and_it_is_named() -> None:
    """Inside a room, too, imports go one way, those for types included: but for the book's own circle."""
    graph = {
        name_of(path): imports(path) - {name_of(path)}
        for folder in MAY_IMPORT
        for path in modules(folder)
        if name_of(path) not in CIRCLE
    }
    try:
        TopologicalSorter({name: targets - CIRCLE for name, targets in graph.items()}).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])))


def test_the_circle_is_a_circle() -> None:
    """What is named as part of the circle cannot be outside of it: each is reached from each."""
    graph = {name: imports(ROOT / Path(*name.split(".")).with_suffix(".py")) & CIRCLE for name in CIRCLE}
    for start in sorted(CIRCLE):
        reached: set[str] = set()
        waiting = [start]
        while waiting:
            new = graph[waiting.pop()] - reached
            reached |= new
            waiting += sorted(new)
        assert reached == CIRCLE, f"{start} reaches only {sorted(reached)}"


def test_each_room_says_in_one_sentence_what_it_is() -> None:
    """`__init__.py` opens with one sentence on one line."""
    rooms = [path for folder in MAY_IMPORT for path in modules(folder) if path.name == "__init__.py"]
    assert len(rooms) >= len({path.parent for folder in MAY_IMPORT for path in modules(folder)}), "a folder has none"
    for path in rooms:
        first = (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]
        assert first.endswith("."), f"{path.relative_to(ROOT)}: {first!r}"


def test_no_file_is_too_long() -> None:
    """Sources and tests: a file is read as a whole."""
    places = [*MAY_IMPORT, "scripts", "tests"]
    lengths = {
        path.relative_to(ROOT): len(path.read_text().splitlines()) for place in places for path in modules(place)
    }
    assert [f"{path}: {lines} lines" for path, lines in lengths.items() if lines > LINES_MAX] == []


@pytest.mark.parametrize("page", ["where", "twins"])
def test_the_maps_name_files_that_are_there(page: str) -> None:
    """What docs/where.md and docs/twins.md lead to is a file of the tree."""
    named = re.findall(
        r"`((?:exchange|streams|gateway|scripts|tests)/[\w/]+\.py)`", (ROOT / "docs" / f"{page}.md").read_text()
    )
    assert len(named) >= 10
    assert [name for name in named if not (ROOT / name).is_file()] == []
