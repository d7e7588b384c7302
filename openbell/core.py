"""Core: whether this process runs compiled or interpreted modules, in a source tree or installed."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Final

MODULES: Final = ("exchange.engine", "streams.partition.partition")
"""One of each package that is compiled; a package is compiled as a whole or not at all."""


def is_compiled() -> bool:
    """Whether the engine and the worker's part around it are compiled; both forms give the same bytes."""
    return all(path.suffix == ".so" for path in loaded())


def loaded() -> list[Path]:
    """The files that `MODULES` come from."""
    return [Path(str(importlib.import_module(name).__file__)) for name in MODULES]


def in_source_tree() -> bool:
    """Whether the code lies in a source tree, where `make build` works and a source may be newer than its module."""
    return (Path(__file__).resolve().parents[1] / "pyproject.toml").is_file()


def sources_newer() -> list[Path]:
    """Sources changed after their module was compiled; none if installed, because an installer sets file times."""
    if not in_source_tree():
        return []
    pairs = [
        (source, module)
        for name, module in zip(MODULES, loaded(), strict=True)
        for source in _sources_compiled_with(module, name)
    ]
    return sorted({source for source, module in pairs if source.stat().st_mtime > module.stat().st_mtime})


def _sources_compiled_with(module: Path, name: str) -> list[Path]:
    """The sources of all compiled modules in a module's folder, `exchange/` or `streams/`, in any room."""
    folder = module.parents[name.count(".") - 1]
    kind = module.name.partition(".")[2]
    return [path.with_name(f"{path.name.partition('.')[0]}.py") for path in folder.rglob(f"*.{kind}")]
