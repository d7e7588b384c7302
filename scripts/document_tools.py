"""Installs what reads our API's documents in the tests, as pinned in tests/documents/, into an environment of its own.

`.venv/documents/python` has schemathesis and a generator of Python clients, which want older libraries than Openbell;
`.venv/documents/node` has the AsyncAPI parser and a generator of TypeScript, which wants an older one than `web/` has.
Done again when a list changes. Standard library only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

from build_web import NotBuilt, find_node

ROOT: Final = Path(__file__).resolve().parent.parent
LISTS: Final = ROOT / "tests" / "documents"
TOOLS: Final = Path(sys.prefix) / "documents"
INSTALL_SECONDS_MAX: Final = 600
PYTHON_LIST: Final = "requirements.txt"
NODE_LISTS: Final = ("package.json", "package-lock.json", ".npmrc")


def main() -> None:
    """Install what is missing or older than its list, or say why it cannot be."""
    try:
        install_python(TOOLS / "python")
        install_node(TOOLS / "node")
    except (NotBuilt, subprocess.SubprocessError) as error:
        sys.exit(f"documents: {error}")
    sys.stdout.write(f"documents: {TOOLS} is up to date\n")


def install_python(folder: Path) -> None:
    """The Python tools, exactly as listed."""
    if is_current(folder, (PYTHON_LIST,)):
        return
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "install", "-q", "--no-deps", "-r", str(LISTS / PYTHON_LIST)], folder)
    shutil.copy(LISTS / PYTHON_LIST, folder)


def install_node(folder: Path) -> None:
    """The Node tools, exactly as locked; none of their install scripts is run."""
    if is_current(folder, NODE_LISTS):
        return
    node = find_node()
    folder.mkdir(parents=True, exist_ok=True)
    for name in NODE_LISTS:
        shutil.copy(LISTS / name, folder)
    try:
        path = f"{node.folder}{os.pathsep}{os.environ.get('PATH', '')}"
        run([*node.npm, "ci", "--ignore-scripts", "--loglevel=error"], folder, path)
    except subprocess.SubprocessError:
        (folder / NODE_LISTS[0]).unlink()
        raise
    (folder / "bin").unlink(missing_ok=True)
    (folder / "bin").symlink_to(node.folder, target_is_directory=True)


def is_current(folder: Path, lists: tuple[str, ...]) -> bool:
    """Whether what was installed there was installed from these lists, which are copied when it is done."""
    return all((folder / name).is_file() and same(folder / name, LISTS / name) for name in lists)


def same(one: Path, other: Path) -> bool:
    """Whether two files hold the same."""
    return one.read_bytes() == other.read_bytes()


def run(command: list[str], folder: Path, path: str = "") -> None:
    """One command in a folder; its words go where ours go."""
    environment = os.environ | ({"PATH": path} if path else {})
    subprocess.run(command, cwd=folder, env=environment, timeout=INSTALL_SECONDS_MAX, check=True)


if __name__ == "__main__":
    main()
